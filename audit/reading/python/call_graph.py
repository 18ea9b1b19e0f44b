"""Builds the import and call graph of a target, one node for each module and each function."""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from audit.model.word_tables import word_set
from audit.reading.python.child_nodes import children, statements, walk
from audit.reading.python.lru_cache import LruCache
from audit.reading.python.modules import Module
from audit.reading.python.syntax_cache import Definition, Place, definitions
from audit.target.import_paths import imported_names

# Decorators under which a function waits for a request, a message or a command. Another one may call it at once.
_WAITING = word_set("""
    abstractmethod asynccontextmanager cache cached_property classmethod contextmanager deleter getter lru_cache
    overload override property setter staticmethod wraps periodic_task shared_task task action api_view delete expose
    get head options patch post put route websocket argument command group option pass_context
""")
# Methods that Celery, Django or a bootstep call by themselves while a worker starts.
_HOOKS = word_set("""
    create import_default_modules import_task_module include_if init_app on_init on_worker_init on_worker_process_init
    read_configuration ready register_with_event_loop start
""")
_PROPERTIES = frozenset(("property", "cached_property", "setter", "deleter", "hybrid_property"))
ENVIRONMENT = frozenset(("environ", "getenv"))
_MAKERS = frozenset({"dict", "list", "set", "defaultdict", "OrderedDict", "Counter", "deque"})
# They give each instance a copy of what their body makes.
_COPIED = frozenset({"BaseModel", "BaseSettings", "Struct", "Enum", "TypedDict", "NamedTuple", "Model", "SQLModel"})
_WORDED = re.compile(r"[.:\w]+")
_NAME = re.compile(r"[A-Za-z_]\w*")
_MOST_NAMES = 500_000
# Nothing adds to the sets of a block once it is read.
_NONE: set[str] = set()


@dataclass(frozen=True, slots=True)
class FunctionNode:
    """A function that a block defines. `by_itself`: something may call it without a mention of its name."""

    name: str
    by_itself: bool
    module: Module
    place: Place[Definition]


@dataclass(slots=True)
class Block:
    """The edges of one block of statements: `imports` to modules, `names` and `strings` to functions of these names.

    `assigned`: names that an assignment binds, which an import does not; `from_environment`: those bound to what the
    environment says; `discoveries`: calls that load modules of one name in every package. `implicit`: methods that no call names,
    special ones and properties; filled for a module only.
    """

    imports: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    strings: set[str] = field(default_factory=set)
    assigned: set[str] = field(default_factory=set)
    from_environment: set[str] = field(default_factory=set)
    discoveries: list[ast.Call] = field(default_factory=list)
    functions: list[FunctionNode] = field(default_factory=list)
    implicit: set[str] = field(default_factory=lambda: _NONE)


class CallGraph:
    """The graph of one reading: a block for each module read, and one for each function whose calls are asked for."""

    def __init__(self) -> None:
        self.modules: dict[str, Block] = {}
        self.definitions: dict[str, list[tuple[str, str, Place[Definition]]]] = {}
        # By module: the dictionaries, lists and sets that the bodies of its classes make, each after the name of its class.
        self.tables: dict[str, list[tuple[str, str]]] = {}
        # Symbols of the functions that take a request first.
        self.views: set[str] = set()
        self._bodies: LruCache[Place[Definition], Block] = LruCache(_MOST_NAMES)
        self._methods: dict[str, list[tuple[str, str, Place[Definition]]]] | None = None

    def add(self, module: Module, tree: ast.Module) -> None:
        """Add a module: the edges of its own statements, and the name, class and place of each function."""
        self._methods = None
        self.modules[module.name] = _block(module, tree.body)
        defined = list(definitions(tree))
        implicit = {q for q, owner, node in defined if owner and _is_implicit(node)}
        self.modules[module.name].implicit = implicit or _NONE
        self.definitions[module.name] = [(q, owner, Place.of(module, node)) for q, owner, node in defined]
        if tables := list(_class_tables(tree)):
            self.tables[module.name] = tables
        views = {f"{module.name}:{qualified}": _takes_a_request(node) for qualified, _, node in defined}
        self.views.update(symbol for symbol, is_one in views.items() if is_one)

    def body(self, module: Module, place: Place[Definition]) -> Block:
        """The edges of a function's body."""
        if found := self._bodies.get(place):
            return found
        block = _block(module, place.node().body)
        return self._bodies.put(place, block, 1 + len(block.names) + len(block.strings))

    def methods(self, name: str) -> list[tuple[str, str, Place[Definition]]]:
        """The methods that bear a name: module, qualified name and place of each."""
        if self._methods is None:
            self._methods = {}
            for module, found in self.definitions.items():
                for qualified, owner, place in found:
                    if owner and "<locals>" not in qualified:
                        key = qualified.rpartition(".")[2]
                        self._methods.setdefault(key, []).append((module, qualified, place))
        return self._methods.get(name, [])

    def definitions_not_in(self, symbols: frozenset[str] | set[str], module: str) -> Iterator[Place[Definition]]:
        """The functions of a module whose symbols are not among these."""
        return (place for name, _, place in self.definitions[module] if f"{module}:{name}" not in symbols)

    def called_from(self, text: str, followed: Collection[str]) -> Iterator[tuple[str, str]]:
        """Symbol and text of each function, not followed yet, that the names of a text may lead to."""
        named: dict[str, list[tuple[str, Place[Definition]]]] = {}
        for module, found in self.definitions.items():
            for qualified, _, place in found:
                if (symbol := f"{module}:{qualified}") not in followed:
                    named.setdefault(qualified.rpartition(".")[2], []).append((symbol, place))
        pending = [text]
        while pending:
            for name in set(_NAME.findall(pending.pop())) & named.keys():
                for symbol, place in named.pop(name):
                    pending.append(place.text)
                    yield symbol, place.text


