"""The file of the target that a command runs in Python: an entry point, a module, a file, a command of Django."""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

from audit.model.test_files import is_test_file
from audit.reading.deployment.file_references import Around
from audit.reading.deployment.project_scripts import Point, entry_points
from audit.reading.deployment.python_starts import Code, Script, chosen_command, read_code, script_of

_VALUED = frozenset({"-X", "-W"})


@dataclass(frozen=True)
class Program:
    """A file of the target, the function that is called (none: the file itself is run), and the arguments after it.

    `path`: empty where the name is the target's, and its code was not found.
    """

    path: str
    function: str
    arguments: tuple[str, ...]


def program_of(words: Sequence[str], around: Around) -> Program | None:
    """What a command, its wrappers set aside, runs of the target's Python; None for anything else."""
    if not words:
        return None
    name, rest = posixpath.basename(words[0]), list(words[1:])
    point = points_of(around).get(name)
    if point is not None:
        return _of_point(point, rest, around)
    if not name.startswith("python"):
        return _of_file(words[0], rest, around)
    while rest and rest[0].startswith("-"):
        if rest[0] == "-m":
            path = _module(rest[1], around) if rest[1:] else ""
            return Program(path, "", tuple(rest[2:])) if path else None
        rest = rest[2:] if rest[0] in _VALUED else rest[1:]
    return _of_file(rest[0], rest[1:], around) if rest else None


def read_program(program: Program, around: Around) -> Script:
    """What it starts, as a script."""
    code = _code(program.path, around)
    if code is None:
        return Script(blind=True)
    chosen = chosen_command(code, program.arguments)
    if not chosen and program.function and (found := _elsewhere(program.arguments, around)):
        code, chosen = found
    return script_of(code, chosen or program.function, program.arguments, lambda name: _lookup(name, around))


def _elsewhere(arguments: Sequence[str], around: Around) -> tuple[Code, str] | None:
    """The only file of the target that defines the command that these words name, for a group that is not its own."""
    words = [word for word in arguments if word[:1].isalpha()]
    named = re.compile(
        "|".join(rf"[\"']{re.escape(w)}[\"']|\bdef {re.escape(w.replace('-', '_'))}\(" for w in words) or "$^"
    )
    sources = [s for path in around.tree.paths if path.endswith(".py") and (s := around.source(path))] if words else []
    files = [s.path for s in sources if ".command" in s.text and named.search(s.text) and not is_test_file(s.path)]
    codes = [code for path in files if (code := _code(path, around)) is not None]
    found = [(code, chosen) for code in codes if (chosen := chosen_command(code, arguments))]
    return found[0] if len(found) == 1 else None


def points_of(around: Around) -> dict[str, Point]:
    """The console scripts of the target, by name."""
    return around.once("points", entry_points)


def _of_point(point: Point, arguments: Sequence[str], around: Around) -> Program:
    path = _module(point.module, around)
    if path and not point.function:
        return Program(path, "", tuple(arguments))
    found = _lookup(f"{point.module}.{point.function}", around)
    if found is not None and found[1] in found[0].functions:
        return Program(found[0].path, found[1], tuple(arguments))
    code = _code(path, around)
    # A group of commands that is no function: `app = typer.Typer()`.
    known = path if code is not None and chosen_command(code, arguments) else ""
    return Program(known, point.function, tuple(arguments))


def _of_file(word: str, arguments: Sequence[str], around: Around) -> Program | None:
    """A file in Python, or the command of Django that `manage.py` is given."""
    if posixpath.basename(word) == "manage.py" and arguments:
        path = _only([p for p in around.tree.paths if p.endswith(f"/management/commands/{arguments[0]}.py")])
        return Program(path, "handle", tuple(arguments[1:])) if path else None
    path = _ending(word, around) if word.endswith(".py") else ""
    return Program(path, "", tuple(arguments)) if path else None


def _module(name: str, around: Around) -> str:
    """The file of a module of the target, or what `python -m` runs of a package; empty for none, or several."""
    path = name.replace(".", "/")
    return _ending(f"{path}.py", around) or _ending(f"{path}/__main__.py", around)


def _ending(path: str, around: Around) -> str:
    wanted = posixpath.normpath(path).lstrip("/")
    parts = wanted.split("/")
    for start in range(len(parts) if path.startswith("/") else 1):
        end = "/".join(parts[start:])
        found = [p for p in around.tree.paths if p == end or p.endswith(f"/{end}")]
        if found:
            return end if end in found else _only(found)
    return ""


def _only(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else ""


def _code(path: str, around: Around) -> Code | None:
    def made(around: Around) -> Code | None:
        source = around.source(path) if path else None
        module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        return read_code(path, module, source.text) if source else None

    return around.once(f"code {path}", made)


def _lookup(name: str, around: Around, depth: int = 0) -> tuple[Code, str] | None:
    """The file that defines a dotted name, through what packages import of their modules."""
    module, _, last = name.rpartition(".")
    base = module.replace(".", "/")
    path = (_ending(f"{base}.py", around) or _ending(f"{base}/__init__.py", around)) if base else ""
    code = _code(path, around)
    if code is None:
        return None
    if last in code.functions:
        return code, last
    again = code.imported.get(last, "")
    return _lookup(again, around, depth + 1) if again and again != name and depth < 5 else None
