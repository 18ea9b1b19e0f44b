"""Rows read from a database, counted up in Python, and written back by whoever saves or commits."""

import ast
import re
from collections.abc import Iterator, Mapping

from audit.model.call_closures import COMMON
from audit.reading.behaviour.called_functions import called_function, inside
from audit.reading.behaviour.constant_flags import only_calls
from audit.reading.behaviour.local_flow import LocalFlow
from audit.reading.behaviour.row_objects import is_row_class, owner
from audit.reading.behaviour.scope import Scope, calls_of, function_scope, keyword, last, scope_at
from audit.reading.python.abstract_values import ClassValue, FunctionValue, Instance, Value, descends_from
from audit.reading.python.child_nodes import literal_text, walk
from audit.reading.python.classes import lineage
from audit.reading.python.name_resolution import dotted
from audit.reading.python.parameters import defaults_of, parameters_of, placed

_SAVES = frozenset({"save", "asave", "bulk_update", "abulk_update", "merge", "add", "put"})
_COMMITS = frozenset({"commit", "flush", "begin"})
_QUERIES = frozenset({"query", "scalars", "scalar", "scalar_one", "scalar_one_or_none", "first", "one", "one_or_none"})
_DJANGO = frozenset({"objects", "_default_manager"})
# SQLAlchemy's, django-concurrency's, mongoengine's.
_VERSIONED = re.compile(r"version_id_col|VersionField\(")
_LOCKS = frozenset({"select_for_update", "with_for_update"})
_DEPTH = 3
_MANY = 5


def changed_rows(scope: Scope) -> Iterator[ast.stmt | ast.Call]:
    """The statements that count in a row, and the calls of functions that count in the row they are given."""
    for node, holder in _changes(scope, 0).items():
        calls = only_calls(scope) if holder in parameters_of(scope.spec) else []
        unasked = bool(calls) and all(_is_for_others(scope, node, call) for call in calls)
        others = unasked or _is_new(scope, holder) or _has_a_version(scope, holder) or _is_locked(scope, node, holder)
        if is_kept(scope, holder) and not others:
            yield node


def _is_locked(scope: Scope, node: ast.AST, holder: str) -> bool:
    """Whether a function that locks what it reads gives the row, to whoever asks it to count where it is `self`."""
    if holder != "self":
        made = scope.given(ast.Name(holder, ast.Load()))
        locking = [n for n in walk(made) if isinstance(n, ast.Call) and _gives_it_locked(scope, n)]
        held = [n for n in scope.around(made) if isinstance(n, ast.With | ast.AsyncWith)]
        # The transaction of a block that was left has ended.
        return bool(locking) and {*held} <= {*scope.around(node)}
    asked = [(other, call, _row_asked(call)) for other, call in calls_of(scope, getattr(scope.root, "name", ""))]
    return bool(asked) and all(row and _is_locked(other, call, row) for other, call, row in asked)


def _gives_it_locked(scope: Scope, call: ast.Call) -> bool:
    """Whether what a call reads stays locked: the transaction is not the one of the function that reads."""
    if last(call.func) in _LOCKS or keyword(call, "with_for_update") is not None:
        return True
    inner = inside(scope, called_function(scope, call))
    locks = [c for c in inner.calls if last(c.func) in _LOCKS or keyword(c, "with_for_update")] if inner else []
    blocks = [n for c in locks if inner for n in inner.around(c) if isinstance(n, ast.With | ast.AsyncWith)]
    answers = inner.all(ast.Return) if inner else []
    return bool(locks) and not blocks and all(n.value is not None for n in answers)


def _is_new(scope: Scope, name: str) -> bool:
    """Whether a local name only ever holds an object that this function makes: no other process has it yet."""
    given = [n.value for n in scope.all(ast.Assign) for t in n.targets if isinstance(t, ast.Name) and t.id == name]
    return bool(given) and all(
        isinstance(value, ast.Call) and isinstance(scope.evaluated(value.func), ClassValue) for value in given
    )


