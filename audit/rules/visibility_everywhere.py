"""Redis's visibility timeout has one value in the three places that set it."""

from collections.abc import Sequence

from audit.model.findings import Finding, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.delivery import redis_only
from audit.rules.effective_settings import number, options, read, results
from audit.rules.practice import Fault, failed, out_of_scope, passed, practice, unknown
from audit.rules.rule import Guide

_REDIS = "https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout"
_DEFAULT = 3600


def _both_redis(known: TargetFacts) -> tuple[str, str]:
    outside, unsure = redis_only(known)
    kept, why = results(known)
    if not outside and kept and kept != "redis":
        outside = "les résultats ne sont pas dans Redis"
    return outside, unsure or why


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
    defective="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0", backend="redis://localhost/1")
        app.conf.broker_transport_options = {"visibility_timeout": 43200}
        app.conf.result_backend_transport_options = {"visibility_timeout": 3600}
        app.conf.visibility_timeout = 43200
    """,
    sound="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0", backend="redis://localhost/1")
        app.conf.broker_transport_options = {"visibility_timeout": 43200}
        app.conf.result_backend_transport_options = {"visibility_timeout": 43200}
        app.conf.visibility_timeout = 43200
    """,
)
def _same_everywhere(known: TargetFacts) -> Sequence[Finding]:
    guide = _same_everywhere.guide
    outside, unsure = _both_redis(known)
    if outside:
        return out_of_scope(guide, outside)
    given, of_broker = options(known, "broker_transport_options")
    kept_options, of_results = options(known, "result_backend_transport_options")
    top = read(known, "visibility_timeout", _DEFAULT)
    missing = unsure or of_broker.missing or of_results.missing or top.missing
    if missing:
        return unknown(guide, missing)
    values = {
        "broker_transport_options": given.get("visibility_timeout", _DEFAULT),
        "result_backend_transport_options": kept_options.get("visibility_timeout", _DEFAULT),
        "visibility_timeout": top.value if top.value is not None else _DEFAULT,
    }
    if any(number(value) is None for value in values.values()):
        return unknown(guide, "une valeur de `visibility_timeout` ne se lit pas dans le code")
    evidence = (*of_broker.evidence, *of_results.evidence)
    if len({number(v) for v in values.values()}) == 1:
        return passed(guide, f"{values['visibility_timeout']} s", *evidence)
    told = [Fault(f"{value} s pour `{name}`", of_broker.excerpt) for name, value in values.items()]
    return failed(guide, "`visibility_timeout` n'est pas le même partout", told, *evidence)
