"""Where a webhook checks who calls it, and what becomes of the answer of each check."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from audit.model.domains import Domain
from audit.model.facts import Call, Function, Unresolved
from audit.model.gaps import Doubt, Gap
from audit.model.guard_facts import OpenAnswer, SkippedCall
from audit.model.target_facts import TargetFacts
from audit.model.word_tables import word_set
from audit.rules.domains.role_domain import RoleFunction
from audit.rules.domains.route_domain import run_by_route
from audit.rules.domains.setting_domain import place_of

# In constant time, and of the standard library or of Django; what they answer must be looked at.
_COMPARING = frozenset({"compare_digest", "constant_time_compare", "bytes_eq"})
# Of libraries; they raise when the caller cannot be trusted.
_RAISING = frozenset({"construct_event", "unsign", "verify_header"})
# Libraries whose `verify` raises; that of others answers whether the caller can be trusted.
_VERIFIERS = frozenset({"svix", "standardwebhooks", "nacl", "cryptography", "itsdangerous", "rsa"})
_ANSWERING = word_set("validate is_valid check_password is_valid_request verify verify_signature verify_webhook")


@dataclass(frozen=True)
class Check:
    """A call that checks who calls, and the chain of functions from the webhook to it; without a call, none was found."""

    call: Call | None
    chain: tuple[Function, ...]


@dataclass(frozen=True, slots=True)
class OpenedCall(SkippedCall):
    """A call that a function which answers yes to all replaces where `opens` holds; `given`: what the caller gives it for that."""

    opens: str = ""
    given: str = ""
    path: str = ""
    line: int = 0


def run_by_webhook(known: TargetFacts) -> Domain[Check]:
    """The checks that the webhook surely runs, one enough; without any, what may be one is a gap."""
    domain = run_by_route(known, "webhook", suspect=lambda function: _may_check(known, function))
    functions = known.source.functions
    found = []
    for one in (m for m in domain.members if m.sure):
        chain = tuple(functions[symbol] for symbol in one.chain)
        found += [Check(call, chain) for call in one.function.calls if _checks(call)]
    kept = [check for check in found if enforced(known, check)]
    firm = [check for check in kept if skipped(known, check) is None]
    if kept and not firm:
        return _of_skipped(known, kept, domain.read)
    kept = firm
    if kept or (found and not domain.gaps):
        return Domain(tuple(kept[:1] or found), (), domain.read)
    maybe = tuple(gap for one in domain.members for gap in _doubts(known, one))
    gaps = (*maybe, *domain.gaps)
    start = next((m.function for m in domain.members), None)
    none = (Check(None, (start,)),) if start and not gaps else ()
    return Domain(none, gaps, domain.read)


def _of_skipped(known: TargetFacts, kept: Sequence[Check], read: str) -> Domain[Check]:
    """Checks that are made, but not always: one that who calls may leave out is judged, any other is a gap."""
    sure = [check for check in kept if (one := skipped(known, check)) and one.sure]
    if len(sure) == len(kept):
        return Domain((sure[0],), (), read)
    found = next((c, one) for c in kept if (one := skipped(known, c)) and not one.sure)
    call, left_out = found[0].call, found[1]
    name = f"`{call.name if call else ''}`"
    if isinstance(left_out, OpenedCall):
        told = f"{name} est appelé, sauf si `{left_out.opens}` : ce que vaut `{left_out.given or left_out.opens}` en production ne se lit pas"
        return Domain((), (Doubt(left_out.path, left_out.line, told),), read)
    why = f"{name} n'est appelé que si `{left_out.condition}` : ce que vaut cette condition en production ne se lit pas"
    return Domain((), (Doubt(*place_of(call.excerpt if call else None), why),), read)


def skipped(known: TargetFacts, check: Check) -> SkippedCall | None:
    """The call, on the way from the webhook to the check, without which it may go on."""
    names = frozenset({check.call.name} if check.call else ())
    found: list[SkippedCall] = []
    for function, caller in zip(reversed(check.chain), (*reversed(check.chain[:-1]), None), strict=True):
        of_function = (one for one in known.source.guards[function.symbol].skipped if one.name in names)
        # A view that leaves has not done its work either.
        found += [one for one in of_function if not one.leaves or function.symbol != known.target.role("webhook")]
        found += opened(known, function)
        names = frozenset(c.name for c in caller.calls if c.target == function.symbol) if caller else frozenset()
    return next((one for one in found if one.sure), found[0] if found else None)


def opened(known: TargetFacts, function: Function) -> list[OpenedCall]:
    """What a function asks by a name that another gave it, where that may be a function that answers yes to all."""
    found = []
    for name, maker in known.source.guards[function.symbol].made:
        call = next((c for c in function.calls if c.name == maker), None)
        if call and call.target in known.source.guards:
            made = known.source.functions[call.target]
            path = made.head.path if made.head else ""
            found += [
                OpenedCall(
                    name,
                    one.unless,
                    sure=False,
                    opens=one.condition,
                    given=_given(call, made, one),
                    path=path,
                    line=one.line,
                )
                for one in known.source.guards[call.target].opens
            ]
    return found


def _given(call: Call, made: Function, answer: OpenAnswer) -> str:
    """What the caller gives for the first parameter that the condition names, as written: a setting, where it comes from one."""
    # A method's call does not write its first one.
    for position, parameter in enumerate(p for p in made.parameters if p.name not in {"self", "cls"}):
        if re.search(rf"\b{re.escape(parameter.name)}\b", answer.condition):
            placed = call.arguments[position] if position < len(call.arguments) else ""
            return call.keywords.get(parameter.name, placed)[:60]
    return ""


def without_key(check: Check) -> Call | None:
    """The call that signs with an empty key, so that anybody can."""
    signing = (c for f in check.chain for c in f.calls if c.name in {"hmac.new", "hmac.digest"} and c.arguments)
    return next((c for c in signing if c.arguments[0].strip("bB") in {"''", '""'}), None)


def enforced(known: TargetFacts, check: Check) -> bool:
    """Whether what the check answers ends in a refusal, somewhere on the way to the webhook."""
    if check.call is None or _raises(known, check):
        return check.call is not None
    names = frozenset({check.call.name})
    for function, caller in zip(reversed(check.chain), (*reversed(check.chain[:-1]), None), strict=True):
        guard = known.source.guards[function.symbol]
        if names <= guard.dropped:
            return False
        names = frozenset(c.name for c in caller.calls if c.target == function.symbol) if caller else frozenset()
        # What nothing of the project calls by its name, a decorator or a dependency, the framework asks.
        if guard.refuses or not names:
            return guard.refuses or (caller is not None and guard.answers)
    return False


def _raises(known: TargetFacts, check: Check) -> bool:
    last = check.call.name.rpartition(".")[2] if check.call else ""
    head = check.chain[-1].head
    used = known.source.libraries.get(head.path, frozenset()) if head else frozenset()
    return last in _RAISING or (last == "verify" and bool(used & _VERIFIERS))


def _checks(call: Call) -> bool:
    last = call.name.rpartition(".")[2]
    if call.target or call.unresolved not in {Unresolved.NO, Unresolved.METHOD}:
        return False
    if last in _COMPARING:
        return True
    return call.unresolved is Unresolved.NO and last in _RAISING | _ANSWERING


def _may_check(known: TargetFacts, function: Function) -> bool:
    return any(map(_checks, function.calls)) or bool(known.source.guards[function.symbol].compared)


def _doubts(known: TargetFacts, one: RoleFunction) -> list[Gap]:
    """What may check who calls: a plain comparison of a secret, a call of a library that bears such a name, a guessed receiver."""
    function, name = one.function, one.function.symbol.rpartition(":")[2]
    found: list[Gap] = [
        Doubt(why=f"`{text}` y participe peut-être") for text in known.source.guards[function.symbol].compared
    ]
    called = next(
        (c.name for c in function.calls if not c.target and c.name.rpartition(".")[2] in _RAISING | _ANSWERING), ""
    )
    if called:
        found.append(Doubt(why=f"`{called}` y participe peut-être"))
    if not one.sure and any(map(_checks, function.calls)):
        found.append(Doubt(why=f"`{name}` le fait peut-être, par un appel dont l'objet n'est pas connu"))
    return found
