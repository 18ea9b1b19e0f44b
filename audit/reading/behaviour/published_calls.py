"""Publications that are written in other ways: by another name, of a signature, of a canvas, or of a task taken from a table."""

import ast
import re
import sys
from collections.abc import Iterator

from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.scope import Scope, last
from audit.reading.behaviour.spelled_options import spelled_options, written_options
from audit.reading.python.abstract_values import (
    External,
    FunctionValue,
    Instance,
    Method,
    ModuleValue,
    Value,
    exported,
    unwrap,
)
from audit.reading.python.interpreter import Machine
from audit.reading.python.name_resolution import dotted

METHODS = frozenset({"delay", "apply_async", "send_task", "delay_on_commit", "apply_async_on_commit"})
# Functions of Celery that are called by their own names.
SIGNATURES = frozenset({"signature", "subtask", "maybe_signature", "Signature"})
_SIGNED = frozenset({"s", "si", "signature", "subtask"})
# By their names, libraries' functions and classes that publish the task that they are given.
_PUBLISHES = re.compile(
    r"^(?!.*\b(?:register|add|run|get|is|has|wrap|patch|connect|check|send))"
    r".*(?:(?i:publish|queue|dispatch|defer|delay|async|later|task|celery)|Op\b|Operation\b)"
)
_GIVEN = re.compile(r"\(\s*+([\w.]++)\s*+[,)]")
# No callable has so long a name.
_LONGEST = 100
_OTHERS = frozenset(
    {"asgiref", "anyio", "billiard", "celery", "django", "kombu", "apscheduler", "rq", "huey", "dramatiq"}
)
_OPTIONS = frozenset(
    ("args", "kwargs", "countdown", "eta", "expires", "queue", "routing_key", "exchange", "priority", "time_limit",
     "soft_time_limit", "task_id", "link", "link_error", "ignore_result")
)  # fmt: skip
_MAKING = frozenset({"task", "shared_task"})
# Celery publishes what these give when it is called.
_CANVAS = frozenset({"group", "chord", "chain"})


def whole_calls(scope: Scope) -> list[ast.Call]:
    """The calls of a scope, with the method that another name stands for: `send(x)` is `notify.delay(x)` after `send = notify.delay`.

    A task handed to a library that publishes it is published here: `TaskOp(notify, pk)`.
    """
    if scope.whole is None:
        written = [spelled_options(scope, _handed(scope, call) or _whole(scope, call)) for call in scope.calls]
        scope.whole = [*written, *written_options(scope)]
    return scope.whole


def hands_tasks(machine: Machine, text: str) -> bool:
    """Whether the text of a module gives a task, by its name, to what may publish it."""
    given = (found for found in _GIVEN.finditer(text) if found[1].rpartition(".")[2] in machine.decorated_names)
    return any(_PUBLISHES.search(_words(text[max(0, found.start() - _LONGEST) : found.start()])) for found in given)


def _words(text: str) -> str:
    """The last two names of the dotted one that a text ends with."""
    return ".".join(re.split(r"[^\w.]", text)[-1].split(".")[-2:])


def _handed(scope: Scope, call: ast.Call) -> ast.Call | None:
    """The publication that a library makes of the task that is the first thing it is given; None of any other call."""
    name = _words(dotted(call.func))
    if not call.args or not isinstance(call.args[0], ast.Name | ast.Attribute) or not _PUBLISHES.search(name):
        return None
    # What a call gives is no task that is written here, and to work it out may take long.
    given = scope.given(call.args[0])
    if not isinstance(given, ast.Name | ast.Attribute):
        return None
    task = scope.evaluated(given)
    if not isinstance(task, FunctionValue) or not is_a_task(task) or not _is_foreign(scope, call.func):
        return None
    named = {k.arg for k in call.keywords}
    told = [k for k in call.keywords if k.arg in _OPTIONS or (k.arg is None and (named & _OPTIONS or "async" in name))]
    rest = [k for k in call.keywords if k.arg and k not in told]
    if "args" not in named and call.args[1:]:
        told.append(ast.keyword("args", ast.copy_location(ast.List([*call.args[1:]], ast.Load()), call)))
    if "kwargs" not in named and rest:
        keys: list[ast.expr | None] = [ast.copy_location(ast.Constant(k.arg), k.value) for k in rest]
        told.append(ast.keyword("kwargs", ast.copy_location(ast.Dict(keys, [k.value for k in rest]), call)))
    method = ast.copy_location(ast.Attribute(call.args[0], "apply_async", ast.Load()), call)
    made = ast.copy_location(ast.Call(method, [], told), call)
    scope.handed[made] = name
    if call in scope.parents:
        scope.parents[made] = scope.parents[call]
    return made