def _has_a_version(scope: Scope, name: str) -> bool:
    """Whether a row that a class gives has a version: a write over another one's is refused, and loses nothing."""
    made = scope.given(ast.Name(name, ast.Load()))
    named = [n for n in walk(made) if isinstance(n, ast.Name)]
    classes = [value for node in named if isinstance(value := scope.evaluated(node), ClassValue)]
    return any(_VERSIONED.search(ast.unparse(one.node)) for cls in classes for one in lineage(cls))


def _changes(scope: Scope, depth: int) -> Mapping[ast.stmt | ast.Call, str]:
    """What changes a local object, each with its name: a sum given to an attribute, here or in a function it is given to."""
    found: dict[ast.stmt | ast.Call, str] = {}
    changes: list[ast.AugAssign | ast.Assign] = [*scope.all(ast.AugAssign), *scope.all(ast.Assign)]
    for node in changes:
        if holder := _changed_row(scope, node):
            found[node] = holder
    for call in scope.calls:
        if last(call.func) == "setattr" and len(call.args) == 3 and isinstance(call.args[0], ast.Name):
            value = scope.given(call.args[2])
            if isinstance(value, ast.BinOp) and not _is_of_the_database(value):
                found[call] = call.args[0].id
        elif depth < _DEPTH and any(isinstance(a, ast.Name) for a in call.args):
            for name in _given_to_a_counter(scope, call, depth):
                found[call] = name
        if (row := _row_asked(call)) and depth < _DEPTH and _asks_it_to_count(scope, call):
            found[call] = row
    return found


def _given_to_a_counter(scope: Scope, call: ast.Call, depth: int) -> Iterator[str]:
    function = called_function(scope, call)
    if function is None or (inner := inside(scope, function)) is None:
        return
    if any(last(c.func) in {*_LOCKS, "lock"} for c in inner.calls):
        return
    changed = {name for node, name in _changes(inner, depth + 1).items() if not _is_for_others(inner, node, call)}
    for argument, name in zip(call.args, placed(function.node.args), strict=False):
        if isinstance(argument, ast.Name) and name in changed:
            yield argument.id


def _is_for_others(inner: Scope, node: ast.AST, call: ast.Call) -> bool:
    """Whether a statement of a function runs only for calls that give it an argument which this one does not give."""
    if any(k.arg is None for k in call.keywords) or any(isinstance(a, ast.Starred) for a in call.args):
        return False
    given = {k.arg for k in call.keywords} | {*placed(inner.spec)[: len(call.args)]}
    below = node
    for around in inner.around(node):
        asked = _asked_for(inner, around.test) if isinstance(around, ast.If) and below in around.body else ""
        if asked and asked not in given:
            return True
        below = around
    return False


def _asked_for(scope: Scope, test: ast.expr) -> str:
    """The argument without which a test is false: `total`, None by default, or a key of `**kwargs`; empty for any other test."""
    test = test.value if isinstance(test, ast.NamedExpr) else test
    kwargs = scope.spec.kwarg.arg if scope.spec.kwarg else ""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return next(filter(None, (_asked_for(scope, one) for one in test.values)), "")
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _key_compared(scope, test, kwargs)
    if isinstance(test, ast.Call) and kwargs and dotted(test.func) == f"{kwargs}.get" and len(test.args) == 1:
        return literal_text(test.args[0])
    default = defaults_of(scope.spec).get(test.id) if isinstance(test, ast.Name) else None
    if not isinstance(test, ast.Name) or not isinstance(default, ast.Constant) or default.value:
        return ""
    return "" if any(n.id == test.id and isinstance(n.ctx, ast.Store) for n in scope.all(ast.Name)) else test.id


