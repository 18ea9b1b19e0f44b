"""Static tools over the target's files: ruff, vulture and black, those of this interpreter's environment first."""

import logging
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from audit.french.typography import counted
from audit.model.quality_facts import ToolRun
from audit.model.test_files import globs_of_test_files
from audit.target.target_file import Target

_logger = logging.getLogger(__name__)
_DEADLINE_SECONDS = 120.0
# What each tool answers besides « nothing to say ».
_COMPLAINS = {"ruff": 1, "vulture": 3, "black": 1}
_SUMMARY = re.compile(r"\d+ files? |Found \d+ error|\[\*\] |All checks passed")
QUESTIONS = ("dead-code", "unused-imports", "stray-prints", "uniform-style")


def configured(root: Path) -> dict[str, str]:
    """Which of these tools the target itself configures, and where."""
    tables = _tool_tables(root / "pyproject.toml")
    found = {name: "pyproject.toml" for name in _COMPLAINS if name in tables}
    for name in ("ruff.toml", ".ruff.toml"):
        if (root / name).is_file():
            found["ruff"] = name
    return found


def run(target: Target, question: str) -> ToolRun:
    """The answer of the tool that this question is put to."""
    command = _command(target, question)
    if not command:
        return ToolRun("", why_unknown="la cible ne règle ni `ruff` ni `black`")
    program = _program(command[0])
    shown = shlex.join(command)
    if program is None:
        return ToolRun(shown, why_unknown=f"`{command[0]}` n'est pas installé")
    started = time.monotonic()
    try:
        done = subprocess.run(
            [program, *command[1:]],
            cwd=target.root,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "RUFF_OUTPUT_FORMAT": "concise"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_DEADLINE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return ToolRun(shown, why_unknown=f"`{command[0]}` n'a pas pu finir ({type(error).__name__})")
    _logger.debug("%s: %s exited %d in %.2f s", question, program, done.returncode, time.monotonic() - started)
    return replace(_answer(command[0], shown, done), ignored=_ignored(target) if command == ["vulture"] else "")


def _ignored(target: Target) -> str:
    """What the target has vulture ignore, and which code outside the target it counts as a use, in French."""
    table = _tool_tables(target.root / "pyproject.toml").get("vulture", {})
    asked = {key: value for key, value in table.items() if isinstance(value, list)}
    told = [f"confiance {table['min_confidence']} %"] if isinstance(table.get("min_confidence"), int) else []
    for key, word in (("ignore_names", "nom ignoré"), ("ignore_decorators", "décorateur ignoré")):
        told += [counted(len(asked[key]), word)] if asked.get(key) else []
    left_out = {glob.strip("/") for glob in target.exclude}
    outside = [f"`{path}`" for path in asked.get("paths", ()) if str(path).strip("/") in left_out]
    told += [f"ce qu'appelle {' ou '.join(outside)}, hors de la cible, compte comme employé"] if outside else []
    return ", ".join(told)


def versions() -> dict[str, str]:
    """Versions of the tools that are installed here."""
    found = {}
    for name in _COMPLAINS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _command(target: Target, question: str) -> list[str]:
    known = configured(target.root)
    isolated = ["ruff", "check", "--isolated", "--no-cache"]
    match question:
        case "unused-imports":
            return [*isolated, "--select", "F401", *_without(target.exclude), "."]
        case "stray-prints":
            aside = dict.fromkeys((*target.exclude, *globs_of_test_files(target.celery_app)))
            return [*isolated, "--select", "T201,T203", *_without(aside), "."]
        case "dead-code" if "vulture" in known:
            return ["vulture"]
        case "dead-code":
            # Only what is certain: everything else depends on names that frameworks call, which the target did not tell.
            return ["vulture", "--min-confidence", "100", "--exclude", ",".join(_patterns(target)), "."]
        case _ if "ruff" in known:
            return ["ruff", "format", "--check", "--no-cache", "."]
        case _:
            return ["black", "--check", "--quiet", "."] if "black" in known else []


def _patterns(target: Target) -> list[str]:
    return [*(f"*/{glob.strip('/')}*" for glob in target.exclude), "*/.venv/*", "*/venv/*"]


def _without(globs: Iterable[str]) -> list[str]:
    return [part for glob in globs for part in ("--extend-exclude", glob)]


def _program(name: str) -> str | None:
    beside = Path(sys.executable).parent
    return shutil.which(name, path=os.pathsep.join([str(beside), os.environ.get("PATH", os.defpath)]))


def _answer(tool: str, shown: str, done: "subprocess.CompletedProcess[str]") -> ToolRun:
    lines = tuple(line for line in done.stdout.splitlines() if line.strip() and not _SUMMARY.match(line))
    if "No Python files" in done.stderr:
        return ToolRun(shown, why_unknown="aucun fichier Python n'a été trouvé")
    if done.returncode == 0:
        return ToolRun(shown)
    if done.returncode == _COMPLAINS[tool]:
        return ToolRun(shown, lines or ("des fichiers ne sont pas au format",))
    last = next(iter(reversed(done.stderr.strip().splitlines())), "aucun message")
    return ToolRun(shown, why_unknown=f"`{tool}` a échoué (code {done.returncode}) : {last}")


def _tool_tables(path: Path) -> dict[str, Any]:
    try:
        tables: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, ValueError, RecursionError):
        return {}
    return dict(tables) if isinstance(tables, dict) else {}
