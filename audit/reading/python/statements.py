"""Interprets statements: assignments, branches, loops, definitions, imports."""

import ast
import re
from collections.abc import Callable, Sequence
from typing import Any

from audit.model.setting_writes import Means
from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import (
    REPEATED,
    ClassValue,
    Conf,
    Decoration,
    FunctionValue,
    Namespace,
    Table,
    Value,
    lift,
    unwrap,
)
from audit.reading.python.assignments import assign
from audit.reading.python.child_nodes import children, walk
from audit.reading.python.classes import truth
from audit.reading.python.expressions import evaluate, keywords_of
from audit.reading.python.frames import ExhaustedError, Frame
from audit.reading.python.interpreter import FILE, Machine, UnboundImport
from audit.reading.python.made_classes import finish_class
from audit.reading.python.name_resolution import dotted
from audit.reading.python.object_values import gone_over
from audit.reading.python.star_names import import_star, is_own
from audit.reading.python.syntax_cache import Place
from audit.reading.python.undo_log import Branch
from audit.target.import_paths import imported_module

_MAX_LOOPS = 300
_SUPPRESSES = re.compile(r"(contextlib\.)?suppress$")


def read_body(machine: Machine, body: Sequence[ast.stmt], frame: Frame) -> None:
    """Read statements in order until the flow ends."""
    for statement in body:
        if frame.is_module:
            machine.new_entry()
            machine.cut = False
        try:
            machine.step()
            reader = _READERS.get(type(statement))
            if reader:
                reader(machine, statement, frame)
        except (ExhaustedError, RecursionError):
            if not frame.is_module:
                raise
            if not _is_migration(statement, frame.module.source.path):
                machine.given_up.append(frame.origin(statement))
            machine.restart_depth()
            machine.cut = True
            _forget(machine, statement, frame)
        if frame.is_module and machine.cut:
            frame.names.cut |= _bound(statement)
        if frame.ended:
            return


def _is_migration(statement: ast.stmt, path: str) -> bool:
    """Whether this is a migration of Django: a list of changes of tables, which makes no task and publishes none."""
    # Django loads the class of this name from the files of this folder, whatever it inherits from.
    return isinstance(statement, ast.ClassDef) and statement.name == "Migration" and "migrations" in path.split("/")


def _forget(machine: Machine, statement: ast.stmt, frame: Frame) -> None:
    """Names a statement binds are unknown once its reading was given up."""
    for name in _bound(statement):
        machine.undo_log.write(frame.names, name, UNKNOWN, frame.origin(statement))


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a statement binds, definitions and imports included."""
    found, pending = set[str](), list[ast.AST]([statement])
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        else:
            pending += children(node)
    return found


def either(
    machine: Machine,
    frame: Frame,
    sides: Sequence[Callable[[], None]],
    chosen: int = 0,
    variable: str = "",
) -> None:
    """Read every side from the same state, then keep what holds whichever was taken."""
    branches: list[Branch] = []
    places: list[tuple[Table, Value]] = []
    for side in sides:
        machine.undo_log.begin()
        frame.ended = ""
        try:
            side()
        finally:
            branch, written = machine.undo_log.end(frame.ended)
        branches.append(branch)
        places += written
    going_on = [branch for branch in branches if not branch.ended]
    frame.ended = "" if going_on else branches[0].ended
    if going_on:
        kept = going_on.index(branches[chosen]) if branches[chosen] in going_on else 0
        machine.undo_log.merge(going_on, places, kept, variable if len(going_on) > 1 else "")
    # A side that leaves its loop is not forgotten after the loop: what it configures may hold.
    left = {place for branch in branches if branch.ended in {"break", "continue"} for place in branch.writes}
    for table, key in places:
        if isinstance(table, Conf) and (id(table), key) in left:
            machine.undo_log.write(table, key, UNKNOWN, table.origins.get(key))


def _if(machine: Machine, node: ast.If, frame: Frame) -> None:
    value, variable = unwrap(evaluate(machine, node.test, frame))
    known = truth(value)
    if known is not None and not variable:
        read_body(machine, node.body if known else node.orelse, frame)
        return
    sides = (lambda: read_body(machine, node.body, frame), lambda: read_body(machine, node.orelse, frame))
    either(machine, frame, sides, chosen=1 if known is False else 0, variable=variable if known is not None else "")


def _try(machine: Machine, node: ast.Try | ast.TryStar, frame: Frame) -> None:
    def body() -> None:
        read_body(machine, node.body, frame)
        if not frame.ended:
            read_body(machine, node.orelse, frame)

    if frame.is_module:
        frame.guarded += bool(node.handlers)
        body()
        frame.guarded -= bool(node.handlers)
        if frame.ended == "raise" or _finds_nothing(machine, node, frame):
            frame.ended = ""
            either(machine, frame, [_handler(machine, h, frame) for h in node.handlers] or [lambda: None])
    else:
        either(machine, frame, [body, *(_handler(machine, h, frame, node.body) for h in node.handlers)])
    ended, frame.ended = frame.ended, ""
    read_body(machine, node.finalbody, frame)
    frame.ended = frame.ended or ended


def _finds_nothing(machine: Machine, node: ast.Try | ast.TryStar, frame: Frame) -> bool:
    """Whether the body takes every name of a module of the project's own that is not there, as `from .local import *` may."""
    stars = [s for s in node.body if isinstance(s, ast.ImportFrom) and any(a.name == "*" for a in s.names)]
    names = [imported_module(star, frame.module.package) for star in stars]
    return any(name not in machine.project.modules and is_own(machine, name) for name in names)


