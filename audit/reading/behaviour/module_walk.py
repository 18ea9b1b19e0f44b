"""One walk over the modules of a target, and the watchers that look at each function on the way."""

import ast
from collections.abc import Callable, Iterator
from itertools import chain

from audit.model.observations.observation import Observation
from audit.reading.behaviour.blocking_calls import waiting
from audit.reading.behaviour.clocks import naive_clocks
from audit.reading.behaviour.counters import unprotected_counters
from audit.reading.behaviour.locks import endless_locks
from audit.reading.behaviour.mentions import mentions
from audit.reading.behaviour.network import network
from audit.reading.behaviour.process_state import process_state
from audit.reading.behaviour.publications import publications
from audit.reading.behaviour.purges import purges
from audit.reading.behaviour.retry_outcomes import RetryFates
from audit.reading.behaviour.scope import Scope
from audit.reading.behaviour.secrets import literal_secrets, may_hold_a_secret
from audit.reading.behaviour.sql_counters import sql_counters
from audit.reading.behaviour.swallowed_errors import swallowed_errors
from audit.reading.behaviour.table_reads import unpaged_reads
from audit.reading.behaviour.transactions import published_too_early
from audit.reading.python.child_nodes import children
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Module

Watcher = Callable[[Scope], Iterator[Observation]]

# Each with words of which a module's text must hold one for it to see anything: most modules are not walked at all.
_PUBLISHING = (".delay(", "apply_async", "send_task", "_on_commit")
_WATCHERS: tuple[tuple[tuple[str, ...], Watcher], ...] = (
    (
        ("sleep", *_PUBLISHING, "AsyncResult", "GroupResult", "ResultSet", "group(", "chord(", "while True", "while 1"),
        waiting,
    ),
    (("task",), swallowed_errors),
    (("utcnow(", ".now(", ".today(", "fromtimestamp("), naive_clocks),
    ((*_PUBLISHING, "countdown", "eta=", "queue=", "signature"), publications),
    (_PUBLISHING, published_too_early),
    ((".save(", ".asave(", ".commit(", ".set(", ".hset(", ".setex(", ".update("), unprotected_counters),
    ((".execute(", ".exec_driver_sql(", ".fetchval(", ".scalar("), sql_counters),
    (
        (
            "requests",
            "urlopen",
            "httpx",
            "aiohttp",
            "verify",
            "ssl_cert_reqs",
            "_create_unverified",
            "setdefaulttimeout",
        ),
        network,
    ),
    (("nx=", "setnx", ".lock("), endless_locks),
    ((".execute(",), unpaged_reads),
    (("purge(", "discard_all("), purges),
    (("global ", "connect", "MongoClient", "BlockingConnection"), process_state),
)


def read_code(machine: Machine) -> tuple[Observation, ...]:
    """What every function of the target does that a rule may judge; code that only serves tests is left out."""
    modules = [machine.project.modules[name] for name in sorted(machine.project.modules)]
    machine.start_functions()
    fates = RetryFates(machine)
    seen = (_observations(machine, module, fates) for module in modules)
    return (*mentions(machine.project), *chain.from_iterable(seen))


def _observations(machine: Machine, module: Module, fates: RetryFates) -> list[Observation]:
    text = module.source.text
    if machine.project.is_test_file(module.source.path):
        return []
    watchers = [watcher for words, watcher in _WATCHERS if any(word in text for word in words)]
    if module.name in fates.modules:
        watchers.append(fates)
    if may_hold_a_secret(text):
        watchers.append(literal_secrets)
    return [
        seen for scope in (scopes(machine, module) if watchers else ()) for watch in watchers for seen in watch(scope)
    ]


def scopes(machine: Machine, module: Module) -> Iterator[Scope]:
    """The module's own statements, then each function of it, those inside others included."""
    pending: list[tuple[str, str, ast.AST]] = [("", "", module.tree)]
    while pending:
        symbol, prefix, root = pending.pop()
        scope = Scope(machine, module, symbol, root)
        for qualified, node in _gather(scope, prefix):
            pending.append((f"{module.name}:{qualified}", f"{qualified}.<locals>.", node))
        yield scope


def _gather(scope: Scope, prefix: str) -> Iterator[tuple[str, ast.AST]]:
    """Sort the nodes of a scope by type; the functions found inside, by their qualified names."""
    body: list[ast.AST] = list(getattr(scope.root, "body", []))
    pending = [(node, scope.root, prefix) for node in reversed(body)]
    nodes, parents = scope.nodes, scope.parents
    while pending:
        node, parent, prefix = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{node.name}", node
            continue
        parents[node] = parent
        nodes.setdefault(type(node), []).append(node)
        inner = f"{prefix}{node.name}." if isinstance(node, ast.ClassDef) else prefix
        if not isinstance(node, ast.Name | ast.Constant):
            pending += [(child, node, inner) for child in reversed(children(node))]
