"""The results of tasks that a function waits for."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.waits import ResultWait
from audit.reading.behaviour.called_functions import inside, named_function
from audit.reading.behaviour.scope import Scope, function_scope, last
from audit.reading.python.abstract_values import BoundMethod, External, FunctionValue, Instance
from audit.reading.python.child_nodes import walk

_READS = frozenset(
    {
        "wait_for_pending",
        "get",
        "join",
        "wait",
        "wait_for",
        "collect",
        "join_native",
        "iterate",
        "iter_native",
        "get_leaf",
    }
)
_METHODS_POLLED = frozenset({"ready", "successful", "failed"})
_POLLED = _METHODS_POLLED | {"state", "status"}
_OF_ONE, _TAKEN = frozenset({"parent", "root"}), frozenset({"pop", "popleft", "popitem"})
_OF_MANY = frozenset({"children", "results"})
_OF_BACKENDS = frozenset({"get_state", "get_status", "get_task_meta", "get_result", "get_many", "iter_native"})
_PUBLISH = frozenset({"delay", "apply_async", "send_task", "delay_on_commit"})
_CANVAS = frozenset({"group", "chord", "chain", "AsyncResult", "GroupResult", "ResultSet"})
_WALKING = frozenset({"zip", "enumerate", "sorted", "reversed", "list", "tuple", "iter"})
_RESTORES = frozenset({"restore", "result_from_tuple", "from_tuple"})
_FOLLOWED = 3


def waiting(scope: Scope) -> Iterator[ResultWait]:
    """Each ResultWait of a function."""
    if not scope.symbol:
        return
    waits = list(_waits(scope))
    for waited in waits:
        yield scope.observed(ResultWait, waited)
    for block in scope.all(ast.With) if not waits else ():
        allowed = any(
            last(i.context_expr.func) == "allow_join_result"
            for i in block.items
            if isinstance(i.context_expr, ast.Call)
        )
        read = (n for n in walk(block) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute))
        if allowed and any(
            n.func.attr in _READS and not _names_an_entry(n) for n in read if isinstance(n.func, ast.Attribute)
        ):
            yield scope.observed(ResultWait, block, perhaps=True)


def _waits(scope: Scope, depth: int = 0) -> Iterator[ast.expr | ast.stmt]:
    """The calls and loops of a scope that wait for the result of a task; so do calls that give one to what waits for it."""
    for call in scope.calls:
        read = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr in _READS else None
        waits = (
            read is not None and not _names_an_entry(call) and (_is_result(scope, read) or _waits_for_one(scope, call))
        )
        if waits or (
            call.args
            and (
                _is_read_through(scope, call)
                or any(_is_read_of_each(scope, given) for given in call.args)
                or _gives_to_wait(scope, call, depth)
            )
        ):
            yield call
    yield from _taken(scope)
    loops: list[ast.While | ast.For | ast.AsyncFor] = [*scope.all(ast.While), *scope.all(ast.For)]
    for loop in (*loops, *scope.all(ast.AsyncFor)):
        sleeps = any(isinstance(n, ast.Call) and last(n.func) in {"sleep", "wait"} for n in walk(loop))
        asked = loop if sleeps else loop.test if isinstance(loop, ast.While) else None
        if asked is not None and any(_asks_a_state(scope, n) for n in walk(asked) if isinstance(n, ast.Attribute)):
            yield loop


def _taken(scope: Scope) -> Iterator[ast.expr]:
    """What waits and is not called where it is named: `read = result.get`, `getattr(result, "get")`, a test that a decorator repeats."""
    called = {id(call.func) for call in scope.calls}
    repeated = any(
        "retry" in last(d.func if isinstance(d, ast.Call) else d) for d in getattr(scope.root, "decorator_list", ())
    )
    event = any(last(call.func) in {"wait", "acquire"} for call in scope.calls)
    for node in scope.all(ast.Attribute):
        held = node.attr in _READS | _METHODS_POLLED and id(node) not in called
        told = node.attr == "then" and event
        if (held or told or (repeated and node.attr in _POLLED | {"result"})) and _is_result(scope, node.value):
            yield node
    for call in scope.by_name.get("getattr", ()):
        name = call.args[1] if len(call.args) > 1 else None
        if isinstance(name, ast.Constant) and name.value in _READS and _is_result(scope, call.args[0]):
            yield call


def _asks_a_state(scope: Scope, node: ast.Attribute) -> bool:
    """Whether this asks the backend, or the result of a task, whether the task has ended."""
    if node.attr in _OF_BACKENDS:
        return "backend" in ast.unparse(scope.given(node.value)).lower()
    return node.attr in _POLLED and _is_result(scope, node.value)


def _names_an_entry(call: ast.Call) -> bool:
    """Whether a text is given first: the name of an entry, in a dictionary or in a store."""
    return (
        bool(call.args)
        and isinstance(call.args[0], ast.JoinedStr | ast.Constant)
        and not isinstance(getattr(call.args[0], "value", None), int | float | None)
    )


def _waits_for_one(scope: Scope, call: ast.Call) -> bool:
    """Whether a call waits as only results of Celery do: by an argument of theirs, or of a backend."""
    of_celery = {"disable_sync_subtasks", "propagate", "follow_parents", "EXCEPTION_STATES", "PROPAGATE_STATES"}
    if last(call.func) in {"get", "join", "collect", "wait"} and any(k.arg in of_celery for k in call.keywords):
        return not isinstance(scope.evaluated(call.func), BoundMethod)
    return (
        last(call.func) in {"wait_for", "wait_for_pending"}
        and isinstance(call.func, ast.Attribute)
        and last(call.func.value) == "backend"
    )


def _gives_to_wait(scope: Scope, call: ast.Call, depth: int) -> bool:
    """Whether a call gives a result, or a list of them, to a function of the target that waits for it."""
    given = [scope.given(argument) for argument in call.args]
    published = {n: node for n, node in enumerate(given) if _is_result(scope, node) or _are_results(scope, node)}
    function = scope.evaluated(call.func) if published and depth < _FOLLOWED else None
    if not isinstance(function, FunctionValue) or "." in function.symbol.partition(":")[2]:
        return False
    if not isinstance(function.node, ast.FunctionDef):
        return False
    inner = function_scope(scope.machine, function)
    stored = {name.id for name in inner.all(ast.Name) if isinstance(name.ctx, ast.Store)}
    parameters = [p.arg for p in (*function.node.args.posonlyargs, *function.node.args.args)]
    for place, node in published.items():
        if place < len(parameters) and parameters[place] not in stored:
            inner.assigned[parameters[place]] = node
    return any(True for _ in _waits(inner, depth + 1))


def _is_read_through(scope: Scope, call: ast.Call) -> bool:
    """Whether `operator.methodcaller("get")` is given a result, under whatever name."""
    if not _is_result(scope, call.args[0]) and not _are_results(scope, call.args[-1]):
        return False
    callers = [call.func, *call.args[:-1]]
    held = [scope.evaluated(node) for node in callers]
    return any(
        isinstance(v, Instance)
        and isinstance(v.cls, External)
        and v.cls.dotted == "operator.methodcaller"
        and any(name in _READS for name in v.arguments[:1] if isinstance(name, str))
        for v in held
    )


def _is_read_of_each(scope: Scope, given: ast.expr) -> bool:
    """Whether this is `AsyncResult.get`, or another wait of Celery's results, or of one of them, given to what calls it."""
    if not isinstance(given, ast.Attribute) or given.attr not in _READS:
        return False
    return scope.external(given).startswith("celery.result.") or _is_result(scope, given.value)


