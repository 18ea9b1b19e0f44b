"""The abstract values of the interpreter: Python's own, symbols of the target, and values that may be replaced."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from types import EllipsisType
from typing import Any, Final, TypeAlias

from audit.model.plain_value import REST, PlainValue
from audit.model.setting_writes import Means
from audit.model.unknown import UNKNOWN, Unknown
from audit.reading.python.syntax_cache import Place


class Missing(Enum):
    """Its only member stands for what is not there: a key, a default, an option."""

    MISSING = "absent"


MISSING: Final = Missing.MISSING
_EMPTY: Final[Mapping[Any, Any]] = {}


@dataclass(frozen=True, slots=True)
class Origin:
    """Lines of a file of the target, from 1, both ends included."""

    path: str
    first: int
    last: int


class Table(dict["Value", "Value"]):
    """A dict that remembers where each key was written. `opaque`: something unreadable was merged into it."""

    __slots__ = ("opaque", "origins")
    opaque: Origin | None
    origins: dict[Value, Origin]

    def __init__(self, content: Mapping[Value, Value] = _EMPTY, origins: Mapping[Value, Origin] = _EMPTY) -> None:
        super().__init__(content)
        self.opaque = None
        if origins:
            self.origins = dict(origins)

    def __getattr__(self, name: str) -> dict[Value, Origin]:
        """The places of a table that has none yet: most never get one, and tables are many."""
        if name != "origins":
            raise AttributeError(name)
        self.origins = {}
        return self.origins

    def copy(self) -> Table:
        """Same content, origins and opacity."""
        twin = Table(self, self.origins)
        twin.opaque = self.opaque
        return twin


@dataclass(frozen=True, eq=False)
class Write:
    """A module's write into a configuration: a value and its place for each side of a test, None where a side has none.

    `chosen` is the side taken unless the environment `variable` decides otherwise. A `default` writes over nothing.
    """

    module: str
    key: Value
    sides: tuple[Held | None, ...]
    chosen: int = 0
    variable: str = ""
    default: bool = False


@dataclass(frozen=True, eq=False)
class OpaqueWrite:
    """Something unreadable that a module merged into a configuration."""

    module: str
    origin: Origin


@dataclass(frozen=True, eq=False)
class Addition:
    """A key that a module added to a table beside the configuration: to its defaults, or to its schedule."""

    module: str
    table: Table
    key: Value


@dataclass(frozen=True, eq=False, slots=True)
class SeenWrite:
    """One write as it was read, whatever became of it; without a key, something unreadable that may hold any.

    `on_a_side`: on one side of a test that nobody decided. `call`: what loaded it, `written_as`: the name it had there.
    """

    module: str
    key: Value
    value: Value
    origin: Origin
    on_a_side: bool
    means: Means
    call: Origin | None = None
    written_as: str = ""


class Conf(Table):
    """A Celery configuration: its keys are attributes too. `home` is the module that builds it; `history`, each write in order.

    `by_flask`: by module, what it makes a function write that is given a Flask application.
    `seen`: every write that was read, those of both sides of a test and of modules that are not loaded too; of those
    modules, `ignored` are not, and `doubted` may be.
    """

    __slots__ = ("by_flask", "doubted", "history", "home", "ignored", "seen")

    def __init__(self, home: str = "") -> None:
        super().__init__()
        self.home = home
        self.history: list[Write | OpaqueWrite | Addition] = []
        self.by_flask: dict[str, dict[Value, Value]] = {}
        self.seen: list[SeenWrite] = []
        self.ignored: Collection[str] = ()
        self.doubted: Collection[str] = ()

    @property
    def writers(self) -> set[str]:
        """The modules that write into it."""
        return {write.module for write in self.history}


class Namespace(Table):
    """The names of a module, a class body or a call; a name missing on one branch would be a NameError there.

    `cut`: those whose value, or a part of it, was too long to follow.
    """

    __slots__ = ("cut",)

    def __init__(self, content: Mapping[Value, Value] = _EMPTY, origins: Mapping[Value, Origin] = _EMPTY) -> None:
        super().__init__(content, origins)
        self.cut: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False, slots=True)
class Overridable:
    """A value that holds unless this environment variable is set.

    `word`: the variable's text is used as it stands, so that any word is true, `False` as well. `starts`: what an address begins
    with, of which the rest is not known.
    """

    value: Plain
    variable: str
    word: bool = False
    starts: str = ""


# What a function gives that calls itself again with the same arguments: whatever its other branches give.
REPEATED: Final = Overridable(UNKNOWN, "")


@dataclass(frozen=True, slots=True)
class External:
    """A name that comes from outside the target: `datetime.timedelta`, `builtins.int`."""

    dotted: str


@dataclass(eq=False, slots=True)
class ModuleValue:
    """A module or a package of the target."""

    name: str


@dataclass(eq=False, slots=True)
class FunctionValue:
    """A function of the target: its symbol, its node, and the names around it.

    `loading`: the module whose statements made it, which may call a function of another.
    """

    symbol: str
    place: Place[ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda]
    module: str
    enclosing: tuple[Namespace, ...]
    decorators: tuple[Decoration, ...] = ()
    loading: str = ""

    @property
    def node(self) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda:
        """Its definition."""
        return self.place.node()

    def decorated_by(self, *names: str) -> bool:
        """Whether a decorator's last name is one of these."""
        return any(last_name(d.callee) in names for d in self.decorators)


