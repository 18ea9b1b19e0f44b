"""What running a block of statements would load and call: modules imported, names mentioned, functions left for later."""

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from audit.reading.python.child_nodes import children
from audit.reading.python.modules import Module
from audit.reading.python.syntax_cache import Definition, Place
from audit.target.import_paths import imported_names

# Decorators under which a function waits for a request, a message or a command; under another one, it may be called at once.
_WAITING = frozenset(
    (
        "abstractmethod", "asynccontextmanager", "cache", "cached_property", "classmethod", "contextmanager", "deleter",
        "getter", "lru_cache", "overload", "override", "property", "setter", "staticmethod", "wraps",
        "periodic_task", "shared_task", "task",
        "action", "api_view", "delete", "expose", "get", "head", "options", "patch", "post", "put", "route", "websocket",
        "argument", "command", "group", "option", "pass_context",
    )
)  # fmt: skip
# Methods that Celery, Django or a bootstep call by themselves while a worker starts.
_HOOKS = frozenset(
    (
        "create", "import_default_modules", "import_task_module", "include_if", "init_app", "on_init", "on_worker_init",
        "on_worker_process_init", "read_configuration", "ready", "register_with_event_loop", "start",
    )
)  # fmt: skip
ENVIRONMENT = frozenset(("environ", "getenv"))
_WORDED = re.compile(r"[.:\w]+")


@dataclass(frozen=True)
class Waiting:
    """A function that a block defines. `by_itself`: something that starts may call it without a mention of its name."""

    name: str
    by_itself: bool
    module: Module
    place: Place[Definition]


@dataclass
class Executed:
    """What one block mentions, and the functions it defines. `from_outside`: names bound to what the environment says.

    `bound`: names that an assignment binds, which an import does not.
    """

    imports: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    strings: set[str] = field(default_factory=set)
    bound: set[str] = field(default_factory=set)
    from_outside: set[str] = field(default_factory=set)
    discoveries: list[ast.Call] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)


def executed(module: Module, body: Iterable[ast.stmt]) -> Executed:
    """What these statements of a module mention, in whatever branch; annotations and docstrings are left out."""
    found = Executed()
    asks_outside = any(word in module.source.text for word in ENVIRONMENT)
    pending: list[ast.AST] = list(body)
    while pending:
        node = pending.pop()
        if isinstance(node, Definition):
            found.waiting.append(Waiting(node.name, _called_by_itself(node), module, Place(module, node)))
            pending += [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
            continue
        if isinstance(node, ast.If) and _for_checkers(node.test):
            pending += node.orelse
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.AnnAssign):
            found.bound.add(_last_name(node.target))
            pending += [node.target, *filter(None, [node.value])]
            continue
        _note(module, node, found)
        if asks_outside and isinstance(node, ast.Assign):
            _note_source(node, found)
        pending += children(node)
    return found


def _called_by_itself(function: Definition) -> bool:
    """Whether a decorator, a framework that starts, or Python itself may call this function."""
    name = function.name
    if name in _HOOKS or (name.startswith("__") and name.endswith("__")):
        return True
    return any(_last_name(decorator) not in _WAITING for decorator in function.decorator_list)


def _note(module: Module, node: ast.AST, found: Executed) -> None:
    if isinstance(node, ast.Import | ast.ImportFrom):
        found.imports += imported_names(node, module.package)
        # A function is called by its other name.
        found.names.update(alias.name for alias in node.names if alias.asname)
    elif isinstance(node, ast.Name):
        found.names.add(node.id)
    elif isinstance(node, ast.Attribute):
        found.names.add(node.attr)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        _note_text(node.value, found)
    elif isinstance(node, ast.Assign):
        found.bound.update(map(_last_name, node.targets))
    elif isinstance(node, ast.Call) and _last_name(node) in {"autodiscover_tasks", "autodiscover_modules"}:
        found.discoveries.append(node)


def _note_source(node: ast.Assign, found: Executed) -> None:
    if not ENVIRONMENT.isdisjoint(map(_last_name, _expressions(node.value))):
        found.from_outside.update(map(_last_name, node.targets))


def _note_text(text: str, found: Executed) -> None:
    if len(text) < 200 and _WORDED.fullmatch(text):
        found.strings.add(text)
        if text.isidentifier():
            # `getattr(self, "connect")`
            found.names.add(text)


def _expressions(node: ast.expr) -> Iterable[ast.expr]:
    return (inner for inner in ast.walk(node) if isinstance(inner, ast.expr))


def _for_checkers(test: ast.expr) -> bool:
    return _last_name(test) == "TYPE_CHECKING"


def _last_name(node: ast.expr) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def related_names(calls: Sequence[ast.Call]) -> set[str] | None:
    """Last names of the modules that `autodiscover_tasks` would load; None when they cannot be told."""
    found: set[str] = set()
    for call in calls:
        if _last_name(call) == "autodiscover_modules":
            given: list[ast.expr] = list(call.args)
        else:
            keywords = [k.value for k in call.keywords if k.arg == "related_name"]
            given = keywords or call.args[1:2] or [ast.Constant("tasks")]
        values = [node.value if isinstance(node, ast.Constant) else None for node in given]
        if any(keyword.arg is None for keyword in call.keywords) or not all(isinstance(v, str) for v in values):
            return None
        found.update(str(value) for value in values)
    return found
