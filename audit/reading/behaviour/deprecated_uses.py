"""Uses of what pydantic, Python, setuptools and Django have deprecated."""

import ast
import re
from collections import deque
from collections.abc import Iterator

from audit.model.facts import Deprecation
from audit.model.removed_names import (
    APP_CONFIG,
    FROM_DJANGO,
    INDEX_TOGETHER,
    IS_AJAX,
    OF_SETTINGS,
    PROVIDING_ARGS,
    RANDOM_PASSWORD,
    READ_OF_SETTINGS,
    RemovedName,
)
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.compatibility_branches import for_older_versions
from audit.reading.behaviour.module_walk import scopes
from audit.reading.behaviour.scope import Scope, gather
from audit.reading.python.abstract_values import External, Value, descends_from, last_name, unwrap
from audit.reading.python.child_nodes import children, literal_text
from audit.reading.python.environment_readers import DJANGO_SETTINGS
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Module
from audit.reading.python.name_resolution import dotted
from audit.target.import_paths import imported_module, imported_names, is_relative

_PYDANTIC = ("BaseModel", "BaseSettings", "GenericModel", "RootModel", "SQLModel")
# A module without any of these words has nothing to look for; the latter mean something only where pydantic is.
_DATETIME = External("datetime.datetime")
# A clock of the class may be asked of an object too: `now().utcnow()`.
_MAKES_ONE = frozenset(
    ("datetime.datetime", "django.utils.timezone.now", "django.utils.timezone.localtime",
     *(f"datetime.datetime.{name}" for name in ("now", "today", "utcnow", "fromtimestamp", "fromisoformat", "strptime")))
)  # fmt: skip
_CLOCKS = ("utcnow", "utcfromtimestamp")
_MODELS = ("Config", "validator")
_LIBRARIES = ("pydantic", "sqlmodel")
_REMOVED = {
    "3.12": ("asynchat", "asyncore", "imp", "smtpd"),
    "3.13": (
        "aifc", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr", "lib2to3", "mailcap", "msilib", "nis", "nntplib",
        "ossaudiodev", "pipes", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib",
    ),
}  # fmt: skip
_INSTEAD = {
    "imp": "Utiliser `importlib`",
    "imghdr": "Lire les premiers octets, ou employer `filetype` ou Pillow",
    "cgi": "Utiliser `email.message`, `html` ou `urllib.parse`",
    "pipes": "Utiliser `shlex` et `subprocess`",
}
_PACKAGES = {
    **{
        name: (f"déprécié, et retiré de Python {version}", _INSTEAD.get(name, f"Remplacer ce que `{name}` y fait"))
        for version, names in _REMOVED.items()
        for name in names
    },
    "distutils": ("déprécié, et retiré de Python 3.12", "Utiliser `setuptools`, `packaging` ou `shutil`"),
    "pkg_resources": ("déprécié par `setuptools`", "Utiliser `importlib.metadata` et `importlib.resources`"),
}
_NAMES_ONE = re.compile(rf"\b(?:import|from)\b.*\b(?:{'|'.join(_PACKAGES)})\b")
_WORDS = (
    *dict.fromkeys(name.rpartition(".")[2] for name in FROM_DJANGO),
    *(one.name for one in (IS_AJAX, PROVIDING_ARGS, APP_CONFIG, INDEX_TOGETHER, RANDOM_PASSWORD)),
    *READ_OF_SETTINGS,
)
_READ = frozenset((*_CLOCKS, *_WORDS))
_REQUESTS = frozenset({"request", "req", "_request"})
_LOADERS = frozenset({"import_module", "__import__", "import_string"})
_VALIDATORS = {"validator": "field_validator", "root_validator": "model_validator"}


