"""What a function does before it answers: apart from what it starts without waiting for it, and from what it may fail to do in silence."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from audit.model.facts import Call, Function
from audit.model.target_facts import TargetFacts, syntax

_NOT_AWAITED = ("add_task", "create_task", "ensure_future", "run_in_executor", "run_coroutine_threadsafe", "call_soon")
LATER = frozenset(
    (*_NOT_AWAITED, "BackgroundTask", "Thread", "submit", "call_later", "start_soon", "spawn", "start_new_thread")
)
_GROUPS = frozenset({"TaskGroup", "create_task_group", "open_nursery"})
_BROAD = frozenset(
    {"Exception", "BaseException", "OperationalError", "DatabaseError", "ConnectionError", "OSError", "RedisError"}
)
# What a handler answers so that the sender sends again.
_REFUSES = re.compile(r"\b[45]\d\d\b|HTTP_[45]|Error|BadRequest|Unavailable|abort")


@dataclass(frozen=True)
class Reached:
    """A function that runs before the answer, with the names of the calls it does not wait for, waits for, or may miss in silence."""

    function: Function
    late: frozenset[str]
    awaited: frozenset[str]
    missed: frozenset[str]
    doubt: bool

    @property
    def now(self) -> tuple[Call, ...]:
        """Its calls, but for those it does not wait for."""
        return tuple(c for c in self.function.calls if c.name not in self.late)

    def doubtful(self, call: Call) -> bool:
        """Whether the answer may leave although this call failed."""
        return self.doubt or call.name in self.missed

    def awaits(self, call: Call) -> bool:
        """Whether it waits for what would otherwise be started for later."""
        return call.name in self.awaited


def before_the_answer(known: TargetFacts, symbol: str, beyond: frozenset[str]) -> tuple[Reached, ...]:
    """The function and those of the project it runs before it answers, breadth first; those of `beyond` are not followed."""
    found: dict[str, Reached] = {}
    queue = [(symbol, False)]
    while queue:
        current, doubt = queue.pop(0)
        function = known.source.functions.get(current)
        if function is None or (current in found and (doubt or not found[current].doubt)):
            continue
        tree = syntax(function) or ast.Module([], [])
        late, awaited = _started(tree)
        found[current] = one = Reached(function, late, awaited, _missed(tree), doubt)
        queue += [(c.target, one.doubtful(c)) for c in one.now if c.target and c.target not in beyond]
    return tuple(found.values())


def _started(tree: ast.Module) -> tuple[frozenset[str], frozenset[str]]:
    """Names of calls made only inside what is started for later, and names of what starts and is waited for."""
    waited = {id(n) for node in ast.walk(tree) if isinstance(node, ast.Await) for n in ast.walk(node)}
    names = {
        n.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Await)
        for n in ast.walk(node)
        if isinstance(n, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id in names for t in node.targets):
            waited |= {id(n) for n in ast.walk(node.value)}
        if isinstance(node, ast.With | ast.AsyncWith) and any(
            _last(c) in _GROUPS for i in node.items for c in _calls(i)
        ):
            waited |= {id(n) for statement in node.body for n in ast.walk(statement)}
    starting = [c for c in _calls(tree) if _last(c) in LATER]
    inner = [c for start in starting if id(start) not in waited for a in _given(start) for c in _calls(a)]
    return _only(tree, inner), frozenset(_name(start) for start in starting if id(start) in waited)


def _given(call: ast.Call) -> Iterator[ast.expr]:
    yield from call.args
    yield from (k.value for k in call.keywords)


def _missed(tree: ast.Module) -> frozenset[str]:
    """Names of calls made only where an outage is passed over."""
    inside: list[ast.Call] = []
    for node in ast.walk(tree):
        silent = isinstance(node, ast.Try | ast.TryStar) and any(map(_is_silent, node.handlers))
        if silent or (isinstance(node, ast.With | ast.AsyncWith) and _suppresses(node)):
            inside += [c for statement in getattr(node, "body", []) for c in _calls(statement)]
    return _only(tree, inside)


def _is_silent(handler: ast.ExceptHandler) -> bool:
    parts = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    if not any(part is None or _word(part) in _BROAD for part in parts):
        return False
    return not any(
        isinstance(n, ast.Raise)
        or (isinstance(n, ast.Return) and _REFUSES.search(ast.unparse(n)))
        or (isinstance(n, ast.Call) and _last(n) == "abort")
        for statement in handler.body
        for n in ast.walk(statement)
    )


def _suppresses(node: ast.With | ast.AsyncWith) -> bool:
    calls = [c for item in node.items for c in _calls(item) if _last(c) == "suppress"]
    return any(_word(argument) in _BROAD for call in calls for argument in call.args)


def _only(tree: ast.Module, calls: list[ast.Call]) -> frozenset[str]:
    """Names of these calls that no other call of the tree bears."""
    own = {id(call) for call in calls}
    return frozenset(map(_name, calls)) - {_name(c) for c in _calls(tree) if id(c) not in own}


def _calls(node: ast.AST) -> list[ast.Call]:
    return [n for n in ast.walk(node) if isinstance(n, ast.Call)]


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func)


def _last(call: ast.Call) -> str:
    return _word(call.func)


def _word(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
