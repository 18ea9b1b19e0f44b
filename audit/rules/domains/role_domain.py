"""What a role runs: its function and all that this one reaches, with the calls that nobody can follow."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from audit.french.typography import counted
from audit.model.call_closures import COMMON, Closures
from audit.model.domains import Domain
from audit.model.facts import Call, Facts, Function
from audit.model.gaps import Doubt, Gap, UnknownRole, UnreadFile
from audit.model.target_facts import TargetFacts
from audit.rules.domains.called_values import known_value
from audit.rules.rule import not_found, without_role

T = TypeVar("T")
# Signals that Celery sends around the code of a task, in the process that runs it.
_AROUND = re.compile(r"\btask_(?:prerun|postrun|success|failure|retry|received)\.connect\b")


@dataclass(frozen=True)
class RoleFunction:
    """A function that a role runs; `chain` leads to it, the role's own first. `sure`: no receiver is guessed."""

    function: Function
    chain: tuple[str, ...]
    sure: bool


def unfilled(known: TargetFacts, role: str) -> tuple[UnknownRole, ...]:
    """Why a role cannot be looked at: it has no symbol, or one that no probe found; nothing where the source has it."""
    symbol = known.target.role(role)
    if not symbol:
        asked = without_role(known, role, role)
    elif known.source.failure or not symbols_of(known, symbol):
        asked = not_found(known, symbol, role)
    else:
        return ()
    return (UnknownRole(why=asked.missing or asked.sentence, settles=asked.settles),)


def role_only(known: TargetFacts, role: str) -> Domain[Function]:
    """The function of a role, as read in the source."""
    gaps = unfilled(known, role)
    symbols = () if gaps else symbols_of(known, known.target.role(role))
    return Domain(tuple(known.source.functions[s] for s in symbols), gaps, counted(len(symbols), "fonction"))


def role_seen(known: TargetFacts, role: str) -> Domain[tuple[Function, Facts]]:
    """The function of a role as each probe sees it, strongest probe first."""
    seen = tuple(known.function(known.target.role(role)))
    return Domain(seen, () if seen else unfilled(known, role), counted(len(seen), "lecture"))


Suspect = Callable[[Function], bool]


def _none(_: Function) -> bool:
    return False


def run_by_role(
    known: TargetFacts,
    role: str,
    *,
    also: Sequence[str] = (),
    apart: Collection[str] = (),
    doubts: Iterable[Gap] = (),
    suspect: Suspect = _none,
) -> Domain[RoleFunction]:
    """The function of a role, what runs around it, and all that they reach; tasks that they publish run elsewhere.

    `also`: other functions that run with it. `apart`: functions that are not followed. `doubts`: gaps of the rule's own.
    `suspect`: what a method would be at fault for, where only a name that Python's collections bear leads to it.
    """
    gaps = unfilled(known, role)
    if gaps:
        return Domain((), (*gaps, *doubts), "")
    starts = (*symbols_of(known, known.target.role(role)), *also)
    return run_by(known, starts, apart=apart, doubts=doubts, suspect=suspect)


def run_by(
    known: TargetFacts,
    starts: Sequence[str],
    *,
    apart: Collection[str] = (),
    doubts: Iterable[Gap] = (),
    suspect: Suspect = _none,
) -> Domain[RoleFunction]:
    """What these functions of the target run, the functions themselves first."""
    around = _receivers(known) if {*starts} & known.task_symbols else ()
    found = known.closures_from(tuple(dict.fromkeys((*starts, *around))), frozenset(apart))
    functions = known.source.functions
    members = [RoleFunction(functions[s], tuple(chain), sure=True) for s, chain in found.sure.items()]
    members += [RoleFunction(functions[s], tuple(chain), sure=False) for s, chain in found.possible.items()]
    unlikely = [call for symbol, call in found.unlikely.items() if suspect(functions[symbol])]
    gaps = (*doubts, *_hidden(known, found), *unlikely)
    return Domain(tuple(members), tuple(dict.fromkeys(gaps)), counted(len(members), "fonction suivie"))


def symbols_of(known: TargetFacts, symbol: str) -> tuple[str, ...]:
    """A function; the methods of a class."""
    if symbol in known.source.functions:
        return (symbol,)
    return tuple(s for s in known.source.functions if s.startswith(f"{symbol}.") and "<locals>" not in s)


def chains_to(
    known: TargetFacts, roles: Sequence[str], symbols: Collection[str], doubt: str
) -> Domain[tuple[str, ...]]:
    """The sure chains of calls from the functions of these roles to one of these; `doubt`, in French, where there is none."""
    domains = [run_by_role(known, role) for role in roles if known.target.role(role)]
    chains = tuple(m.chain for d in domains for m in d.members if m.sure and m.function.symbol in symbols)
    read = counted(sum(len(d.members) for d in domains), "fonction suivie")
    return Domain(chains[:1], () if chains else (Doubt(why=doubt),), read)


def calls_of_role(known: TargetFacts, role: str, wanted: Callable[[Call], bool], doubt: str) -> Domain[Call]:
    """The calls that a role surely makes and that are wanted; `doubt`, in French, where there is none."""
    domain = run_by_role(known, role)
    calls = tuple(c for one in domain.members if one.sure for c in one.function.calls if wanted(c))
    return Domain(calls, domain.gaps if calls else (Doubt(why=doubt), *domain.gaps), domain.read)


def enough(domain: Domain[T]) -> Domain[T]:
    """The same for a point that one member settles: what was not followed takes nothing from it."""
    return replace(domain, gaps=()) if domain.members else domain


def _hidden(known: TargetFacts, found: Closures) -> tuple[Gap, ...]:
    """What may hide code that these functions run."""
    followed = found.followed.values()
    paths = {one.head.path for one in followed if one.head}
    guessed = any(name not in COMMON for one in followed for name, _ in one.unresolved)
    own = [g for g in known.source.gaps if (guessed if isinstance(g, UnreadFile) else g.path in paths)]
    missing = [gap for one in followed for gap in one.gaps]
    failed = (Doubt(why=known.source.failure),) if known.source.failure else ()
    opaque = (gap for gap in found.opaque if not known_value(known, found.followed, gap))
    return (*failed, *opaque, *own, *missing)


def _receivers(known: TargetFacts) -> tuple[str, ...]:
    """Functions that Celery's signals run around each task."""
    named = {
        path.removesuffix(".py").rpartition("/")[2] for path, used in known.source.libraries.items() if "celery" in used
    }
    found = (
        s for s in known.source.functions if s.partition(":")[0].rpartition(".")[2] in named or "__init__" in named
    )
    return tuple(s for s in found if any(map(_AROUND.search, known.source.functions[s].decorators)))
