"""How the sender is retried: its schedules, and what else may retry what it does."""

import re

from audit.french.typography import counted
from audit.model.domains import Domain
from audit.model.facts import Function
from audit.model.gaps import Doubt, Gap, UnrecognisedUse
from audit.model.observations.failure_handling import Fate
from audit.model.retries import RetryPolicy, RetrySchedule
from audit.model.target_facts import TargetFacts
from audit.rules.domains.role_domain import run_by_role, unfilled

_RETRYING = re.compile(r"retry|retries|retrying|backoff|tenacity|stamina", re.IGNORECASE)
_RETRIERS = frozenset({"retry", "Retrying", "AsyncRetrying", "retry_call", "retry_context", "on_exception"})
_LIBRARIES = frozenset({"tenacity", "backoff", "stamina", "retrying", "retry", "retry2", "opnieuw", "urllib3"})


def retry_schedules(known: TargetFacts) -> Domain[RetrySchedule]:
    """The schedules of the sender, and what else may retry, or hide that it does; empty where nothing retries it."""
    gaps: tuple[Gap, ...] = unfilled(known, "sender")
    if gaps:
        return Domain((), gaps, "")
    symbol = known.target.role("sender")
    policy = known.retries(symbol) or RetryPolicy(symbol)
    told = [s.why_unknown for s in policy.schedules if s.why_unknown]
    if policy.otherwise and not policy.schedules:
        told.append(policy.otherwise)
    doubts = [Doubt(why=why) for why in dict.fromkeys(told)]
    read = counted(len(policy.schedules), "reprise lue")
    return Domain(policy.schedules, (*doubts, *_beside(known, policy)), read)


def _beside(known: TargetFacts, policy: RetryPolicy) -> tuple[Gap, ...]:
    """What else retries what the sender runs, or may: decorators and loops of libraries, calls that are given the task."""
    symbol = known.target.role("sender")
    domain = run_by_role(known, "sender")
    found: list[Gap] = []
    for one in domain.members:
        function, name = one.function, one.function.symbol.rpartition(":")[2]
        if function.symbol != symbol and any(map(_RETRYING.search, function.decorators)):
            found.append(Doubt(why=f"un décorateur de `{name}` peut réessayer"))
        own = [c for c in function.calls if not (policy.schedules and c.name.rpartition(".")[0] in {"self", "task"})]
        called = next((c.name for c in own if c.name.rpartition(".")[2] in _RETRIERS), "")
        if called and not (policy.schedules and function.symbol == symbol):
            found.append(Doubt(why=f"`{called}` peut réessayer"))
    paths = dict.fromkeys(one.function.head.path for one in domain.members if one.function.head)
    for path in paths:
        used = sorted(known.source.libraries.get(path, frozenset()) & _LIBRARIES)
        found += [UnrecognisedUse(path, 0, used[0])] if used else []
    return tuple(found)


def sender_policy(known: TargetFacts) -> Domain[tuple[Function, RetryPolicy]]:
    """The sender with its policy, where it calls `retry` itself or Celery retries it around its code."""
    gaps: tuple[Gap, ...] = unfilled(known, "sender")
    if gaps:
        return Domain((), gaps, "")
    symbol = known.target.role("sender")
    function, policy = known.source.functions[symbol], known.retries(symbol)
    automatic = any(t.options.get("autoretry_for") for t in known.source.tasks if t.symbol == symbol)
    if policy is None or not (policy.calls_retry or automatic):
        gaps = (Doubt(why=f"`{symbol.rpartition(':')[2]}` n'appelle pas elle-même `self.retry()`"),)
        return Domain((), gaps, "")
    if policy.raised is Fate.UNCLEAR:
        gaps = (Doubt(why=policy.doubt),)
    return Domain(((function, policy),), gaps, counted(1, "tâche"))
