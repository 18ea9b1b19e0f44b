"""The server that keeps the queues: it evicts none of them, and still has them after a restart."""

from collections.abc import Sequence

from audit.model.domains import conclude
from audit.model.findings import Finding, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.domains.broker_domain import Broker, broker_servers
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide

_UNLIMITED = frozenset({"", "0", "0b", "0mb", "0gb"})


@practice(
    "broker-keeps-queues",
    "Files gardées par le broker",
    reference="https://redis.io/docs/latest/develop/reference/eviction/",
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Le serveur du broker n'évince aucune file, et les garde à son redémarrage",
        fails="Le serveur du broker perd des files",
        advice="Lancer le broker avec `--maxmemory-policy noeviction` et `--appendonly yes`, à part d'un cache",
        solution="redis:\n  command: [redis-server, --appendonly, 'yes', --maxmemory-policy, noeviction]\n  volumes: ['redis:/data']",
        undetermined="l'adresse du broker, ou le fichier qui règle son serveur, ne se lit pas",
        impact="Élevé : des tâches publiées disparaissent sans erreur",
        language="yaml",
    ),
    defective={
        "app.py": """
            from celery import Celery

            app = Celery("shop", broker="redis://redis:6379/0")
        """,
        "compose.yaml": """
            services:
              redis:
                image: redis:7
                command: redis-server --maxmemory 256mb --maxmemory-policy allkeys-lru
              worker:
                image: shop
                command: celery -A app worker
                restart: always
        """,
    },
    sound={
        "app.py": """
            from celery import Celery

            app = Celery("shop", broker="redis://redis:6379/0")
        """,
        "compose.yaml": """
            services:
              redis:
                image: redis:7
                command: redis-server --maxmemory 256mb --maxmemory-policy noeviction --appendonly yes
              worker:
                image: shop
                command: celery -A app worker
                restart: always
        """,
    },
)
def _keeps(known: TargetFacts) -> Sequence[Finding]:
    domain = broker_servers(known)
    answer = conclude(
        domain, lambda one: _lost(one) if one.sure else [], possible_of=lambda one: [] if one.sure else _lost(one)
    )
    evidence = (known.source.evidence(member.service.excerpt) for member in domain.members)
    nothing = "aucun fichier ne lance le serveur Redis du broker"
    return answered(_keeps.guide, "Broker qui perd des files", answer, *evidence, nothing=nothing)


def _lost(member: Broker) -> list[Fault]:
    service, faults = member.service, []
    name = service.names[0]
    bounded = service.limited or service.memory.lower() not in _UNLIMITED
    if service.policy.startswith("allkeys") and bounded:
        faults.append(Fault(f"`{name}` évince des clés quelconques (`{service.policy}`)", service.excerpt))
    if service.forgets:
        faults.append(Fault(f"`{name}` ne garde rien sur disque, et redémarre vide", service.excerpt))
    return faults
