"""The clients that a method finds in its own object, or that a `with` made: which library's, and how they were made."""

import ast
from collections.abc import Iterator

from audit.reading.behaviour.called_functions import inside
from audit.reading.behaviour.row_objects import owner
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import ClassValue, FunctionValue

_CLASSES = frozenset({"Client", "AsyncClient", "Session", "AsyncSession", "session"})


def kept_client(scope: Scope, call: ast.Call) -> tuple[str, ast.Call, Scope] | None:
    """The dotted class of what sends `self.client.get(…)`, the call that made it and its scope; None where nobody made it here."""
    holder = call.func.value if isinstance(call.func, ast.Attribute) else None
    if holder is None:
        return None
    for inner, made in _makers(scope, holder):
        dotted = inner.external(made.func)
        if last(made.func) in _CLASSES and dotted:
            return dotted, made, inner
    return None


def _makers(scope: Scope, holder: ast.expr) -> Iterator[tuple[Scope, ast.Call]]:
    if isinstance(holder, ast.Name):
        entered = (
            w.context_expr for w in scope.all(ast.withitem) if w.optional_vars and last(w.optional_vars) == holder.id
        )
        yield from ((scope, made) for made in entered if isinstance(made, ast.Call))
    if not (isinstance(holder, ast.Attribute) and isinstance(holder.value, ast.Name) and holder.value.id == "self"):
        return
    cls = owner(scope)
    for method in cls.names.values() if isinstance(cls, ClassValue) else ():
        inner = inside(scope, method if isinstance(method, FunctionValue) else None)
        for assign in inner.all(ast.Assign) if inner else ():
            own = any(last(t) == holder.attr and isinstance(t, ast.Attribute) for t in assign.targets)
            if inner and own and isinstance(assign.value, ast.Call):
                yield inner, assign.value
