"""The call that does all of a function's work, where one does: a failure that it swallows is the function's own."""

import ast
import re

from audit.reading.behaviour.scope import last
from audit.reading.behaviour.told_failures import LOGGING
from audit.reading.python.child_nodes import walk

_TABLES = re.compile(r"__subclasses__|entry_points|\.(?:values|items)\(\)$|^[A-Z][A-Z_]+$")

# `_do_init()`, `django.setup()`, `close_old_connections()`: what only makes the process ready.
_PREPARES = re.compile(r"(?:^|_)(?:init|initiali[sz]e|set_?up|configure|bootstrap|connections?)(?:_|$)")


# What finds an object that was kept, by its key or its name.
_FINDS = re.compile(r"(?:^|[._])(?:get|first|one|one_or_none|scalar|find|load|lookup|fetch)(?:_\w+)?\(")


def whole_work(tree: ast.AST) -> str:
    """What is called, as written; empty where a function does something else too."""
    statements = _works(getattr(tree, "body", []))
    while len(statements) == 1 and (_holds(statements[0]) or _chooses(statements[0])):
        body: list[ast.stmt] = getattr(statements[0], "body", [])
        statements = _works(getattr(body[0], "body", []) if _chooses(statements[0]) else body)
    if len(statements) != 1:
        return ""
    call = _called(statements[0])
    return ast.unparse(call.func) if call else ""


def _holds(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.With | ast.AsyncWith) or (isinstance(statement, ast.Try) and not statement.orelse)


def _works(body: list[ast.stmt]) -> list[ast.stmt]:
    """What is left of a block without what stands aside, and without what only finds the objects that the rest works on."""
    statements = [s for s in body if not _is_aside(s)]
    used = {n.id for n in walk(statements[-1]) if isinstance(n, ast.Name)} if statements else set()
    kept = [s for s in reversed(statements[:-1]) if not _finds(s, used)]
    return [*reversed(kept), *statements[-1:]]


def _finds(statement: ast.stmt, used: set[str]) -> bool:
    """Whether a statement only gives its value to a name that is used after, or ends the function where there is nothing to do."""
    if isinstance(statement, ast.Try):
        return not statement.finalbody and all(_is_aside(s) or _finds(s, used) for s in reversed(statement.body))
    if isinstance(statement, ast.If):
        return not statement.orelse and _ends(statement.body)
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    found = {n.id for target in targets for n in walk(target) if isinstance(n, ast.Name)}
    if found & used and isinstance(statement, ast.Assign):
        used |= {n.id for n in walk(statement.value) if isinstance(n, ast.Name)}
        return _FINDS.search(ast.unparse(statement.value)) is not None
    return False


def _ends(body: list[ast.stmt]) -> bool:
    *before, last_one = body
    return isinstance(last_one, ast.Return | ast.Raise) and all(_is_aside(s) for s in before)


def _chooses(statement: ast.stmt) -> bool:
    """Whether a loop only finds one of the classes, or of the entries of a table, that a test names."""
    if not isinstance(statement, ast.For) or len(statement.body) != 1 or not isinstance(statement.body[0], ast.If):
        return False
    test = statement.body[0].test
    equal = isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq | ast.In)
    return equal and not statement.body[0].orelse and _TABLES.search(ast.unparse(statement.iter)) is not None


def _called(statement: ast.stmt) -> ast.Call | None:
    value = statement.value if isinstance(statement, ast.Expr | ast.Return | ast.Assign | ast.AnnAssign) else None
    if isinstance(value, ast.Await):
        value = value.value
    if isinstance(value, ast.Call) and last(value.func) in {"run", "async_to_sync"} and value.args:
        # `asyncio.run(work())`, `async_to_sync(work)()`.
        inner = value.args[0]
        value = inner if isinstance(inner, ast.Call) else value
    return value if isinstance(value, ast.Call) else None


def _is_aside(statement: ast.stmt) -> bool:
    """A docstring, an import, a line of log, a constant, an object that is only made, what makes ready, or the return of what was kept."""
    if isinstance(statement, ast.Return):
        return statement.value is None or isinstance(statement.value, ast.Constant | ast.Name)
    if isinstance(statement, ast.Assign):
        made = statement.value
        if isinstance(made, ast.Call) and last(made.func)[:1].isupper():
            parts = [*made.args, *(k.value for k in made.keywords)]
            return not any(isinstance(n, ast.Call | ast.Await) for part in parts for n in walk(part))
        return not any(isinstance(n, ast.Call | ast.Await) for n in walk(made))
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant) or _tells_or_prepares(statement.value)
    return isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass)


def _tells_or_prepares(value: ast.expr) -> bool:
    if not isinstance(value, ast.Call):
        return False
    prepares = not value.args and not value.keywords and _PREPARES.search(last(value.func)) is not None
    return prepares or last(value.func) in LOGGING