def _key_compared(scope: Scope, test: ast.Compare, kwargs: str) -> str:
    """The argument that `total is not None`, `"total" in kwargs` or `key == "total"` asks for, `key` being one of `kwargs`."""
    left, operator, right = test.left, test.ops[0], test.comparators[0]
    if isinstance(operator, ast.IsNot) and isinstance(right, ast.Constant) and right.value is None:
        return _asked_for(scope, left)
    if isinstance(operator, ast.In) and kwargs and dotted(right) == kwargs:
        return literal_text(left)
    over = [n for n in scope.all(ast.For) if kwargs and ast.unparse(n.iter) in {kwargs, f"{kwargs}.items()"}]
    keys = {last(n.target.elts[0] if isinstance(n.target, ast.Tuple) else n.target) for n in over}
    return literal_text(right) if isinstance(operator, ast.Eq) and last(left) in keys - {""} else ""


def _row_asked(call: ast.Call) -> str:
    """`page` of `page.increase()`."""
    holder = call.func.value if isinstance(call.func, ast.Attribute) else None
    return holder.id if isinstance(holder, ast.Name) and holder.id not in {"self", "cls"} else ""


def _asks_it_to_count(scope: Scope, call: ast.Call) -> bool:
    """Whether each method of the project that bears the name of this one counts in its own object, and does not save it."""
    row = _row_asked(call)
    if not any(_saves(c, row) for name in _SAVES for c in scope.by_name.get(name, ())):
        return False
    methods = list(methods_named(scope, last(call.func)))
    return bool(methods) and all(
        "self" in _changes(m, _DEPTH).values() and not any(_saves(c, "self") for c in m.calls) for m in methods
    )


def _changed_row(scope: Scope, node: ast.AugAssign | ast.Assign) -> str:
    """`row` for `row.count += 1` and `row.count = row.count + 1`; empty for anything else."""
    target = node.target if isinstance(node, ast.AugAssign) else node.targets[0]
    if not isinstance(target, ast.Attribute) or not isinstance(target.value, ast.Name):
        return ""
    value = node.value if isinstance(node, ast.AugAssign) else scope.given(node.value)
    if isinstance(node, ast.AugAssign):
        arithmetic = isinstance(node.op, ast.Add | ast.Sub) and not isinstance(value, ast.List | ast.JoinedStr)
    else:
        own, behind = ast.unparse(target), list(_behind(scope, value))
        arithmetic = any(map(_is_sum, behind)) and any(own in ast.unparse(v) for v in behind)
    text = any(isinstance(n, ast.Constant) and isinstance(n.value, str) for n in walk(value))
    return target.value.id if arithmetic and not text and not _is_of_the_database(value) else ""


def _is_of_the_database(value: ast.expr) -> bool:
    """Whether Django's F(), or SQLAlchemy's columns (an upper-case holder), make it one statement of the database."""
    held = any(isinstance(n, ast.Call) and last(n.func) in {"F", "Value", "timedelta"} for n in walk(value))
    return held or any(isinstance(n, ast.Attribute) and last(n.value)[:1].isupper() for n in walk(value))


def _behind(scope: Scope, value: ast.expr) -> Iterator[ast.expr]:
    """An expression, and those that the names in it were given, one after another."""
    seen: set[str] = set()
    todo = [value]
    while todo:
        node = todo.pop()
        yield node
        names = {n.id for n in walk(node) if isinstance(n, ast.Name)} - seen
        seen |= names
        todo += [assign.value for name in names for assign in scope.assigns.get(name, ())]


def _is_sum(node: ast.expr) -> bool:
    return any(isinstance(n, ast.BinOp) and isinstance(n.op, ast.Add | ast.Sub) for n in walk(node))


def is_kept(scope: Scope, holder: str) -> bool:
    """Whether the row is written back: saved or committed here, or by whoever ends the session it was read from."""
    if _is_a_plain_object(scope, holder):
        return False
    if any(_saves(call, name) for call in scope.calls for name in _gone_over(scope, holder)):
        return True
    if any(_saves(call, holder) or _is_given_to_a_saver(scope, call, holder) for call in scope.calls):
        return True
    if holder == "self":
        return is_row_class(scope, owner(scope)) and not _is_of_django(owner(scope))
    if any(last(call.func) in _COMMITS and isinstance(call.func, ast.Attribute) for call in scope.calls):
        return True
    return _is_of_a_session(scope, holder)