class Deprecations:
    """Deprecated uses in the modules that it was shown."""

    def __init__(self, machine: Machine) -> None:
        self._machine, self._found = machine, list[Deprecation]()
        modelled = any(map(machine.project.naming, _LIBRARIES))
        with_django = bool(machine.project.naming("django"))
        self._words = (
            *_CLOCKS,
            *_LOADERS,
            *(_WORDS if with_django else ()),
            *(_MODELS if modelled else ()),
        )

    def look(self, module: Module) -> None:
        """Note those of a module."""
        text = module.source.text
        if any(word in text for word in self._words) or _NAMES_ONE.search(text):
            self._found += _of_module(self._machine, module, module.tree)

    @property
    def found(self) -> tuple[Deprecation, ...]:
        """All of them, by file and line."""
        return tuple(sorted(self._found, key=_place))


def _of_module(machine: Machine, module: Module, tree: ast.Module) -> list[Deprecation]:
    """Those of one module, without what its branches for older versions use."""
    found = [(node, one) for scope, node in _placed(machine, module, tree) for one in _of_node(scope, node)]
    older = for_older_versions(machine, module, tree) if found else frozenset[ast.AST]()
    return [one for node, one in found if node not in older]


def _placed(machine: Machine, module: Module, tree: ast.Module) -> Iterator[tuple[Scope, ast.AST]]:
    """Every node, with the function whose names it sees: decorators and defaults see those around the function."""
    inside = {scope.root: scope for scope in scopes(machine, module)}
    pending: list[tuple[Scope, ast.AST]] = [(inside[tree], tree)]
    for scope, node in pending:
        yield scope, node
        if isinstance(node, ast.ClassDef) and any(isinstance(n, ast.Import | ast.ImportFrom) for n in node.body):
            inside[node] = Scope(machine, module, f"{module.name}:{node.name}", node)
            deque(gather(inside[node], ""), maxlen=0)
        body = getattr(node, "body", []) if node in inside else []
        pending += [(inside[node] if child in body else scope, child) for child in children(node)]


def _of_node(scope: Scope, node: ast.AST) -> Iterator[Deprecation]:
    if isinstance(node, ast.ClassDef):
        yield from _class(scope, node)
    elif isinstance(node, ast.Attribute | ast.Name):
        yield from _validator(scope, node)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield from _read(scope, node, node.value, node.attr)
    elif isinstance(node, ast.Call):
        yield from _called(scope, node)
        if dotted(node.func) == "getattr" and len(node.args) == 2:
            yield from _read(scope, node, node.args[0], literal_text(node.args[1]))
    elif isinstance(node, ast.Assign | ast.AnnAssign) and not scope.symbol:
        yield from _given(scope, node)
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from _imports(scope, node)


def _place(deprecation: Deprecation) -> tuple[str, int]:
    excerpt = deprecation.excerpt
    return (excerpt.path, excerpt.first_line) if excerpt else ("", 0)


def _class(scope: Scope, node: ast.ClassDef) -> Iterator[Deprecation]:
    module = scope.module
    if node.name == "Meta" and "django" in module.source.text and "/migrations/" not in f"/{module.source.path}":
        for given in node.body:
            if isinstance(given, ast.Assign) and any(dotted(t) == INDEX_TOGETHER.name for t in given.targets):
                yield from _removed(module, given, INDEX_TOGETHER)
    pydantic = any(_is_pydantic(scope, base) for base in node.bases)
    for statement in node.body:
        if pydantic and _makes_a_config(statement):
            what = f"Classe interne `Config` dans `{node.name}`, dépréciée par Pydantic v2"
            settings = any("Settings" in dotted(base) for base in node.bases)
            solution = "SettingsConfigDict" if settings else "ConfigDict"
            yield _at(module, statement, what, f"Migrer vers `model_config = {solution}(...)`")


def _makes_a_config(statement: ast.stmt) -> bool:
    """`class Config: …`, or a class of another place that is given this name."""
    if isinstance(statement, ast.ClassDef):
        return statement.name == "Config"
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return any(isinstance(t, ast.Name) and t.id == "Config" for t in targets)


