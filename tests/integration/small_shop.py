"""A small Celery project written for one test: its settings, its files, and the flight of a canary over it."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from audit import reading as source
from audit.experiments.canary.canary_run import Canary, Flight
from audit.experiments.canary.questions import QUESTIONS
from audit.model.findings import Finding, Outcome
from audit.model.target_facts import TargetFacts
from audit.target.target_file import load_target

_APPLICATION = """
from celery import Celery, signals

app = Celery("boutique", broker="{broker}")
app.conf.update(
    worker_concurrency=2,
    worker_prefetch_multiplier=1,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    broker_connection_retry_on_startup=True,
)
{more}
"""
REDIS, RABBITMQ = "redis://redis.boutique.example:6379/0", "amqp://rabbitmq.boutique.example//"


def fly(
    root: Path,
    *scenarios: str,
    more: str = "",
    broker: str = REDIS,
    files: Mapping[str, str] | None = None,
    python: str = sys.executable,
) -> Flight:
    """Write the project, fly the canary with these scenarios."""
    root.mkdir()
    root.joinpath("boutique.py").write_text(_APPLICATION.format(broker=broker, more=more), encoding="utf-8")
    root.joinpath("audit.toml").write_text(
        '[target]\nname = "Boutique"\ncelery_app = "boutique:app"\n', encoding="utf-8"
    )
    for name, text in (files or {}).items():
        root.joinpath(name).write_text(text, encoding="utf-8")
    target = replace(load_target(root), python=python)
    known = TargetFacts(target, source.collect(target), None)
    wanted = {f"canary-{s}" for s in scenarios}
    return Canary(questions=[q for q in QUESTIONS if q.id in wanted]).fly(known, allowed=True, tell=lambda _: None)


def outcomes(flight: Flight, scenario: str) -> set[Outcome]:
    """Every outcome of this scenario."""
    return {finding.outcome for finding in flight.findings[f"canary-{scenario}"]}


def the(flight: Flight, scenario: str, outcome: Outcome) -> Finding:
    """The first finding of this scenario that has this outcome; the test fails with all of them where none has."""
    found = flight.findings[f"canary-{scenario}"]
    return next((f for f in found if f.outcome is outcome), None) or _none(found)


def _none(found: tuple[Finding, ...]) -> Finding:
    raise AssertionError([(f.outcome, f.sentence, f.missing) for f in found])
