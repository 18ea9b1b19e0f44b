"""Code that destroys what waits in the queues: `app.control.purge()`, and where it is run from."""

import ast
from collections.abc import Iterator

from audit.model.observations.messages import QueuePurge
from audit.reading.behaviour.scope import Scope, last

_PURGES = frozenset({"purge", "discard_all"})
_AT_START = ("worker_", "celeryd_", "beat_", "on_after_", "setup_logging")


def purges(scope: Scope) -> Iterator[QueuePurge]:
    """Each QueuePurge of a scope, but those of a module that has to be run by its name."""
    for call in scope.calls:
        held = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr in _PURGES else None
        if held is not None and last(held) in {"control", "Control"} and not _by_hand(scope, call):
            yield scope.observed(QueuePurge, call, module=scope.module.name, at_start=_at_start(scope.root))


def _by_hand(scope: Scope, call: ast.Call) -> bool:
    """Whether the module has to be run by its name, as a script is."""
    tests = [node.test for node in scope.around(call) if isinstance(node, ast.If)]
    return not scope.symbol and any("__main__" in ast.unparse(test) for test in tests)


def _at_start(root: ast.AST) -> bool:
    decorators = root.decorator_list if isinstance(root, ast.FunctionDef | ast.AsyncFunctionDef) else []
    texts = [ast.unparse(d).split("(")[0].split(".") for d in decorators]
    return any(name.startswith(_AT_START) for parts in texts if parts[-1] == "connect" for name in parts)
