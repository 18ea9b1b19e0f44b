"""What an expression may be, where nobody knows which: texts of a table or of callers, and whether it may be None."""

import ast
import re
from collections.abc import Iterator

from audit.model.unknown import UNKNOWN
from audit.model.word_tables import word_set
from audit.reading.behaviour.row_objects import owner
from audit.reading.behaviour.scope import Scope, keyword, last, opaque
from audit.reading.python.abstract_values import ClassValue, Table, Value, exported, unwrap
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute
from audit.reading.python.modules import Module
from audit.reading.python.parameters import defaults_of, parameters_of, placed

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_DEPTH = 6
# Expressions that are followed for one question.
_MOST = 60
# A name that more modules hold is no name of one thing.
_MODULES = 40
_NUMBERS = word_set("int float max min round abs ceil floor len timedelta randint uniform total_seconds")
_ENVIRONMENT = frozenset({"os.environ.get", "os.getenv", "environ.get", "getenv"})


def possible_texts(scope: Scope, node: ast.expr) -> frozenset[str] | None:
    """The texts of which an expression is one: of a condition, of a table, of what callers give; None where it may be any."""
    found = _texts(scope, node, _DEPTH)
    return None if found is None else frozenset(found)


def _texts(scope: Scope, node: ast.expr, depth: int) -> set[str] | None:
    value = scope.value(node)
    if isinstance(value, str) or depth == 0:
        return {value} if isinstance(value, str) else None
    sides = [node.body, node.orelse] if isinstance(node, ast.IfExp) else []
    sides = node.values if isinstance(node, ast.BoolOp) else sides
    if isinstance(node, ast.Name):
        if (table := _unpacked(scope, node.id)) is not None:
            return _of_table(scope, *table)
        given = scope.given(node)
        sides = [given] if given is not node else _given_to(scope, node.id) or []
    if isinstance(node, ast.Subscript | ast.Call):
        return _of_table(scope, node, None)
    told = [_texts(scope, side, depth - 1) for side in sides]
    return set[str]().union(*filter(None, told)) if told and None not in told else None


def _unpacked(scope: Scope, name: str) -> tuple[ast.expr, int] | None:
    """`method, options = MODES[mode]`: what is unpacked, and at which place."""
    for node in scope.all(ast.Assign):
        for target in node.targets:
            names = [last(element) for element in target.elts] if isinstance(target, ast.Tuple) else []
            if name in names:
                return node.value, names.index(name)
    return None


def _of_table(scope: Scope, node: ast.expr, place: int | None) -> set[str] | None:
    """The texts that the entries of a table hold, at this place of each."""
    held = node.value if isinstance(node, ast.Subscript) else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"get", "pop"}:
        held = node.func.value
    table = scope.evaluated(held) if held is not None else UNKNOWN
    if not isinstance(table, dict | list | tuple) or getattr(table, "opaque", None):
        return None
    entries: list[Value] = [unwrap(v)[0] for v in (table.values() if isinstance(table, dict) else table)]
    if isinstance(node, ast.Call):
        entries += [scope.evaluated(default) for default in node.args[1:2]]
    if place is not None:
        entries = [unwrap(e[place])[0] if isinstance(e, list | tuple) and place < len(e) else UNKNOWN for e in entries]
    texts = {entry for entry in entries if isinstance(entry, str)}
    return texts if texts and all(isinstance(entry, str) for entry in entries) else None


def _given_to(scope: Scope, name: str) -> list[ast.expr] | None:
    """What the callers of the function give a parameter, its default included; None where one cannot be told."""
    definition = _definition(scope.module.tree, scope.root, name)
    found = [value for value, _ in arguments_given(scope, definition, name)] if definition else [None]
    told = [value for value in found if value is not None]
    return told if len(told) == len(found) else None


