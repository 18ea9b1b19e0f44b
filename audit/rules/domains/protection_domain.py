"""How a role that protects is called by the role it protects, and all that this protection runs."""

from dataclasses import dataclass, replace

from audit.model.domains import Domain
from audit.model.facts import Function
from audit.model.gaps import Doubt, Gap
from audit.model.target_facts import TargetFacts
from audit.rules.domains.role_domain import RoleFunction, run_by_role, symbols_of, unfilled


@dataclass(frozen=True)
class Protected:
    """What the function of `caller` runs; `chain` leads from it to the one that protects, empty where it never does.

    `code`: what the protection runs, its own function first. `beside`: the other functions that the caller runs.
    """

    chain: tuple[Function, ...]
    code: tuple[Function, ...]
    beside: tuple[Function, ...]


def protection(known: TargetFacts, role: str, caller: str) -> Domain[Protected]:
    """One member, the use of the protection; what was not followed of either is a gap, of the caller only where none was seen."""
    gaps: tuple[Gap, ...] = (*unfilled(known, role), *unfilled(known, caller))
    if gaps:
        return Domain((), gaps[:1], "")
    own = run_by_role(known, role)
    every = run_by_role(known, caller)
    symbols = {*symbols_of(known, known.target.role(role))}
    chains = [one.chain for one in every.members if one.sure and one.function.symbol in symbols]
    found = tuple(known.source.functions[s] for s in min(chains, key=len, default=()))
    code = tuple(one.function for one in own.members if one.sure)
    beside = tuple(one.function for one in every.members if one.sure and one.function not in code)
    gaps = own.gaps if found else (*_maybe(known, every, symbols, caller), *every.gaps)
    return Domain((Protected(found, code, beside),), gaps, every.read)


def _maybe(known: TargetFacts, every: Domain[RoleFunction], symbols: set[str], caller: str) -> tuple[Doubt, ...]:
    """Whether a call of an unknown receiver may be one of the protection."""
    may = next((one.function.symbol for one in every.members if not one.sure and one.function.symbol in symbols), "")
    start = known.target.role(caller).rpartition(":")[2]
    why = f"`{may.rpartition(':')[2]}` est appelée, mais aucun chemin n'a pu être suivi depuis `{start}`"
    return (Doubt(why=why),) if may else ()


def unseen(domain: Domain[Protected]) -> Domain[Protected]:
    """The same, without a member whose absence a gap may explain."""
    missing = any(not one.chain for one in domain.members) and domain.gaps
    return replace(domain, members=()) if missing else domain
