"""Which expressions stand for an object of the database, rather than for its identifier."""

import ast
import re
from collections.abc import Iterator, Sequence

from audit.model.word_tables import word_set
from audit.reading.behaviour.model_signals import is_given_instance, is_signal_receiver, listens_before_commit, sent_to
from audit.reading.behaviour.reaching_values import is_named, keeps_parameter, values
from audit.reading.behaviour.scope import Scope, chain, function_scope, last
from audit.reading.behaviour.type_tests import is_of_a_plain_type
from audit.reading.python.abstract_values import (
    BoundMethod,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Method,
    Value,
    descends_from,
)
from audit.reading.python.child_nodes import children, walk
from audit.reading.python.classes import class_attribute, lineage
from audit.target.python_syntax import UnparsableError, parse_expression

_ROWS = frozenset({"Model", "SQLModel", "DeclarativeBase", "Document", "TimeStampedModel", "MPTTModel", "AbstractUser"})
_ONE = frozenset({"get", "create", "first", "last", "one", "scalar_one", "latest", "earliest", "one_or_none"})
_ASYNC = frozenset({"aget", "acreate", "afirst", "alast", "alatest", "aearliest", "scalar_one_or_none"})
_MORE = frozenset({"scalar", "get_one", "get_or_none", "get_by_id", "find_one", "merge"})
# They give the object and whether it is new.
PAIRS = frozenset({"get_or_create", "update_or_create", "aget_or_create", "aupdate_or_create"})
_MANY = frozenset({"all", "filter", "exclude", "order_by", "select_related", "prefetch_related", "scalars"})
_LISTS = word_set("bulk_create abulk_create distinct iterator aiterator raw reverse select find")
# With them in a chain, what it gives is columns.
_COLUMNS = frozenset({"values", "values_list", "dicts", "tuples", "namedtuples", "mappings", "with_entities"})
QUERIES = frozenset({"query", "scalars", "scalar", "execute", "exec"})
_RELATIONS = word_set(
    "ForeignKey GenericForeignKey OneToOneField ForeignKeyField ReferenceField relationship Relationship"
)
_COLLECTIONS = frozenset({"relationship", "Relationship", "relation", "dynamic_loader", "association_proxy"})
# What a view calls the objects of Django or REST framework that write a row.
_WRITERS = ("form", "serializer")
_WRITING = ("ModelForm", "ModelSerializer", "HyperlinkedModelSerializer", "UserCreationForm")
_OF_ONE_OBJECT = frozenset({"CreateView", "DeleteView", "DetailView", "UpdateView", "SingleObjectMixin"})
_SHORTCUTS = frozenset({"get_object_or_404", "aget_object_or_404", "get_or_404", "first_or_404", "one_or_404"})
_DEPTH = 5


def is_row(scope: Scope, node: ast.expr, depth: int = 0) -> bool:
    """Whether this is an object of the database, or several: by what it was read from, built from, or declared to be."""
    if depth > _DEPTH:
        return False
    if isinstance(node, ast.Name):
        return _is_named_row(scope, node, depth)
    if isinstance(node, ast.Subscript):
        return _is_item(scope, node, depth)
    if isinstance(node, ast.Call):
        return _gives_rows(scope, node, depth)
    if isinstance(node, ast.Attribute):
        return _is_kept_row(scope, node, depth)
    return any(is_row(scope, part, depth + 1) for part in _parts(node))


def _parts(node: ast.expr) -> list[ast.expr]:
    """The expressions of which another is one, or holds some."""
    if isinstance(node, ast.Await | ast.Starred | ast.NamedExpr):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.BoolOp):
        # What is before `and` is given only where it is false: no object of the database is.
        return node.values if isinstance(node.op, ast.Or) else node.values[-1:]
    if isinstance(node, ast.Dict | ast.DictComp):
        return node.values if isinstance(node, ast.Dict) else [node.value]
    return _held(node)


