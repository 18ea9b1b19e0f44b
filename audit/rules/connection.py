"""Connection, results and shutdown: what a cut of the broker or a deployment costs."""

import re
from collections.abc import Sequence
from dataclasses import replace

from audit.french.typography import counted
from audit.model.domains import Answer, conclude
from audit.model.facts import Process
from audit.model.findings import Finding, Outcome, Severity
from audit.model.gaps import Doubt, UnreadProcess
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN
from audit.rules.domains.result_domain import are_removed
from audit.rules.domains.setting_domain import Scope, ruled_by, setting_domain
from audit.rules.domains.setting_scopes import kept_results, redis_only
from audit.rules.effective_settings import NO_WORKER, Reading, options, places, read, release_of
from audit.rules.example import with_app
from audit.rules.practice import Fault, answered, practice, unknown
from audit.rules.rule import Guide
from audit.rules.setting_comparison import SettingComparison
from audit.rules.worker_pools import unread_process_files
from audit.rules.worker_stops import judge_stops

_CONF = "https://docs.celeryq.dev/en/stable/userguide/configuration.html#"
_REDIS = "https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html"
_SOCKETS = ("socket_timeout", "socket_keepalive")
_SOFT = "https://docs.celeryq.dev/en/stable/userguide/workers.html#soft-shutdown"

# `shop.backend:Kept+redis://…`, `shop.backend.Kept`: a class that a project names, and Celery loads.
_BY_CLASS = re.compile(r"[A-Za-z_][\w.]*(:[A-Za-z_]\w*|\.[A-Z]\w*$)")


@practice(
    "connection-retries-supervised",
    "Broker longtemps injoignable",
    reference=_CONF + "broker-connection-max-retries",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Un worker qui renonce à joindre son broker est relancé, ou n'y renonce jamais",
        fails="Un worker s'arrête quand son broker reste injoignable, et rien ne le relance",
        advice="Régler `broker_connection_max_retries=None`, ou mettre le worker sous un superviseur",
        solution="broker_connection_max_retries = None",
        undetermined="`broker_connection_max_retries` ne se lit pas, ou aucun fichier de démarrage ne lance de worker",
        impact="Moyen : une longue coupure du broker laisse la file sans worker",
    ),
    example={
        "app.py": with_app("""
            app.conf.broker_connection_max_retries = «10¦None»
        """),
        "start.sh": "celery -A app worker",
    },
)
def _gives_up(known: TargetFacts) -> Sequence[Finding]:
    guide = _gives_up.guide
    reading = read(known, "broker_connection_max_retries", 100)
    title = "Worker qui renonce au broker"
    if not reading.missing and not reading.value:
        answer: Answer[Fault] = conclude(setting_domain(known, reading), lambda _: ())
        return answered(guide, title, answer, *reading.evidence, nothing="")

    def bare(worker: Process) -> list[Fault]:
        if worker.restart or worker.doubt or reading.missing:
            return []
        return [Fault(f"{reading.told} ; `{worker.excerpt.path}` ne relance pas le worker", worker.excerpt)]

    workers = known.workers
    gaps = [UnreadProcess(w.excerpt.path, w.excerpt.first_line, w.doubt) for w in workers if w.doubt]
    gaps += [] if workers else [UnreadProcess(why=NO_WORKER)]
    told = "" if reading.missing else f"{reading.told} ; relancé par {places(workers)}"
    domain = ruled_by(known, (reading,), workers, counted(len(workers), "worker"), *gaps, *unread_process_files(known))
    settles = "préciser `target.process_files`"
    answer = conclude(domain, bare)
    return answered(guide, title, answer, *reading.evidence, nothing=NO_WORKER, detail=told, settles=settles)


@practice(
    "redis-sockets",
    "Connexions Redis surveillées",
    reference=_REDIS,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Les connexions au broker Redis ont un délai et des sondes TCP",
        fails="Une connexion à moitié ouverte vers Redis peut bloquer indéfiniment un producteur ou un consommateur",
        advice="Poser des délais et les sondes TCP dans `broker_transport_options`",
        solution=(
            "broker_transport_options = {\n"
            '    "socket_timeout": 30,\n'
            '    "socket_connect_timeout": 5,\n'
            '    "socket_keepalive": True,\n'
            '    "health_check_interval": 25,\n'
            "}"
        ),
        undetermined="l'adresse du broker ou `broker_transport_options` ne se lit pas",
        impact="Moyen : un worker muet ne se reconnecte pas",
    ),
    example=with_app("""
        app.conf.broker_transport_options = {"«visibility_timeout": 43200¦socket_timeout": 30, "socket_keepalive": True»}
    """),
)
def _sockets(known: TargetFacts) -> Sequence[Finding]:
    guide = _sockets.guide
    scope = redis_only(known)
    given, reading = options(known, "broker_transport_options", *_SOCKETS)

    def lacking(one: Reading) -> list[Fault]:
        names = [name for name in _SOCKETS if not given.get(name)] if isinstance(one.value, dict) else []
        told = " et ".join(f"`{name}`" for name in names)
        text = f"{told} absent{'s' if len(names) > 1 else ''} de `broker_transport_options`"
        return [Fault(text, one.excerpt)] if names else []

    unread = any(given.get(name) is UNKNOWN for name in _SOCKETS) or not isinstance(reading.value, dict)
    gaps = [Doubt(why="`broker_transport_options` ne se lit pas")] if unread and not reading.missing else []
    members = () if reading.missing else (reading,)
    domain = ruled_by(known, (reading,), members, "`broker_transport_options`", *gaps, scope=scope)
    answer, title = conclude(domain, lacking), "Connexion Redis sans délai ni sonde"
    held = "`socket_timeout`, `socket_keepalive`"
    return answered(guide, title, answer, *reading.evidence, nothing=scope.outside, detail=held)