@dataclass(eq=False, slots=True)
class Decoration:
    """One decorator, worked out: what is applied, and with which arguments when it is a call."""

    callee: Value
    node: ast.expr
    arguments: tuple[Value, ...] = ()
    keywords: Table = field(default_factory=Table)


@dataclass(eq=False, slots=True)
class ClassValue:
    """A class of the target."""

    symbol: str
    place: Place[ast.ClassDef]
    module: str
    names: Namespace
    bases: tuple[Value, ...] = ()
    decorators: tuple[Decoration, ...] = ()
    # The names that its body annotates.
    fields: tuple[str, ...] = ()
    # Kept by whoever works them out first: the bases and the text of a class do not change.
    lineage: list[ClassValue] | None = None
    annotations: dict[str, ast.expr | None] | None = None

    @property
    def node(self) -> ast.ClassDef:
        """Its definition."""
        return self.place.node()


@dataclass(eq=False, slots=True)
class Instance:
    """What calling a class (or anything external) gives. `fields` are attributes known so far."""

    cls: Value
    arguments: tuple[Value, ...] = ()
    keywords: Table = field(default_factory=Table)
    fields: Namespace = field(default_factory=Namespace)
    origin: Origin | None = None


@dataclass(eq=False, slots=True)
class Method:
    """An attribute of something that is not read further: it can only be called. `name` may be dotted."""

    receiver: Plain
    name: str


@dataclass(eq=False, slots=True)
class BoundMethod:
    """A method of the target with its `self`, or its class."""

    receiver: Instance | ClassValue
    function: FunctionValue


@dataclass(frozen=True)
class Crontab:
    """A Celery crontab, as `minute hour day-of-month month day-of-week`."""

    text: str


Container: TypeAlias = list["Value"] | tuple["Value", ...] | set["Value"] | frozenset["Value"] | dict["Value", "Value"]
Scalar: TypeAlias = bool | int | float | complex | str | bytes | EllipsisType | timedelta | range | slice | None
# What stands for an object of the target or of a library, by its name or by how it was made.
Symbol: TypeAlias = External | ModuleValue | FunctionValue | ClassValue | Instance | Method | BoundMethod | Crontab
# A value once the environment variable that may replace it is set aside.
Plain: TypeAlias = Container | Scalar | Symbol | Unknown
Value: TypeAlias = Plain | Overridable
# What a key holds, and where that was written.
Held: TypeAlias = tuple[Value | Missing, Origin | None]


