"""Connections opened while a module is imported, by its own statements or by the functions they call."""

import ast
import re
from collections import deque
from collections.abc import Iterator

from audit.model.call_closures import COMMON
from audit.model.observations.shared_data import ConnectionAtImport
from audit.model.unknown import UNKNOWN
from audit.model.word_tables import word_set
from audit.reading.behaviour.called_functions import function_of
from audit.reading.behaviour.operator_calls import operator_calls
from audit.reading.behaviour.scope import Scope, chain, function_scope, keyword, last, scope_at
from audit.reading.python.abstract_values import (
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Value,
    descends_from,
    unwrap,
)
from audit.reading.python.child_nodes import children, walk
from audit.reading.python.parameters import defaults_of, placed

# The last ones open at once, or start threads that a fork loses.
_CONNECTIONS = word_set("""
    psycopg2.connect psycopg.connect psycopg.Connection.connect pymysql.connect MySQLdb.connect
    mysql.connector.connect pymongo.MongoClient pymongo.mongo_client.MongoClient pika.BlockingConnection
    mongoengine.connect mongoengine.connection.connect oracledb.connect cx_Oracle.connect sqlite3.connect
    pyodbc.connect cassandra.cluster.Cluster.connect paramiko.SSHClient.connect ldap3.Connection
    psycopg_pool.ConnectionPool psycopg2.pool.SimpleConnectionPool psycopg2.pool.ThreadedConnectionPool
    kafka.KafkaProducer kafka.KafkaConsumer confluent_kafka.Producer grpc.insecure_channel grpc.secure_channel
""")
# Those that open one where they are awaited, or run by a loop.
_AWAITED = word_set("""
    asyncpg.connect asyncpg.create_pool aiopg.connect aiopg.create_pool aiomysql.connect aiomysql.create_pool
    psycopg.AsyncConnection.connect
""")
# What makes a lazy engine of SQLAlchemy connect.
_ENGINE = frozenset({"reflect", "create_all", "drop_all", "prepare"})
_GIVEN = ("bind", "autoload_with", "engine")
_SQLALCHEMY = ("sqlalchemy.", "flask_sqlalchemy.")
_MADE_ENGINES = (
    "sqlalchemy.create_engine",
    "sqlalchemy.engine.create_engine",
    "sqlalchemy.engine_from_config",
    "sqlmodel.create_engine",
)
_OF_ENGINE = frozenset({"connect", "begin", "execute", "raw_connection"})
# Signals that a worker sends before its children are forked.
_BEFORE_FORK = frozenset({"worker_init", "celeryd_init", "celeryd_after_setup"})
# A blueprint makes and includes all its steps before it starts the first.
_STEPS = ("Step", "StartStopStep", "ConsumerStep")
_MAPPING = frozenset({"map", "starmap"})
_OF_A_STEP = frozenset({"__init__", "include", "include_if", "create"})
# Clients that open their connection at their first command only.
_MAKERS = ("Redis", "StrictRedis", "Valkey", "from_url")
_LIBRARIES = ("redis", "valkey")
# A pool of theirs opens connections of its own in a child process; Celery closes those of Django there.
_OWN_AFTER_FORK = frozenset({"redis", "valkey", "django"})
_NO_COMMAND = frozenset({"pipeline", "pubsub", "lock", "register_script", "close", "from_url", "from_pool", "json"})
# What asks a manager of Django's models for its rows at once, or goes over those it would ask for.
_ASKING = frozenset(
    ("count", "get", "first", "last", "exists", "create", "get_or_create", "update_or_create", "aggregate", "latest",
     "earliest", "in_bulk", "update", "delete", "bulk_create")
)  # fmt: skip
_GOING_OVER = frozenset({"list", "tuple", "set", "dict", "sorted", "len", "bool", "sum", "max", "min", "any", "all"})
_RUNNING = _GOING_OVER | {
    "next",
    "run",
    "run_until_complete",
    "wait_for",
    "gather",
    "shield",
    "create_task",
    "ensure_future",
}
_RUN_LATER = re.compile(r"\basyncio\.run\(|\brun_until_complete\(")
_DEPTH = 8
# Functions and methods that are followed below one statement: an application factory calls some hundreds.
_FOLLOWED = 300
_MOST_OF_A_NAME = 3
# A connection in any statement, or a call among the statements of the module itself.
_MAY_OPEN = re.compile(
    r"(?m)^\s*@\w|\bdef .*=\s*[\w.]+\(|^\s*class \w|connect|MongoClient|BlockingConnection|Kafka|ConnectionPool|_channel\(|reflect|autoload|inspect\(|create_all\(|\.objects\.|^\w[\w.]*(\s*:[^=\n]+)?\s*(=[^=\n]*)?\w[(\[.]|^(?:for|with|if|while) "
)


