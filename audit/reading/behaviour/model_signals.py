"""Receivers of Django's signals, those of its models and a project's own, and listeners of SQLAlchemy's events."""

import ast
import re
from collections.abc import Iterator, Sequence

from audit.model.observations.messages import SignalReceiver
from audit.reading.behaviour.scope import Scope, calls_of, last
from audit.reading.python.abstract_values import External, Instance
from audit.reading.python.child_nodes import walk
from audit.reading.python.interpreter import Machine

SIGNALS = frozenset({"pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed", "pre_init", "post_init"})

# They send theirs once the document is written, in no transaction of their own.
_OTHERS = frozenset({"mongoengine", "flask_mongoengine", "blinker", "pymodm"})
_SENDING = ("send", "send_robust", "send_async", "asend", "asend_robust")
# Events of SQLAlchemy that it fires between the first write of a transaction and its commit.
_EARLY = re.compile(
    r"^((before|after)_(insert|update|delete|flush|flush_postexec|attach)|before_commit|after_bulk_\w+|before_models_committed)$"
)


def listens_before_commit(scope: Scope) -> bool:
    """Whether SQLAlchemy runs a function while a transaction is open: by its decorator, or by a call of its module."""
    if scope.listens is None:
        scope.listens = _listens_before_commit(scope)
    return scope.listens


def _listens_before_commit(scope: Scope) -> bool:
    name = getattr(scope.root, "name", "")
    decorating = [d for d in getattr(scope.root, "decorator_list", []) if isinstance(d, ast.Call)]
    if any(last(d.func) == "listens_for" and _is_early(d.args[1:2]) for d in decorating):
        return True
    if not name or "listen(" not in scope.module.source.text:
        return False
    calls = [n for n in walk(scope.module.tree) if isinstance(n, ast.Call) and last(n.func) == "listen"]
    return any(len(c.args) > 2 and last(c.args[2]) == name and _is_early(c.args[1:2]) for c in calls)


def _is_early(given: Sequence[ast.expr]) -> bool:
    return any(isinstance(e, ast.Constant) and _EARLY.match(str(e.value)) for e in given)


def is_signal_receiver(scope: Scope) -> bool:
    """Whether a function receives a model's signal: decorated with `receiver` or `connect`, or connected in its module."""
    name = getattr(scope.root, "name", "")
    return bool(name) and (not SIGNALS.isdisjoint(_decorating(scope)) or name in _connected(scope.machine))


def is_given_instance(scope: Scope, name: str) -> bool:
    """Whether a parameter is the row that a model's signal tells of."""
    return name in {"instance", "document"} and is_signal_receiver(scope)


def sent_to(scope: Scope, name: str) -> Iterator[tuple[Scope, ast.expr]]:
    """What the senders of a project's own signal give a parameter of its receiver, each with where it stands."""
    for signal in frozenset(_decorating(scope)) - SIGNALS:
        for method in _SENDING:
            for other, call in calls_of(scope, method, f"{signal}.{method}("):
                if isinstance(call.func, ast.Attribute) and last(call.func.value) == signal:
                    yield from ((other, given.value) for given in call.keywords if given.arg == name)


def is_sent_otherwise(scope: Scope) -> bool:
    """Whether the project names a signal of this receiver for more than to make it, to connect to it or to send it by its name."""
    texts = [module.source.text for module in scope.machine.project.own()]
    known = rf"\.(?:{'|'.join(_SENDING)}|connect|disconnect)\b"
    for signal in map(re.escape, _decorating(scope)):
        lines = rf"(?m)^(?!\s*(?:from|import|@)|.*\b{signal}\b\s*(?::[^=\n]+)?=(?!=))[^#\n]*\b{signal}\b(?!{known})"
        if any(re.search(lines, text) for text in texts):
            return True
    return False


def signal_receivers(scope: Scope) -> Iterator[SignalReceiver]:
    """Each SignalReceiver: a decorated function by its symbol, a connected one by its name."""
    if scope.symbol and (signals := tuple(_origin(scope, s) for s in _nodes(scope))):
        yield scope.observed(SignalReceiver, scope.root, name=getattr(scope.root, "name", ""), signals=signals)
    for call in scope.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "connect" and call.args:
            signal, name = _origin(scope, call.func.value), last(call.args[0])
            if signal and name and not isinstance(call.args[0], ast.Constant):
                looped = _looped(scope, call, last(call.func.value))
                seen = scope.observed(SignalReceiver, call, name=name, signals=looped or (signal,))
                yield SignalReceiver("", seen.excerpt, seen.name, seen.signals)


def _looped(scope: Scope, call: ast.Call, name: str) -> tuple[str, ...]:
    """The signals of `for signal in (post_save, post_delete): signal.connect(…)`."""
    for loop in scope.around(call):
        if isinstance(loop, ast.For) and last(loop.target) == name and isinstance(loop.iter, ast.Tuple | ast.List):
            return tuple(_origin(scope, one) for one in loop.iter.elts)
    return ()


def _origin(scope: Scope, node: ast.expr) -> str:
    """The last name of a signal; with where it comes from for one that no Django sends, as those of MongoEngine."""
    value = scope.evaluated(node)
    made = value.cls if isinstance(value, Instance) else value
    library = made.dotted.partition(".")[0] if isinstance(made, External) else ""
    written = scope.of_module.get(node.id) if isinstance(node, ast.Name) else None
    if isinstance(written, ast.Call):
        library = scope.external(written.func).partition(".")[0]
    return f"{library}.{last(node)}" if library in _OTHERS and last(node) else last(node)


def _decorating(scope: Scope) -> Sequence[str]:
    """Last names of the signals that the decorators of a function connect it to."""
    return [last(signal) for signal in _nodes(scope)]


def _nodes(scope: Scope) -> list[ast.expr]:
    return [signal for d in getattr(scope.root, "decorator_list", []) for signal in _signals(d)]


def _signals(decorator: ast.expr) -> Iterator[ast.expr]:
    if not isinstance(decorator, ast.Call):
        if isinstance(decorator, ast.Attribute) and decorator.attr == "connect" and last(decorator.value):
            yield decorator.value
    elif last(decorator.func) == "receiver":
        given = decorator.args[:1]
        each = given[0].elts if given and isinstance(given[0], ast.List | ast.Tuple) else given
        yield from filter(last, each)
    elif isinstance(decorator.func, ast.Name) and decorator.func.id in SIGNALS:
        yield decorator.func
    elif isinstance(decorator.func, ast.Attribute):
        yield from _signals(decorator.func)


def _connected(machine: Machine) -> frozenset[str]:
    """Names of functions that a module of the program connects to a model's signal."""
    if machine.connected is None:
        connecting = [m for m in machine.project.naming(".connect(") if any(s in m.source.text for s in SIGNALS)]
        calls = (n for module in connecting for n in walk(module.tree) if isinstance(n, ast.Call) and n.args)
        machine.connected = frozenset(
            last(n.args[0]) for n in calls if not SIGNALS.isdisjoint(map(last, _signals(n.func)))
        )
    return machine.connected