@practice(
    "result-expires",
    "Résultats bornés",
    reference=_CONF + "result-expires",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Les résultats gardés expirent",
        fails="Les résultats des tâches s'accumulent sans jamais expirer",
        advice="Régler `result_expires` à la durée pendant laquelle quelqu'un les lit",
        solution="result_expires = 3600",
        undetermined="`result_backend` ou `result_expires` ne se lit pas",
    ),
    example="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0", backend="redis://localhost/1")
        app.conf.result_expires = «None¦3600»
    """,
)
def _result_expires(known: TargetFacts) -> Sequence[Finding]:
    guide, backend = _result_expires.guide, read(known, "result_backend")
    if backend.variable and backend.variable != read(known, "result_expires", 86400).variable:
        guide = replace(guide, unsought=f"`{backend.variable}` peut donner un autre `result_backend`")
    found = SettingComparison("result_expires", 86400, bool, guide, "Résultats sans expiration", kept_results)(known)
    kept = all(finding.outcome is Outcome.ESTABLISHED for finding in found)
    if kept and _BY_CLASS.match(str(backend.value)):
        return unknown(guide, "ce que la classe que `result_backend` nomme fait de cette durée")
    if kept and not are_removed(known):
        return unknown(guide, "ce qui supprime de leur base les résultats expirés")
    return found


@practice(
    "soft-shutdown",
    "Arrêt progressif sous Redis",
    reference=_SOFT,
    guide=Guide(
        severity=Severity.MINOR,
        passes="À l'arrêt, un worker sous Redis a le temps de remettre en file ce qu'il n'a pas fini",
        fails="Un worker sous Redis tué à la fin de son délai de grâce laisse ses tâches attendre `visibility_timeout`",
        advice=(
            "Régler `worker_soft_shutdown_timeout` (Celery 5.5 ou plus) sous le délai de grâce de l'orchestrateur, et "
            "`REMAP_SIGTERM=SIGQUIT` dans l'environnement du worker, sans quoi SIGTERM ne commence pas l'arrêt progressif"
        ),
        solution="worker_soft_shutdown_timeout = 15.0\n# environnement du worker : REMAP_SIGTERM=SIGQUIT",
        undetermined="l'adresse du broker, `worker_soft_shutdown_timeout` ou ce qui arrête les workers ne se lit pas",
        impact="Moyen : jusqu'à une heure d'attente après un déploiement",
    ),
    example={
        "app.py": with_app("""
            app.conf.update(task_time_limit=300, worker_soft_shutdown_timeout=15.0)
        """),
        "compose.yaml": """
            services:
              worker:
                image: shop
                command: celery -A app worker«¦
                environment: {REMAP_SIGTERM: SIGQUIT}»
                stop_grace_period: 30s
        """,
    },
)
def _soft_shutdown(known: TargetFacts) -> Sequence[Finding]:
    guide, name = _soft_shutdown.guide, "worker_soft_shutdown_timeout"
    scope, reading = _soft_scope(known), read(known, name, 0.0)
    if scope.gaps:
        # Whatever the setting is, nobody knows whether it matters.
        answer: Answer[Fault] = conclude(setting_domain(known, reading, scope=scope), lambda _: ())
        settles = "relancer avec `--level configuration`"
        return answered(guide, "", answer, nothing=scope.outside, settles=settles)
    found = SettingComparison(name, 0.0, bool, guide, "Arrêt progressif non réglé", lambda _: scope)(known)
    answer = judge_stops(known)
    detail = f"{reading.told} ; {answer.read}"
    if found[0].outcome is Outcome.DEFECT and answer.outcome is Outcome.ESTABLISHED and _only_warm(known):
        ending = replace(guide, passes="À l'arrêt, un worker sous Redis a le temps de finir ses tâches")
        return answered(ending, "", answer, *reading.evidence, nothing="aucun worker", detail=detail)
    if any(finding.outcome is not Outcome.ESTABLISHED for finding in found):
        return found
    title = "Arrêt progressif qui n'aboutit pas"
    return answered(guide, title, answer, *reading.evidence, nothing="aucun worker", detail=detail)


def _only_warm(known: TargetFacts) -> bool:
    """Whether each stop asks for a warm shutdown of workers that hold no message but those of the tasks they run."""
    stops = [stop for worker in known.workers for stop in worker.stops]
    held = [
        read(known, name, default) for name, default in (("worker_prefetch_multiplier", 4), ("task_acks_late", False))
    ]
    alone = [reading.value for reading in held if not reading.missing] == [1, True]
    return alone and bool(stops) and all(stop.is_soft is False for stop in stops)


def _soft_scope(known: TargetFacts) -> Scope:
    line = release_of(known)
    if line.told and not line.declares("worker_soft_shutdown_timeout"):
        return Scope(f"Celery {line.asked} n'a pas cet arrêt progressif", read=f"Celery {line.asked}")
    return redis_only(known)
