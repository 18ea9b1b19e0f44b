"""Waits that a library makes for whoever calls it: between its attempts, for an event, for a page, for a machine."""

import ast
import re
from collections.abc import Iterator, Mapping

from audit.model.observations.waits import EndlessLoop, Sleep
from audit.model.unknown import UNKNOWN, Unknown
from audit.model.word_tables import word_set
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.python.abstract_values import External, Instance, Table, Value, unwrap
from audit.reading.python.child_nodes import walk

WORDS = (
    *(
        "tenacity",
        "backoff",
        "retrying",
        "from retry",
        "Event(",
        "Condition(",
        "Barrier(",
        "ueue",
        "select",
        "get_waiter(",
        "WebDriverWait",
    ),
    *(
        "playwright",
        "subprocess",
        "os.system",
        "@",
        "attempt",
        "retry",
        ".wait(",
        "pg_sleep",
        "signal.",
        "lpop",
        "rpop",
    ),
)
# What may wait, with the place of its timeout.
_WAITS: Mapping[str, int] = {
    **dict.fromkeys((f"{m}.{c}.wait" for m in ("threading", "multiprocessing") for c in ("Event", "Condition")), 0),
    "threading.Barrier.wait": 0,
    **{f"{name}.get": 1 for name in ("queue.Queue", "queue.LifoQueue", "queue.PriorityQueue", "multiprocessing.Queue")},
    "queue.SimpleQueue.get": 1,
    "select.select": 3,
}
# Nothing but a signal ends these.
_WITHOUT_END = frozenset({"signal.pause", "signal.sigwait", "signal.sigwaitinfo"})
_POPS = frozenset({"blpop", "brpop", "brpoplpush", "blmove", "bzpopmin", "bzpopmax"})
_SQL_SLEEP = re.compile(r"\bpg_sleep\(\s*([\d.]*)")
_PAGE = frozenset(
    {"until", "until_not", "wait_for_timeout", "wait_for_selector", "wait_for_load_state", "wait_for_url", "wait_for_function"}
)  # fmt: skip
_SHELLS = word_set("subprocess.run subprocess.call subprocess.check_call subprocess.check_output os.system")
_RETRYING = frozenset({"tenacity.retry", "tenacity.Retrying", "tenacity.AsyncRetrying"})
_BACKOFF = frozenset({"backoff.on_exception", "backoff.on_predicate"})
# What ends the attempts of each: without it they go on for ever.
_LIMITS = {
    **dict.fromkeys(_RETRYING, ("stop",)),
    **dict.fromkeys(_BACKOFF, ("max_tries", "max_time")),
    "retrying.retry": ("stop_max_attempt_number", "stop_max_delay", "stop_func", "stop"),
    **dict.fromkeys(("retry.retry", "retry.api.retry"), ("tries",)),
}
# The waits of tenacity: the argument that is the longest, or the one that grows.
_CONSTANT = {"wait_fixed": (0, "wait"), "wait_random": (1, "max")}
_EXPONENTIAL = {
    **dict.fromkeys(("wait_exponential", "wait_random_exponential"), "multiplier"),
    "wait_exponential_jitter": "initial",
}
_SECOND = 1000.0
_Seconds = float | Unknown | None


def library_waits(scope: Scope) -> Iterator[Sleep | EndlessLoop]:
    """Sleep: each call of a library that waits for as long as it is told, or less where something comes before.

    EndlessLoop: what it tries again for as long as it fails, or is not ready.
    """
    if not scope.symbol:
        return
    decorators = scope.root.decorator_list if isinstance(scope.root, ast.FunctionDef | ast.AsyncFunctionDef) else []
    bare = [ast.copy_location(ast.Call(d, [], []), d) for d in decorators if isinstance(d, ast.Name | ast.Attribute)]
    retried = [*(d for d in decorators if isinstance(d, ast.Call)), *bare]
    waiting: list[tuple[ast.AST, ast.Call]] = [(call, call) for call in (*retried, *scope.calls)]
    named = [*decorators, *(call.func for call in scope.calls), *(loop.iter for loop in scope.all(ast.For))]
    waiting += [(n, made) for n in named if isinstance(made := made_elsewhere(scope, n), ast.Call) and made is not n]
    for node, call in waiting:
        if (doubt := _tried_for_ever(scope, call)) is not None:
            tried = getattr(scope.root, "name", "") if node in (*decorators, *bare) else ast.unparse(node)[:60]
            yield scope.observed(EndlessLoop, node, awaited="" if doubt else tried, doubt=doubt)
        seconds = _waited(scope, call)
        if seconds is not None and seconds != 0:
            guessed = last(call.func) == "wait" and scope.evaluated(call.func) is UNKNOWN
            yield scope.observed(Sleep, node, seconds=seconds, at_most=True, guessed=guessed)


