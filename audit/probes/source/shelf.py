"""Syntax trees, kept while they are few: a tree put away is parsed again from the text that was read."""

import ast
import warnings
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, TypeVar, cast

if TYPE_CHECKING:
    from audit.probes.source.files import Source
    from audit.probes.source.modules import Module

# A character of a program weighs some 50 bytes of syntax tree.
MOST_CHARACTERS = 1_500_000

Definition = ast.FunctionDef | ast.AsyncFunctionDef
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
Node = TypeVar("Node", bound=ast.stmt | ast.expr)


class Shelf:
    """The trees used last, up to `most` characters of program; `unread` receives what cannot be parsed, with the reason."""

    def __init__(self, unread: list[tuple[str, str]], most: int) -> None:
        self._unread = unread
        self._most = most
        self._trees: OrderedDict[str, ast.Module] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._held = 0

    def tree(self, module: "Module") -> ast.Module:
        """The tree of a module, in place of those not used for longest."""
        name, source = module.name, module.source
        if name in self._trees:
            self._trees.move_to_end(name)
            return self._trees[name]
        tree = self._trees[name] = self._parsed(source)
        self._sizes[name] = len(source.text)
        self._held += len(source.text)
        while self._held > self._most and len(self._trees) > 1:
            old, _ = self._trees.popitem(last=False)
            self._held -= self._sizes.pop(old)
        return tree

    def _parsed(self, source: "Source") -> ast.Module:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(source.text)
        except SyntaxError as error:
            self._unread.append((source.path, f"erreur de syntaxe ligne {error.lineno or '?'}"))
        except (ValueError, RecursionError, MemoryError):
            why = "texte que Python refuse d'analyser (octet nul, ou imbrication trop profonde)"
            self._unread.append((source.path, why))
        return ast.Module([], [])


class Place(Generic[Node]):
    """A node of a module, which does not keep the module's tree alive."""

    def __init__(self, module: "Module", node: Node) -> None:
        self._module = module
        self._kind = type(node)
        self._position = (node.lineno, node.col_offset)
        self._seen = weakref.ref(node)

    def node(self) -> Node:
        """The node, from the tree parsed again where the first one is gone."""
        seen = self._seen()
        if seen is None:
            seen = cast("Node", node_at(self._module.tree, self._kind, self._position))
            self._seen = weakref.ref(seen)
        return seen


def node_at(tree: ast.Module, kind: type[ast.AST], position: tuple[int, int]) -> ast.AST:
    """The node of this kind that starts at (line, column). Raises LookupError when there is none."""
    pending: list[ast.AST] = [tree]
    while pending:
        parent = pending.pop()
        for child in ast.iter_child_nodes(parent):
            if isinstance(child, kind) and (getattr(child, "lineno", 0), getattr(child, "col_offset", 0)) == position:
                return child
            if _covers(child, position[0]):
                pending.append(child)
    msg = f"no {kind.__name__} at {position}"
    raise LookupError(msg)


def _covers(node: ast.AST, line: int) -> bool:
    """Whether a node spans a line, its decorators included; one that has no lines of its own may."""
    first, last = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
    if first is None or last is None:
        return True
    above = [decorator.lineno for decorator in getattr(node, "decorator_list", ())]
    return bool(min((first, *above)) <= line <= last)


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
