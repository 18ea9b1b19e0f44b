"""Which files of a target are read, and why the others are not. Nothing is opened that is not a regular file inside the root."""

import os
import re
import stat
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cached_property
from io import BytesIO
from pathlib import Path

from audit.model.findings import Excerpt
from audit.target.digest import is_environment

MAX_BYTES = 2_000_000
_SKIPPED = frozenset(
    [
        ".git",
        ".hg",
        ".svn",
        ".bzr",
        ".venv",
        "node_modules",
        "__pycache__",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".hypothesis",
        ".eggs",
        ".idea",
        ".vscode",
        ".cache",
        ".import_linter_cache",
        "bower_components",
        "htmlcov",
    ]
)


@dataclass
class Tree:
    """Regular files below the root (posix relative paths, sorted), and what was left unread, with the reason in French."""

    root: Path
    paths: list[str] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Source:
    """A text file of the target, split into lines as Python counts them."""

    path: str
    text: str

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The text cut at line ends."""
        return tuple(re.split(r"\r\n|\r|\n", self.text))

    def excerpt(self, first: int, last: int, language: str = "python") -> Excerpt:
        """Lines `first` to `last`, verbatim."""
        last = min(last, len(self.lines))
        return Excerpt(self.path, first, last, "\n".join(self.lines[first - 1 : last]), language)


def walk(root: Path, exclude: tuple[str, ...]) -> Tree:
    """List the files of a target, without following links out of it or entering environments and caches."""
    tree = Tree(root.resolve())
    _walk_directory(tree, tree.root, "", exclude)
    tree.paths.sort()
    return tree


def _walk_directory(tree: Tree, directory: Path, prefix: str, exclude: tuple[str, ...]) -> None:
    pending = [(directory, prefix)]
    while pending:
        current, prefix = pending.pop()
        try:
            entries = sorted(os.scandir(current), key=lambda entry: entry.name)
        except OSError as error:
            tree.unread.append((prefix or ".", f"dossier illisible : {error.strerror}"))
            continue
        for entry in entries:
            path = printable(prefix + entry.name)
            if _excluded(path, exclude):
                tree.unread.append((path, "exclu par la description de la cible"))
            elif entry.is_symlink():
                _link(tree, entry, path)
            elif entry.is_dir(follow_symlinks=False):
                if not _skipped(entry):
                    pending.append((Path(entry.path), f"{prefix}{entry.name}/"))
            else:
                tree.paths.append(prefix + entry.name)


def _skipped(entry: "os.DirEntry[str]") -> bool:
    return entry.name in _SKIPPED or is_environment(entry)


def _excluded(path: str, exclude: tuple[str, ...]) -> bool:
    return any(fnmatch(path, glob.rstrip("/")) or path == glob.rstrip("/") for glob in exclude)


def _link(tree: Tree, entry: "os.DirEntry[str]", path: str) -> None:
    """A link to a file of the target is read under its own name; what it points to elsewhere is not."""
    try:
        real = Path(entry.path).resolve(strict=True)
    except (OSError, RuntimeError):
        tree.unread.append((path, "lien symbolique rompu ou circulaire"))
        return
    if not real.is_relative_to(tree.root):
        tree.unread.append((path, "lien symbolique qui sort de la cible"))
    elif real.is_file():
        tree.paths.append(path)
    elif Path(entry.path).parent.resolve().is_relative_to(real):
        tree.unread.append((path, "lien symbolique vers un dossier qui le contient"))


def printable(path: str) -> str:
    """A path that can be written as UTF-8 whatever bytes the file's name holds."""
    return os.fsencode(path).decode("utf-8", "replace")


def read_text(tree: Tree, path: str) -> Source | None:
    """Text of one file, by its declared encoding; None, with the reason in `tree.unread`, when it cannot be read."""
    try:
        content = _read_bytes(tree.root / path)
        encoding = tokenize.detect_encoding(BytesIO(content).readline)[0] if path.endswith(".py") else "utf-8-sig"
        text = content.decode(encoding)
    except _RefusedError as refusal:
        tree.unread.append((printable(path), str(refusal)))
    except OSError as error:
        tree.unread.append((printable(path), f"fichier illisible : {error.strerror}"))
    except (UnicodeError, SyntaxError, LookupError):
        tree.unread.append((printable(path), "encodage inconnu, ou différent de celui que le fichier annonce"))
    else:
        return Source(printable(path), text)
    return None


class _RefusedError(Exception):
    """The file must not be read; the message says why, in French."""


def _read_bytes(path: Path) -> bytes:
    # Opening a pipe would wait for a writer, and the file may change between the walk and now.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise _RefusedError("n'est pas un fichier ordinaire")
        if status.st_size > MAX_BYTES:
            raise _RefusedError(f"plus de {MAX_BYTES // 1_000_000} Mo")
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise _RefusedError(f"plus de {MAX_BYTES // 1_000_000} Mo")
    return content


def python_files(tree: Tree) -> Iterator[Source]:
    """Every Python file that can be read."""
    for path in tree.paths:
        source = read_text(tree, path) if path.endswith(".py") else None
        if source:
            yield source
