"""Redis's visibility timeout has one value in the three places that set it."""

from collections.abc import Sequence

from audit.model.domains import conclude
from audit.model.findings import Finding, Severity
from audit.model.gaps import Doubt
from audit.model.observations.messages import KombuConsumer
from audit.model.plain_value import PlainValue
from audit.model.target_facts import TargetFacts
from audit.rules.domains.setting_domain import place_of, ruled_by
from audit.rules.domains.setting_scopes import redis_everywhere
from audit.rules.effective_settings import number, options, read
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide

_REDIS = "https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout"
_DEFAULT = 3600


@practice(
    "visibility-timeout-everywhere",
    "Même délai de visibilité partout",
    reference=_REDIS,
    guide=Guide(
        severity=Severity.MINOR,
        passes="`visibility_timeout` a la même valeur pour le broker, les résultats et Celery",
        fails="`visibility_timeout` diffère d'une connexion Redis à l'autre, et la plus petite valeur l'emporte",
        advice="Poser la même valeur aux trois endroits",
        solution=(
            'broker_transport_options = {"visibility_timeout": 43200}\n'
            'result_backend_transport_options = {"visibility_timeout": 43200}\n'
            "visibility_timeout = 43200"
        ),
        undetermined="une des trois valeurs, ou l'adresse du broker, ne se lit pas",
        impact="Moyen : une tâche longue peut être redélivrée avant la durée réglée pour le broker",
    ),
    example="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0", backend="redis://localhost/1")
        app.conf.broker_transport_options = {"visibility_timeout": 43200}
        app.conf.result_backend_transport_options = {"visibility_timeout": «3600¦43200»}
        app.conf.visibility_timeout = 43200
    """,
)
def _same_everywhere(known: TargetFacts) -> Sequence[Finding]:
    guide = _same_everywhere.guide
    scope = redis_everywhere(known)
    given, of_broker = options(known, "broker_transport_options", "visibility_timeout")
    kept_options, of_results = options(known, "result_backend_transport_options", "visibility_timeout")
    top = read(known, "visibility_timeout", _DEFAULT)
    values: dict[str, PlainValue] = {
        "broker_transport_options": given.get("visibility_timeout", _DEFAULT),
        "result_backend_transport_options": kept_options.get("visibility_timeout", _DEFAULT),
        "visibility_timeout": top.value if top.value is not None else _DEFAULT,
    }
    readings = (of_broker, of_results, top)
    unread = any(number(v) is None for v in values.values()) and not any(r.missing for r in readings)
    gaps = [Doubt(why="une valeur de `visibility_timeout` ne se lit pas dans le code")] if unread else []
    # Beside Celery, a consumer of the same Redis gives back the messages of the workers after its own delay.
    beside = known.source.observations_of(KombuConsumer)
    gaps += [
        Doubt(*place_of(o.excerpt), "une connexion de `kombu` lit une file, et son adresse ou son délai ne se lit pas")
        for o in beside
        if number(o.seconds) is None or (not o.sure and o.seconds != values["broker_transport_options"])
    ]
    values |= {f"{o.excerpt.path}:{o.excerpt.first_line}": o.seconds for o in beside if o.sure and o.excerpt}
    known_values = () if any(r.missing for r in readings) else (values,)
    domain = ruled_by(
        known, readings, known_values, "`visibility_timeout` du broker, des résultats et de Celery", *gaps, scope=scope
    )

    def differing(found: dict[str, PlainValue]) -> list[Fault]:
        told = {name: value for name, value in found.items() if number(value) is not None}
        if len({number(value) for value in told.values()}) < 2:
            return []
        return [Fault(f"{value} s pour `{name}`", of_broker.excerpt) for name, value in told.items()]

    answer, title = conclude(domain, differing), "`visibility_timeout` n'est pas le même partout"
    evidence = (*of_broker.evidence, *of_results.evidence)
    detail = f"{values['visibility_timeout']} s"
    return answered(guide, title, answer, *evidence, nothing=scope.outside, detail=detail)
