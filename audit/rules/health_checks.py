"""The health checks that ask Celery workers whether they live, and what makes them wrong."""

import re
from dataclasses import dataclass

from audit.french.typography import counted
from audit.model.domains import Domain
from audit.model.facts import Process
from audit.model.findings import Excerpt
from audit.model.observations.deployment_statements import HealthCheck
from audit.model.probes import Probe
from audit.model.target_facts import TargetFacts
from audit.rules.domains.process_domain import doubtful, narrowed, statements
from audit.rules.practice import Fault
from audit.rules.worker_pools import pool_of
from audit.rules.worker_stops import longest_task


@dataclass(frozen=True)
class Check:
    """A command that asks workers for a sign of life, and, where an orchestrator runs it, its probe and the worker that it asks."""

    excerpt: Excerpt
    own_node: bool
    probe: Probe | None = None
    pool: str = "prefork"
    longest: float | None = None
    other: str = ""

    def faults(self) -> list[Fault]:
        """Why it is wrong, when that is sure."""
        path, probe = self.excerpt.path, self.probe
        if probe and probe.mute:
            return []
        if not self.own_node:
            return [Fault(f"elle réussit dès qu'un worker répond, n'importe lequel, `{path}`", self.excerpt)]
        if self.other:
            return [Fault(f"{self.other}, `{path}`", self.excerpt)]
        if probe is None or not probe.kills or probe.timeout is None or probe.reply is None:
            return []
        if probe.timeout <= probe.reply:
            told = f"`{path}` lui laisse {probe.timeout:g} s, quand la réponse peut en prendre {probe.reply:g}"
            return [Fault(f"{told} : un worker sain, mais lent à répondre, est tué", self.excerpt)]
        return []

    def possible_faults(self) -> list[Fault]:
        """Why it may be wrong: it asks nobody, or a `solo` worker, which answers nobody while it runs a task."""
        probe = self.probe
        if probe and probe.mute:
            return [Fault(f"{probe.mute}, `{self.excerpt.path}`", self.excerpt)]
        if probe is None or not probe.kills or self.pool != "solo":
            return []
        if probe.patience is not None and self.longest is not None and self.longest < probe.patience:
            return []
        after = "" if probe.patience is None else f" après {probe.patience:g} s"
        text = f"`{self.excerpt.path}` tue{after} un worker `solo`, qui ne répond à personne pendant une tâche"
        return [Fault(text, self.excerpt)]


def health_checks(known: TargetFacts) -> Domain[Check]:
    """Those of the workers' containers, and those written in other files."""
    probed = [(w, w.probe) for w in known.workers if w.probe and (w.probe.asks or w.probe.mute)]
    members = [_of_probe(known, worker, probe) for worker, probe in probed]
    for seen in known.source.observations_of(HealthCheck):
        if seen.excerpt and not any(_holds(check.excerpt, seen.excerpt) for check in members):
            members.append(Check(seen.excerpt, seen.own_node))
    silent = [w for w, probe in probed if probe.kills and (probe.timeout is None or probe.reply is None)]
    gaps = doubtful(silent, lambda _: "les délais de la sonde de santé ne se lisent pas")
    return narrowed(statements(known, members, counted(len(members), "sonde")), members, gaps)


def _of_probe(known: TargetFacts, worker: Process, probe: Probe) -> Check:
    return Check(
        probe.place or worker.excerpt,
        probe.own_node,
        probe,
        pool_of(known, worker),
        longest_task(known, worker).seconds,
        _other_node(worker, probe),
    )


def _other_node(worker: Process, probe: Probe) -> str:
    """Why a probe asks for a node that is not its worker, in French; empty where it asks for it, or nobody knows."""
    asked = re.search(r"(?:-d|--destination)[= ]\s*[\"']?([\w.-]+)@", probe.command)
    own = worker.options.get("hostname", "celery").partition("@")[0]
    if not asked or not re.fullmatch(r"[\w.-]+", own) or asked[1] == own:
        return ""
    return f"elle interroge `{asked[1]}@…`, et le worker s'appelle `{own}@…` : elle échoue toujours"


def _holds(outer: Excerpt, inner: Excerpt) -> bool:
    return outer.path == inner.path and outer.first_line <= inner.first_line and inner.last_line <= outer.last_line
