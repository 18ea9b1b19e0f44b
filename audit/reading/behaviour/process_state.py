"""State that each process keeps for itself: globals that change, connections opened while a module is imported."""

import ast
from collections.abc import Iterator

from audit.model.observations.observation import Observation
from audit.model.observations.shared_data import ConnectionAtImport, GlobalCounter
from audit.reading.behaviour.scope import Scope

_CONNECTIONS = frozenset(
    {
        "psycopg2.connect",
        "psycopg.connect",
        "psycopg.Connection.connect",
        "pymysql.connect",
        "MySQLdb.connect",
        "mysql.connector.connect",
        "pymongo.MongoClient",
        "pymongo.mongo_client.MongoClient",
        "pika.BlockingConnection",
    }
)


def process_state(scope: Scope) -> Iterator[Observation]:
    """GlobalCounter: a global counted up by a function; ConnectionAtImport: one that children would share."""
    if scope.symbol:
        shared = {name for node in scope.all(ast.Global) for name in node.names}
        for node in scope.all(ast.AugAssign):
            if isinstance(node.target, ast.Name) and node.target.id in shared:
                yield scope.observed(GlobalCounter, node, name=node.target.id)
        return
    for call in scope.calls:
        if scope.external(call.func) in _CONNECTIONS and not _is_guarded(scope, call):
            yield scope.observed(ConnectionAtImport, call)


def _is_guarded(scope: Scope, call: ast.Call) -> bool:
    """Whether it only happens when the file is run as a script, or when a lambda is called."""
    return any(
        isinstance(node, ast.Lambda) or (isinstance(node, ast.If) and "__name__" in ast.unparse(node.test))
        for node in scope.around(call)
    )
