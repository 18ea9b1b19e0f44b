"""Security of the transport: what is accepted, and whether certificates are verified."""

import re
from collections.abc import Iterator, Sequence

from audit.model.findings import Finding, Severity
from audit.model.plain_value import PlainValue
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN
from audit.rules.effective_settings import production_tasks, read, short
from audit.rules.practice import Fault, failed, out_of_scope, passed, practice, unknown
from audit.rules.rule import Guide

_SECURITY = "https://docs.celeryq.dev/en/stable/userguide/security.html#serializers"
_TLS = "https://docs.celeryq.dev/en/stable/userguide/configuration.html#broker-use-ssl"
_UNSAFE = frozenset({"pickle", "yaml", "application/x-python-serialize", "application/x-yaml", "all", "*"})
_UNVERIFIED = re.compile(r"(?i)ssl_cert_reqs=(?:cert_)?none|verify=(?:false|0)\b")

_SERIALIZERS: dict[str, PlainValue] = {
    "accept_content": ["json"],
    "result_accept_content": None,
    "task_serializer": "json",
    "result_serializer": "json",
}


@practice(
    "no-pickle",
    "Ni pickle ni yaml",
    reference=_SECURITY,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Les messages ne peuvent pas faire exécuter de code : ni pickle ni yaml",
        fails="Qui écrit dans le broker peut faire exécuter son code par les workers",
        advice="N'accepter que JSON",
        solution='task_serializer = "json"\nresult_serializer = "json"\naccept_content = ["json"]',
        undetermined="`accept_content` ou un `serializer` ne se lit pas dans le code",
        impact="Élevé : exécution de code à distance",
    ),
    defective="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.update(task_serializer="pickle", accept_content=["pickle"])
    """,
    sound="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.update(task_serializer="json", accept_content=["json"])
    """,
)
def _pickle(known: TargetFacts) -> Sequence[Finding]:
    guide = _pickle.guide
    readings = [read(known, name, default) for name, default in _SERIALIZERS.items()]
    faults = [Fault(r.told, r.excerpt) for r in readings if not r.missing and _is_unsafe(r.value)]
    for task, _ in production_tasks(known):
        if _is_unsafe(task.options.get("serializer")):
            text = f"`{short(task.symbol)}` a `serializer={task.options['serializer']!r}`"
            faults.append(Fault(text, known.head(task.symbol)))
    evidence = [e for r in readings for e in r.evidence]
    if faults:
        return failed(guide, "Sérialisation qui exécute du code", faults, *evidence or [known.source.evidence()])
    missing = next((r.missing for r in readings if r.missing), "")
    return unknown(guide, missing) if missing else passed(guide, readings[0].told, *evidence)


def _is_unsafe(value: PlainValue) -> bool:
    names = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return any(isinstance(name, str) and name.lower() in _UNSAFE for name in names)


_URLS = ("broker_url", "broker_read_url", "broker_write_url", "result_backend")
_SSL = ("broker_use_ssl", "redis_backend_use_ssl")


@practice(
    "broker-tls",
    "Certificats vérifiés",
    reference=_TLS,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Le certificat du broker et de la base des résultats est vérifié",
        fails="La connexion est chiffrée sans que le certificat soit vérifié : qui l'intercepte peut se faire passer pour le serveur",
        advice="Exiger le certificat (`ssl_cert_reqs=required`)",
        solution='broker_use_ssl = {"ssl_cert_reqs": ssl.CERT_REQUIRED}',
        undetermined="les adresses viennent de l'environnement, ou les options TLS ne se lisent pas",
        impact="Élevé : messages lus ou modifiés en route",
    ),
    defective="""
        from celery import Celery

        app = Celery("shop", broker="rediss://redis.internal/0?ssl_cert_reqs=CERT_NONE")
    """,
    sound="""
        from celery import Celery

        app = Celery("shop", broker="rediss://redis.internal/0?ssl_cert_reqs=CERT_REQUIRED")
    """,
)
def _certificates(known: TargetFacts) -> Sequence[Finding]:
    guide = _certificates.guide
    urls, settings = [read(known, name) for name in _URLS], [read(known, name) for name in _SSL]
    faults = [
        Fault(f"`{r.name}` demande de ne rien vérifier", r.excerpt)
        for r in urls
        if isinstance(r.value, str) and _UNVERIFIED.search(r.value)
    ]
    faults += [Fault(f"`{r.name}` : {text}", r.excerpt) for r in settings for text in _unverified(r.value)]
    evidence = [e for r in (*urls, *settings) for e in r.evidence]
    if faults:
        return failed(guide, "Certificat non vérifié", faults, *evidence)
    missing = next((r.missing for r in (*urls, *settings) if r.missing), "")
    if missing:
        return unknown(guide, missing)
    encrypted = [r.name for r in settings if r.value]
    encrypted += [r.name for r in urls if isinstance(r.value, str) and re.match(r"(rediss|amqps)://", r.value)]
    if encrypted:
        return passed(guide, ", ".join(f"`{n}`" for n in encrypted), *evidence)
    if any(r.variable for r in urls):
        return unknown(guide, "des adresses écrites dans le code (elles viennent de l'environnement)")
    return out_of_scope(guide, "aucune connexion n'est chiffrée ici")


def _unverified(value: PlainValue) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    for key, given in value.items():
        told = str(given)
        if key.endswith("cert_reqs") and given is not UNKNOWN and (given in (0, None) or told.lower().endswith("none")):
            yield f"`{key}={told.rpartition('.')[2]}`"