def may_open(text: str) -> bool:
    """Whether the text of a module holds something to follow."""
    return bool(_MAY_OPEN.search(text))


def opened_at_import(scope: Scope) -> Iterator[ConnectionAtImport]:
    """One observation for each statement of a module that opens a connection, in its own text or in what it calls.

    A receiver of a signal that a worker sends before it forks is as a module's own statements, and so is what makes a bootstep.
    """
    early = not scope.symbol or _runs_before_the_fork(scope)
    for call in (*scope.calls, *operator_calls(scope), *_of_definitions(scope)) if early else ():
        if _is_guarded(scope, call):
            continue
        if library := _opens(scope, call):
            yield scope.observed(ConnectionAtImport, call, own_after_fork=library in _OWN_AFTER_FORK)
        elif found := _opened_by(scope, call):
            sure, library = found
            yield scope.observed(ConnectionAtImport, call, sure=sure, own_after_fork=library in _OWN_AFTER_FORK)


def _of_definitions(scope: Scope) -> Iterator[ast.Call]:
    """The calls that the definitions of a module make: in their default values, of their decorators and of what those give."""
    pending: list[ast.AST] = [] if scope.symbol else [scope.root]
    while pending:
        node = pending.pop()
        given: list[ast.expr] = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = [*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)]
        elif not isinstance(node, ast.Lambda):
            pending += children(node)
        for part in given:
            yield from (n for n in walk(part) if isinstance(n, ast.Call) and not isinstance(part, ast.Lambda))
        for applied in getattr(node, "decorator_list", []):
            yield ast.copy_location(ast.Call(applied, [], []), applied)
        for holder, method in _run_by_a_class(node):
            made = ast.copy_location(ast.Attribute(holder, method, ast.Load()), holder)
            yield ast.copy_location(ast.Call(made, [], []), holder)
        for base in node.bases if isinstance(node, ast.ClassDef) else ():
            prepares = ast.copy_location(ast.Attribute(base, "__init_subclass__", ast.Load()), base)
            yield ast.copy_location(ast.Call(prepares, [], []), base)


