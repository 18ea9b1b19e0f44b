"""What a webhook keeps before it answers, and what it may keep through calls that were not followed."""

import builtins
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audit.french.typography import counted
from audit.model.call_completion import DEFERRING
from audit.model.domains import Domain
from audit.model.facts import Call, Function, Unresolved
from audit.model.findings import Excerpt
from audit.model.gaps import Doubt, Gap
from audit.model.target_facts import TargetFacts
from audit.model.word_tables import word_set
from audit.rules.domains.role_domain import unfilled
from audit.rules.handler_calls import Reached, before_the_answer

_STORES = word_set("""
    insert insert_one commit save asave create acreate bulk_create get_or_create upsert put_item xadd rpush lpush delay
    apply_async send_task
""")
_HARMLESS = word_set("""
    json get_running_loop get body form loads dumps info debug warning error exception getLogger HTTPException
    JSONResponse Response PlainTextResponse str int len dict list bytes isinstance decode encode lower upper strip split
    match search startswith endswith removeprefix hexdigest get_secret_value digest new sha256 compare_digest getenv
    items keys values abort jsonify make_response get_data get_json HttpResponse HttpResponseBadRequest
    HttpResponseForbidden JsonResponse
""")


_MODULES = frozenset({"base64", "binascii", "hashlib", "hmac", "html", "itertools", "math", "re", "secrets", "struct"})
_BUILT_IN = frozenset(name for name in dir(builtins) if name not in {"open", "exec", "eval", "__import__", "print"})
_OF_VALUES = frozenset(name for kind in (str, bytes, list, tuple, re.Match, re.Pattern) for name in dir(kind)) - {
    "insert"
}


_STATEMENTS = frozenset({"execute", "executemany", "exec_driver_sql"})
_READS = re.compile(r"""(?is)^(?:\w+\.)?(?:text\(\s*)?[rbf]*["'(\s]*(?:select|show|pragma|explain)\b""")
_WRITES = re.compile(r"(?i)\b(?:insert|update|merge|copy|call|replace)\b")
_MAY_BE_ANYTHING = frozenset({"create", "acreate"})


@dataclass(frozen=True)
class Answering:
    """A webhook: the call that keeps what it received before it answers, or else what it leaves for later."""

    function: Function
    kept: str
    later: Excerpt | None


def before_answering(known: TargetFacts) -> Domain[Answering]:
    """The webhook, where it keeps something, or leaves something for later; what may keep it is a gap."""
    gaps: tuple[Gap, ...] = unfilled(known, "webhook")
    if gaps:
        return Domain((), gaps, "")
    symbol = known.target.role("webhook")
    function = known.source.functions[symbol]
    # What a task writes is written after the answer.
    reached = before_the_answer(known, symbol, known.task_symbols)
    read = counted(len(reached), "fonction suivie")
    stores = [(name, r.doubtful(c)) for r in reached for c in r.now if (name := _stores(known, c))]
    if kept := next((name for name, doubtful in stores if not doubtful), ""):
        return Domain((Answering(function, kept, None),), (), read)
    if gaps := (*_silent(stores), *_unfollowed(known, reached)):
        return Domain((), gaps, read)
    later = next((c.excerpt for r in reached for c in r.function.calls if _last(c) in DEFERRING), None)
    return Domain((Answering(function, "", later),) if later else (), (), read)


def _silent(stores: Sequence[tuple[str, bool]]) -> Iterator[Gap]:
    for name, _ in stores[:1]:
        yield Doubt(
            why=f"`{name}` est sous une condition ou un `except` qui laisse répondre sans avoir rien enregistré"
        )


def _stores(known: TargetFacts, call: Call) -> str:
    """The last name of a call that surely stores; a task that is published without argument carries nothing of what was received."""
    last = _last(call)
    if last in _STATEMENTS:
        return last if _written(call) and not call.target else ""
    if last not in _STORES or (last in _MAY_BE_ANYTHING and ".objects." not in call.name):
        return ""
    if last in {"delay", "apply_async"}:
        return last if call.arguments or call.keywords else ""
    in_memory = last == "insert" and call.arguments[:1] and re.fullmatch(r"-?\d+|len\(.*\)", call.arguments[0])
    # A function of the project is followed, whatever its name; so are those that the receiver may be one of.
    return "" if call.target or in_memory or _own(known, call) else last


def _written(call: Call) -> bool:
    """Whether the statement is one that writes, as far as the call shows it."""
    given = call.arguments[0] if call.arguments else ""
    return bool(_WRITES.search(given)) and not _READS.search(given)


def _own(known: TargetFacts, call: Call) -> bool:
    """Whether the receiver is unknown, and methods of the project bear this name."""
    # `app.state.inbox.save(…)`: what an object of a library holds may be the project's.
    if call.unresolved is not Unresolved.METHOD and (call.name.count(".") < 2 or ".objects." in call.name):
        return False
    tests, last = known.source.test_modules, _last(call)
    return any(s.endswith(f".{last}") and s.partition(":")[0] not in tests for s in known.source.functions)


def _last(call: Call) -> str:
    return call.name.rpartition(".")[2]


def _is_of_python(known: TargetFacts, call: Call) -> bool:
    """Whether a call is Python's own and keeps nothing: a built-in function, a method of a text or of a list, a module of values."""
    if call.name.partition(".")[0] in _MODULES:
        return True
    if "." not in call.name:
        return call.unresolved is Unresolved.NO and call.name in _BUILT_IN
    return _last(call) in _OF_VALUES and not _own(known, call)


def _unfollowed(known: TargetFacts, reached: Sequence[Reached]) -> Iterator[Gap]:
    """Calls that may store something, for all that was read."""
    for one in reached:
        for call in one.now:
            last = _last(call)
            read = last in _STATEMENTS and bool(call.arguments) and bool(_READS.search(call.arguments[0]))
            if call.target or read or (last in DEFERRING | _HARMLESS and not one.awaits(call)):
                continue
            if (last == "insert" and not _own(known, call)) or _is_of_python(known, call):
                continue
            place = f" (`{call.excerpt.path}`, ligne {call.excerpt.first_line})" if call.excerpt else ""
            told = f"ce que fait l'appel `{call.name}(…)`{place} : la lecture du code ne peut pas le suivre"
            yield Doubt(why=f"{told}, qui ne sait donc pas si l'enregistrement s'y fait")
