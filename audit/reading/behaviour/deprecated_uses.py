"""Uses of what pydantic, Python, setuptools and Django have deprecated."""

import ast
import re
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
    RemovedName,
)
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.compatibility_branches import for_older_versions
from audit.reading.python.abstract_values import External, Value, descends_from, unwrap
from audit.reading.python.child_nodes import walk
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Module
from audit.reading.python.name_resolution import dotted
from audit.target.import_paths import imported_names, is_relative

_PYDANTIC = ("BaseModel", "BaseSettings", "GenericModel", "RootModel", "SQLModel")
# A module without any of these words has nothing to look for; the latter mean something only where pydantic is.
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
    *OF_SETTINGS,
)
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
    found = [(node, one) for node in walk(tree) for one in _of_node(machine, module, node)]
    older = for_older_versions(machine, module, tree) if found else frozenset[ast.AST]()
    return [one for node, one in found if node not in older]


def _of_node(machine: Machine, module: Module, node: ast.AST) -> Iterator[Deprecation]:
    if isinstance(node, ast.ClassDef):
        yield from _class(machine, module, node)
    elif isinstance(node, ast.Attribute):
        yield from (*_clock(machine, module, node), *_read_from_django(machine, module, node))
        yield from _validator(machine, module, node)
    elif isinstance(node, ast.Name):
        yield from _validator(machine, module, node)
    elif isinstance(node, ast.Call | ast.Assign):
        yield from _by_its_form(machine, module, node)
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from _imports(machine, module, node)


def _place(deprecation: Deprecation) -> tuple[str, int]:
    excerpt = deprecation.excerpt
    return (excerpt.path, excerpt.first_line) if excerpt else ("", 0)


def _class(machine: Machine, module: Module, node: ast.ClassDef) -> Iterator[Deprecation]:
    if node.name == "Meta" and "django" in module.source.text and "/migrations/" not in f"/{module.source.path}":
        for given in node.body:
            if isinstance(given, ast.Assign) and any(dotted(t) == INDEX_TOGETHER.name for t in given.targets):
                yield from _removed(module, given, INDEX_TOGETHER)
    pydantic = any(_is_pydantic(machine, module, base) for base in node.bases)
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


def _is_pydantic(machine: Machine, module: Module, base: ast.expr) -> bool:
    base = base.value if isinstance(base, ast.Subscript) else base
    value = machine.resolve(f"{module.name}:{dotted(base)}") if dotted(base) else None
    return descends_from(unwrap(value)[0], *_PYDANTIC)


def _validator(machine: Machine, module: Module, node: ast.Attribute | ast.Name) -> Iterator[Deprecation]:
    """A decorator of Pydantic v1, wherever it is named, under a name of the module's own too."""
    if "validator" not in module.source.text or not isinstance(node.ctx, ast.Load) or not dotted(node):
        return
    named = dotted(node).rpartition(".")[2]
    if named not in _VALIDATORS and f"validator as {named}" not in module.source.text:
        return
    value = _meant(machine, module, node)
    name = value.dotted.rpartition(".")[2] if isinstance(value, External) else ""
    if isinstance(value, External) and value.dotted.startswith("pydantic.") and ".v1." not in value.dotted:
        what = f"Décorateur `@{name}`, déprécié par Pydantic v2"
        yield from [_at(module, node, what, f"Migrer vers `@{_VALIDATORS[name]}`")] if name in _VALIDATORS else ()


def _meant(machine: Machine, module: Module, node: ast.expr) -> Value:
    """What a dotted name stands for in a module; what an import within a function binds is known by that import."""
    name = dotted(node)
    root, _, rest = name.partition(".")
    if root in machine.module_names(module.name):
        return unwrap(machine.resolve(f"{module.name}:{name}"))[0]
    for inner in (n for n in walk(module.tree) if isinstance(n, ast.Import | ast.ImportFrom)):
        for alias in inner.names:
            if (alias.asname or alias.name) == root and (isinstance(inner, ast.Import) or not is_relative(inner)):
                top = f"{inner.module}." if isinstance(inner, ast.ImportFrom) else ""
                return External(f"{top}{alias.name}.{rest}".removesuffix("."))
    return UNKNOWN


def _clock(machine: Machine, module: Module, node: ast.Attribute) -> Iterator[Deprecation]:
    if node.attr not in {"utcnow", "utcfromtimestamp"} or not dotted(node):
        return
    value = _meant(machine, module, node)
    if value == External(f"datetime.datetime.{node.attr}"):
        solution = "datetime.now(UTC)" if node.attr == "utcnow" else "datetime.fromtimestamp(instant, UTC)"
        yield _at(module, node, f"`datetime.{node.attr}()`, déprécié depuis Python 3.12", f"Utiliser `{solution}`")


