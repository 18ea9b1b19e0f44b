"""Which calls of a function complete before it returns: those it does not start for later, nor lets fail in silence."""

import ast
import re
from collections.abc import Iterator

from audit.model.call_completion import DEFERRING, CallCompletion
from audit.model.word_tables import word_set
from audit.reading.behaviour.awaited_results import Results
from audit.reading.behaviour.scope import last
from audit.reading.python.child_nodes import walk

_GROUPS = frozenset({"TaskGroup", "create_task_group", "open_nursery"})
# They put something where the process alone has it.
_KEEPING = frozenset({"append", "appendleft", "add", "put", "put_nowait", "setdefault", "update", "extend", *DEFERRING})
_BROAD = word_set("Exception BaseException OperationalError DatabaseError ConnectionError OSError RedisError")
# What a handler answers so that the sender sends again.
_REFUSES = re.compile(r"\b[45]\d\d\b|HTTP_[45]|Error|BadRequest|Unavailable|abort")


def call_completion(tree: ast.AST) -> CallCompletion:
    """The calls of a function, sorted by what may keep them from completing."""
    deferred, awaited = _started(tree)
    results = Results(tree)
    return CallCompletion(
        deferred,
        awaited,
        _missed(tree),
        _on_one_side(tree),
        awaits_result=results.awaits_one,
        gives_result=results.gives,
        first=results.first,
        runs=results.runs,
        keeps=results.keeps,
    )


def _started(tree: ast.AST) -> tuple[frozenset[str], frozenset[str]]:
    """Names of calls made only inside what is started for later, and names of what starts and is waited for."""
    waited = {id(n) for node in walk(tree) if isinstance(node, ast.Await) for n in walk(node)}
    names = {n.id for node in walk(tree) if isinstance(node, ast.Await) for n in walk(node) if isinstance(n, ast.Name)}
    for node in walk(tree):
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id in names for t in node.targets):
            waited |= {id(n) for n in walk(node.value)}
        if isinstance(node, ast.With | ast.AsyncWith) and any(
            last(c.func) in _GROUPS for i in node.items for c in _calls(i)
        ):
            waited |= {id(n) for statement in node.body for n in walk(statement)}
    starting = [c for c in _calls(tree) if last(c.func) in DEFERRING]
    inner = [c for start in starting if id(start) not in waited for a in _given(start) for c in _calls(a)]
    return _only(tree, inner), frozenset(_name(start) for start in starting if id(start) in waited)


def _given(call: ast.Call) -> Iterator[ast.expr]:
    yield from call.args
    yield from (k.value for k in call.keywords)


def _missed(tree: ast.AST) -> frozenset[str]:
    """Names of calls made only where an outage is passed over."""
    inside: list[ast.Call] = []
    for node in walk(tree):
        silent = isinstance(node, ast.Try | ast.TryStar) and any(map(_is_silent, node.handlers))
        if silent or (isinstance(node, ast.With | ast.AsyncWith) and _suppresses(node)):
            inside += [c for statement in getattr(node, "body", []) for c in _calls(statement)]
    return _only(tree, inside)


def _on_one_side(tree: ast.AST) -> frozenset[str]:
    """Names of calls made only on one side of an `if`, where the other puts something elsewhere, and lets the function answer."""
    inside: list[ast.Call] = []
    for node in walk(tree):
        sides = (node.body, node.orelse) if isinstance(node, ast.If) and node.orelse else ()
        for side, other in (sides, sides[::-1]) if sides else ():
            calls = [c for statement in other for c in _calls(statement)]
            keeps = any(last(c.func) in _KEEPING for c in calls)
            refuses = any(isinstance(n, ast.Raise) for statement in other for n in walk(statement))
            if keeps and not refuses:
                inside += [c for statement in side for c in _calls(statement)]
    return _only(tree, inside)


def _is_silent(handler: ast.ExceptHandler) -> bool:
    parts = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    if not any(part is None or last(part) in _BROAD for part in parts):
        return False
    return not any(
        isinstance(n, ast.Raise)
        or (isinstance(n, ast.Return) and _REFUSES.search(ast.unparse(n)))
        or (isinstance(n, ast.Call) and last(n.func) == "abort")
        for statement in handler.body
        for n in walk(statement)
    )


def _suppresses(node: ast.With | ast.AsyncWith) -> bool:
    calls = [c for item in node.items for c in _calls(item) if last(c.func) == "suppress"]
    return any(last(argument) in _BROAD for call in calls for argument in call.args)


def _only(tree: ast.AST, calls: list[ast.Call]) -> frozenset[str]:
    """Names of these calls that no other call of the tree bears."""
    own = {id(call) for call in calls}
    return frozenset(map(_name, calls)) - {_name(c) for c in _calls(tree) if id(c) not in own}


def _calls(node: ast.AST) -> list[ast.Call]:
    return [n for n in walk(node) if isinstance(n, ast.Call)]


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func)
