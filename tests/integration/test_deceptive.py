"""Defects hidden by somebody who had not read the harness: never established, and nothing raised on their twins."""

import tomllib
from pathlib import Path

import pytest

from audit.command.run_setup import prepare
from audit.model.findings import Outcome
from tests.deceptive.projects import Deception, deceptions

pytestmark = pytest.mark.integration
PENDING = tomllib.loads((Path(__file__).parents[1] / "deceptive" / "pending.toml").read_text(encoding="utf-8"))
PASSES = frozenset({Outcome.ESTABLISHED, Outcome.NOT_APPLICABLE})
ALARMS = frozenset({Outcome.DEFECT, Outcome.RESERVATION})


def outcome(deception: Deception, root: Path, side: str) -> Outcome:
    return prepare(str(deception.write(root, side)), "strict", "source").outcome(deception.rule)


@pytest.mark.parametrize("deception", [d for d in deceptions() if not d.is_trap], ids=lambda d: d.identifier)
def test_a_hidden_defect_is_never_established(deception: Deception, tmp_path: Path) -> None:
    passed_over = outcome(deception, tmp_path, "defective") in PASSES
    assert passed_over == (deception.identifier in PENDING["passed_over"]), deception.indirection


@pytest.mark.parametrize("deception", [d for d in deceptions() if d.has_sound_side], ids=lambda d: d.identifier)
def test_nothing_is_raised_on_its_twin(deception: Deception, tmp_path: Path) -> None:
    raised = outcome(deception, tmp_path, "sound") in ALARMS
    assert raised == (deception.identifier in PENDING["false_alarms"]), deception.indirection


def test_at_least_sixty_defects_are_hidden() -> None:
    assert sum(not d.is_trap for d in deceptions()) >= 60
    assert {*PENDING["passed_over"], *PENDING["false_alarms"]} <= {d.identifier for d in deceptions()}
