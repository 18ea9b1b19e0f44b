"""What running workers answer, against the import: what differs is named, silence concludes nothing."""

import sys
from pathlib import Path
from typing import Any

import pytest

from audit.experiments import worker_answers
from audit.experiments.asked_workers import ask_workers
from audit.experiments.driver import DriverError
from audit.experiments.experiment import Record
from audit.model.findings import Outcome
from tests.unit.audit.experiments.fake_stack import FakeStack

SAME: dict[str, Any] = {"conf": {"task_acks_late": [True, True]}, "tasks": {"shop.pay": ["[acks_late=True]"] * 2}}
LATER: dict[str, Any] = {"conf": {"task_acks_late": [True, False]}, "tasks": {}}


class Answering(FakeStack):
    """A stack whose workers answer this."""

    told: dict[str, Any]

    def worker_answers(self) -> dict[str, Any]:
        return self.told


def _played(answers: dict[str, Any]) -> tuple[Outcome, str]:
    stack = Answering()
    stack.told = answers
    ((finding,), _) = worker_answers.EXPERIMENT.perform(stack)
    return finding.outcome, (finding.sentence + finding.missing).replace("\u00a0", " ")


def test_the_same_answers_everywhere_are_established() -> None:
    outcome, told = _played({"a": SAME, "b": SAME})
    assert outcome is Outcome.ESTABLISHED
    assert "2 réglages et 2 tâches, sur 2 workers" in told


def test_one_worker_that_differs_is_a_defect_by_name() -> None:
    outcome, told = _played({"a": SAME, "b": LATER})
    assert outcome is Outcome.DEFECT
    assert "`task_acks_late` : `False` au lieu de `True`" in told


@pytest.mark.parametrize("answers", [{}, {"a": {}}])
def test_silence_concludes_nothing(answers: dict[str, Any]) -> None:
    outcome, told = _played(answers)
    assert outcome is Outcome.UNDETERMINED
    assert "`inspect`" in told


def test_an_application_that_does_not_import_is_said(tmp_path: Path) -> None:
    with pytest.raises(DriverError, match="absente"):
        ask_workers(sys.executable, tmp_path, "absente:app", {"PATH": "/usr/bin"})


def test_a_record_tells_how_much_was_compared() -> None:
    stack, record = Answering(), Record()
    stack.told = {"a": SAME}
    worker_answers.run(stack, record)
    assert dict(record.figures)["Réglages comparés"] == "1"