def _run_by_a_class(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """What Python calls to make a class: of its metaclass, and of what its attributes hold."""
    if isinstance(node, ast.ClassDef):
        metaclass = next((k.value for k in node.keywords if k.arg == "metaclass"), None)
        yield from ((metaclass, method) for method in ("__new__", "__init__") if metaclass is not None)
        held = [s.value for s in node.body if isinstance(s, ast.Assign | ast.AnnAssign)]
        yield from ((value, "__set_name__") for value in held if isinstance(value, ast.Call | ast.Name))


def _runs_before_the_fork(scope: Scope) -> bool:
    holder, _, method = scope.symbol.rpartition(".")
    if method in _OF_A_STEP and "bootsteps" in scope.module.source.text:
        return descends_from(scope.machine.resolve(holder), *_STEPS)
    for decorator in getattr(scope.root, "decorator_list", []):
        connected = decorator.func if isinstance(decorator, ast.Call) else decorator
        if (
            isinstance(connected, ast.Attribute)
            and connected.attr == "connect"
            and last(connected.value) in _BEFORE_FORK
        ):
            return True
    return False


def _opened_by(scope: Scope, call: ast.Call) -> tuple[bool, str] | None:
    """Whether the function of the project called here surely opens a connection, and by which library; None when none was found."""
    found: list[tuple[bool, str]] = []
    seen: set[tuple[str, str]] = set()
    pending = deque((inner, sure, 1, _left_out(scope, call, inner, {})) for inner, sure in _runs(scope, call))
    while pending and len(seen) < _FOLLOWED:
        inner, sure, depth, left = pending.popleft()
        if (inner.symbol, str(left)) in seen:
            continue
        seen.add((inner.symbol, str(left)))
        for other in (*inner.calls, *operator_calls(inner)):
            tests = list(_tests_around(inner, other, left))
            if any(isinstance(node, ast.Lambda) for node in inner.around(other)) or False in tests:
                continue
            always = sure and all(tests)
            if library := _opens(inner, other):
                found.append((always, library))
            elif depth < _DEPTH:
                runs = _runs(inner, other)
                pending.extend((o, always and known, depth + 1, _left_out(inner, other, o, left)) for o, known in runs)
    # One that the children would share comes first, then one that is sure.
    return min(found, key=lambda one: (one[1] in _OWN_AFTER_FORK, not one[0]), default=None)


def _left_out(scope: Scope, call: ast.Call, inner: Scope, known: dict[str, object]) -> dict[str, object]:
    """The parameters of a function that this call leaves at a constant, or gives one: `Extension()` has no application.

    `known`: those of the function that calls.
    """
    spec = inner.root.args if isinstance(inner.root, ast.FunctionDef) else None
    spread = any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords)
    # What is called by a decorator, or by `map`, is given more than is written.
    if spec is None or spread or call not in scope.parents or _applied(call) is not call.func:
        return {}
    given = dict(zip(placed(spec), call.args, strict=False)) | {k.arg: k.value for k in call.keywords if k.arg}
    held = {**defaults_of(spec), **given}
    again = {name.id for name in inner.all(ast.Name) if isinstance(name.ctx, ast.Store)}
    held = {n: v for n, v in held.items() if n not in again}
    handed = {n: known[v.id] for n, v in held.items() if isinstance(v, ast.Name) and v.id in known}
    return handed | {n: v.value for n, v in held.items() if isinstance(v, ast.Constant)}


def _tests_around(scope: Scope, node: ast.AST, known: dict[str, object]) -> Iterator[bool | None]:
    """What each test around a call, or that leaves before it, says: whether the call is then reached, None where nobody knows."""
    below = node
    for around in scope.around(node):
        if isinstance(around, ast.If) and below is not around.test:
            told = _truth(around.test, known)
            yield None if told is None else told is (below in around.body)
        for block in (getattr(around, "body", ()), getattr(around, "orelse", ())):
            before = block[: block.index(below)] if isinstance(block, list) and below in block else ()
            leaving = [s for s in before if isinstance(s, ast.If) and isinstance(s.body[-1], ast.Return | ast.Raise)]
            yield from (False for s in leaving if _truth(s.test, known) is True)
        below = around


def _truth(test: ast.expr, known: dict[str, object]) -> bool | None:
    """What a test says of parameters whose values are known."""
    if isinstance(test, ast.Name):
        return bool(known[test.id]) if test.id in known else None
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        told = _truth(test.operand, known)
        return None if told is None else not told
    if isinstance(test, ast.BoolOp):
        every, decisive = [_truth(one, known) for one in test.values], isinstance(test.op, ast.Or)
        return decisive if decisive in every else None if None in every else not decisive
    if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id in known:
        none = isinstance(test.comparators[0], ast.Constant) and test.comparators[0].value is None
        if none and isinstance(test.ops[0], ast.Is | ast.IsNot):
            return (known[test.left.id] is None) is isinstance(test.ops[0], ast.Is)
    return None