def _tried_for_ever(scope: Scope, call: ast.Call) -> str | None:
    """Why nobody knows whether a library ever stops trying, in French; empty where nothing stops it, None for another call."""
    library = scope.external(call.func)
    limits = _LIMITS.get(library, ())
    told = [scope.evaluated(given) for name in limits if (given := option_of(scope, call, name)) is not None]
    known = [one for one in told if one is not UNKNOWN]
    stopped = any(one not in (None, -1) and not _is_never(one) for one in known)
    if not limits or stopped:
        return None
    if isinstance(scope.parents.get(call), ast.Return) and len(known) < len(told):
        # What a decorator is given is read where it decorates.
        return None
    return "" if len(known) == len(told) else f"le nombre d'essais de `{library}` ne se lit pas"


def _is_never(value: Value) -> bool:
    made = value.cls if isinstance(value, Instance) else value
    return isinstance(made, External) and made.dotted.endswith("stop_never")


def made_elsewhere(scope: Scope, node: ast.expr) -> ast.expr:
    """The call of tenacity, or of backoff, whose answer a name or a function of elsewhere gives; else the node itself."""
    named = isinstance(node, ast.Name | ast.Attribute) and scope.given(node) is node
    if not named and not (isinstance(node, ast.Call) and not scope.external(node.func)):
        return node
    value = unwrap(scope.evaluated(node))[0]
    made = isinstance(value, Instance) and isinstance(value.cls, External) and value.cls.dotted in _RETRYING | _BACKOFF
    return _as_written(scope, value) if made else node


def _as_written(scope: Scope, value: Value) -> ast.expr:
    """The call that made a value, as if it stood here; a plain value, or one that is unknown, as a constant."""
    value = unwrap(value)[0]
    if isinstance(value, External):
        name = ast.Name(value.dotted.rpartition(".")[2], ast.Load())
        scope.stands[name] = value
        return name
    if isinstance(value, Instance) and isinstance(value.cls, External):
        made = _as_written(scope, value.cls)
        named = [ast.keyword(str(key), _as_written(scope, given)) for key, given in value.keywords.items()]
        return ast.Call(made, [_as_written(scope, given) for given in value.arguments], named)
    written = ast.Constant(None)
    scope.stands[written] = value
    return written


def option_of(scope: Scope, call: ast.Call, name: str) -> ast.expr | None:
    """What a call is given under this name: by itself, by a dictionary that it unpacks, by a name of another place."""
    given = keyword(call, name)
    for spread in (k.value for k in call.keywords if k.arg is None and given is None):
        table = unwrap(scope.evaluated(spread))[0]
        if not isinstance(table, Table) or name in table or table.opaque:
            given = _as_written(scope, table.get(name, UNKNOWN) if isinstance(table, Table) else UNKNOWN)
    given = scope.given(given) if given is not None else None
    if isinstance(given, ast.Name) and given.id in scope.of_module:
        return scope.of_module[given.id]
    return _as_written(scope, scope.evaluated(given)) if isinstance(given, ast.Name | ast.Attribute) else given