def is_a_task(function: FunctionValue) -> bool:
    """Whether a decorator that bears one of Celery's names makes a task of a function."""
    nodes = [d.node.func if isinstance(d.node, ast.Call) else d.node for d in function.decorators]
    return any(last(node) in _MAKING for node in nodes)


def _is_foreign(scope: Scope, callee: ast.expr) -> bool:
    """Whether a callable comes from a library that is none of Celery's, and calls nothing in its caller's own process."""
    top = scope.external(callee).partition(".")[0]
    if top:
        return top not in sys.stdlib_module_names | _OTHERS
    return scope.evaluated(callee) is UNKNOWN and not scope.machine.graph.methods(last(callee))


def _whole(scope: Scope, call: ast.Call) -> ast.Call:
    value = _other_name(scope, call.func)
    extra: dict[str, str | int | float] = {}
    if isinstance(value, Instance) and len(value.arguments) == 1:
        told = {str(k): exported(v) for k, v in value.keywords.items()}
        extra = {k: v for k, v in told.items() if isinstance(v, str | int | float)}
        value = unwrap(value.arguments[0])[0]
    receiver = unwrap(value.receiver)[0] if isinstance(value, Method) and value.name in METHODS else None
    is_task = isinstance(receiver, FunctionValue) and bool(receiver.decorators)
    if not isinstance(value, Method) or not (is_task or (receiver is not None and value.name == "send_task")):
        return call
    name = receiver.symbol.rpartition(":")[2] if isinstance(receiver, FunctionValue) else "app"
    holder = ast.copy_location(ast.Name(name, ast.Load()), call)
    method = ast.copy_location(ast.Attribute(holder, value.name, ast.Load()), call)
    written = {k.arg for k in call.keywords}
    added = [ast.keyword(k, ast.copy_location(ast.Constant(v), call)) for k, v in extra.items() if k not in written]
    made = ast.copy_location(ast.Call(method, call.args, [*call.keywords, *added]), call)
    scope.stands[holder] = receiver
    if call in scope.parents:
        scope.parents[made] = scope.parents[call]
    return made


def _other_name(scope: Scope, callee: ast.expr) -> Value:
    """A method, or a `partial` of one, that a name stands for which is no method's own."""
    if isinstance(callee, ast.Name):
        given = scope.assigned.get(callee.id)
        chosen = given is None or isinstance(given, ast.IfExp)
        if chosen and (several := _one_of_several(scope, callee)) is not None:
            return several
        known = unwrap(scope.machine.module_names(scope.module.name).get(callee.id))[0]
        if not isinstance(given, ast.Attribute | ast.Call) and not isinstance(known, Method | Instance):
            return None
    elif isinstance(callee, ast.Attribute) and isinstance(callee.value, ast.Name) and callee.attr not in METHODS:
        known = unwrap(scope.machine.module_names(scope.module.name).get(callee.value.id))[0]
        if not isinstance(known, ModuleValue):
            return None
    else:
        return None
    value = scope.evaluated(callee)
    made_by = value.cls if isinstance(value, Instance) else None
    is_partial = isinstance(made_by, External) and made_by.dotted == "functools.partial"
    return value if isinstance(value, Method) or is_partial else None


