"""The broker's own service, as the project's files start it, and the addresses of brokers that they give."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from audit.model.domains import Domain
from audit.model.gaps import Doubt, Gap
from audit.model.observations.deployment_statements import BrokerService
from audit.model.plain_value import PlainValue
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN
from audit.rules.domains.process_domain import statements
from audit.rules.effective_settings import read, scheme

_NAMED = re.compile(r"BROKER|CELERY.*URL")


@dataclass(frozen=True)
class Broker:
    """A server that a file starts; `sure`: the address of the broker names it, and not only may."""

    service: BrokerService
    sure: bool


def addresses(value: PlainValue, variable: str, environments: list[Mapping[str, str]]) -> set[str]:
    """The addresses that processes are given for a broker, else the one that is written; empty where none is told."""
    # Celery reads its own variable first.
    first = (next((env[name] for name in ("CELERY_BROKER_URL", variable) if name in env), "") for env in environments)
    given = set(filter(None, first))
    if not given and not isinstance(value, str):
        given = {text for env in environments for name, text in env.items() if _NAMED.search(name) and "://" in text}
    return given or ({value} if isinstance(value, str) else set())


def host_of(address: str) -> str:
    """The host of an address; empty where it cannot be told."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return ""
    return "" if "$" in address.partition("://")[2].rpartition("@")[2] else host


def _is_near(one: BrokerService, hosts: set[str]) -> bool:
    """Whether a file that names no server is about the broker's, by its path: that of its host, or of brokers."""
    path = one.excerpt.path if one.excerpt else ""
    words = set(re.split(r"[^a-z0-9]+", path.lower()))
    return one.names == (path,) and bool(
        words & {"broker", "celery", "queue", *(host.partition(".")[0] for host in hosts)}
    )


def broker_servers(known: TargetFacts) -> Domain[Broker]:
    """The servers that are the broker or may be; none where its address names something else."""
    seen = known.source.observations_of(BrokerService)
    reading = read(known, "broker_url")
    environments = [process.environment for process in known.celery_processes]
    found = addresses(reading.value, reading.variable, environments)
    hosts = {host_of(address) for address in found}
    # A chart puts the name of its release before that of its server.
    ends = {host.partition(".")[0] for host in hosts}
    named = [one for one in seen if hosts & set(one.names) or any(e.endswith(f"-{n}") for n in one.names for e in ends)]
    # `localhost` is a developer's default, which a deployment changes.
    open_ended = not found or bool(hosts & {"", "localhost", "127.0.0.1"})
    is_other = bool(found) and all(scheme(address) not in {"redis", ""} for address in found)
    maybe = [] if named or is_other else seen if open_ended else [one for one in seen if _is_near(one, hosts)]
    members = [Broker(one, sure=True) for one in named] + [Broker(one, sure=False) for one in maybe]
    gaps: list[Gap] = [Doubt(why=member.service.unread) for member in members if member.service.unread]
    if not is_other:
        gaps += [gap for one in seen if one not in [*named, *maybe] for gap in _of_some_server(one)]
    # What a server keeps proves nothing where no application is known to use it.
    unused = not found and not any(facts.settings for facts in known.probes)
    untold = unused or (not members and (reading.missing or reading.value is UNKNOWN))
    if seen and untold and not is_other:
        gaps.append(Doubt(why=reading.missing or "l'adresse du broker ne se lit pas"))
    domain = statements(known, members, f"{len(seen)} service{'s' if len(seen) > 1 else ''} Redis")
    return Domain(domain.members, (*domain.gaps, *gaps), domain.read)


def _of_some_server(one: BrokerService) -> list[Doubt]:
    """A policy that drops queues, written in a file that says nothing of its server."""
    place = one.excerpt
    if place is None or one.names != (place.path,) or not one.policy.startswith("allkeys"):
        return []
    return [Doubt(place.path, place.first_line, f"`{one.policy}` y est écrit, et rien ne dit pour quel serveur Redis")]
