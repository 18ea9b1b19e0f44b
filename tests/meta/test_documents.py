"""README, ARCHITECTURE and CONTRIBUTING: no long line, no path that is gone, and the rooms that import-linter checks."""

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from audit.experiments import every_appraisal, every_experiment
from audit.requirements.requirement import family_of

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")
FOLDERS = ("audit", "system", "checks", "tests", "reports", ".ci")
WIDEST = 120

each_document = pytest.mark.parametrize("name", NAMES)


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def existing() -> tuple[str, ...]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")] + [*ROOT.iterdir()]
    return tuple(f"/{path.relative_to(ROOT).as_posix()}{'/' * path.is_dir()}" for path in found)


def placeholder(path: str) -> bool:
    """Whether a part of the path stands for one that the reader chooses, as in `audit/rules/SUBJECT.py`."""
    return any(re.fullmatch(r"[A-Z]+", part.partition(".")[0]) for part in path.split("/") if part not in NAMES)


@each_document
def test_no_line_is_too_wide(name: str) -> None:
    wide = [f"{name}:{n}" for n, line in enumerate(text_of(name).splitlines(), 1) if len(line) > WIDEST]
    assert not wide


@each_document
def test_every_path_exists(name: str) -> None:
    roots = "|".join(map(re.escape, FOLDERS))
    paths = {path.rstrip(".") for path in re.findall(rf"(?<![\w./-])(?:{roots})/[\w./-]*", text_of(name))}
    assert paths
    assert not sorted(path for path in paths if not (placeholder(path) or (ROOT / path).exists()))


@each_document
def test_every_file_named_in_backquotes_exists(name: str) -> None:
    quoted = re.findall(r"`([\w./-]+(?:\.(?:py|toml|md|j2|json|sql|sh)|/))`", text_of(name))
    named = {path for path in quoted if not placeholder(path)}
    assert named
    assert not sorted(path for path in named if not any(known.endswith(f"/{path}") for known in existing()))


def test_the_picture_of_the_rooms_is_the_import_contract() -> None:
    contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (rooms,) = (c["layers"] for c in contracts if c.get("containers") == ["audit"])
    picture = text_of("ARCHITECTURE.md").partition("```text\n")[2].partition("```")[0].splitlines()
    assert [re.split(r" {2,}", line.strip())[0] for line in picture] == rooms


def test_every_experiment_is_listed_under_its_family() -> None:
    listed = text_of("ARCHITECTURE.md").partition("**Experiments**")[2].partition("\n\n")[2].partition("\n\n")[0]
    families = dict(item.partition(": ")[::2] for item in re.split(r"^- ", listed, flags=re.MULTILINE) if item)
    modules = [(e.run.__module__, e.requirements) for e in every_experiment()]
    modules += [(a.appraise.__module__, a.requirements) for a in every_appraisal()]
    missing = []
    for module, criteria in modules:
        file = f"`{module.rpartition('.')[2]}.py`"
        missing += [file] * all(file not in families.get(family_of(c), "") for c in criteria)
    assert modules
    assert not missing
