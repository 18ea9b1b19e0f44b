"""The servers of the target's files that its broker's address names."""

import re
from collections.abc import Iterator

from audit.model.observations.deployment_statements import BrokerService
from audit.model.target_facts import TargetFacts

_BROKER = re.compile(r"BROKER|CELERY.*URL")
_HOST = re.compile(r"://(?:[^@/\s]*@)?([^:/\s,;?]+)")


def shipped_brokers(known: TargetFacts) -> tuple[BrokerService, ...]:
    """None where no address is read: a server that nothing names may be a cache."""
    hosts = {host for text in _addresses(known) for host in _HOST.findall(text)}
    return tuple(one for one in known.source.observations_of(BrokerService) if hosts & set(one.names))


def _addresses(known: TargetFacts) -> Iterator[str]:
    variables = {setting.overridable for setting, _ in known.setting("broker_url")}
    given = [
        text
        for process in known.celery_processes
        for name, text in process.environment.items()
        if name in variables or _BROKER.search(name)
    ]
    # What a process is given wins over what is written, a developer's default most often.
    yield from given or [str(setting.value) for setting, _ in known.setting("broker_url")]