def _waited(scope: Scope, call: ast.Call) -> _Seconds:
    """The most that a call waits, in seconds; None where it is no wait, or has no end of its own."""
    name = last(call.func)
    if name in {"retry", "Retrying", "AsyncRetrying", "on_exception", "on_predicate"}:
        dotted = scope.external(call.func)
        known = _between_attempts if dotted in _RETRYING else _backed_off if dotted in _BACKOFF else None
        return known(scope, call) if known else None
    if name in _PAGE:
        return _of_a_page(scope, call, name)
    if name == "wait" and (made := _receiver(scope, call)) is not None and last(made.func) == "get_waiter":
        return _of_a_machine(scope, call)
    if name in {"wait", "get", "select"} and (place := _WAITS.get(scope.external(call.func))) is not None:
        told = _number(scope, _argument(call, place, "timeout"))
        return told if isinstance(told, int | float) else None
    return _of_something_else(scope, call, name)


def _of_something_else(scope: Scope, call: ast.Call, name: str) -> _Seconds:
    if name in _POPS:
        # Without a timeout, or with 0, Redis waits for ever: that is no sleep, but a read that has no limit.
        return _number(scope, keyword(call, "timeout"))
    alone = name == "wait" and isinstance(scope.parents.get(call), ast.Expr)
    if alone and isinstance(call.func, ast.Attribute) and scope.evaluated(call.func) is UNKNOWN:
        # Whatever has a `wait` that is told how long waits that long; one that is tested waits for something else.
        return _number(scope, _argument(call, 0, "timeout"))
    if name in {"pause", "sigwait", "sigwaitinfo"} and scope.external(call.func) in _WITHOUT_END:
        return UNKNOWN
    if name == "execute" and call.args:
        slept = _SQL_SLEEP.search(ast.unparse(call.args[0]))
        return (float(slept[1]) if slept[1] else UNKNOWN) if slept else None
    return _of_a_command(scope, call) if name in {"run", "call", "check_call", "check_output", "system"} else None


def _of_a_page(scope: Scope, call: ast.Call, name: str) -> _Seconds:
    """What Selenium, in seconds, or Playwright, in milliseconds, waits for a page."""
    if name in {"until", "until_not"}:
        made = _receiver(scope, call)
        driven = made is not None and last(made.func) == "WebDriverWait"
        return _number(scope, _argument(made, 1, "timeout")) if made and driven else None
    if "playwright" not in scope.module.source.text:
        return None
    given = keyword(call, "timeout") or (call.args[0] if call.args and name == "wait_for_timeout" else None)
    told = _number(scope, given)
    return told / _SECOND if isinstance(told, int | float) else told


def _argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    return keyword(call, name) or (call.args[place] if len(call.args) > place else None)


def _receiver(scope: Scope, call: ast.Call) -> ast.Call | None:
    """The call that made what a method is called on."""
    made = scope.given(call.func.value) if isinstance(call.func, ast.Attribute) else None
    return made if isinstance(made, ast.Call) else None


def _number(scope: Scope, node: ast.expr | None) -> _Seconds:
    value = scope.value(node) if node is not None else None
    return value if value is None or (isinstance(value, int | float) and not isinstance(value, bool)) else UNKNOWN


def _of_a_command(scope: Scope, call: ast.Call) -> _Seconds:
    """The argument of the shell's `sleep`."""
    if not call.args or scope.external(call.func) not in _SHELLS:
        return None
    value = scope.value(call.args[0])
    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or len(words) != 2 or words[0] != "sleep":
        return None
    return float(words[1]) if isinstance(words[1], str) and words[1].replace(".", "", 1).isdigit() else None


def _of_a_machine(scope: Scope, call: ast.Call) -> _Seconds:
    """What a waiter of boto3 is configured to; its own default is another for each waiter."""
    given = keyword(call, "WaiterConfig")
    value = scope.value(given) if given is not None else None
    if not isinstance(value, dict):
        return UNKNOWN
    delay, attempts = value.get("Delay"), value.get("MaxAttempts")
    return delay * attempts if isinstance(delay, int | float) and isinstance(attempts, int | float) else UNKNOWN


def _between_attempts(scope: Scope, call: ast.Call) -> _Seconds:
    """What tenacity waits between its attempts, at most."""
    wait, stop = option_of(scope, call, "wait"), option_of(scope, call, "stop")
    if wait is None or scope.evaluated(wait) is None:
        return None
    attempts, longest = _stopped(scope, stop)
    if attempts is None:
        return longest if longest is not None else UNKNOWN
    total = 0.0
    for rank in range(int(attempts) - 1):
        one = _one_wait(scope, scope.given(wait), rank)
        if one is UNKNOWN or one is None:
            return longest if longest is not None else UNKNOWN
        total += one
    return total if longest is None else min(total, longest)


