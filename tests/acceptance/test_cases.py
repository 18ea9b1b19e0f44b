"""Small projects with a fault that people met, and the same projects without it: no rule may pass over the fault."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from audit.command.run_setup import prepare
from audit.model.findings import Outcome
from audit.rules.example import SIDES, sided

CASES = Path(__file__).parents[1] / "cases"
ALARMS = frozenset({Outcome.DEFECT, Outcome.RESERVATION})
PENDING = tomllib.loads((CASES / "pending.toml").read_text(encoding="utf-8"))


def _case(name: str) -> dict[str, Any]:
    return tomllib.loads((CASES / name / "case.toml").read_text(encoding="utf-8"))


def _sides() -> list[tuple[str, str]]:
    names = sorted(path.parent.name for path in CASES.glob("*/case.toml"))
    return [(name, side) for name in names for side in _case(name).get("sides", SIDES)]


def _project(name: str, side: str, root: Path) -> Path:
    """One side of a case, written below `root`."""
    whole = CASES / name / "project"
    for path in (p for p in whole.rglob("*") if p.is_file()):
        written = root / side / path.relative_to(whole)
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(sided(path.read_text(encoding="utf-8"), side), encoding="utf-8")
        written.chmod(path.stat().st_mode)
    return root / side


def _outcomes(project: Path) -> Mapping[str, Outcome]:
    examination = prepare(str(project), "strict", "source")
    return {identifier: examination.outcome(identifier) for _, identifier in examination.tests()}


def _wrong(name: str, side: str, root: Path) -> list[str]:
    """Rules that pass over the fault of the defective side, or that raise what they must not."""
    case, outcomes = _case(name), _outcomes(_project(name, side, root))
    refused = [rule.split()[0] for rule in case.get("must_not_pass", ())]
    silent = [*case.get("must_not_alarm", ()), *(refused if side == "sound" else ())]
    passed = [rule for rule in refused if side == "defective" and outcomes.get(rule) is Outcome.ESTABLISHED]
    raised = [rule for rule in silent if outcomes.get(rule) in ALARMS]
    broken = [rule for rule, outcome in outcomes.items() if outcome is Outcome.AUDIT_ERROR]
    return sorted((*passed, *raised, *broken))


@pytest.mark.parametrize(("name", "side"), _sides())
def test_no_rule_passes_over_the_fault_nor_alarms_without_one(name: str, side: str, tmp_path: Path) -> None:
    """What is still judged wrongly is named in `pending.toml`, and nothing else is."""
    assert _wrong(name, side, tmp_path) == sorted(PENDING.get(name, {}).get(side, ()))


def _demanded() -> list[str]:
    return sorted(
        {
            name
            for name, _ in _sides()
            if _case(name)["expect"].startswith("défaut") and " or " not in _case(name)["expect"]
        }
    )


@pytest.mark.parametrize("name", _demanded())
def test_the_fault_is_a_defect_and_its_mend_raises_nothing(name: str, tmp_path: Path) -> None:
    """Where a case expects a defect, not passing over it is not enough."""
    rule = _case(name)["rule"]
    assert _outcomes(_project(name, "defective", tmp_path))[rule] is Outcome.DEFECT
    if (name, "sound") in _sides():
        assert _outcomes(_project(name, "sound", tmp_path))[rule] not in ALARMS


def test_what_is_pending_is_of_a_case() -> None:
    assert PENDING.keys() <= {name for name, _ in _sides()}