def _is_result(scope: Scope, node: ast.expr, within: frozenset[str] = frozenset()) -> bool:
    """Whether an expression is the result of a task that was published. `within` are the loops followed, by their variable."""
    node = scope.given(node)
    if isinstance(node, ast.Name):
        found = node.id not in within and _is_loop_over_results(scope, node, within | {node.id})
        return found or any(_is_result(scope, value, within | {node.id}) for value in _unpacked(scope, node.id))
    if isinstance(node, ast.Attribute):
        return _is_kept(scope, node) or (node.attr in _OF_ONE and _is_result(scope, node.value, within))
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Name) and _are_results(scope, node.value, within)
    return isinstance(node, ast.Call) and _gives_a_result(scope, node, within)


def _unpacked(scope: Scope, name: str) -> Iterator[ast.expr]:
    """What `first, second = …` gives a name, where each of them is written."""
    for statement in scope.all(ast.Assign):
        for target in statement.targets:
            pair = target, statement.value
            if all(isinstance(side, ast.Tuple | ast.List) for side in pair):
                given = zip(*(getattr(side, "elts", ()) for side in pair), strict=False)
                yield from (value for one, value in given if isinstance(one, ast.Name) and one.id == name)


def _gives_a_result(scope: Scope, call: ast.Call, within: frozenset[str]) -> bool:
    if isinstance(call.func, ast.Call | ast.BinOp):
        return _is_canvas(scope, call.func)
    name = last(call.func)
    if name in _PUBLISH and isinstance(call.func, ast.Attribute):
        return True
    if name in _TAKEN and isinstance(call.func, ast.Attribute):
        return _are_results(scope, call.func.value, within)
    if name in _RESTORES and ("Result" in ast.unparse(call.func) or name != "restore"):
        return True
    if name in _CANVAS - {"group", "chord", "chain"} or (name == "apply_async" and _is_canvas(scope, call.func)):
        return True
    return _is_answered(scope, call, within)


