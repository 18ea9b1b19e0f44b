"""From what the user typed to an examination ready to run."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from audit import reading as source
from audit.command.init.inference import unambiguous
from audit.importing import configuration_probe as configuration
from audit.judging.examination import Examination, Probes
from audit.model.findings import Level
from audit.requirements.profiles import (
    GOOD_PRACTICES,
    PROFILES,
    QUALITY_FAMILY,
    STRICT,
    default_family,
    default_profile,
)
from audit.rules import every_rule
from audit.rules.third_party import third_party_rules
from audit.target.target_file import Target, TargetError, load_target

T = TypeVar("T")

EVERY_FAMILY = "all"
LEVELS = {"source": Level.SOURCE, "configuration": Level.CONFIGURATION, "execution": Level.EXECUTION}


def prepare(  # noqa: PLR0917  what a command line gives
    path: str | Path,
    profile: str | None,
    level: str | None,
    tell: Callable[[str], None] = lambda _: None,
    family: str | None = None,
    evidence: Sequence[Path] = (),
    python: str = "",
) -> Examination:
    """Examination of the target at `path` for one family of criteria; without a level, the profile's own.

    Without a profile: `celery` for a target without roles, else `strict`; without a family, the profile's own.

    `python` is the interpreter that can import the target, in place of the one it declares.

    Raises TargetError on an unusable target, an unknown profile or level, or a family the profile does not judge.
    """
    target = load_target(Path(path))
    name = profile or default_profile(roles=bool(target.roles or target.absent), family=family or "")
    families = _one_of("profile", name, PROFILES)
    chosen = _one_of(f"family of profile {name}", family or default_family(name), families)
    wanted = chosen.default_level if level is None else _one_of("level", level, LEVELS)
    probes = Probes(source=source.collect, configuration=configuration.collect)
    others = third_party_rules() if GOOD_PRACTICES in chosen.categories else ()
    for file in evidence:
        if not file.is_file():
            raise TargetError(f"--evidence {file}: no such file")
    python = python or _own_interpreter(target, wanted)
    if python:
        if shutil.which(python) is None:
            raise TargetError(f"--python {python}: no such interpreter")
        # A path is the user's, not one below the target; a bare name is looked for by the probe.
        target = replace(target, python=os.path.abspath(python) if os.sep in python else python)  # noqa: PTH100  links kept
    questions = (*every_rule(), *others)
    return Examination(target, chosen, wanted, probes, tell, questions, evidence=evidence, suppose=unambiguous)


def every_family(profile: str | None) -> tuple[str, ...]:
    """The families that `--family all` audits, in order. Raises TargetError on an unknown profile."""
    return tuple(_one_of("profile", profile or STRICT.name, PROFILES))


def level_of_family(level: str | None, family: str | None) -> str | None:
    """The level of one family among all: that of the quality of the code asks for files and nothing else."""
    return "source" if family == QUALITY_FAMILY else level


def _own_interpreter(target: Target, level: Level) -> str:
    """What a project that nobody described is imported with, where its workers are to be started; empty elsewhere."""
    if level < Level.EXECUTION or target.python or target.celery_app or target.asgi_app:
        return ""
    environments = (target.root / name / "bin" / "python" for name in (".venv", "venv"))
    return next((str(path) for path in environments if path.exists()), sys.executable)


def _one_of(what: str, name: str, known: Mapping[str, T]) -> T:
    if name in known:
        return known[name]
    close = get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise TargetError(f"unknown {what} {name!r}{hint} (known: {', '.join(known)})")