def _held(scope: Scope, node: ast.expr) -> Value:
    """What an expression stands for; a name that is imported, or a module's own, is known however few steps are left."""
    machine, module = scope.machine, scope.module
    root, _, rest = dotted(node).partition(".")
    for given in reversed(scope.imports) if root and scope.symbol else ():
        for alias in given.names:
            if (alias.asname or alias.name.partition(".")[0]) == root:
                holder = imported_module(given, module.package) if isinstance(given, ast.ImportFrom) else ""
                name = ".".join(filter(None, (alias.name if holder or alias.asname else root, rest)))
                own = holder in machine.project.modules
                return (
                    unwrap(machine.resolve(f"{holder}:{name}"))[0] if own else External(f"{holder}.{name}".strip("."))
                )
    if not root or (scope.symbol and root in scope.assigned):
        return scope.evaluated(node)
    return unwrap(machine.resolve(f"{module.name}:{dotted(node)}"))[0]


def _is_pydantic(scope: Scope, base: ast.expr) -> bool:
    base = base.value if isinstance(base, ast.Subscript) else base
    return bool(dotted(base)) and descends_from(_held(scope, base), *_PYDANTIC)


def _validator(scope: Scope, node: ast.Attribute | ast.Name) -> Iterator[Deprecation]:
    """A decorator of Pydantic v1, wherever it is named, under a name of the module's own too."""
    text = scope.module.source.text
    if "validator" not in text or not isinstance(node.ctx, ast.Load) or not dotted(node):
        return
    named = dotted(node).rpartition(".")[2]
    if named not in _VALIDATORS and f"validator as {named}" not in text:
        return
    value = _held(scope, node)
    name = last_name(value)
    if isinstance(value, External) and value.dotted.startswith("pydantic.") and ".v1." not in value.dotted:
        what = f"Décorateur `@{name}`, déprécié par Pydantic v2"
        yield from [_at(scope.module, node, what, f"Migrer vers `@{_VALIDATORS[name]}`")] if name in _VALIDATORS else ()


def _read(scope: Scope, node: ast.expr, holder: ast.expr, name: str) -> Iterator[Deprecation]:
    """`datetime.utcnow`, `models.NullBooleanField`, `settings.DEFAULT_FILE_STORAGE`: `name`, as an attribute that is read."""
    owner = _held(scope, holder) if name in _READ else UNKNOWN
    if isinstance(holder, ast.Call) and name in _CLOCKS:
        made = _held(scope, holder.func)
        owner = _DATETIME if isinstance(made, External) and made.dotted in _MAKES_ONE else owner
    if not isinstance(owner, External):
        return
    if owner == _DATETIME and name in _CLOCKS:
        solution = "datetime.now(UTC)" if name == "utcnow" else "datetime.fromtimestamp(instant, UTC)"
        what = f"`datetime.{name}()`, déprécié depuis Python 3.12"
        yield _at(scope.module, node, what, f"Utiliser `{solution}`")
    elif removed := FROM_DJANGO.get(f"{owner.dotted}.{name}"):
        yield from _removed(scope.module, node, removed)
    elif owner == DJANGO_SETTINGS and (removed := READ_OF_SETTINGS.get(name)):
        # One that the project gives itself is there to be read.
        given = scope.machine.project.holds(re.compile(rf"(?m)^\s*{name}\s*[:=]"))
        yield from () if given else _removed(scope.module, node, removed)


def _imports(scope: Scope, node: ast.Import | ast.ImportFrom) -> Iterator[Deprecation]:
    names = [] if is_relative(node) else imported_names(node, scope.module.package)
    for package in dict.fromkeys(name.partition(".")[0] for name in names):
        yield from _of_package(scope, node, package)
    for removed in dict.fromkeys(found for name in names if (found := _of_django(name))):
        yield from _removed(scope.module, node, removed)


