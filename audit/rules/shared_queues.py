"""Several applications on one broker: each has queues of its own."""

from collections.abc import Sequence
from itertools import combinations

from audit.model.domains import conclude
from audit.model.findings import Finding, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.domains.application_domain import Consumer, consumers
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide

_APP = """
    from celery import Celery

    app = Celery("{0}", broker="redis://redis:6379/0")
    app.conf.task_default_queue = "«celery¦{0}»"
"""


@practice(
    "own-queues",
    "Files de chaque application",
    reference="https://docs.celeryq.dev/en/stable/userguide/configuration.html#task-default-queue",
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Aucune file n'est consommée par deux applications sur le même broker",
        fails="Deux applications consomment la même file du même broker : chacune jette les tâches de l'autre",
        advice="Donner à chaque application sa `task_default_queue`, sa base Redis ou son hôte virtuel",
        solution='task_default_queue = "shop"',
        undetermined="l'adresse du broker ou les files d'une application ne se lisent pas",
        impact="Élevé : des tâches publiées sont jetées (`Received unregistered task`)",
    ),
    example={
        "shop.py": _APP.format("shop"),
        "blog.py": _APP.format("blog"),
        "compose.yaml": """
            services:
              shop:
                image: shop
                command: celery -A shop worker
                restart: always
              blog:
                image: shop
                command: celery -A blog worker
                restart: always
        """,
    },
)
def _own(known: TargetFacts) -> Sequence[Finding]:
    domain = consumers(known)
    pairs = {
        one: [_both(one, other) for first, other in combinations(domain.members, 2) if first is one]
        for one in domain.members
    }
    answer = conclude(domain, lambda one: [fault for found in pairs[one] for fault in found])
    evidence = (known.source.evidence(one.worker.excerpt) for one in domain.members)
    nothing = "les workers ne sont pas ceux de plusieurs applications"
    return answered(_own.guide, "File partagée par deux applications", answer, *evidence, nothing=nothing)


def _both(one: Consumer, other: Consumer) -> list[Fault]:
    shared = sorted(one.queues & other.queues) if one.application != other.application else []
    if not shared or not one.broker or one.broker != other.broker:
        return []
    return [Fault(f"`{one.application}` et `{other.application}` consomment `{shared[0]}`", other.worker.excerpt)]
