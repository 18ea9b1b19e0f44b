"""The server that keeps the queues: it evicts none of them, and still has them after a restart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from audit.model.domains import conclude
from audit.model.findings import Excerpt, Finding, Severity
from audit.model.gaps import Doubt
from audit.model.observations.messages import TRANSIENT, LosingQueue
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN
from audit.rules.domains.broker_domain import Broker, broker_servers
from audit.rules.domains.process_domain import widened
from audit.rules.domains.setting_domain import place_of
from audit.rules.effective_settings import production_tasks, read, scheme, short
from audit.rules.practice import Fault, answered, practice
from audit.rules.routing import message_options
from audit.rules.rule import Guide

_NO_SERVER = frozenset({"memory", "filesystem"})
_UNLIMITED = frozenset({"", "0", "0b", "0mb", "0gb"})


@practice(
    "broker-keeps-queues",
    "Files gardées par le broker",
    reference="https://redis.io/docs/latest/develop/reference/eviction/",
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Le serveur Redis du broker, que ces fichiers lancent, n'évince aucune file et les garde à son redémarrage",
        fails="Le serveur du broker perd des files",
        advice="Lancer Redis avec `--maxmemory-policy noeviction` et `--appendonly yes`, à part d'un cache ; sous RabbitMQ, garder des files durables, sans durée ni longueur",
        solution="redis:\n  command: [redis-server, --appendonly, 'yes', --maxmemory-policy, noeviction]\n  volumes: ['redis:/data']",
        undetermined="l'adresse du broker, ou le fichier qui règle son serveur, ne se lit pas",
        impact="Élevé : des tâches publiées disparaissent sans erreur",
        language="yaml",
    ),
    example={
        "app.py": """
            from celery import Celery

            app = Celery("shop", broker="redis://redis:6379/0")
        """,
        "compose.yaml": """
            services:
              redis:
                image: redis:7
                command: redis-server --maxmemory 256mb --maxmemory-policy «allkeys-lru¦noeviction --appendonly yes»
              worker:
                image: shop
                command: celery -A app worker
                restart: always
        """,
    },
)
def _keeps(known: TargetFacts) -> Sequence[Finding]:
    servers, losing = broker_servers(known), _declared_so(known)
    unread = [fault for value, fault in message_options(known, "delivery_mode") if value is UNKNOWN]
    doubts = (Doubt(*place_of(fault.excerpt), "le `delivery_mode` d'un message ne se lit pas") for fault in unread)
    domain = widened(servers, losing)
    domain = replace(domain, gaps=(*domain.gaps, *doubts))
    answer = conclude(
        domain, lambda one: _lost(one) if one.sure else [], possible_of=lambda one: [] if one.sure else _lost(one)
    )
    evidence = (known.source.evidence(_place(member)) for member in domain.members)
    nothing = "aucun fichier ne lance le serveur Redis du broker, et aucune file de RabbitMQ n'est déclarée à perte"
    count = len(servers.members)
    detail = f"{count} service{'s' if count > 1 else ''} Redis"
    return answered(_keeps.guide, "Broker qui perd des files", answer, *evidence, nothing=nothing, detail=detail)


@dataclass(frozen=True)
class _Loss:
    """What the project itself asks of its broker; `sure`: the broker is one that does it."""

    how: str
    excerpt: Excerpt | None
    sure: bool


def _declared_so(known: TargetFacts) -> list[_Loss]:
    """Queues of RabbitMQ that it may forget, messages that it does not write, and a broker that is no server."""
    address = read(known, "broker_url")
    used = scheme(address.value if isinstance(address.value, str) else address.starts)
    losses = (
        [
            _Loss(
                f"`{address.value}` n'est pas un serveur : ce qui est publié n'en sort pas",
                address.excerpt,
                sure=not address.variable,
            )
        ]
        if used in _NO_SERVER
        else []
    )
    if used not in {"amqp", ""}:
        return losses
    sure = used == "amqp"
    mode = read(known, "task_default_delivery_mode")
    if mode.value in TRANSIENT:
        losses.append(
            _Loss("les messages ne sont pas écrits sur disque (`task_default_delivery_mode`)", mode.excerpt, sure)
        )
    options = list(message_options(known, "delivery_mode"))
    for task, _ in production_tasks(known):
        mode_of = task.options.get("delivery_mode")
        options.append(
            (mode_of, Fault(f"`delivery_mode={mode_of!r}` (`{short(task.symbol)}`)", known.head(task.symbol)))
        )
    losses += [
        _Loss(f"des messages ne sont pas écrits sur disque : {fault.text}", fault.excerpt, sure)
        for value, fault in options
        if value in TRANSIENT
    ]
    return losses + [_Loss(o.how, o.excerpt, sure) for o in known.source.observations_of(LosingQueue)]


def _place(member: Broker | _Loss) -> Excerpt | None:
    return member.excerpt if isinstance(member, _Loss) else member.service.excerpt


def _lost(member: Broker | _Loss) -> list[Fault]:
    if isinstance(member, _Loss):
        return [Fault(member.how, member.excerpt)]
    service, faults = member.service, []
    name = service.names[0]
    bounded = service.limited or service.memory.lower() not in _UNLIMITED
    if service.policy.startswith("allkeys") and bounded:
        faults.append(Fault(f"`{name}` évince des clés quelconques (`{service.policy}`)", service.excerpt))
    if service.forgets:
        faults.append(Fault(f"`{name}` ne garde rien sur disque, et redémarre vide", service.excerpt))
    return faults