def _handler(
    machine: Machine, handler: ast.ExceptHandler, frame: Frame, body: Sequence[ast.stmt] = ()
) -> Callable[[], None]:
    def attempt() -> None:
        returned, decorated = len(frame.returned), len(machine.decorated)
        read_body(machine, body, frame)
        # What raised gave nothing back, and what it made is made already.
        del frame.returned[returned:], machine.decorated[decorated:]
        frame.ended = ""

    def side() -> None:
        either(machine, frame, (attempt, lambda: None))
        if handler.name:
            machine.undo_log.write(frame.names, handler.name, UNKNOWN, None)
        read_body(machine, handler.body, frame)

    return side


def _for(machine: Machine, node: ast.For | ast.AsyncFor, frame: Frame) -> None:
    items = gone_over(machine, unwrap(evaluate(machine, node.iter, frame))[0])
    if isinstance(items, list | tuple | dict | range | str | set | frozenset) and len(items) <= _MAX_LOOPS:
        ordered = sorted(items, key=repr) if isinstance(items, set | frozenset) else list(items)
        for item in ordered:
            assign(machine, node.target, item, frame, frame.origin(node))
            read_body(machine, node.body, frame)
            if frame.ended not in {"", "continue"}:
                break
            frame.ended = ""
    else:
        assign(machine, node.target, UNKNOWN, frame, frame.origin(node))
        _maybe(machine, node.body, frame)
    _leave_loop(machine, node.orelse, frame)


def _while(machine: Machine, node: ast.While, frame: Frame) -> None:
    for _ in range(_MAX_LOOPS):
        value, variable = unwrap(evaluate(machine, node.test, frame))
        known = None if variable else truth(value)
        if known is False or frame.ended:
            break
        if known is None or isinstance(node.test, ast.Constant):
            _maybe(machine, node.body, frame)
            break
        read_body(machine, node.body, frame)
        _leave_turn(frame)
    _leave_loop(machine, node.orelse, frame)


def _leave_turn(frame: Frame) -> None:
    frame.ended = "" if frame.ended == "continue" else frame.ended


def _maybe(machine: Machine, body: Sequence[ast.stmt], frame: Frame) -> None:
    either(machine, frame, (lambda: read_body(machine, body, frame), lambda: None))


def _leave_loop(machine: Machine, orelse: Sequence[ast.stmt], frame: Frame) -> None:
    if frame.ended in {"break", "continue"}:
        frame.ended = ""
    elif not frame.ended:
        read_body(machine, orelse, frame)


def _with(machine: Machine, node: ast.With | ast.AsyncWith, frame: Frame) -> None:
    for item in node.items:
        held = evaluate(machine, item.context_expr, frame)
        if item.optional_vars:
            opened = getattr(unwrap(held)[0], "cls", None) == FILE
            assign(machine, item.optional_vars, held if opened else UNKNOWN, frame, frame.origin(node))
    guards = any(
        isinstance(i.context_expr, ast.Call) and _SUPPRESSES.match(dotted(i.context_expr.func)) for i in node.items
    )
    frame.guarded += guards
    read_body(machine, node.body, frame)
    frame.guarded -= guards


def _match(machine: Machine, node: ast.Match, frame: Frame) -> None:
    evaluate(machine, node.subject, frame)

    def side(case: ast.match_case) -> Callable[[], None]:
        def read() -> None:
            for part in walk(case.pattern):
                name = getattr(part, "name", None)
                if isinstance(name, str):
                    machine.undo_log.write(frame.names, name, UNKNOWN, None)
            read_body(machine, case.body, frame)

        return read

    either(machine, frame, [*(side(case) for case in node.cases), lambda: None])


def _assign(machine: Machine, node: ast.Assign, frame: Frame) -> None:
    value = evaluate(machine, node.value, frame)
    for target in node.targets:
        assign(machine, target, value, frame, frame.origin(node))


def _ann_assign(machine: Machine, node: ast.AnnAssign, frame: Frame) -> None:
    if node.value is not None:
        assign(machine, node.target, evaluate(machine, node.value, frame), frame, frame.origin(node))


