"""Publications that are written in other ways: by another name, of a signature, of a canvas, or of a task taken from a table."""

import ast
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

METHODS = frozenset({"delay", "apply_async", "send_task", "delay_on_commit", "apply_async_on_commit"})
# Functions of Celery that are called by their own names.
SIGNATURES = frozenset({"signature", "subtask", "maybe_signature", "Signature"})
_SIGNED = frozenset({"s", "si", "signature", "subtask"})
# Celery publishes what these give when it is called.
_CANVAS = frozenset({"group", "chord", "chain"})


def whole_calls(scope: Scope) -> list[ast.Call]:
    """The calls of a scope, with the method that another name stands for: `send(x)` is `notify.delay(x)` after `send = notify.delay`."""
    if scope.whole is None:
        written = [spelled_options(scope, _whole(scope, call)) for call in scope.calls]
        scope.whole = [*written, *written_options(scope)]
    return scope.whole


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