def _stopped(scope: Scope, stop: ast.expr | None) -> tuple[float | None, float | None]:
    """How many attempts, and how many seconds, a `stop=` allows; None for what it does not bound."""
    attempts, longest = None, None
    alternatives = not (isinstance(stop, ast.BinOp) and isinstance(stop.op, ast.BitAnd))
    for one in walk(scope.given(stop)) if stop is not None and alternatives else ():
        if isinstance(one, ast.Call) and one.args:
            value = _number(scope, one.args[0])
            told = value if isinstance(value, int | float) else None
            attempts = told if last(one.func) == "stop_after_attempt" else attempts
            longest = told if last(one.func) in {"stop_after_delay", "stop_before_delay"} else longest
    return attempts, longest


def _one_wait(scope: Scope, wait: ast.expr, rank: int) -> _Seconds:
    """The longest that a `wait=` waits after the attempt of this rank."""
    if isinstance(wait, ast.BinOp) and isinstance(wait.op, ast.Add):
        sides = [_one_wait(scope, scope.given(side), rank) for side in (wait.left, wait.right)]
        numbers = [side for side in sides if isinstance(side, int | float)]
        return sum(numbers) if len(numbers) == len(sides) else UNKNOWN
    name = last(wait.func) if isinstance(wait, ast.Call) else ""
    if not isinstance(wait, ast.Call) or name not in _CONSTANT:
        return _growing(scope, wait, name, rank) if isinstance(wait, ast.Call) else UNKNOWN
    place, key = _CONSTANT[name]
    return _number(scope, _argument(wait, place, key) or ast.Constant(1))


def _growing(scope: Scope, wait: ast.Call, name: str, rank: int) -> _Seconds:
    """The same, of a wait that is longer after each attempt."""
    if name == "wait_incrementing":
        start, step = (_argument(wait, n, key) or ast.Constant(0) for n, key in enumerate(("start", "increment")))
        first, more = _number(scope, start), _number(scope, step)
        return first + more * rank if isinstance(first, int | float) and isinstance(more, int | float) else UNKNOWN
    if name not in _EXPONENTIAL or wait.args:
        return UNKNOWN
    parts = {key: _number(scope, keyword(wait, key)) for key in (_EXPONENTIAL[name], "min", "max", "exp_base")}
    return UNKNOWN if UNKNOWN in parts.values() else _exponential(parts, parts[_EXPONENTIAL[name]], rank)


def _exponential(parts: Mapping[str, _Seconds], first: _Seconds, rank: int) -> float:
    numbers = {k: v for k, v in parts.items() if isinstance(v, int | float)}
    factor = first if isinstance(first, int | float) else 1
    grown = factor * numbers.get("exp_base", 2) ** rank
    return max(numbers.get("min", 0), min(grown, numbers.get("max", grown)))


def _backed_off(scope: Scope, call: ast.Call) -> _Seconds:
    """What backoff waits between its attempts, at most."""
    tries, longest = (_number(scope, option_of(scope, call, key)) for key in ("max_tries", "max_time"))
    kind = last(call.args[0]) if call.args else ""
    if tries is None or tries is UNKNOWN or kind not in {"expo", "constant"}:
        return longest if longest is not None else UNKNOWN
    parts = {key: _number(scope, option_of(scope, call, key)) for key in ("interval", "factor", "base", "max_value")}
    if UNKNOWN in parts.values():
        return UNKNOWN
    numbers = {key: value for key, value in parts.items() if isinstance(value, int | float)}
    growth = numbers.get("base", 2) if kind == "expo" else 1
    first = numbers.get("factor", 1) if kind == "expo" else numbers.get("interval", 1)
    waits = [first * float(growth) ** n for n in range(int(tries) - 1)]
    total = sum(min(one, numbers.get("max_value", one)) for one in waits)
    return min(total, longest) if isinstance(longest, int | float) else total
