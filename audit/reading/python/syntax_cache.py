"""A cache of syntax trees; a tree that was dropped is parsed again."""

import ast
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Generic, Protocol, TypeVar, cast

from audit.reading.python.child_nodes import children
from audit.reading.python.lru_cache import LruCache
from audit.reading.source_files import Source
from audit.target.python_syntax import UnparsableError, parse

# A character of a program weighs some 80 bytes of syntax tree.
MOST_CHARACTERS = 500_000
# A definition that takes less than a quarter of its module is parsed without the rest.
_SMALL = 4
# The lines above it are left blank: thousands of them for each definition take longer than the module itself.
_MOST_ABOVE = 2_000

Definition = ast.FunctionDef | ast.AsyncFunctionDef
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
Node = TypeVar("Node", bound=ast.stmt | ast.expr)
# A module's name, and the first and last lines of a definition; zeros stand for all of it.
_Part = tuple[str, int, int]


class CachedModule(Protocol):
    """What a cache needs of a module."""

    @property
    def name(self) -> str:
        """Its dotted name."""

    @property
    def source(self) -> Source:
        """Its text."""

    @property
    def cache(self) -> "SyntaxCache":
        """The cache that holds its tree."""

    @property
    def tree(self) -> ast.Module:
        """Its syntax tree."""


class SyntaxCache:
    """The trees used last, up to `most` characters of program; `unread` receives what cannot be parsed, and why; `unparsed` its paths."""

    def __init__(self, unread: list[tuple[str, str]], most: int) -> None:
        self._unread = unread
        self.unparsed: set[str] = set()
        self._trees: LruCache[_Part, ast.Module] = LruCache(most)

    def tree(self, module: CachedModule) -> ast.Module:
        """The tree of a module, in place of those not used for longest."""
        part, source = (module.name, 0, 0), module.source
        return self._trees.get(part) or self._trees.put(part, self._parsed(source), len(source.text))

    def tree_around(self, module: CachedModule, first: int, last: int) -> ast.Module:
        """A tree that holds the definition on these lines; of these alone where the module is much larger."""
        part = (module.name, first, last)
        if found := self._trees.get(part):
            return found
        text = module.source.between(first, last)
        worth = first < _MOST_ABOVE and len(text) * _SMALL < len(module.source.text)
        tree = _alone(text, first) if worth and (module.name, 0, 0) not in self._trees else None
        return self._trees.put(part, tree, len(text)) if tree else self.tree(module)

    def _parsed(self, source: Source) -> ast.Module:
        try:
            return parse(source.text)
        except UnparsableError as error:
            self._unread.append((source.path, str(error)))
            self.unparsed.add(source.path)
            return ast.Module([], [])


def _alone(text: str, first: int) -> ast.Module | None:
    """The tree of a definition alone, each node at its place in the module; None when these lines are not just that."""
    indented = text[:1].isspace()
    above = "\n" * (first - 2) + "if 1:\n" if indented else "\n" * (first - 1)
    try:
        tree = parse(above + text)
    except UnparsableError:
        return None
    block = tree.body[0].body if indented and isinstance(tree.body[0], ast.If) else tree.body
    # A decorator may begin above the line of its expression, which would be a statement here.
    return tree if len(block) == 1 else None


class Place(Generic[Node]):
    """A node of a module, which does not keep the module's tree alive."""

    __slots__ = ("_column", "_first", "_kind", "_last", "_line", "_module", "_seen")

    def __init__(self, module: CachedModule, node: Node) -> None:
        self._module = module
        self._kind = type(node)
        self._line, self._column = node.lineno, node.col_offset
        self._first, self._last = _first_line(node), node.end_lineno or node.lineno
        self._seen = weakref.ref(node)

    @classmethod
    def of(cls, module: CachedModule, node: Node) -> "Place[Node]":
        """The one place of a node: the graph and the values of functions share it."""
        known = vars(node)
        found: Place[Node] = known["place"] if "place" in known else known.setdefault("place", cls(module, node))
        return found

    @property
    def is_decorated(self) -> bool:
        """Whether the first line of a definition is above the one that names it: it has a decorator."""
        return self._first < self._line

    @property
    def text(self) -> str:
        """The lines the node stands on."""
        return self._module.source.between(self._first, self._last)

    def node(self) -> Node:
        """The node, from the text parsed again where the first one is gone."""
        seen = self._seen()
        if seen is None:
            seen = cast("Node", self._found())
            self._seen = weakref.ref(seen)
        return seen

    def _found(self) -> ast.AST:
        position = (self._line, self._column)
        # A definition has lines of its own, which an expression may not.
        if issubclass(self._kind, ast.stmt):
            around = self._module.cache.tree_around(self._module, self._first, self._last)
            with suppress(LookupError):
                return node_at(around, self._kind, position)
        return node_at(self._module.tree, self._kind, position)


def node_at(tree: ast.Module, kind: type[ast.AST], position: tuple[int, int]) -> ast.AST:
    """The node of this kind that starts at (line, column). Raises LookupError when there is none."""
    pending: list[ast.AST] = [tree]
    while pending:
        parent = pending.pop()
        for child in children(parent):
            if isinstance(child, kind) and (getattr(child, "lineno", 0), getattr(child, "col_offset", 0)) == position:
                return child
            if _covers(child, position[0]):
                pending.append(child)
    raise LookupError(f"no {kind.__name__} at {position}")


def _covers(node: ast.AST, line: int) -> bool:
    """Whether a node spans a line, its decorators included; one that has no lines of its own may."""
    first, last = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
    if first is None or last is None:
        return True
    return bool(_first_line(node) <= line <= last)


def _first_line(node: ast.AST) -> int:
    """Where a node starts, its decorators included."""
    above = [decorator.lineno for decorator in getattr(node, "decorator_list", ())]
    return int(min((getattr(node, "lineno", 0), *above)))


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """What stands directly in a block: no expression holds a definition."""
    for block in _BLOCKS:
        yield from getattr(node, block, ())


def definitions(tree: ast.Module) -> Iterator[tuple[str, str, Definition]]:
    """Qualified name, class around (or empty) and node of each function definition."""
    pending: list[tuple[ast.AST, str, str]] = [(tree, "", "")]
    while pending:
        parent, prefix, owner = pending.pop()
        for child in _statements(parent):
            if isinstance(child, Definition):
                yield f"{prefix}{child.name}", owner, child
                pending.append((child, f"{prefix}{child.name}.<locals>.", ""))
            elif isinstance(child, ast.ClassDef):
                pending.append((child, f"{prefix}{child.name}.", f"{prefix}{child.name}"))
            else:
                pending.append((child, prefix, owner))
