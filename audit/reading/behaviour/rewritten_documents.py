"""Documents of a row, as a JSON column, that are read, changed in place, then written back whole."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.shared_data import DocumentRewrite
from audit.reading.behaviour.changed_rows import is_kept
from audit.reading.behaviour.counters import is_protected, unprotected
from audit.reading.behaviour.exception_handlers import manager_made_by
from audit.reading.behaviour.reaching_values import values
from audit.reading.behaviour.row_objects import ancestors, is_collection, owner, row_classes
from audit.reading.behaviour.scope import Scope, function_scope, keyword, last
from audit.reading.python.abstract_values import BoundMethod, ClassValue, External, FunctionValue
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute

_CHANGE = frozenset({"append", "extend", "insert", "setdefault", "pop", "popitem"})
# What the methods of a document that change it begin with.
_VERB = re.compile(r"(?:add|set|remove|insert|append|update|delete|clear|replace|extend|put)(?:_|$)")
_NEW = frozenset({"create", "acreate", "form", "serializer", "get_form", "get_serializer"})
_SAVES = frozenset({"save", "asave"})
_MANY = frozenset({"bulk_update", "abulk_update"})


def rewritten_documents(scope: Scope) -> Iterator[DocumentRewrite]:
    """DocumentRewrite: `tile.data["x"] = 1` then `tile.save()`, and the same by a local name or by two methods of the row."""
    if not scope.symbol:
        return
    for node, column in _changes(scope):
        row = column.value
        if not isinstance(row, ast.Name) or _is_new(scope, row.id) or _is_set_alone(scope, node, column):
            continue
        if _is_written(scope, row.id, column.attr):
            yield from () if is_collection(scope, column) else _unprotected(scope, node)
    for call in scope.calls:
        if _gives_back(scope, call):
            yield from _unprotected(scope, call)


def _is_set_alone(scope: Scope, node: ast.AST, column: ast.Attribute) -> bool:
    """Whether one entry is set to what the document did not hold, and `save` sends that entry alone, as MongoEngine's does."""
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Subscript):
        return False
    bases = (base for cls in row_classes(scope, column.value, 0) for base in ancestors(cls))
    of_mongoengine = any(isinstance(b, External) and b.dotted.startswith("mongoengine.") for b in bases)
    return of_mongoengine and not _comes_from(scope, node.value, column)


def _comes_from(scope: Scope, value: ast.expr, column: ast.Attribute) -> bool:
    """Whether a value, or what any of its local names is given, speaks of a row or reads a column of that name."""
    pending, seen = [value], set[str]()
    while pending:
        for node in walk(pending.pop()):
            if isinstance(node, ast.Name | ast.Attribute) and last(node) in {last(column.value), column.attr}:
                return True
            if isinstance(node, ast.Name) and node.id not in seen:
                seen.add(node.id)
                pending += values(scope, node, ())
    return False


def _unprotected(scope: Scope, node: ast.AST) -> Iterator[DocumentRewrite]:
    if _is_undone(scope, node):
        return
    constant = isinstance(node, ast.Assign) and _is_literal(node.targets[0]) and _is_constant(scope, node.value)
    yield from (DocumentRewrite(**{**vars(seen), "constant": constant}) for seen in unprotected(scope, node))


def _is_constant(scope: Scope, value: ast.expr) -> bool:
    """Whether a value is a constant, or one of several as something decides: nothing of what was read goes into it."""
    if isinstance(value, ast.IfExp):
        return _is_constant(scope, value.body) and _is_constant(scope, value.orelse)
    if isinstance(value, ast.Name) and (given := scope.assigns.get(value.id)):
        stored = [n for n in scope.all(ast.Name) if n.id == value.id and isinstance(n.ctx, ast.Store)]
        sides = (one.value for one in given)
        return len(stored) == len(given) and all(not isinstance(v, ast.Name) and _is_constant(scope, v) for v in sides)
    return isinstance(scope.value(value), str | int | float | None)


def _is_literal(entry: ast.expr) -> bool:
    return isinstance(entry, ast.Subscript) and isinstance(entry.slice, ast.Constant)


