"""Tasks that a call makes: `app.task(send)`, `shared_task(bind=True)(send)`, or a decorator of the target's own that ends in one."""

import ast
from collections.abc import Iterator

from audit.model.unknown import UNKNOWN
from audit.reading.celery.task_definitions import decorated_as_task, makes_a_task, task_decoration
from audit.reading.python.abstract_values import (
    BoundMethod,
    ClassValue,
    Decoration,
    External,
    FunctionValue,
    Instance,
    Namespace,
    Origin,
    Table,
    Value,
    unwrap,
)
from audit.reading.python.expressions import keywords_of
from audit.reading.python.frames import CallSite, ExhaustedError, Frame
from audit.reading.python.interpreter import PARTIAL, Machine
from audit.reading.python.signal_receivers import is_decorated

# Stands for what `app.task(…)` returns when it is given options and no function yet.
_MAKER = External("celery.app.base.Celery.task.<decorator>")


def task_call(machine: Machine, site: CallSite) -> Value:
    """Answer calls that make a task, or a decorator of tasks; None for any other call."""
    callee = site.callee
    if isinstance(callee, Instance) and callee.cls == _MAKER:
        return _made(machine, site, callee.keywords)
    node = site.node
    if not isinstance(node, ast.Call) or not makes_a_task(machine, Decoration(callee, node)):
        return None
    if site.arguments:
        return _made(machine, site, site.keywords)
    return Instance(_MAKER, keywords=site.keywords, origin=site.origin)


def _made(machine: Machine, site: CallSite, keywords: Table) -> Value:
    """The function itself, which bears the task's methods from now on."""
    function, node = unwrap(site.argument(0, "fun"))[0], site.node
    if machine.decorating:
        function, node = machine.decorating[0], machine.decorating[1].node
    while isinstance(function, Instance) and function.cls == PARTIAL and function.arguments:
        function = unwrap(function.arguments[0])[0]
    function = function.function if isinstance(function, BoundMethod) else function
    if not isinstance(function, FunctionValue) or not isinstance(node, ast.expr):
        if site.frame.is_module:
            machine.unknown_tasks.append(site.origin)
        return UNKNOWN
    _register(machine, function, Decoration(UNKNOWN, node, (), keywords))
    return function


def _register(machine: Machine, function: FunctionValue, decoration: Decoration) -> None:
    machine.made_tasks.setdefault(function.symbol, decoration)
    machine.made.append((function, decoration))
    if all(other.symbol != function.symbol for other in machine.decorated):
        machine.decorated.append(function)


def apply_own_decorators(machine: Machine) -> None:
    """Apply the decorators that the target defines to the functions under them: some end in one of Celery."""
    machine.start_functions()
    for function in list(machine.decorated):
        if task_decoration(machine, function) is None:
            for decoration in (_again(machine, function, d) for d in function.decorators):
                if makes_a_task(machine, decoration):
                    _register(machine, function, decoration)
                elif _is_own(machine, decoration.callee):
                    _apply(machine, function, decoration)


def _again(machine: Machine, function: FunctionValue, decoration: Decoration) -> Decoration:
    """A decorator that was met while its own module was being imported, now that every module is read."""
    if decoration.callee is not UNKNOWN:
        return decoration
    names = machine.module_names(function.module)
    frame = Frame(machine.project.modules[function.module], names, function.enclosing)
    node = decoration.node.func if isinstance(decoration.node, ast.Call) else decoration.node
    machine.new_entry()
    callee = machine.value_of(node, frame)
    if callee is UNKNOWN or not isinstance(decoration.node, ast.Call):
        return Decoration(callee, decoration.node)
    whole = decoration.node
    given = tuple(machine.value_of(a, frame) for a in whole.args if not isinstance(a, ast.Starred))
    return Decoration(callee, whole, given, keywords_of(machine, whole, frame))


def follow_task_makers(machine: Machine) -> None:
    """Follow the functions that make tasks and that nothing was seen to call: what they write elsewhere is not kept."""
    for name in sorted(machine.graph.definitions):
        module = machine.project.modules[name]
        if "task" in module.source.text and not machine.project.is_test_file(module.source.path):
            for maker, function in dict.fromkeys(_uncalled_makers(machine, name)):
                if isinstance(function, FunctionValue):
                    machine.undo_log.begin()
                    machine.follow(function)
                    machine.undo_log.end("")
                if maker not in machine.followed:
                    machine.unknown_tasks.append(Origin(module.source.path, 1, 1))


def _uncalled_makers(machine: Machine, name: str) -> Iterator[tuple[str, Value]]:
    """The symbols, and the values, of functions of a module inside which a task stands that was not met."""
    met = {function.symbol for function in machine.decorated} | machine.inner_tasks
    for qualified, _, place in machine.graph.definitions[name]:
        outer, inside, _ = qualified.partition(".<locals>")
        symbol = f"{name}:{outer}"
        if not inside or symbol in machine.followed or f"{name}:{qualified}" in met or "task" not in place.text:
            continue
        if is_decorated(place.node(), "task", "shared_task", "periodic_task") and not _stands_for_another(place.node()):
            yield symbol, unwrap(machine.resolve(symbol))[0]


def _stands_for_another(node: ast.AST) -> bool:
    """Whether a function runs one that is not its own to name: it is what a decorator puts in its place."""
    own = {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}
    called = (n for n in ast.walk(node) if isinstance(n, ast.Call) and any(isinstance(a, ast.Starred) for a in n.args))
    return any(isinstance(call.func, ast.Name) and call.func.id not in own for call in called)


def _is_own(machine: Machine, callee: Value) -> bool:
    """Whether the code of the target decides what a decorator does, in a module that speaks of tasks."""
    callee = unwrap(callee)[0]
    if isinstance(callee, Instance) and callee.cls == PARTIAL and callee.arguments:
        return _is_own(machine, callee.arguments[0])
    held: Value = callee.function if isinstance(callee, BoundMethod) else callee
    held = held.cls if isinstance(held, Instance) else held
    if not isinstance(held, FunctionValue | ClassValue):
        return False
    return "task" in machine.project.modules[held.module].source.text


def _apply(machine: Machine, function: FunctionValue, decoration: Decoration) -> None:
    machine.new_entry()
    frame = Frame(machine.project.modules[function.module], Namespace(), function.enclosing)
    before, machine.decorating = len(machine.decorated), (function, decoration)
    try:
        made = unwrap(decoration.callee)[0]
        if isinstance(decoration.node, ast.Call):
            site = CallSite(made, decoration.arguments, decoration.keywords, frame, decoration.node)
            made = unwrap(machine.call(site))[0]
        if made is not function:
            machine.call(CallSite(made, (function,), Table(), frame, decoration.node))
    except (ExhaustedError, RecursionError):
        machine.restart_depth()
        machine.given_up.append(frame.origin(decoration.node))
    finally:
        machine.decorating = None
    inside = [other for other in machine.decorated[before:] if other is not function]
    del machine.decorated[before:]
    _adopt(machine, function, inside, decoration)


def _adopt(machine: Machine, function: FunctionValue, inside: list[FunctionValue], decoration: Decoration) -> None:
    """What Celery's decorator is written over, inside another decorator, runs the function that the other is given."""
    for nested in inside:
        made = decorated_as_task(machine, nested) if nested.symbol not in machine.made_tasks else None
        if made is not None:
            _register(machine, function, Decoration(made.callee, decoration.node, (), made.keywords))
            machine.inner_tasks.add(nested.symbol)