def _loaded_by_name(scope: Scope, node: ast.Call) -> Iterator[Deprecation]:
    """`import_module("pkg_resources")`."""
    loaded = dotted(node.func).rpartition(".")[2] in _LOADERS and node.args
    held = (literal_text(node.args[0]) or _held(scope, node.args[0])) if loaded else ""
    name = held if isinstance(held, str) else ""
    yield from _of_package(scope, node, name.partition(".")[0])
    if removed := _of_django(name):
        yield from _removed(scope.module, node, removed)


def _of_package(scope: Scope, node: ast.stmt | ast.expr, package: str) -> Iterator[Deprecation]:
    """A package that is deprecated, unless the target has one of its name, or requires a copy that keeps it."""
    project = scope.machine.project
    if package not in _PACKAGES or package in project.modules:
        return
    copies = rf"(?i)\b(?:standard|legacy|zombie|py)[-_]?{package}\b|\b{package}[-_](?:lts|r)\b"
    if not any(re.search(copies, text) for text in project.requirements):
        since, solution = _PACKAGES[package]
        yield _at(scope.module, node, f"Module `{package}`, {since}", solution)


def _of_django(name: str) -> RemovedName | None:
    """What Django removed, by this name or one that is in it."""
    while name and name not in FROM_DJANGO:
        name = name.rpartition(".")[0]
    return FROM_DJANGO.get(name)


def _given(scope: Scope, node: ast.Assign | ast.AnnAssign) -> Iterator[Deprecation]:
    """A name that Django reads in a module, wherever it is given there."""
    module = scope.module
    for name in map(dotted, node.targets if isinstance(node, ast.Assign) else [node.target]):
        if name == APP_CONFIG.name and node in module.tree.body and module.source.path.endswith("__init__.py"):
            yield from _removed(module, node, APP_CONFIG)
        elif removed := OF_SETTINGS.get(name):
            yield from _removed(module, node, removed)


def _called(scope: Scope, node: ast.Call) -> Iterator[Deprecation]:
    """What no import tells: a method of a request, an argument of a signal, settings that a call gives, a module by its name."""
    module, name = scope.module, dotted(node.func)
    yield from _loaded_by_name(scope, node)
    holder, _, method = name.rpartition(".")
    if method == IS_AJAX.name and not node.args and holder.rpartition(".")[2].lower() in _REQUESTS:
        yield from _removed(module, node, IS_AJAX)
    asked = node.func.value if isinstance(node.func, ast.Attribute) and node.func.attr == RANDOM_PASSWORD.name else None
    if isinstance(asked, ast.Attribute) and asked.attr in {"objects", "_default_manager"}:
        own = re.compile(rf"\bdef {RANDOM_PASSWORD.name}\(")
        yield from () if scope.machine.project.holds(own) else _removed(module, node, RANDOM_PASSWORD)
    keywords = [k.arg or "" for k in node.keywords]
    asks = PROVIDING_ARGS.name in keywords or method == "configure"
    value = _held(scope, node.func) if asks else UNKNOWN
    called = value.dotted if isinstance(value, External) else ""
    if PROVIDING_ARGS.name in keywords and called.startswith("django."):
        yield from _removed(module, node, PROVIDING_ARGS)
    if called == f"{DJANGO_SETTINGS.dotted}.configure":
        for removed in filter(None, map(OF_SETTINGS.get, keywords)):
            yield from _removed(module, node, removed)


def _removed(module: Module, node: ast.stmt | ast.expr, removed: RemovedName) -> Iterator[Deprecation]:
    # Django keeps removed fields for the migrations that were written with them ("support in historical migrations").
    if not (removed.name.endswith("Field") and "/migrations/" in f"/{module.source.path}"):
        yield _at(module, node, removed.what, removed.remedy)


def _at(module: Module, node: ast.stmt | ast.expr, what: str, replacement: str) -> Deprecation:
    excerpt = module.source.excerpt(node.lineno, node.end_lineno or node.lineno)
    return Deprecation(what, replacement, excerpt)