def _is_undone(scope: Scope, node: ast.AST) -> bool:
    """Whether a block around it takes back all that it writes: it marks its transaction, or raises once its work is done."""
    blocks = [n for n in scope.around(node) if isinstance(n, ast.With | ast.AsyncWith)]
    made = [manager_made_by(scope, item.context_expr) for block in blocks for item in block.items]
    return any(isinstance(one, FunctionValue) and _undoes(one.node) for one in made)


def _undoes(function: ast.AST) -> bool:
    if any(isinstance(n, ast.Call) and last(n.func) in {"set_rollback", "rollback"} for n in walk(function)):
        return not any(isinstance(n, ast.Call) and last(n.func) == "commit" for n in walk(function))
    bodies = [n.body for n in walk(function) if isinstance(n, ast.With)]
    return any(
        isinstance(b[-1], ast.Raise) and any(isinstance(n, ast.Yield) for s in b for n in walk(s)) for b in bodies
    )


def _changes(scope: Scope) -> Iterator[tuple[ast.AST, ast.Attribute]]:
    """What changes a column in place, or gives it a changed copy of itself, with the column."""
    for node, changed in _changed_in_place(scope):
        column = scope.given(changed)
        if isinstance(column, ast.Attribute):
            yield node, column
    for statement in scope.all(ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Attribute) and _holds_a_changed_copy(scope, statement.value, target):
                yield statement, target


def _changed_in_place(scope: Scope) -> Iterator[tuple[ast.AST, ast.expr]]:
    """Statements and calls that change an entry of something, with that thing."""
    targets: list[tuple[ast.AST, ast.expr]] = [(n, t) for n in scope.all(ast.Assign) for t in n.targets]
    targets += [(n, n.target) for n in scope.all(ast.AugAssign)]
    targets += [(n, t) for n in scope.all(ast.Delete) for t in n.targets]
    for node, target in targets:
        if isinstance(target, ast.Subscript):
            yield node, _root(target)
    for call in scope.calls:
        # A related manager's `update` takes keywords only.
        mapped = last(call.func) == "update" and len(call.args) == 1
        if isinstance(call.func, ast.Attribute) and (mapped or call.func.attr in _CHANGE):
            yield call, _root(call.func.value)
        if any(isinstance(a, ast.Attribute) for a in call.args):
            yield from ((call, given) for given in _given_to_a_changer(scope, call))


def _given_to_a_changer(scope: Scope, call: ast.Call) -> Iterator[ast.expr]:
    """Columns that a call gives to a function of the project, which changes them in place."""
    callee = scope.evaluated(call.func)
    if not isinstance(callee, FunctionValue) or isinstance(callee.node, ast.Lambda):
        return
    names = [a.arg for a in (*callee.node.args.posonlyargs, *callee.node.args.args)]
    inner = function_scope(scope.machine, callee)
    targets = [t for n in inner.all(ast.Assign) for t in n.targets] + [n.target for n in inner.all(ast.AugAssign)]
    changed = {last(_root(t)) for t in targets if isinstance(t, ast.Subscript)}
    changed |= {
        last(_root(c.func.value)) for c in inner.calls if isinstance(c.func, ast.Attribute) and c.func.attr in _CHANGE
    }
    for argument, name in zip(call.args, names, strict=False):
        if isinstance(argument, ast.Attribute) and name in changed:
            yield argument


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node


def _holds_a_changed_copy(scope: Scope, value: ast.expr, column: ast.Attribute) -> bool:
    """`{**tile.data, "x": 1}`, `tile.data | more`, or a name that was read from the column and changed in place."""
    text = ast.unparse(column)
    for node in walk(scope.given(value)):
        if isinstance(node, ast.Dict):
            spread = [v for k, v in zip(node.keys, node.values, strict=True) if k is None]
            if any(ast.unparse(v) == text for v in spread):
                return True
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr) and ast.unparse(node.left) == text:
            return True
    names = {n.id for n in walk(value) if isinstance(n, ast.Name)}
    copies = [(name, copy) for name in names if (copy := scope.assigned.get(name)) is not None]
    taken = {n for n, c in copies if any(isinstance(a, ast.Attribute) and ast.unparse(a) == text for a in walk(c))}
    asked = {n for n, c in copies if n not in taken and _is_asked_of_the_row(scope, c, column)}
    told = {last(c.func.value) for c in scope.calls if isinstance(c.func, ast.Attribute) and _VERB.match(c.func.attr)}
    return not taken.isdisjoint(changed := _changed_names(scope)) or not asked.isdisjoint(changed | told)