def lift(function: Callable[..., Any], *values: Value) -> Value:
    """Apply `function` to plain values; unknown stays unknown, and the environment variable behind a value is kept."""
    plain = tuple(v.value if isinstance(v, Overridable) else v for v in values)
    variable = next((v.variable for v in values if isinstance(v, Overridable)), "")
    result = UNKNOWN if any(v is UNKNOWN for v in plain) else function(*plain)
    return overridable(result, variable)


def overridable(value: Value, variable: str, *, word: bool = False) -> Value:
    """The value, marked with its environment variable when there is one."""
    if not variable or isinstance(value, Overridable):
        return value
    return Overridable(value, variable, word)


def is_word(value: Value) -> bool:
    """Whether a value is the text of an environment variable, as true or false as that text."""
    return isinstance(value, Overridable) and value.word


def unwrap(value: Value) -> tuple[Plain, str]:
    """The value and the environment variable that may replace it (empty when none does)."""
    return (value.value, value.variable) if isinstance(value, Overridable) else (value, "")


def has_unknown(value: Value) -> bool:
    """Whether a value, or one of the values that it holds, is unknown."""
    value, _ = unwrap(value)
    if isinstance(value, dict):
        return (isinstance(value, Table) and value.opaque is not None) or any(map(_is_unknown, value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return any(map(_is_unknown, value))
    if isinstance(value, Instance) and not isinstance(value.cls, ClassValue):
        return any(map(_is_unknown, (*value.arguments, *value.keywords.values())))
    return value is UNKNOWN


def _is_unknown(value: Value) -> bool:
    return unwrap(value)[0] is UNKNOWN


def exported(value: Value) -> PlainValue:
    """The value as facts hold it: JSON shapes, seconds for a timedelta, the name of a queue, else UNKNOWN."""
    return _exported(value, [_MAX_NODES], 0)


def _exported(given: Value, left: list[int], depth: int) -> PlainValue:
    value, _ = unwrap(given)
    left[0] -= 1
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value.bit_length() <= 1024 else UNKNOWN
    if isinstance(value, bool | float | None):
        return value
    if not isinstance(value, dict | list | tuple | set | frozenset):
        return _exported_object(value)
    return UNKNOWN if left[0] < 0 or depth > _MAX_NESTING else _exported_container(value, left, depth + 1)


_MAX_NODES = 20_000
_MAX_NESTING = 40


def _exported_container(value: Container, left: list[int], depth: int) -> PlainValue:
    if isinstance(value, dict):
        whole: dict[str, PlainValue] = {} if getattr(value, "opaque", None) is None else {REST: UNKNOWN}
        return whole | {str(_exported(key, left, depth)): _exported(item, left, depth) for key, item in value.items()}
    items = [_exported(item, left, depth) for item in value]
    if isinstance(value, set | frozenset):
        return tuple(sorted(items, key=repr))
    return items if isinstance(value, list) else tuple(items)


def _exported_object(value: Plain) -> PlainValue:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Crontab):
        return value.text
    if isinstance(value, Instance) and last_name(value.cls) in {"Queue", "Exchange"}:
        name = value.arguments[0] if value.arguments else value.keywords.get("name", UNKNOWN)
        return exported(name)
    if isinstance(value, FunctionValue | ClassValue):
        return value.symbol
    if isinstance(value, External):
        return value.dotted
    return UNKNOWN


def last_name(value: Value) -> str:
    if isinstance(value, External):
        return value.dotted.rpartition(".")[2]
    if isinstance(value, FunctionValue | ClassValue):
        return value.symbol.rpartition(":")[2].rpartition(".")[2]
    if isinstance(value, Method):
        return value.name.rpartition(".")[2]
    return ""


def descends_from(value: Value, *names: str) -> bool:
    """Whether a class is, or inherits through classes of the target, an external class of one of these last names."""
    queue, seen = [value], set()
    while queue:
        current = queue.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, External) and last_name(current) in names:
            return True
        if isinstance(current, ClassValue):
            queue += current.bases
    return False
