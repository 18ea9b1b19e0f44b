"""The canary on small Celery projects whose settings are known: the right answer for each."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from audit import reading as source
from audit.experiments.canary.canary_run import Canary, Flight
from audit.experiments.canary.questions import QUESTIONS
from audit.model.findings import Finding, Outcome
from audit.model.target_facts import TargetFacts
from audit.target.target_file import load_target

TARGETS = Path(__file__).parents[1] / "targets"
pytestmark = pytest.mark.integration


def _fly(name: str, *scenarios: str, tmp_path: Path) -> Flight:
    root = shutil.copytree(TARGETS / name, tmp_path / name)
    target = replace(load_target(root), python=sys.executable)
    known = TargetFacts(target, source.collect(target), None)
    wanted = {f"canary-{s}" for s in scenarios}
    steps: list[str] = []
    before = _files(root)
    flight = Canary(questions=[q for q in QUESTIONS if q.id in wanted]).fly(known, allowed=True, tell=steps.append)
    assert steps, "the progress must be visible"
    assert _files(root) == before, "the target's directory must be left as it was"
    assert not _of_this_target(root)
    return flight


def _of_this_target(root: Path) -> list[psutil.Process]:
    """Processes started for this copy of a target, this test's own audit left out."""
    seen = ((p, " ".join(p.info["cmdline"] or ())) for p in psutil.process_iter(["cmdline"]))
    return [p for p, line in seen if str(root) in line and "audit run" not in line]


def _files(root: Path) -> list[Path]:
    return sorted(root.rglob("*"))


def _of(flight: Flight, scenario: str, requirement: str = "8.4") -> Finding:
    findings = [f for f in flight.findings[f"canary-{scenario}"] if requirement in f.requirements]
    return max(findings, key=lambda f: f.outcome is Outcome.DEFECT)


def _figure(flight: Flight, scenario: str, label: str) -> str:
    return dict(flight.records[f"canary-{scenario}"].figures)[label]


def test_early_acknowledgement_loses_what_runs(tmp_path: Path) -> None:
    flight = _fly("canari-acquittement-precoce", "child-killed", "main-killed", tmp_path=tmp_path)
    assert _of(flight, "child-killed").outcome is Outcome.DEFECT
    assert _figure(flight, "child-killed", "Perdus") == "1"
    assert _of(flight, "main-killed").outcome is Outcome.DEFECT
    assert _figure(flight, "main-killed", "Perdus") == "2"


def test_late_acknowledgement_without_rejection_loses_a_killed_childs_task(tmp_path: Path) -> None:
    flight = _fly("canari-tardif-sans-rejet", "child-killed", tmp_path=tmp_path)
    assert _of(flight, "child-killed").outcome is Outcome.DEFECT
    assert "`acks_late=True`, `reject_on_worker_lost=False`" in _of(flight, "child-killed").sentence


def test_late_acknowledgement_with_rejection_runs_it_again(tmp_path: Path) -> None:
    flight = _fly("canari-tardif-avec-rejet", "child-killed", "main-killed", tmp_path=tmp_path)
    assert _of(flight, "child-killed").outcome is Outcome.ESTABLISHED
    assert _figure(flight, "child-killed", "Perdus") == "0"
    # Nothing lost, but what the dead worker held waits for an hour.
    assert _of(flight, "main-killed").outcome is Outcome.RESERVATION
    assert _figure(flight, "main-killed", "Perdus") == "0"


def test_a_visibility_timeout_below_the_countdown_runs_a_message_twice(tmp_path: Path) -> None:
    flight = _fly("canari-visibilite", "delayed", tmp_path=tmp_path)
    assert _of(flight, "delayed").outcome is Outcome.DEFECT
    assert "exécuté 2 fois" in _of(flight, "delayed").sentence


def test_a_memory_limited_worker_replaces_its_children_without_a_loss(tmp_path: Path) -> None:
    flight = _fly("canari-memoire", "ordinary", tmp_path=tmp_path)
    assert _of(flight, "ordinary").outcome is Outcome.ESTABLISHED
    assert "`worker_max_memory_per_child=8000`" in _of(flight, "ordinary").sentence


def test_an_application_that_does_not_import_is_undetermined_with_why(tmp_path: Path) -> None:
    flight = _fly("canari-import-impossible", "ordinary", "child-killed", tmp_path=tmp_path)
    for findings in flight.findings.values():
        assert [f.outcome for f in findings] == [Outcome.UNDETERMINED]
        assert "BOUTIQUE_BROKER" in findings[0].missing


def test_every_address_of_the_target_is_turned_to_the_private_server(tmp_path: Path) -> None:
    flight = _fly("canari-lecture-ailleurs", "ordinary", tmp_path=tmp_path)
    assert _of(flight, "ordinary").outcome is Outcome.ESTABLISHED