def _gone_over(scope: Scope, holder: str) -> Iterator[str]:
    """The names of what a loop goes over under this name: `rows` for `for row in rows`."""
    for loop in scope.all(ast.For):
        if isinstance(loop.target, ast.Name) and loop.target.id == holder and isinstance(loop.iter, ast.Name):
            yield loop.iter.id


def _is_a_plain_object(scope: Scope, holder: str) -> bool:
    """Whether a local name holds an object made here, of a class of the project that is no row and asks nothing of a store."""
    made = scope.assigned.get(holder)
    value = scope.evaluated(made) if isinstance(made, ast.Call) else None
    cls = value.cls if isinstance(value, Instance) else None
    if not isinstance(cls, ClassValue) or is_row_class(scope, cls):
        return False
    known = all(isinstance(base, ClassValue) for base in cls.bases)
    return known and not any(isinstance(n, ast.Call) for c in lineage(cls) for n in walk(c.node))


def _is_given_to_a_saver(scope: Scope, call: ast.Call, holder: str, depth: int = 0) -> bool:
    """Whether a function of the project is given the row and saves it, or a method of the row does."""
    if _row_asked(call) == holder and any(
        _saves(c, "self") for m in methods_named(scope, last(call.func)) for c in m.calls
    ):
        return True
    places = [i for i, a in enumerate(call.args) if isinstance(a, ast.Name) and a.id == holder]
    function = called_function(scope, call) if places and depth < _DEPTH else None
    if function is None or (inner := inside(scope, function)) is None:
        return False
    names = placed(function.node.args)
    own = [names[i] for i in places if i < len(names)]
    if own and _commits(inner, depth):
        return True
    return any(_saves(c, n) or _is_given_to_a_saver(inner, c, n, depth + 1) for n in own for c in inner.calls)


def _commits(scope: Scope, depth: int) -> bool:
    """Whether a function ends the transaction of a session: by itself, or by another function of the project."""
    for call in scope.calls:
        if last(call.func) in {"commit", "flush"} and isinstance(call.func, ast.Attribute):
            return True
        function = scope.evaluated(call.func) if depth < _DEPTH and isinstance(call.func, ast.Name) else None
        if isinstance(function, FunctionValue) and _commits(function_scope(scope.machine, function), depth + 1):
            return True
    return False


def methods_named(scope: Scope, name: str) -> Iterator[Scope]:
    """The methods of the project that bear a name; none where so many do that it proves nothing."""
    found = scope.machine.graph.methods(name) if name not in COMMON and not name.startswith("__") else []
    if len(found) > _MANY:
        return
    modules = scope.machine.project.modules
    for module, qualified, place in found:
        if not scope.machine.project.is_test_file(modules[module].source.path):
            yield scope_at(scope.machine, module, f"{module}:{qualified}", place)


def _saves(call: ast.Call, holder: str) -> bool:
    if last(call.func) not in _SAVES or not isinstance(call.func, ast.Attribute):
        return False
    if isinstance(call.func.value, ast.Name) and call.func.value.id == holder:
        return True
    return last(call.func) not in {"save", "asave", "add", "put"} and any(
        isinstance(n, ast.Name) and n.id == holder for a in call.args for n in walk(a)
    )


def _is_of_django(cls: Value) -> bool:
    """Whether only `save` writes its rows."""
    return isinstance(cls, ClassValue) and (descends_from(cls, "Model", "AbstractUser", "TimeStampedModel"))


def _is_of_a_session(scope: Scope, holder: str) -> bool:
    """Whether a local name is read through a session of SQLAlchemy, whose commit writes every change."""

    def is_read(call: ast.Call) -> bool:
        func = call.func
        if not isinstance(func, ast.Attribute) or any(
            isinstance(n, ast.Attribute) and n.attr in _DJANGO for n in walk(func)
        ):
            return False
        of_class = func.attr == "get" and len(call.args) == 2 and last(call.args[0])[:1].isupper()
        return func.attr in _QUERIES or of_class

    flow = LocalFlow(scope, is_read)
    return flow.comes_from(ast.Name(holder, ast.Load()))
