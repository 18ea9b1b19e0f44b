"""Lists and reads the files of a target, and notes why others are not read."""

import ast
import logging
import os
import posixpath
import re
import tokenize
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from itertools import accumulate
from pathlib import Path

from audit.model.findings import Excerpt
from audit.target.regular_files import RefusedError, read_bytes
from audit.target.tree_walk import Kind, walk_tree

_SHEBANG = re.compile(rb"(?:\xef\xbb\xbf)?#![^\r\n]*python[\d.]*\b")
_UNSAID = frozenset({"", ".cgi", ".fcgi"})
_logger = logging.getLogger(__name__)


@dataclass
class Tree:
    """Regular files below the root (posix relative paths, sorted), and what was left unread, with the reason in French.

    `excluded` are the paths that the target file leaves out.
    """

    root: Path
    paths: list[str] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Source:
    """A text file of the target, split into lines as Python counts them."""

    path: str
    text: str

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The text cut at line ends."""
        return tuple(self._plain.split("\n"))

    @cached_property
    def _plain(self) -> str:
        """The text with each line end as one character."""
        return re.sub(r"\r\n?", "\n", self.text) if "\r" in self.text else self.text

    @cached_property
    def _starts(self) -> "array[int]":
        """Where each line starts, and where one after the last would: lines themselves weigh more than the text."""
        return array("I", accumulate((len(line) + 1 for line in self._plain.split("\n")), initial=0))

    def between(self, first: int, last: int) -> str:
        """Lines `first` to `last`, from 1; those that the text does not have are left out."""
        starts = self._starts
        return self._plain[starts[first - 1] : starts[min(last, len(starts) - 1)] - 1] if first < len(starts) else ""

    def segment(self, node: ast.expr) -> str:
        """Text of an expression exactly as written. Columns of syntax trees count UTF-8 bytes."""
        first, last = node.lineno, node.end_lineno or node.lineno
        text = self.between(first, last)
        if text.isascii():
            return text[node.col_offset : self._starts[last - 1] - self._starts[first - 1] + (node.end_col_offset or 0)]
        above = len(self.between(first, last - 1).encode()) + 1 if last > first else 0
        return text.encode()[node.col_offset : above + (node.end_col_offset or 0)].decode("utf-8", "replace")

    def excerpt(self, first: int, last: int, language: str = "python") -> Excerpt:
        """Lines `first` to `last`, verbatim."""
        last = min(last, len(self._starts) - 1)
        return Excerpt(self.path, first, last, self.between(first, last), language)


def walk(root: Path, exclude: tuple[str, ...]) -> Tree:
    """List the files of a target, without following links out of it or entering environments and caches."""
    tree = Tree(root.resolve())
    for found in walk_tree(tree.root, exclude):
        path = printable(found.path)
        if found.error:
            tree.unread.append((path or ".", f"dossier illisible : {found.error.strerror}"))
        elif found.kind is Kind.EXCLUDED:
            tree.unread.append((path, "exclusion par la description de la cible"))
            tree.excluded.append(path)
        elif found.kind is Kind.LINK:
            _add_link(tree, found.path)
        else:
            tree.paths.append(found.path)
    tree.paths.sort()
    return tree


def _add_link(tree: Tree, path: str) -> None:
    """A link to a file of the target is read under its own name; what it points to elsewhere is not."""
    link, shown = tree.root / path, printable(path)
    try:
        real = link.resolve(strict=True)
    except (OSError, RuntimeError):
        tree.unread.append((shown, "lien symbolique rompu ou circulaire"))
        return
    if not real.is_relative_to(tree.root):
        tree.unread.append((shown, "lien symbolique qui sort de la cible"))
    elif real.is_file():
        tree.paths.append(path)
    elif link.parent.resolve().is_relative_to(real):
        tree.unread.append((shown, "lien symbolique vers un dossier qui le contient"))


def printable(path: str) -> str:
    """A path that can be written as UTF-8 whatever bytes the file's name holds."""
    return os.fsencode(path).decode("utf-8", "replace")


def read_text(tree: Tree, path: str) -> Source | None:
    """Text of one file, by its declared encoding; None, with the reason in `tree.unread`, when it cannot be read."""
    try:
        content = read_bytes(tree.root / path)
        python = path.endswith(".py") or _SHEBANG.match(content)
        encoding = tokenize.detect_encoding(BytesIO(content).readline)[0] if python else "utf-8-sig"
        text = content.decode(encoding)
    except RefusedError as refusal:
        tree.unread.append((printable(path), str(refusal)))
    except OSError as error:
        tree.unread.append((printable(path), f"fichier illisible : {error.strerror}"))
    except (UnicodeError, SyntaxError, LookupError):
        tree.unread.append((printable(path), "encodage inconnu, ou différent de celui que le fichier annonce"))
    else:
        _logger.debug("%s: read, %d characters", printable(path), len(text))
        return Source(printable(path), text)
    return None


def python_files(tree: Tree) -> Iterator[Source]:
    """Every Python file that can be read, scripts that `python` runs by their first line too."""
    for path in tree.paths:
        source = read_text(tree, path) if path.endswith((".py", ".pyw", ".wsgi")) or _is_script(tree, path) else None
        if source:
            yield source


def _is_script(tree: Tree, path: str) -> bool:
    """Whether a file whose name does not say what it holds begins as a script of Python."""
    if posixpath.splitext(path)[1] not in _UNSAID:
        return False
    try:
        return _SHEBANG.match(read_bytes(tree.root / path)) is not None
    except (RefusedError, OSError):
        return False
