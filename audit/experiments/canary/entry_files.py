"""The shipped scripts as the canary runs them: copies in a private directory, where every command but the worker does nothing.

What decides who receives a signal is kept word by word: `exec`, `trap`, `wait`, `&`, loops, conditions, functions. What is
replaced: the place of files, `cd`, what is sourced, and the programs, by stubs that answer success.
"""

import re
import shlex
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

# Programs of the system that scripts need to come to their worker, and that change nothing.
_REAL = (
    *("sh", "bash", "dash", "sleep", "true", "false", "cat", "date", "dirname", "basename", "readlink", "realpath", "test"),
    *("expr", "sed", "grep", "egrep", "awk", "cut", "tr", "head", "tail", "wc", "id", "whoami", "hostname", "nproc", "printf"),
    *("echo", "seq", "sort", "uname", "getconf"),
)  # fmt: skip
# Wrappers that become the command that they are given.
_BECOMING = (
    *("env", "nice", "ionice", "nohup", "gosu", "su-exec", "setuidgid", "s6-setuidgid", "chpst", "setpriv", "stdbuf", "poetry"),
    *("pipenv", "ddtrace-run", "opentelemetry-instrument", "newrelic-admin"),
)  # fmt: skip
_WORD = re.compile(r"[A-Za-z_][\w.+-]*")
_PLACE = re.compile(r"(?<![\w.$=:/}-])(?:[\w.~-]+|\$\{[^}\s]*\}|\$\w+)?(?:/[\w.+-]+)+/?")
_KEPT_PLACES = ("/dev/", "/proc/")
_CD = re.compile(r"\bcd\s+(\"[^\"\n]*\"|'[^'\n]*'|[^\s;&|)]+)")
_SOURCED = re.compile(r"(?m)(^\s*|[;&|{]\s*|\b(?:then|do|else)\s+)(?:\.|source)\s+[^\s;&|]+")
_MOST_STUBS = 2000
_STUB = """#!/bin/sh
name=${0##*/}
case " $* " in *" worker "*) ;; *) exit 0 ;; esac
named() { for word; do case "$word" in celery|*/celery) return 0 ;; esac; done; return 1; }
case "$name" in
  celery) ;;
  python*|BECOMING) named "$@" || exit 0 ;;
  *) if named "$@"; then echo "$name" > DIRECTORY/unknown; fi; exit 0 ;;
esac
MKDIR DIRECTORY/started 2>/dev/null || exec SLEEP 86400
exec WORKER
"""


def write_entry(directory: Path, words: Sequence[str], scripts: Mapping[str, str], worker: str) -> list[str]:
    """Write copies and stubs into this new directory; the words to execute instead. `worker`: the shell words of the canary's."""
    programs = directory / "bin"
    programs.mkdir(parents=True)
    copies = {path.rpartition("/")[2]: directory / f"script-{number}" for number, path in enumerate(scripts)}
    for path, text in scripts.items():
        copy = copies[path.rpartition("/")[2]]
        copy.write_text(private_text(text, copies), encoding="utf-8")
        copy.chmod(0o700)
    _write_stubs(directory, programs, [*scripts.values(), *words], worker)
    own = [private_text(word, copies) for word in words]
    return [*_interpreter(own[0], copies, scripts), *own]


def private_text(text: str, copies: Mapping[str, Path]) -> str:
    """With every place of a file its name alone, or our copy of the script."""

    def moved(match: re.Match[str]) -> str:
        place = match.group(0)
        name = place.rstrip("/").rpartition("/")[2]
        if name in copies:
            return str(copies[name])
        return place if place.startswith(_KEPT_PLACES) else name

    head, line, rest = text.partition("\n") if text.startswith("#!") else ("", "", text)
    rest = _SOURCED.sub(r"\1:", rest)
    return head + line + _PLACE.sub(moved, _CD.sub("cd .", rest))


def _interpreter(first: str, copies: Mapping[str, Path], scripts: Mapping[str, str]) -> list[str]:
    """The shell that the first line of a script names, where the script itself is executed."""
    texts = {str(copies[path.rpartition("/")[2]]): text for path, text in scripts.items()}
    if first not in texts:
        return []
    head = texts[first].partition("\n")[0]
    words = head.removeprefix("#!").split() if head.startswith("#!") else ["sh"]
    return words[1:] if words[0].rpartition("/")[2] == "env" else [words[0].rpartition("/")[2], *words[1:]]


def _write_stubs(directory: Path, programs: Path, texts: Iterable[str], worker: str) -> None:
    stub = directory / "stub"
    text = _STUB.replace("BECOMING", "|".join(_BECOMING)).replace("DIRECTORY", shlex.quote(str(directory)))
    for name, program in (("MKDIR", "mkdir"), ("SLEEP", "sleep")):
        text = text.replace(name, shutil.which(program) or program)
    stub.write_text(text.replace("WORKER", worker), encoding="utf-8")
    stub.chmod(0o700)
    for name in _REAL:
        if found := shutil.which(name):
            (programs / name).symlink_to(found)
    named = {word for text in texts for word in _WORD.findall(text)}
    for name in ["celery", "python", "python3", *_BECOMING, *sorted(named)[:_MOST_STUBS]]:
        if not (programs / name).is_symlink():
            (programs / name).symlink_to(stub)