def _held(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
        return [node.elt]
    return node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else []


def _is_named_row(scope: Scope, node: ast.Name, depth: int) -> bool:
    if is_of_a_plain_type(scope, node):
        return False
    if _is_parameter(scope, node.id) and keeps_parameter(scope, node) and _is_row_parameter(scope, node.id):
        return True
    return any(is_row(scope, value, depth + 1) for value in values(scope, node, PAIRS)) or any(
        is_row_class(scope, statement.annotation)
        for statement in scope.all(ast.AnnAssign)
        if isinstance(statement.target, ast.Name) and statement.target.id == node.id
    )


def _is_kept_row(scope: Scope, node: ast.Attribute, depth: int) -> bool:
    """`request.user`, or an attribute of `self` that a method of the class gives a row, as the views of Django do `object`."""
    if node.attr == "user" and last(node.value) == "request":
        return True
    if node.attr == "instance" and _writes_a_row(scope, node.value):
        return True
    if _is_related(scope, node, depth):
        return True
    if not (isinstance(node.value, ast.Name) and node.value.id == "self"):
        return False
    if node.attr == "object" and _is_of_one_object(owner(scope)):
        return True
    given = [(s, a) for s in (scope, *_other_methods(scope)) for a in s.all(ast.Assign)]
    return any(
        is_row(s, assign.value, depth + 2)
        for s, assign in given
        for target in assign.targets
        if isinstance(target, ast.Attribute) and target.attr == node.attr and last(target.value) == "self"
    )


def _is_related(scope: Scope, node: ast.Attribute, depth: int) -> bool:
    """Whether this is what a foreign key of a row leads to: `order.customer`."""
    owners = [
        cls for cls in row_classes(scope, node.value, depth) if any(_is_relation(c, node.attr) for c in lineage(cls))
    ]
    return bool(owners) and is_row(scope, node.value, depth + 1)


def _is_relation(cls: ClassValue, name: str) -> bool:
    return any(isinstance(v, ast.Call) and last(v.func) in _RELATIONS for v in _class_values(cls.node, name))


def _class_values(cls: ast.ClassDef, name: str) -> Iterator[ast.expr | None]:
    """What the statements of a class give one of its names."""
    for statement in cls.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            yield from (statement.value for target in targets if is_named(target, name))


def is_collection(scope: Scope, node: ast.Attribute) -> bool:
    """Whether an attribute of a row holds other rows, each written by itself: by its class, else by all that bear its name."""
    known = [c.node for cls in row_classes(scope, node.value, 0) for c in lineage(cls)]
    modules = scope.machine.project.naming(node.attr)
    classes = known or [n for m in modules for n in walk(m.tree) if isinstance(n, ast.ClassDef)]
    given = [value for cls in classes for value in _class_values(cls, node.attr)]
    if not given:
        named = re.compile(rf"backref\s*[=(]\s*(?:\w+\.)*(?:backref\()?[\"']{re.escape(node.attr)}[\"']")
        return any(named.search(module.source.text) for module in modules)
    # A list that keeps its order writes places that it worked out.
    return bool(given) and all(
        isinstance(v, ast.Call) and last(v.func) in _COLLECTIONS and "ordering_list" not in ast.unparse(v)
        for v in given
    )


def row_classes(scope: Scope, node: ast.expr, depth: int) -> Iterator[ClassValue]:
    """The classes of rows that an expression names, itself or by what its local names are given."""
    for inner in walk(node) if depth <= _DEPTH else ():
        if not isinstance(inner, ast.Name):
            continue
        annotations = [p.annotation for p in parameters(scope) if p.arg == inner.id and p.annotation]
        cls = owner(scope) if inner.id == "self" else scope.evaluated(annotations[0] if annotations else inner)
        if isinstance(cls, ClassValue) and is_row_class(scope, cls):
            yield cls
        for value in values(scope, inner, PAIRS) if scope.symbol and not _is_parameter(scope, inner.id) else ():
            yield from row_classes(scope, value, depth + 1)


def _writes_a_row(scope: Scope, node: ast.expr) -> bool:
    """Whether this is the form or the serializer of a view, whose class is not known, or is one that writes rows."""
    if not last(node).lower().endswith(_WRITERS):
        return False
    value = scope.evaluated(node)
    cls = value.cls if isinstance(value, Instance) else None
    return not isinstance(cls, ClassValue) or descends_from(cls, *_WRITING)


def _is_of_one_object(cls: Value) -> bool:
    outside = (base.dotted for base in ancestors(cls) if isinstance(base, External))
    return any(dotted.rpartition(".")[2] in _OF_ONE_OBJECT for dotted in outside)


def _other_methods(scope: Scope) -> Iterator[Scope]:
    cls = owner(scope)
    for value in cls.names.values() if isinstance(cls, ClassValue) else ():
        if isinstance(value, FunctionValue) and value.node is not scope.root and not isinstance(value.node, ast.Lambda):
            yield function_scope(scope.machine, value)


def parameters(scope: Scope) -> list[ast.arg]:
    """Those of a function, with their annotations."""
    return [*scope.spec.posonlyargs, *scope.spec.args, *scope.spec.kwonlyargs]


def _is_parameter(scope: Scope, name: str) -> bool:
    return any(parameter.arg == name for parameter in parameters(scope))


def _is_row_parameter(scope: Scope, name: str) -> bool:
    own = next(p for p in parameters(scope) if p.arg == name)
    if own.annotation is not None and is_row_class(scope, own.annotation):
        return True
    if name == "self" and own is parameters(scope)[0]:
        return is_row_class(scope, owner(scope)) or _is_mixed_into_rows(scope, owner(scope))
    if name == "target":
        return listens_before_commit(scope)
    return is_given_instance(scope, name) or any(is_row(other, sent) for other, sent in sent_to(scope, name))


def _is_mixed_into_rows(scope: Scope, cls: Value) -> bool:
    """Whether a class of rows inherits from this one, which is none by itself."""
    for module in scope.machine.project.naming("class ") if isinstance(cls, ClassValue) else ():
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and len(node.bases) > 1:
                heir = scope.machine.module_names(module.name).get(node.name)
                if isinstance(heir, ClassValue) and any(one is cls for one in ancestors(heir)) and _is_of_rows(heir):
                    return True
    return False


def owner(scope: Scope) -> Value:
    """The class that a method belongs to; nothing of use for a function."""
    module, _, qualified = scope.symbol.partition(":")
    value: Value = scope.machine.module_names(module).get(qualified.partition(".")[0]) if qualified else None
    for name in qualified.split(".")[1:-1]:
        value = value.names.get(name) if isinstance(value, ClassValue) else None
    return value if isinstance(value, ClassValue) and "." in qualified else None


def is_row_class(scope: Scope, annotation: ast.expr | Value) -> bool:
    """Whether an annotation names a class of rows, alone, optional, or as what a list or a query holds."""
    if isinstance(annotation, ast.expr):
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            try:
                return is_row_class(scope, parse_expression(annotation.value))
            except UnparsableError:
                return False
        if isinstance(annotation, ast.Subscript | ast.BinOp | ast.Tuple):
            return any(is_row_class(scope, p) for p in children(annotation) if isinstance(p, ast.expr))
        return _is_of_rows(scope.evaluated(annotation)) if isinstance(annotation, ast.Name | ast.Attribute) else False
    return _is_of_rows(annotation)


def _is_of_rows(value: Value) -> bool:
    if isinstance(value, External):
        return value.dotted.startswith("django.contrib.auth.models.") or value.dotted == "django.db.models.Model"
    if not isinstance(value, ClassValue):
        return False
    return descends_from(value, *_ROWS) or any(map(_is_made_base, ancestors(value)))


def ancestors(cls: Value) -> Iterator[Value]:
    """The classes that a class of the target inherits from, in no particular order."""
    pending: list[Value] = list(cls.bases) if isinstance(cls, ClassValue) else []
    for _ in range(50):
        if not pending:
            return
        base = pending.pop()
        yield base
        pending += base.bases if isinstance(base, ClassValue) else ()


def _is_made_base(base: Value) -> bool:
    """`Base = declarative_base()` of SQLAlchemy, or `db.Model` of an extension."""
    if isinstance(base, Method) and base.name == "Model":
        return True
    made = base.cls if isinstance(base, Instance) else base
    return isinstance(made, External) and made.dotted.rpartition(".")[2] in {"declarative_base", "automap_base"}


def _is_item(scope: Scope, node: ast.Subscript, depth: int) -> bool:
    """`kwargs["instance"]` of a receiver, one of several rows, or some of them."""
    key = node.slice.value if isinstance(node.slice, ast.Constant) else None
    if key == "instance" and isinstance(node.value, ast.Name):
        return is_signal_receiver(scope)
    if is_whether_new(node):
        return False
    return (isinstance(key, int) or isinstance(node.slice, ast.Slice)) and is_row(scope, node.value, depth + 1)


def is_whether_new(node: ast.Subscript) -> bool:
    """`Order.objects.get_or_create(…)[1]`: whether it made one."""
    second = isinstance(node.slice, ast.Constant) and node.slice.value == 1
    return second and isinstance(node.value, ast.Call) and last(node.value.func) in PAIRS


def _gives_rows(scope: Scope, call: ast.Call, depth: int) -> bool:
    name = last(call.func)
    if name in {"list", "tuple", "sorted", "reversed", "iter", "set"} and call.args:
        return is_row(scope, call.args[0], depth + 1)
    if name in _SHORTCUTS or (isinstance(call.func, ast.Attribute) and _is_query(scope, call, call.func, depth)):
        return _COLUMNS.isdisjoint(last(c.func) for c in chain(call)) or name == "values"
    value = scope.evaluated(call)
    if isinstance(value, Instance) and is_row_class(scope, value.cls):
        return True
    return _answers_rows(scope, call, depth)


def _is_query(scope: Scope, call: ast.Call, method: ast.Attribute, depth: int) -> bool:
    """Whether a method reads rows, or writes one and gives it."""
    if method.attr == "save":
        return _writes_a_row(scope, method.value)
    if method.attr == "values":
        of_rows = isinstance(method.value, ast.Call) and last(method.value.func) == "in_bulk"
    else:
        of_rows = method.attr in _ONE | _ASYNC | _MORE | PAIRS | _MANY | _LISTS
    return of_rows and _starts_from_rows(scope, call, depth)


def _answers_rows(scope: Scope, call: ast.Call, depth: int) -> bool:
    """Whether a function of the project, or a method of the own object, gives rows."""
    function = _called(scope, call)
    if not isinstance(function, FunctionValue):
        own = isinstance(call.func, ast.Attribute) and is_named(call.func.value, "self")
        return own and last(call.func) == "get_object" and _is_of_one_object(owner(scope))
    returned = function.node.returns if hasattr(function.node, "returns") else None
    return is_row_class(scope, returned) if returned is not None else _returns_rows(scope, function, depth)


def _called(scope: Scope, call: ast.Call) -> Value:
    """What a call runs; of `self`, the method of its own class."""
    cls = owner(scope) if isinstance(call.func, ast.Attribute) and is_named(call.func.value, "self") else None
    callee = class_attribute(cls, last(call.func)) if isinstance(cls, ClassValue) else scope.evaluated(call.func)
    return callee.function if isinstance(callee, BoundMethod) else callee


def _returns_rows(scope: Scope, function: FunctionValue, depth: int) -> bool:
    """Whether a function without an annotation returns or yields rows, as its own text tells."""
    if isinstance(function.node, ast.Lambda) or depth >= _DEPTH:
        return False
    inner = function_scope(scope.machine, function)
    nodes: list[ast.Return | ast.Yield | ast.YieldFrom] = [
        *inner.all(ast.Return),
        *inner.all(ast.Yield),
        *inner.all(ast.YieldFrom),
    ]
    return any(node.value is not None and is_row(inner, node.value, depth + 2) for node in nodes)


def _starts_from_rows(scope: Scope, node: ast.expr, depth: int = 0) -> bool:
    """Whether a chain of calls starts from a manager, from a class of rows itself, or from a SQLAlchemy query of whole objects."""
    for call in chain(node):
        name = last(call.func)
        if name in QUERIES and call.args:
            return _asks_for_rows(*_asked_by(scope, call.args), name)
        holder = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(holder, ast.Attribute) and holder.attr in {"objects", "_default_manager", "query"}:
            return True
        if name in {"get", "get_one"} and _is_session_get(scope, call):
            return True
        if name == "merge" and call.args and is_row(scope, call.args[0], depth + 1):
            return True
        if isinstance(holder, ast.Name | ast.Attribute) and _is_library_method(scope, holder, name):
            return name != "scalar"
    return False


def _is_library_method(scope: Scope, holder: ast.expr, name: str) -> bool:
    """Whether a class of rows answers this method by the library it inherits from: `User.get(…)` of Tortoise or Peewee."""
    cls = scope.evaluated(holder)
    if not isinstance(cls, ClassValue) or isinstance(class_attribute(cls, name), FunctionValue):
        return False
    return is_row_class(scope, cls)


def _asked_by(scope: Scope, asked: Sequence[ast.expr]) -> tuple[Scope, Sequence[ast.expr]]:
    """What is asked; where a function of the project, or a method of the own object, makes the statement, what that returns."""
    statement = scope.given(asked[0])
    if not isinstance(statement, ast.Call):
        return scope, asked
    function = _called(scope, statement)
    if not isinstance(function, FunctionValue) or isinstance(function.node, ast.Lambda):
        return scope, asked
    inner = function_scope(scope.machine, function)
    made = [n.value for n in inner.all(ast.Return) if n.value is not None]
    return (inner, made) if made else (scope, asked)


def _asks_for_rows(scope: Scope, asked: Sequence[ast.expr], name: str) -> bool:
    """Whether a query is of whole objects: `select(Order)`, not `select(Order.id)` nor a text."""
    if name == "query":
        return not any(isinstance(a, ast.Call) or _is_column(scope, a) for a in asked)
    statement = scope.given(asked[0])
    selected = [c.args[0] for c in chain(statement) if last(c.func) == "select" and c.args]
    if selected:
        return not isinstance(selected[0], ast.Call) and not _is_column(scope, selected[0])
    return name in {"scalars", "scalar"} and isinstance(statement, ast.Name | ast.Attribute)


def _is_column(scope: Scope, node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and not is_row_class(scope, node)


def _is_session_get(scope: Scope, call: ast.Call) -> bool:
    holder = call.func.value if isinstance(call.func, ast.Attribute) else None
    if holder is None or len(call.args) < 2:
        return False
    cls = last(call.args[0])
    named = last(holder) in {"session", "db_session", "Session", "db"} and cls[:1].isupper() and not cls.isupper()
    return named or (isinstance(call.args[0], ast.Name | ast.Attribute) and is_row_class(scope, call.args[0]))