def _definition(tree: ast.AST, inner: ast.AST, name: str) -> _Function | None:
    """The function, this one or one around it, whose parameter bears a name."""
    around = [n for n in walk(tree) if isinstance(n, _Function) and _is_around(n, inner)]
    return next((n for n in reversed(around) if name in parameters_of(n.args)), None)


def _is_around(node: _Function, inner: ast.AST) -> bool:
    first, end = getattr(inner, "lineno", 0), getattr(inner, "end_lineno", None) or 0
    return node.lineno <= first and end <= (node.end_lineno or 0)


def arguments_given(scope: Scope, node: _Function, parameter: str) -> Iterator[tuple[ast.expr | None, ast.AST]]:
    """What each call that bears the name of a function gives a parameter, with the module's tree; None where it cannot be told."""
    called = _owner_name(scope.module.tree, node) if node.name in {"__init__", "__new__"} else node.name
    modules = _naming(scope, called)
    if modules is None:
        yield None, scope.module.tree
    for module in modules or ():
        for call in (n for n in walk(module.tree) if isinstance(n, ast.Call)):
            if last(call.func) == called:
                yield argument_of(call, node, parameter), module.tree
            elif last(call.func) == "partial" and call.args and last(call.args[0]) == called:
                yield keyword(call, parameter), module.tree


def _naming(scope: Scope, name: str) -> list[Module] | None:
    """The modules of the program that hold a name; None for a name that is all over it, and tells nothing."""
    word = re.compile(rf"\b{re.escape(name)}\b")
    found = [m for m in scope.machine.project.own(name) if word.search(m.source.text)]
    return found if len(found) <= _MODULES else None


def _owner_name(tree: ast.AST, node: _Function) -> str:
    return next((n.name for n in walk(tree) if isinstance(n, ast.ClassDef) and node in n.body), node.name)


def argument_of(call: ast.Call, node: _Function, parameter: str) -> ast.expr | None:
    """What a call of a function gives a parameter, its default included; None where that cannot be told."""
    if (named := keyword(call, parameter)) is not None:
        return named
    if any(isinstance(a, ast.Starred) for a in call.args) or opaque(call):
        return None
    given = dict(zip(placed(node.args), call.args, strict=False))
    return given.get(parameter) or defaults_of(node.args).get(parameter)


def may_be_none(scope: Scope, node: ast.expr) -> bool | None:
    """Whether an expression may be None, by the places of the project that give it a value; None where nothing tells."""
    # What a function around was given is known of one of its calls only.
    enclosed = isinstance(node, ast.Name) and "<locals>" in scope.symbol and node.id not in scope.assigned
    value = UNKNOWN if enclosed else scope.value(node)
    if value is not UNKNOWN:
        return value is None
    return _Absence(scope).of(scope.given(node), scope.module.tree, scope.root, _DEPTH)