def _is_asked_of_the_row(scope: Scope, made: ast.expr, column: ast.Attribute) -> bool:
    """Whether a document is what a method of the row makes of its column, or a function that is given the row."""
    call, row = made.value if isinstance(made, ast.Await) else made, ast.unparse(column.value)
    if not isinstance(call, ast.Call):
        return False
    own = isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == row
    callee = scope.evaluated(call.func)
    found: list[object] = [callee.function if isinstance(callee, BoundMethod) else callee]
    if own and not isinstance(found[0], FunctionValue):
        # Of a row whose class is not told, a method of this name.
        classes = (v for held in scope.machine.globals.values() for v in held.values() if isinstance(v, ClassValue))
        found = [class_attribute(cls, last(call.func)) for cls in classes]
    bodies = [one.node for one in found if isinstance(one, FunctionValue)]
    if bodies:
        reads = any(isinstance(n, ast.Attribute) and n.attr == column.attr for body in bodies for n in walk(body))
        return reads and (own or row in map(ast.unparse, call.args))
    return own


def _changed_names(scope: Scope) -> set[str]:
    """The local names whose entries are changed in place."""
    return {root.id for _, root in _changed_in_place(scope) if isinstance(root, ast.Name)}


def _is_new(scope: Scope, row: str) -> bool:
    """Whether the row is made here: nobody else can have changed it."""
    made = scope.assigned.get(row)
    made = made.value if isinstance(made, ast.Await) else made
    return row in _NEW or (isinstance(made, ast.Call) and (last(made.func) in _NEW or last(made.func)[:1].isupper()))


def _is_written(scope: Scope, row: str, column: str) -> bool:
    """Whether this column of the row is among those that are written back."""
    many = [
        keyword(c, "fields") or (c.args[1] if len(c.args) > 1 else None) for c in scope.calls if last(c.func) in _MANY
    ]
    if any(fields is not None and _names(fields, column) for fields in many):
        return True
    saves = [
        call
        for call in scope.calls
        if isinstance(call.func, ast.Attribute) and call.func.attr in _SAVES and last(call.func.value) == row
    ]
    if not saves:
        return not many and is_kept(scope, row)
    # What takes a path is a file.
    written = [keyword(call, "update_fields") for call in saves if not call.args]
    return is_kept(scope, row) and any(fields is None or _names(fields, column) for fields in written)


def _names(fields: ast.expr, column: str) -> bool:
    """Whether a list of columns holds one; true of a list that is not written out."""
    if not isinstance(fields, ast.List | ast.Tuple | ast.Set):
        return True
    return any(not isinstance(f, ast.Constant) or f.value == column for f in fields.elts)


def _gives_back(scope: Scope, call: ast.Call) -> bool:
    """`self.write(document)`, where `document = self.read()` was changed in place, and `write` saves what it is given."""
    given = [a.id for a in (*call.args, *(k.value for k in call.keywords)) if isinstance(a, ast.Name)]
    read = [name for name in given if _is_read_by_a_method(scope, name)]
    writer = _method(scope, call) if read else None
    if writer is None or not any(name in _changed_names(scope) for name in read):
        return False
    inner = function_scope(scope.machine, writer)
    stored = [
        n for n in inner.all(ast.Assign) for t in n.targets if isinstance(t, ast.Attribute) and last(t.value) == "self"
    ]
    saved = any(last(c.func) in _SAVES and isinstance(c.func, ast.Attribute) for c in inner.calls)
    return bool(stored) and saved and not any(is_protected(inner, n) for n in stored)


def _is_read_by_a_method(scope: Scope, name: str) -> bool:
    made = scope.assigned.get(name)
    reader = _method(scope, made) if isinstance(made, ast.Call) else None
    return reader is not None and any(isinstance(n, ast.Attribute) for n in walk(reader.node))


def _method(scope: Scope, call: ast.Call) -> FunctionValue | None:
    """The method of the same object that is called."""
    cls = owner(scope)
    if not isinstance(call.func, ast.Attribute) or last(call.func.value) != "self" or not isinstance(cls, ClassValue):
        return None
    found = class_attribute(cls, call.func.attr)
    return found if isinstance(found, FunctionValue) else None
