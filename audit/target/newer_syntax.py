"""Parses what is too new for this interpreter with a newer one of this machine, which parses and runs nothing of it.

The newer interpreter gives a syntax tree in JSON; type parameters, which say nothing of what a program does, are left out of it.
"""

import ast
import glob
import json
import logging
import os
import re
import select
import shutil
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_LOG = logging.getLogger(__name__)
_NEWEST, _SECONDS = 20, 20
_MINOR = re.compile(r"3\.(\d+)")
_INSTALLED = ("~/.pyenv/versions/3.*/bin/python3", "~/.local/share/uv/python/*/bin/python3", "/opt/python*/bin/python3")
# Runs in the newer interpreter: one JSON text a line in, one JSON tree (or null) a line out.
_PARSER = r"""
import ast, json, sys
sys.setrecursionlimit(20000)
POSITION = ("lineno", "col_offset", "end_lineno", "end_col_offset")
def plain(value):
    if isinstance(value, ast.AST):
        name = type(value).__name__
        if name == "TypeAlias":
            target = plain(value.name)
            return ["Assign", {"targets": {"list": [target]}, "value": plain(value.value)}, [getattr(value, p) for p in POSITION]]
        name = {"TemplateStr": "JoinedStr", "Interpolation": "FormattedValue"}.get(name, name)
        fields = {k: plain(v) for k, v in ast.iter_fields(value) if k not in ("type_params", "str", "type_comment")}
        return [name, fields, [getattr(value, p, None) for p in POSITION]]
    if isinstance(value, list):
        return {"list": [plain(v) for v in value]}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    return {"ellipsis": 1} if value is ... else {"int": str(value)} if type(value) is int else value
for line in sys.stdin:
    try:
        answer = json.dumps(plain(ast.parse(json.loads(line))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        answer = "null"
    sys.stdout.write(answer + "\n")
    sys.stdout.flush()
"""


def newer_interpreters() -> Iterator[str]:
    """Interpreters of this machine that are newer than this one, by the name or the place they are installed under."""
    for minor in range(_NEWEST, sys.version_info.minor, -1):
        if path := shutil.which(f"python3.{minor}"):
            yield path
    patterns = map(os.path.expanduser, _INSTALLED)
    installed = [(int(found[1]), path) for p in patterns for path in glob.glob(p) if (found := _MINOR.search(path))]  # noqa: PTH207  patterns with ~
    yield from (path for minor, path in sorted(installed, reverse=True) if minor > sys.version_info.minor)


class NewerParser:
    """One newer interpreter, started at the first text that needs it and ended with this object."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._tried = False

    def parse(self, text: str) -> ast.Module | None:
        """The tree of a text that this interpreter refuses; None where no newer one is here, or where it refuses it too."""
        process = self._started()
        if process is None or process.stdin is None or process.stdout is None:
            return None
        try:
            process.stdin.write(json.dumps(text).encode() + b"\n")
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], _SECONDS)
            answer = json.loads(process.stdout.readline()) if ready else None
            tree = _node(answer)
        except (OSError, ValueError, RecursionError, AttributeError, TypeError):
            return None
        return tree if isinstance(tree, ast.Module) else None

    def _started(self) -> "subprocess.Popen[bytes] | None":
        if not self._tried:
            self._tried = True
            self._process = next(filter(None, map(_start, newer_interpreters())), None)
            if self._process is not None:
                weakref.finalize(self, _end, self._process)
        return self._process


def _start(interpreter: str) -> "subprocess.Popen[bytes] | None":
    """A parser under this interpreter; None when it is no newer one, or does not run (the shim of an absent version)."""
    try:
        process = subprocess.Popen(
            [interpreter, "-I", "-S", "-c", _PARSER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(os.sep),
        )
    except OSError:
        return None
    try:
        assert process.stdin is not None  # noqa: S101  given above
        assert process.stdout is not None  # noqa: S101  given above
        process.stdin.write(json.dumps("def f[T](x): return x").encode() + b"\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], _SECONDS)
        understood = bool(ready) and process.stdout.readline().strip() not in {b"", b"null"}
    except OSError:
        understood = False
    if not understood:
        _end(process)
        return None
    _LOG.debug("parsing newer syntax with %s", interpreter)
    return process


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    process.wait()


_POSITION = ("lineno", "col_offset", "end_lineno", "end_col_offset")


def _node(value: Any) -> Any:
    """A node of this interpreter's `ast`, from what the parser wrote."""
    if isinstance(value, list):
        name, fields, position = value
        places = {key: number for key, number in zip(_POSITION, position, strict=True) if number is not None}
        return getattr(ast, name)(**{key: _node(item) for key, item in fields.items()}, **places)
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "list":
        return [_node(item) for item in content]
    if kind == "bytes":
        return bytes.fromhex(content)
    if kind == "complex":
        return complex(*content)
    return ... if kind == "ellipsis" else int(content)