class _Absence:
    """Follows names through calls and settings, by their text alone: `option("LOCK_TTL")` is whatever bears that name."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._asked: set[str] = set()
        self._left = _MOST

    def of(self, node: ast.expr, tree: ast.AST, inner: ast.AST, depth: int) -> bool | None:
        """Of an expression of `inner`, in the module `tree`."""
        self._left -= 1
        if self._left < 0:
            return None
        if isinstance(node, ast.Constant | ast.BinOp | ast.UnaryOp | ast.JoinedStr | ast.Compare):
            # An operation on None raises.
            return isinstance(node, ast.Constant) and node.value is None
        sides = [node.body, node.orelse] if isinstance(node, ast.IfExp) else []
        if isinstance(node, ast.BoolOp):
            sides = node.values[-1:] if isinstance(node.op, ast.Or) else node.values
        if sides and depth:
            return _worst([self.of(side, tree, inner, depth - 1) for side in sides])
        if isinstance(node, ast.Call) and depth:
            return self._of_call(node, tree, inner, depth)
        if isinstance(node, ast.Name) and (definition := _definition(tree, inner, node.id)) and depth:
            given = list(arguments_given(self._scope, definition, node.id))
            return _worst([None if v is None else self.of(v, where, v, depth - 1) for v, where in given])
        key = node.slice if isinstance(node, ast.Subscript) else ast.Constant(last(node))
        named = isinstance(key, ast.Constant) and isinstance(key.value, str) and bool(key.value)
        return self._by_name(str(key.value), depth) if isinstance(key, ast.Constant) and named and depth else None

    def _of_call(self, call: ast.Call, tree: ast.AST, inner: ast.AST, depth: int) -> bool | None:
        name = last(call.func)
        if name in _NUMBERS or keyword(call, "cast") is not None:
            return False
        texts = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        default = keyword(call, "default") or (call.args[-1] if len(call.args) > 1 else None)
        if ast.unparse(call.func) in _ENVIRONMENT:
            return True if default is None else self.of(default, tree, inner, depth - 1)
        told = [self._by_name(text, depth) for text in texts[:1]]
        if default is not None and name in {"get", "getattr", "config", "env"}:
            told.append(self.of(default, tree, inner, depth - 1))
        return _worst(told)

    def _by_name(self, name: str, depth: int) -> bool | None:
        if name in self._asked:
            return None
        self._asked.add(name)
        told = [
            self.of(value, module.tree, value, depth - 1)
            for module in _naming(self._scope, name) or ()
            for node in walk(module.tree)
            for value in bound(node, name)
        ]
        return _worst(told)


def _worst(told: list[bool | None]) -> bool | None:
    """True where one may be None, None where one is not told, or nothing tells."""
    return True if True in told else None if None in told or not told else False


def bound(node: ast.AST, name: str) -> Iterator[ast.expr]:
    """What a node gives a variable, an attribute, an entry, an argument or a parameter of this name."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets, given = node.targets if isinstance(node, ast.Assign) else [node.target], node.value
        assigned = [pair for target in targets for pair in _paired(target, given)] if given is not None else []
        yield from (value for one, value in assigned if _is_named(one, name))
    elif isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        yield from (v for k, v in pairs if isinstance(k, ast.Constant) and k.value == name)
    elif isinstance(node, ast.keyword) and node.arg == name:
        yield node.value


def _paired(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """`self.name, self.seconds = name, seconds`, one by one."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        yield from zip(target.elts, value.elts, strict=True)
    else:
        yield target, value


def _is_named(target: ast.expr, name: str) -> bool:
    if isinstance(target, ast.Subscript):
        return isinstance(target.slice, ast.Constant) and target.slice.value == name
    return last(target) == name


def written_options(scope: Scope, call: ast.Call) -> ast.Call | None:
    """A call with the entries of `**options` as if they were written in it; None where they are not all known."""
    keywords: list[ast.keyword] = []
    for given in call.keywords:
        table = UNKNOWN if given.arg else _table(scope, given.value)
        if given.arg:
            keywords.append(given)
        elif isinstance(table, dict) and not (isinstance(table, Table) and table.opaque):
            for key, value in table.items():
                plain = exported(value)
                made = ast.copy_location(ast.Constant(plain if isinstance(plain, str | int | float) else None), call)
                scope.stands[made] = value
                keywords.append(ast.copy_location(ast.keyword(str(key), made), call))
        else:
            return None
    return ast.copy_location(ast.Call(call.func, call.args, keywords), call)


def _table(scope: Scope, node: ast.expr) -> Value:
    """What an expression stands for; of `self`, what its class alone gives it."""
    cls = owner(scope) if isinstance(node, ast.Attribute) and last(node.value) in {"self", "cls"} else None
    if not isinstance(cls, ClassValue) or not isinstance(node, ast.Attribute):
        return scope.evaluated(node)
    named = scope.machine.project.naming(node.attr)
    given = [value for module in named for n in walk(module.tree) for value in bound(n, node.attr)]
    return unwrap(class_attribute(cls, node.attr))[0] if len(given) == 1 else UNKNOWN
