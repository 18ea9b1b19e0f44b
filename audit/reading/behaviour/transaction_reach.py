"""Which blocks and decorators open a transaction."""

import ast
import re

from audit.model.plain_value import PlainValue
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.called_functions import function_of, inside
from audit.reading.behaviour.possible_values import argument_of
from audit.reading.behaviour.row_objects import owner
from audit.reading.behaviour.scope import Scope, function_scope, keyword, last
from audit.reading.python.abstract_values import ClassValue, External, FunctionValue, Instance, Value, unwrap
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute

BLOCKS = frozenset({"atomic", "begin", "begin_nested", "transaction", "in_transaction", "db_session"})
# Their connections commit at the end of a block.
_CONNECTIONS = re.compile(
    r"(psycopg|psycopg2|sqlite3)\.((Async)?Connection\.)?connect$|psycopg_pool\.(Async|Null|AsyncNull)?ConnectionPool\.connection$"
)
_DEFAULT = "default"
_DEPTH = 2
_ENDS = frozenset({"__exit__", "__aexit__"})


def is_transaction(scope: Scope, node: ast.expr, depth: int = _DEPTH) -> bool:
    """Whether what surrounds a block or a function is a transaction: by its name, or a manager of the project that commits."""
    called = node.func if isinstance(node, ast.Call) else node
    if last(called) in BLOCKS:
        return True
    made = _made(scope, called)
    if _commits_at_its_end(scope, node, made):
        return True
    cls = made.cls if isinstance(made, Instance) else made
    if isinstance(cls, ClassValue):
        ends = (unwrap(class_attribute(cls, name))[0] for name in _ENDS)
        if any(_commits(scope, end, depth) for end in ends):
            return True
        # An object that is called, where it is one.
        made = class_attribute(cls, "__call__") if isinstance(made, Instance) and called is not node else UNKNOWN
    function = function_of(made)
    if function is None or isinstance(function.node, ast.Lambda):
        return False
    inner = function_scope(scope.machine, function)
    if any("contextmanager" in ast.unparse(d) for d in function.node.decorator_list):
        blocks: list[ast.With | ast.AsyncWith] = [*inner.all(ast.With), *inner.all(ast.AsyncWith)]
        opened = [i.context_expr for b in blocks for i in b.items if any(isinstance(n, ast.Yield) for n in walk(b))]
        first = min((n.lineno for n in inner.all(ast.Yield)), default=0)
        return _commits(scope, function, depth, first) or (
            depth > 0 and any(is_transaction(inner, m, depth - 1) for m in opened)
        )
    given = [n.value for n in inner.all(ast.Return) if isinstance(n.value, ast.Call)] if called is not node else []
    return _wraps(function.node) or (depth > 0 and any(is_transaction(inner, g, depth - 1) for g in given))


def _made(scope: Scope, called: ast.expr) -> Value:
    """What is called; of an attribute that the methods of its object give a value once, that one."""
    found = scope.evaluated(called)
    cls = owner(scope)
    if found is not UNKNOWN or not (isinstance(called, ast.Attribute) and last(called.value) == "self"):
        return found
    methods = [v for v in cls.names.values() if isinstance(v, FunctionValue)] if isinstance(cls, ClassValue) else []
    scopes = [function_scope(scope.machine, m) for m in methods if not isinstance(m.node, ast.Lambda)]
    given = [(s, n.value) for s in scopes for n in s.all(ast.Assign) if last(n.targets[0]) == called.attr]
    return given[0][0].evaluated(given[0][1]) if len(given) == 1 else UNKNOWN


def _commits_at_its_end(scope: Scope, node: ast.expr, made: Value) -> bool:
    """Whether a block over a connection of psycopg or sqlite3 commits it; with `autocommit` each statement does."""
    given = scope.given(node)
    if isinstance(given, ast.Call) and any(k.arg == "autocommit" for k in given.keywords):
        return False
    opener = made.cls if isinstance(made, Instance) else None
    name = opener.dotted if isinstance(opener, External) else ""
    if isinstance(node, ast.Call):
        name = scope.external(node.func)
    return _CONNECTIONS.match(name) is not None


def _is_named(manager: ast.expr) -> bool:
    return last(manager.func if isinstance(manager, ast.Call) else manager) in BLOCKS


def _wraps(decorator: ast.AST) -> bool:
    """Whether a decorator calls what it is given in a transaction."""
    functions = [n for n in walk(decorator) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    given = {a.arg for f in functions for a in (*f.args.posonlyargs, *f.args.args)}
    blocks = [n for f in functions[1:] for n in walk(f) if isinstance(n, ast.With | ast.AsyncWith)]
    return any(
        isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in given
        for block in blocks
        if any(_is_named(item.context_expr) for item in block.items)
        for statement in block.body
        for n in walk(statement)
    )


def _commits(scope: Scope, value: Value, depth: int, after: int = 0) -> bool:
    """Whether a function commits after this line, by itself or by a function of the project."""
    if (inner := inside(scope, function_of(value))) is None:
        return False
    calls = [call for call in inner.calls if call.lineno > after]
    if any(last(call.func) == "commit" for call in calls):
        return True
    return depth > 0 and any(_commits(inner, _called(inner, call), depth - 1) for call in calls)


def _called(scope: Scope, call: ast.Call) -> Value:
    cls = owner(scope) if isinstance(call.func, ast.Attribute) and last(call.func.value) == "self" else None
    return class_attribute(cls, last(call.func)) if isinstance(cls, ClassValue) else scope.evaluated(call.func)


def is_of_another_database(scope: Scope, call: ast.Call) -> bool:
    """Whether what a call leaves for after a commit is of another database than the transaction around it: it runs at once."""
    managers = [d for d in getattr(scope.root, "decorator_list", []) if last(_callee(d)) == "atomic"]
    blocks = [n for n in scope.around(call) if isinstance(n, ast.With | ast.AsyncWith)]
    managers = [i.context_expr for b in blocks for i in b.items if last(_callee(i.context_expr)) == "atomic"] + managers
    if not managers:
        return False
    opened = managers[0]
    alias = _alias(scope, opened, 0) if isinstance(opened, ast.Call) else _DEFAULT
    left = _left_to(scope, call)
    return left is not None and isinstance(alias, str) and isinstance(left, str) and alias != left


def _callee(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node


def _alias(scope: Scope, call: ast.Call, place: int) -> PlainValue:
    """The database that a call names by `using`, or at this place."""
    given = keyword(call, "using") or (call.args[place] if place < len(call.args) else None)
    return _named(scope, given)


def _named(scope: Scope, given: ast.expr | None) -> PlainValue:
    value = scope.value(given) if given is not None else None
    return _DEFAULT if value is None else value


def _left_to(scope: Scope, call: ast.Call) -> PlainValue:
    """The database whose commit a call waits for, itself or by a function of the project; None where it waits for none."""
    if last(call.func) == "on_commit":
        return _alias(scope, call, 1)
    if last(call.func).endswith("_on_commit"):
        return _DEFAULT
    function = scope.evaluated(call.func)
    if not isinstance(function, FunctionValue) or isinstance(function.node, ast.Lambda):
        return None
    inner = function_scope(scope.machine, function)
    for other in inner.by_name.get("on_commit", ()):
        using = keyword(other, "using") or (other.args[1] if len(other.args) > 1 else None)
        own = [*function.node.args.args, *function.node.args.kwonlyargs]
        if isinstance(using, ast.Name) and using.id in {a.arg for a in own}:
            return _named(scope, argument_of(call, function.node, using.id))
        return _named(inner, using)
    return None