def _runs(scope: Scope, call: ast.Call) -> list[tuple[Scope, bool]]:
    """The scope of what this call runs, and whether that is sure: methods of an unknown receiver are found by a rare name."""
    walked = _is_walked(scope, call)
    if found := [f for value in _in_turn(scope, call) if (f := _run_by(scope, value, walked=walked))]:
        return [(function_scope(scope.machine, function), True) for function in found]
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if not name or name in COMMON or scope.external(call.func) or scope.evaluated(call.func) is not UNKNOWN:
        return []
    named = scope.machine.graph.methods(name)
    if len(named) > _MOST_OF_A_NAME:
        return []
    return [(scope_at(scope.machine, m, f"{m}:{qualified}", place), False) for m, qualified, place in named]


def _in_turn(scope: Scope, call: ast.Call) -> list[Value]:
    """What a call runs: what each turn of a loop gives its name, where the loop goes over what is known."""
    applied = _applied(call)
    loops: list[ast.comprehension | ast.For] = []
    for around in scope.around(call) if isinstance(applied, ast.Name) else ():
        loops += [around] if isinstance(around, ast.For) else getattr(around, "generators", [])
    for loop in loops:
        held = scope.evaluated(loop.iter) if last(loop.target) == last(applied) else None
        held = [*held.values()] if isinstance(held, dict) and last(loop.iter) == "values" else held
        if isinstance(held, list | tuple):
            return [unwrap(one)[0] for one in held]
    return [scope.evaluated(applied)]


def _is_walked(scope: Scope, call: ast.Call) -> bool:
    """Whether something goes over what a call gives, or waits for it: a generator or a coroutine runs."""
    holder = scope.parents.get(call)
    if last(call.func) in {"__iter__", "__next__"}:
        return True
    if isinstance(holder, ast.For | ast.comprehension):
        return holder.iter is call
    # One that is kept in a name is taken to be run: nobody makes a coroutine at import for nothing.
    kept = isinstance(holder, ast.Assign) and not scope.symbol and bool(_RUN_LATER.search(scope.module.source.text))
    going = isinstance(holder, ast.Call) and call in holder.args and last(holder.func) in _RUNNING
    return going or kept or isinstance(holder, ast.Await) or _is_made_synchronous(call)


def _is_made_synchronous(call: ast.Call) -> bool:
    """`async_to_sync(opened)()`."""
    return isinstance(call.func, ast.Call) and last(call.func.func) == "async_to_sync"


def _run_by(scope: Scope, value: Value, *, walked: bool) -> FunctionValue | None:
    """The function whose body a call of this runs at once: not a coroutine or a generator that nothing waits for or goes over."""
    if isinstance(value, ClassValue):
        value = scope.machine.attribute(scope.machine, value, "__init__")
    function = function_of(value)
    if function is None or isinstance(function.node, ast.Lambda):
        return None
    later = isinstance(function.node, ast.AsyncFunctionDef) or any(
        isinstance(n, ast.Yield | ast.YieldFrom) for n in walk(function.node)
    )
    return None if later and not walked else function


def _applied(call: ast.Call) -> ast.expr:
    """What a call runs: its callee, what `map` is given to run, or what is made synchronous."""
    if isinstance(call.func, ast.Call) and call.func.args and _is_made_synchronous(call):
        return call.func.args[0]
    return call.args[0] if last(call.func) in _MAPPING and len(call.args) > 1 else call.func


def _opens(scope: Scope, call: ast.Call) -> str:
    """The library by which a call opens a connection; empty when it opens none."""
    name = scope.external(_applied(call))
    opening = keyword(call, "open")
    if name == "psycopg_pool.ConnectionPool" and opening is not None and scope.value(opening) is False:
        return ""
    if name in _CONNECTIONS or name.endswith(("django.db.connection.cursor", "django.db.connection.ensure_connection")):
        return name.partition(".")[0]
    if name in _AWAITED:
        return name.partition(".")[0] if _is_walked(scope, call) else ""
    if _reflects(scope, call):
        return "sqlalchemy"
    if last(call.func) in _OF_ENGINE and isinstance(call.func, ast.Attribute) and _is_an_engine(scope, call.func.value):
        return "sqlalchemy"
    return _commanded(scope, call) or ("django" if _asks_for_rows(scope, call) else "")