def _block(module: Module, body: Iterable[ast.stmt]) -> Block:
    """What these statements of a module mention, in whatever branch; annotations and docstrings are left out."""
    found = Block()
    reads_environment = any(word in module.source.text for word in ENVIRONMENT)
    pending: list[ast.AST] = list(body)
    while pending:
        node = pending.pop()
        if isinstance(node, Definition):
            found.functions.append(FunctionNode(node.name, _called_by_itself(node), module, Place.of(module, node)))
            pending += [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        elif isinstance(node, ast.If) and _last_name(node.test) == "TYPE_CHECKING":
            pending += node.orelse
        elif isinstance(node, ast.AnnAssign):
            found.assigned.add(_last_name(node.target))
            pending += [node.target, *filter(None, [node.value])]
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            _add_edges(module, node, found)
            if reads_environment and isinstance(node, ast.Assign) and _reads_environment(node.value):
                found.from_environment.update(map(_last_name, node.targets))
            pending += children(node)
    # Most blocks leave most of them empty, and an empty set that may grow weighs 216 bytes.
    found.strings, found.assigned = found.strings or _NONE, found.assigned or _NONE
    found.from_environment = found.from_environment or _NONE
    return found


def _is_implicit(function: Definition) -> bool:
    """Whether Python calls this method where no call is written."""
    special = function.name.startswith("__") and function.name.endswith("__")
    return special or any(_last_name(decorator) in _PROPERTIES for decorator in function.decorator_list)


def _takes_a_request(function: Definition) -> bool:
    """Whether its first parameter, `self` apart, is a request, as that of the views of Django."""
    spec = function.args
    names = [a.arg for a in (*spec.posonlyargs, *spec.args, *([] if spec.vararg else spec.kwonlyargs))]
    return [name for name in names[:2] if name != "self"][:1] == ["request"]


def _class_tables(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The tables that all instances of a class share, as pairs of the names of both."""
    for cls in (n for n in statements(tree) if isinstance(n, ast.ClassDef)):
        if cls.decorator_list or any(
            _last_name(base) in _COPIED for base in cls.bases if not isinstance(base, ast.Call)
        ):
            continue
        for statement in cls.body:
            if not isinstance(statement, ast.Assign | ast.AnnAssign):
                continue
            value = statement.value
            made = isinstance(value, ast.Call) and _last_name(value) in _MAKERS
            if made or isinstance(value, ast.Dict | ast.List | ast.Set):
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                yield from ((cls.name, target.id) for target in targets if isinstance(target, ast.Name))


def _called_by_itself(function: Definition) -> bool:
    """Whether a decorator, a framework that starts, or Python itself may call this function."""
    name = function.name
    if name in _HOOKS or (name.startswith("__") and name.endswith("__")):
        return True
    return any(_last_name(decorator) not in _WAITING for decorator in function.decorator_list)


def _add_edges(module: Module, node: ast.AST, found: Block) -> None:
    if isinstance(node, ast.Import | ast.ImportFrom):
        found.imports += imported_names(node, module.package)
        # A function is called by its other name.
        found.names.update(alias.name for alias in node.names if alias.asname)
    elif isinstance(node, ast.Name):
        found.names.add(node.id)
    elif isinstance(node, ast.Attribute):
        found.names.add(node.attr)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        if len(node.value) < 200 and _WORDED.fullmatch(node.value):
            found.strings.add(node.value)
            # `getattr(self, "connect")`
            found.names.update({node.value} if node.value.isidentifier() else ())
    elif isinstance(node, ast.Assign):
        found.assigned.update(map(_last_name, node.targets))
    elif isinstance(node, ast.Call) and _last_name(node) in {"autodiscover_tasks", "autodiscover_modules"}:
        found.discoveries.append(node)


def _reads_environment(value: ast.expr) -> bool:
    return any(isinstance(node, ast.expr) and _last_name(node) in ENVIRONMENT for node in walk(value))


def _last_name(node: ast.expr) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def discovered_names(calls: Sequence[ast.Call]) -> set[str] | None:
    """Last names of the modules that `autodiscover_tasks` would load; None when one is no literal."""
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