def _imports(machine: Machine, module: Module, node: ast.Import | ast.ImportFrom) -> Iterator[Deprecation]:
    names = [] if is_relative(node) else imported_names(node, module.package)
    for package in dict.fromkeys(name.partition(".")[0] for name in names):
        yield from _of_package(machine, module, node, package)
    for removed in dict.fromkeys(found for name in names if (found := _of_django(name))):
        yield from _removed(module, node, removed)


def _loaded_by_name(machine: Machine, module: Module, node: ast.Call) -> Iterator[Deprecation]:
    """`import_module("pkg_resources")`."""
    loaded = dotted(node.func).rpartition(".")[2] in _LOADERS and node.args
    name = _text(machine, module, node.args[0]) if loaded else ""
    yield from _of_package(machine, module, node, name.partition(".")[0])
    if removed := _of_django(name):
        yield from _removed(module, node, removed)


def _of_package(machine: Machine, module: Module, node: ast.stmt | ast.expr, package: str) -> Iterator[Deprecation]:
    """A package that is deprecated, unless the target has one of its name, or requires a copy that keeps it."""
    if package not in _PACKAGES or package in machine.project.modules:
        return
    copies = rf"(?i)\b(?:standard|legacy|zombie|py)[-_]?{package}\b|\b{package}[-_](?:lts|r)\b"
    if not any(re.search(copies, text) for text in machine.project.requirements):
        since, solution = _PACKAGES[package]
        yield _at(module, node, f"Module `{package}`, {since}", solution)


def _text(machine: Machine, module: Module, node: ast.expr) -> str:
    """A text as it is written here, or held by a name of the module."""
    if dotted(node):
        value = unwrap(machine.resolve(f"{module.name}:{dotted(node)}"))[0]
    else:
        value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) else ""


def _of_django(name: str) -> RemovedName | None:
    """What Django removed, by this name or one that is in it."""
    while name and name not in FROM_DJANGO:
        name = name.rpartition(".")[0]
    return FROM_DJANGO.get(name)


def _read_from_django(machine: Machine, module: Module, node: ast.Attribute) -> Iterator[Deprecation]:
    """`models.NullBooleanField`, where the module was imported and not the name."""
    if node.attr not in _WORDS or not dotted(node):
        return
    value = _meant(machine, module, node)
    if isinstance(value, External) and (removed := FROM_DJANGO.get(value.dotted)):
        yield from _removed(module, node, removed)


def _by_its_form(machine: Machine, module: Module, node: ast.Call | ast.Assign) -> Iterator[Deprecation]:
    """What no import tells: a method of a request, an argument of a signal, a name that Django reads, a module by its name."""
    if isinstance(node, ast.Assign):
        named = any(isinstance(t, ast.Name) and t.id == APP_CONFIG.name for t in node.targets)
        if named and node in module.tree.body and module.source.path.endswith("__init__.py"):
            yield from _removed(module, node, APP_CONFIG)
        for target in node.targets if node in module.tree.body else ():
            if removed := OF_SETTINGS.get(dotted(target)):
                yield from _removed(module, node, removed)
        return
    name = dotted(node.func)
    yield from _loaded_by_name(machine, module, node)
    holder, _, method = name.rpartition(".")
    if method == IS_AJAX.name and not node.args and holder.rpartition(".")[2].lower() in _REQUESTS:
        yield from _removed(module, node, IS_AJAX)
    asked = node.func.value if isinstance(node.func, ast.Attribute) and node.func.attr == RANDOM_PASSWORD.name else None
    if isinstance(asked, ast.Attribute) and asked.attr in {"objects", "_default_manager"}:
        own = re.compile(rf"\bdef {RANDOM_PASSWORD.name}\(")
        yield from () if machine.project.holds(own) else _removed(module, node, RANDOM_PASSWORD)
    if any(k.arg == PROVIDING_ARGS.name for k in node.keywords) and name:
        value = machine.resolve(f"{module.name}:{name}")
        if isinstance(value, External) and value.dotted.startswith("django."):
            yield from _removed(module, node, PROVIDING_ARGS)


def _removed(module: Module, node: ast.stmt | ast.expr, removed: RemovedName) -> Iterator[Deprecation]:
    # Django keeps removed fields for the migrations that were written with them ("support in historical migrations").
    if not (removed.name.endswith("Field") and "/migrations/" in f"/{module.source.path}"):
        yield _at(module, node, removed.what, removed.remedy)


def _at(module: Module, node: ast.stmt | ast.expr, what: str, replacement: str) -> Deprecation:
    excerpt = module.source.excerpt(node.lineno, node.end_lineno or node.lineno)
    return Deprecation(what, replacement, excerpt)