def _reflects(scope: Scope, call: ast.Call) -> bool:
    """Whether SQLAlchemy reads or writes what tables there are: `MetaData.reflect`, `automap_base().prepare`, `Table`, `inspect`."""
    given = next((keyword(call, name) for name in _GIVEN if keyword(call, name) is not None), None)
    if last(call.func) in _ENGINE:
        given = given or next(iter(call.args), None)
        of_tables = "metadata" in ast.unparse(call.func).lower() or scope.external(call.func).startswith(_SQLALCHEMY)
        unknown = scope.evaluated(call.func) is UNKNOWN
        return given is not None and (of_tables or (unknown and _is_an_engine(scope, given)))
    if last(call.func) == "inspect":
        return scope.external(call.func).startswith("sqlalchemy.") and any(_is_an_engine(scope, a) for a in call.args)
    return keyword(call, "autoload_with") is not None or (
        scope.external(call.func).startswith("sqlalchemy.")
        and any(keyword(call, name) is not None for name in ("autoload", "reflect"))
    )


def _is_an_engine(scope: Scope, held: ast.expr) -> bool:
    """`engine`, `db.engine`, `create_engine(…)`, and what one of these gave."""
    name = last(held.func) if isinstance(held, ast.Call) else last(held)
    value = scope.evaluated(held)
    made = value.cls.dotted if isinstance(value, Instance) and isinstance(value.cls, External) else ""
    return name in {"engine", "get_engine", "create_engine"} or made.startswith(_MADE_ENGINES)


def _asks_for_rows(scope: Scope, call: ast.Call) -> bool:
    """`Doc.objects.count()`, `list(Doc.objects.all())`, `[doc.pk for doc in Doc.objects.all()]`."""
    if not _is_of_a_manager(call):
        return last(call.func) in _GOING_OVER and any(map(_is_of_a_manager, call.args))
    if last(call.func) in _ASKING:
        return True
    holder = scope.parents.get(call)
    return isinstance(holder, ast.comprehension | ast.For) and holder.iter is call


def _is_of_a_manager(node: ast.expr) -> bool:
    calls = list(chain(node))
    ends = calls[-1].func if calls else None
    holder = ends.value if isinstance(ends, ast.Attribute) else None
    return isinstance(holder, ast.Attribute) and holder.attr in {"objects", "_default_manager"}


def _commanded(scope: Scope, call: ast.Call) -> str:
    """The library of `client.set(…)`, where this scope made the client."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr in _NO_COMMAND:
        return ""
    maker = _made(scope, call.func.value)
    name = scope.external(maker.func) if isinstance(maker, ast.Call) else ""
    library = name.partition(".")[0]
    return library if library in _LIBRARIES and name.rpartition(".")[2] in _MAKERS else ""


def _made(scope: Scope, receiver: ast.expr) -> ast.expr:
    if not isinstance(receiver, ast.Name | ast.Attribute):
        return receiver
    text = ast.unparse(receiver)
    given = [n.value for n in scope.all(ast.Assign) for target in n.targets if ast.unparse(target) == text]
    given += [n.value for n in scope.all(ast.AnnAssign) if n.value and ast.unparse(n.target) == text]
    return given[0] if len(given) == 1 else receiver


def _is_guarded(scope: Scope, call: ast.Call) -> bool:
    """Whether it only happens when the file is run as a script, or when a lambda is called."""
    return any(
        isinstance(node, ast.Lambda) or (isinstance(node, ast.If) and "__name__" in ast.unparse(node.test))
        for node in scope.around(call)
    )
