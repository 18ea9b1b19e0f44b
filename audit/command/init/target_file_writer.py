"""Writes the target file that was inferred, every entry beside the line that made it think so."""

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from audit.command.init.inference import Guess, Inferred
from audit.command.terminal import shown
from audit.target.target_file import ROLES, TargetError

NAME = "audit.toml"


def rendered(name: str, inferred: Inferred, driver: str = "") -> str:
    """The text of the target file, which names the `driver` that was written. Only a lone candidate is an entry; several, or none, are comments for a human to settle."""
    lines = [
        "# Written by `audit init` from names found in the source: correct what is wrong, then run `audit run`.",
        "[target]",
        f"name = {_string(name)}",
        *_entry("celery_app", inferred.celery_app, "the Celery application, `package.module:name`"),
        *_entry("asgi_app", inferred.asgi_app, "the ASGI application, `package.module:name`"),
        *_files(inferred.process_files),
        *([f"driver = {_string(driver)}"] if driver else []),
        '# python = ".venv/bin/python"  # the interpreter that can import the project, for `--level configuration`',
        *_specs(inferred.specs),
        "",
        "# Which symbol plays which role. One that the project does not have: list it in `absent`.",
        "[roles]",
    ]
    for role, guesses in inferred.roles.items():
        lines += _entry(role, guesses, ROLES[role])
    lines += ["# absent = [" + ", ".join(f'"{role}"' for role, guesses in inferred.roles.items() if not guesses) + "]"]
    return "\n".join(lines) + "\n"


def write(directory: Path, text: str, *, force: bool) -> Path:
    """Put the text in `directory`. Raises TargetError when there is a target file already, unless `force`, or no right to."""
    path = directory / NAME
    if os.path.lexists(path) and not force:
        raise TargetError(f"{path}: already there; --force replaces it")
    put_in_place(path, text)
    return path


def put_in_place(path: Path, text: str) -> None:
    """Write beside, then in its place: a link of that name is replaced, not followed out of the project. Raises TargetError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        with draft.open("x", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise TargetError(f"{path}: cannot be written: {error.strerror or error}") from error


def _entry(key: str, guesses: Sequence[Guess], what: str) -> Iterator[str]:
    if not guesses:
        yield f'# {key} = ""  # not found: {what}'
    elif len(guesses) > 1:
        yield f"# {key}: {what}; several candidates, keep one:"
        yield from (f"# {key} = {_string(g.value)}  # {_reason(g)}" for g in guesses)
    else:
        yield f"{key} = {_string(guesses[0].value)}  # {_reason(guesses[0])}"


def _files(guesses: Sequence[Guess]) -> Iterator[str]:
    if not guesses:
        yield "# process_files = []  # not found: what starts the workers and beat"
        return
    yield "process_files = ["
    yield from (f"  {_string(g.value)},  # {_reason(g)}" for g in guesses)
    yield "]"


def _specs(specs: Sequence[str]) -> Iterator[str]:
    if specs:
        yield from ("", "# The Kiro spec whose criteria the report traces.", "[spec]")
    if len(specs) > 1:
        yield "# several, keep one:"
    for spec in specs:
        yield f"{'# ' if len(specs) > 1 else ''}kiro = {_string(spec)}"


def _reason(guess: Guess) -> str:
    return shown(f"{guess.place}: {guess.why}")


def _string(text: str) -> str:
    """A basic string of TOML, which escapes what JSON does, and DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