def _aug_assign(machine: Machine, node: ast.AugAssign, frame: Frame) -> None:
    before = _loaded(node.target)
    value = evaluate(machine, ast.copy_location(ast.BinOp(before, node.op, node.value), node), frame)
    assign(machine, node.target, value, frame, frame.origin(node))


def _loaded(target: ast.Name | ast.Attribute | ast.Subscript) -> ast.expr:
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    if isinstance(target, ast.Attribute):
        return ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
    return ast.copy_location(ast.Subscript(target.value, target.slice, ast.Load()), target)


def _delete(machine: Machine, node: ast.Delete, frame: Frame) -> None:
    with machine.undo_log.by(Means.REMOVED):
        for target in node.targets:
            assign(machine, target, UNKNOWN, frame, frame.origin(node))


def _function(machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef, frame: Frame) -> None:
    symbol = f"{frame.module.name}:{frame.qualifier}{node.name}"
    outer = frame.outer if frame.names.get("__class_body__") else (frame.names, *frame.outer)
    decorations, own = _decorations(machine, node, frame), frame.module
    function = FunctionValue(symbol, Place.of(own, node), own.name, outer, decorations, machine.reading)
    machine.undo_log.write(frame.names, node.name, function, frame.origin(node))
    if function.decorators:
        machine.decorated.append(function)


def _class(machine: Machine, node: ast.ClassDef, frame: Frame) -> None:
    bases = tuple(evaluate(machine, base, frame) for base in node.bases)
    names = Namespace({"__class_body__": True})
    outer = frame.outer if frame.names.get("__class_body__") else (frame.names, *frame.outer)
    read_body(machine, node.body, Frame(frame.module, names, outer, f"{frame.qualifier}{node.name}."))
    del names["__class_body__"]
    symbol = f"{frame.module.name}:{frame.qualifier}{node.name}"
    annotated = (s.target for s in node.body if isinstance(s, ast.AnnAssign))
    fields = tuple(target.id for target in annotated if isinstance(target, ast.Name))
    decorations = _decorations(machine, node, frame)
    value = ClassValue(symbol, Place.of(frame.module, node), frame.module.name, names, bases, decorations, fields)
    finish_class(machine, value, node, frame)
    machine.undo_log.write(frame.names, node.name, value, frame.origin(node))


def _decorations(
    machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, frame: Frame
) -> tuple[Decoration, ...]:
    found = []
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call):
            callee = evaluate(machine, decorator.func, frame)
            arguments = tuple(evaluate(machine, a, frame) for a in decorator.args if not isinstance(a, ast.Starred))
            found.append(Decoration(callee, decorator, arguments, keywords_of(machine, decorator, frame)))
        else:
            found.append(Decoration(evaluate(machine, decorator, frame), decorator))
    return tuple(found)


def _import(machine: Machine, node: ast.Import, frame: Frame) -> None:
    for alias in node.names:
        first = alias.name.partition(".")[0]
        whole = machine.module_value(alias.name)
        value = whole if alias.asname else machine.module_value(first)
        machine.undo_log.write(frame.names, alias.asname or first, value, frame.origin(node))


def _import_from(machine: Machine, node: ast.ImportFrom, frame: Frame) -> None:
    name = imported_module(node, frame.module.package)
    module = machine.module_value(name)
    for alias in node.names:
        if alias.name == "*":
            import_star(machine, name, frame, frame.origin(node))
        else:
            value = machine.attribute(machine, module, alias.name)
            local = alias.asname or alias.name
            if value is UNKNOWN and frame.is_module and name in machine.project.modules:
                machine.unbound.append(UnboundImport(frame.names, local, name, alias.name))
            machine.undo_log.write(frame.names, local, value, frame.origin(node))


def _return(machine: Machine, node: ast.Return, frame: Frame) -> None:
    value = evaluate(machine, node.value, frame) if node.value else None
    if not frame.ended:
        frame.returned += [] if value is REPEATED else [value]
        frame.ended = "return"


def _raise(machine: Machine, node: ast.Raise, frame: Frame) -> None:
    if node.exc:
        evaluate(machine, node.exc, frame)
    frame.ended = "raise"


def _expression(machine: Machine, node: ast.Expr, frame: Frame) -> None:
    lift(lambda value: value, evaluate(machine, node.value, frame))


def _break(_: Machine, node: ast.Break | ast.Continue, frame: Frame) -> None:
    frame.ended = "break" if isinstance(node, ast.Break) else "continue"


_READERS: dict[type[ast.stmt], Callable[[Machine, Any, Frame], None]] = {
    ast.If: _if,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Match: _match,
    ast.Assign: _assign,
    ast.AnnAssign: _ann_assign,
    ast.AugAssign: _aug_assign,
    ast.Delete: _delete,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Expr: _expression,
    ast.Break: _break,
    ast.Continue: _break,
}
