"""`audit fire` on fake stacks: its exit codes, what it prints, and what it writes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from audit.command.cli import app
from audit.command.laboratory_commands import told
from audit.experiments.evidence_files import Soak, read
from audit.experiments.laboratory.laboratory_session import FIRE, Plan, document, run
from audit.experiments.laboratory.schedule_run import Patience
from audit.experiments.laboratory.schedules import Step
from tests.unit.audit.experiments.fake_laboratory import FakeLaboratory

DRIVER = """
from tests.unit.audit.experiments.fake_laboratory import FakeLaboratory

class Driver(FakeLaboratory):
    def __init__(self, root):
        super().__init__(root=root, {switches})

class Plain:
    def __init__(self, root):
        pass
"""


def target(folder: Path, name: str, switches: str = "", line: str = 'fault_driver = "{name}:Driver"') -> Path:
    """A target whose fault driver is in a module of this name, its own, for modules stay imported."""
    (folder / "audit.toml").write_text(f'[target]\nname = "cible"\n{line.format(name=name)}\n', encoding="utf-8")
    (folder / f"{name}.py").write_text(DRIVER.format(switches=switches), encoding="utf-8")
    return folder


def fire(folder: Path, *options: str, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.syspath_prepend(str(folder))
    return CliRunner().invoke(app, ["fire", str(folder), "--seed", "1", "--out", str(folder / "out"), *options])


def test_a_sound_stack_leaves_a_journal_a_summary_and_a_drawing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = target(tmp_path, "fire_sound")
    result = fire(folder, "--schedule", "kill-child:4,before-claim/main", monkeypatch=monkeypatch)
    assert result.exit_code == 0, result.output
    assert "seed 1; 2 faults" in result.output
    assert "nothing lost, nothing sent twice" in result.output
    soak = read(tmp_path / "out" / "fire.json")
    assert isinstance(soak, Soak)
    assert soak.document["schedule"] == "kill-child:4,before-claim/main:12"
    assert "Preuves par injection de fautes" in (tmp_path / "out" / "fire.md").read_text(encoding="utf-8")
    assert (tmp_path / "out" / "fire.svg").read_text(encoding="utf-8").startswith("<svg")


def test_what_was_lost_is_named_and_the_schedule_is_shrunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = target(tmp_path, "fire_losing", 'loses_at=frozenset({"before-claim"})')
    result = fire(folder, "--shrink", "--schedule", "kill-child:4,before-claim/child", monkeypatch=monkeypatch)
    assert result.exit_code == 1, result.output
    assert "envois perdus: 1 (k" in result.output
    assert "the smallest schedule that fails: before-claim/child:12" in result.output
    assert json.loads((tmp_path / "out" / "fire.json").read_text(encoding="utf-8"))["sends"]["lost"]


def test_a_fault_that_did_not_strike_is_inconclusive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = target(tmp_path, "fire_unreachable", 'unreachable=frozenset({"before-claim"})')
    result = fire(folder, "--schedule", "before-claim/child", monkeypatch=monkeypatch)
    assert result.exit_code == 3, result.output
    assert "before-claim/child did not strike" in result.output


@pytest.mark.parametrize(
    ("left", "cut_short", "code"), [(0, "", 0), (1, "", 3), (0, "le second worker ne démarre pas", 3)]
)
def test_a_schedule_that_was_not_played_whole_is_inconclusive(
    left: int, cut_short: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    stack, plan = FakeLaboratory(), Plan((Step("kill-child", 4),))
    try:
        outcome = replace(run(stack, plan, FIRE, patience=Patience(end=0.2, quiet=0.01)), cut_short=cut_short)
    finally:
        stack.stop()
    whole = Plan(plan.alone + plan.alone * left)
    assert told(outcome, document(outcome, whole, FIRE, 1, {})) == code
    assert ("nothing lost" in capsys.readouterr().err) is (code == 0)


@pytest.mark.parametrize(
    ("name", "line", "options", "code", "words"),
    [
        ("fire_none", "", (), 2, "names no `target.fault_driver`"),
        ("fire_plain", 'fault_driver = "{name}:Plain"', (), 3, "n'est pas un pilote"),
        ("fire_absent", 'fault_driver = "nowhere_at_all:X"', (), 3, "ne se charge pas"),
        ("fire_typo", 'fault_driver = "{name}:Driver"', ("--schedule", "kill-mian"), 2, "unknown fault"),
        ("fire_empty", 'fault_driver = "{name}:Driver"', ("--schedule", " , "), 2, "no fault in this schedule"),
        ("fire_out", 'fault_driver = "{name}:Driver"', ("--out", "/dev/null/x"), 2, "cannot write"),
    ],
)
def test_bad_usage_and_bad_drivers_are_told(
    name: str,
    line: str,
    options: tuple[str, ...],
    code: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = fire(target(tmp_path, name, line=line), *options, monkeypatch=monkeypatch)
    assert result.exit_code == code, result.output
    assert words in result.output