def _one_of_several(scope: Scope, name: ast.Name) -> Value:
    """A method that publishes, where a name is given it on one side of a test: `send = notify.delay if later else notify`.

    Of several, the one that is given last before the call, in the order of the text.
    """
    every = [n.value for n in scope.all(ast.Assign) for t in n.targets if isinstance(t, ast.Name) and t.id == name.id]
    every.sort(key=lambda one: (one.lineno < name.lineno, one.lineno), reverse=True)
    sides = [s for one in every for s in ((one.body, one.orelse) if isinstance(one, ast.IfExp) else (one,))]
    found = (scope.evaluated(s) for s in sides if isinstance(s, ast.Attribute) and s.attr in METHODS)
    return next((value for value in found if isinstance(value, Method)), None)


def named_task(scope: Scope, receiver: ast.expr) -> str:
    """The name of a task, where a publication takes it by its name: `signature("shop.pay")`, `app.tasks["shop.pay"]`."""
    receiver = scope.given(receiver)
    if isinstance(receiver, ast.Call) and receiver.args and is_signature(scope, receiver):
        name: ast.expr | None = receiver.args[0]
    else:
        name = receiver.slice if isinstance(receiver, ast.Subscript) and last(receiver.value) == "tasks" else None
    value = scope.value(name) if name is not None else None
    return value if isinstance(value, str) else ""


def is_signature(scope: Scope, call: ast.Call) -> bool:
    """Whether a call makes the signature of a task by its name."""
    if last(call.func) not in SIGNATURES:
        return False
    if isinstance(call.func, ast.Name):
        return scope.external(call.func).startswith("celery")
    first = call.args[0] if call.args else None
    return isinstance(first, ast.Constant) and isinstance(first.value, str)


def is_canvas(scope: Scope, node: ast.expr) -> bool:
    """Whether an expression is a group, a chain or a chord of tasks, or chunks of one."""
    if isinstance(node, ast.Name):
        given = [
            s.value for s in scope.all(ast.Assign) for t in s.targets if isinstance(t, ast.Name) and t.id == node.id
        ]
        return any(is_canvas(scope, value) for value in given if not isinstance(value, ast.Name))
    if isinstance(node, ast.BinOp):
        sides = (node.left, node.right) if isinstance(node.op, ast.BitOr) else ()
        return any(is_canvas(scope, side) or _is_signed(scope, side) for side in sides)
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute) and node.func.attr == "chunks":
        return isinstance(scope.evaluated(node.func.value), FunctionValue)
    return last(node.func) in _CANVAS and scope.external(node.func).startswith("celery")


def _is_signed(scope: Scope, node: ast.expr) -> bool:
    if not isinstance(node, ast.Call) or last(node.func) not in _SIGNED or not isinstance(node.func, ast.Attribute):
        return False
    return isinstance(scope.evaluated(node.func.value), FunctionValue)


def stands_for_tasks(scope: Scope, receiver: ast.expr) -> bool:
    """Whether a receiver is one of several tasks: of a table, of a loop over them, or of the registry of an application."""
    receiver = scope.given(receiver)
    if isinstance(receiver, ast.Subscript):
        return last(receiver.value) == "tasks" or any(_tasks(scope, receiver.value))
    if isinstance(receiver, ast.Call) and last(receiver.func) == "get" and isinstance(receiver.func, ast.Attribute):
        return any(_tasks(scope, receiver.func.value))
    loops = [n for n in scope.all(ast.For) if isinstance(n.target, ast.Name) and n.target.id == last(receiver)]
    return isinstance(receiver, ast.Name) and any(task for loop in loops for task in _tasks(scope, loop.iter))


def may_be_a_task(scope: Scope, method: ast.Attribute) -> bool:
    """Whether a method of tasks is asked of what nobody knows, such as what a registry holds; no class of the project has it."""
    return scope.evaluated(method.value) is UNKNOWN and not scope.machine.graph.methods(method.attr)


def _tasks(scope: Scope, table: ast.expr) -> Iterator[FunctionValue]:
    value = scope.evaluated(table)
    held = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    for one in held:
        task = unwrap(one)[0]
        if isinstance(task, FunctionValue) and task.decorators:
            yield task