def _is_answered(scope: Scope, call: ast.Call, within: frozenset[str]) -> bool:
    """Whether a function of the project answers the result of a task that it published."""
    if len(within) > _FOLLOWED or "\0" + last(call.func) in within:
        return False
    if (inner := inside(scope, named_function(scope, call.func))) is None:
        return False
    given = [n.value for n in inner.all(ast.Return) if n.value is not None]
    return any(_is_result(inner, value, within | {"\0" + last(call.func)}) for value in given)


def _is_kept(scope: Scope, node: ast.Attribute) -> bool:
    """Whether each value that the module gives an attribute of this name is the result of a task, published there."""
    kept = re.findall(rf"\.{re.escape(node.attr)}\b\s*(?::[^=\n]+)?=(?!=)\s*([^\n]+)", scope.module.source.text)
    told = [value for value in kept if value.strip() != "None"]
    return bool(told) and all(re.search(r"\.(delay|apply_async|send_task)\(|\bAsyncResult\(", value) for value in told)


def _is_canvas(scope: Scope, node: ast.expr) -> bool:
    node = scope.given(node)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.BitOr) and any(_is_canvas(scope, side) for side in (node.left, node.right))
    return isinstance(node, ast.Call) and last(node.func) in {*_CANVAS, "s", "si", "signature"}


def _is_loop_over_results(scope: Scope, name: ast.Name, within: frozenset[str]) -> bool:
    """Whether a name runs over a list of results: that of a loop, or of a lambda given to `map`."""
    loops: list[ast.For | ast.comprehension] = [*scope.all(ast.For), *scope.all(ast.comprehension)]
    over = [loop.iter for loop in loops if any(isinstance(n, ast.Name) and n.id == name.id for n in walk(loop.target))]
    for call in scope.by_name.get("map", ()):
        each = call.args[0] if len(call.args) == 2 else None
        if isinstance(each, ast.Lambda) and [a.arg for a in each.args.args] == [name.id]:
            over.append(call.args[1])
    return any(_are_results(scope, node, within) for node in over)


def _are_results(scope: Scope, node: ast.expr, within: frozenset[str] = frozenset()) -> bool:
    """Whether an expression is a list of results, or a dictionary of some, as it is made or as it is filled."""
    if isinstance(node, ast.Call) and last(node.func) in {"values", "items"} and isinstance(node.func, ast.Attribute):
        return _are_results(scope, node.func.value, within)
    if isinstance(node, ast.Call) and last(node.func) in _WALKING and isinstance(node.func, ast.Name):
        return any(_are_results(scope, one, within) for one in node.args)
    if isinstance(node, ast.Name) and _is_filled(scope, node.id, within):
        return True
    node = scope.given(node)
    if isinstance(node, ast.Attribute) and node.attr in _OF_MANY:
        return _is_result(scope, node.value, within)
    if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.DictComp):
        return _is_result(scope, node.value if isinstance(node, ast.DictComp) else node.elt, within)
    return isinstance(node, ast.List | ast.Tuple) and any(_is_result(scope, e, within) for e in node.elts)


def _is_filled(scope: Scope, name: str, within: frozenset[str]) -> bool:
    """Whether statements of this function put results into a list, or a dictionary, of this name."""
    key = "\1" + name
    if key in within:
        return False
    calls = (c for c in scope.calls if isinstance(c.func, ast.Attribute) and last(c.func.value) == name)
    given = [c.args[0] for c in calls if last(c.func) in {"append", "add", "appendleft"} and c.args]
    for assign in scope.all(ast.Assign):
        held = [t.value for t in assign.targets if isinstance(t, ast.Subscript)]
        given += [assign.value for one in held if isinstance(one, ast.Name) and one.id == name]
    return any(_is_result(scope, value, within | {key}) for value in given)
