import json
import os
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from audit.command.audit_run import Written, command_line, run
from audit.command.direct_session import InterruptedAuditError
from audit.command.output_files import OutputError
from audit.experiments.experiment import Record
from audit.journal.corrections import Previous
from audit.journal.journal_file import dump, read
from audit.journal.previous_checkpoints import elsewhere, finished, free_stem, newest_by_family
from audit.model.facts import Facts
from audit.model.findings import Finding, Level, Outcome
from audit.target.target_file import Target
from tests.unit.audit.examples import IdleStack, examination, experiment, profile, proving, rule

VARIABLES = ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_ADDOPTS", "PYTEST_PLUGINS")


@pytest.fixture
def target(tmp_path: Path) -> Target:
    (tmp_path / "root").mkdir()
    return Target("cible", tmp_path / "root")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "reports"


def audited(target: Target, out: Path, *outcomes: Outcome, quiet: bool = False, level: Level = Level.SOURCE) -> Written:
    rules = [rule(f"r{n}", outcome) for n, outcome in enumerate(outcomes or (Outcome.ESTABLISHED,))]
    return run(examination(*rules, target=target, level=level), out, "audit run .", quiet)


def test_a_run_leaves_a_report_and_its_journal(target: Target, out: Path) -> None:
    written = audited(target, out)
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}-famille-8-strict", written.markdown.stem)
    assert sorted(out.iterdir()) == [written.journal_path, written.markdown]
    assert read(written.journal_path) == written.journal
    assert written.markdown.read_text(encoding="utf-8").startswith("# ")
    assert written.journal["volatile"]["command"] == "audit run ."
    assert written.journal["volatile"]["date"] == written.markdown.stem[:10]
    assert written.journal["corrections"]["previous"] is None


@pytest.mark.parametrize("level", [Level.SOURCE, Level.EXECUTION])
def test_both_engines_print_each_test_under_its_category_and_sum_up_in_pytest_s_words(
    level: Level, target: Target, out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    summary = audited(target, out, *Outcome, level=level).journal["volatile"]["pytest_summary"]
    assert re.fullmatch(r"1 failed, 2 passed, 2 skipped, 1 warning, 1 error in \d+\.\d\ds", summary)
    told = capsys.readouterr().out
    for n, outcome in enumerate(Outcome):
        words = {Outcome.ESTABLISHED: "PASSED", Outcome.DEFECT: "FAILED"}.get(outcome, "")
        assert f"A::r{n} {words}" in told
    assert "phrase défaut" in told
    assert "Traceback" not in told
    assert not [name for name in VARIABLES if name in os.environ], "no variable is left behind"


@pytest.mark.parametrize("outcome", [Outcome.ESTABLISHED, Outcome.RESERVATION, Outcome.UNDETERMINED])
def test_an_item_that_ends_otherwise_than_its_finding_leaves_no_report(
    outcome: Outcome, target: Target, out: Path
) -> None:
    told: list[str] = []

    def tell(step: str) -> None:
        """A terminal that cannot show the first lines: the look for Celery, and the first question."""
        told.append(step)
        if len(told) <= 2:
            raise UnicodeEncodeError("ascii", step, 0, 1, "no accents here")

    done = examination(rule("r0", outcome), target=target, tell=tell, level=Level.EXECUTION)
    with pytest.raises(InterruptedAuditError, match="differ on A::r0"):
        run(done, out, "audit run .")
    assert not list(out.iterdir())


def test_a_quiet_run_prints_nothing_and_keeps_the_summary(
    target: Target, out: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    written = audited(target, out, Outcome.ESTABLISHED, Outcome.DEFECT, quiet=True)
    assert capfd.readouterr() == ("", "")
    assert written.journal["volatile"]["pytest_summary"].startswith("1 failed, 1 passed in")


def test_a_reservation_is_a_warning_whatever_filters_hold_outside(target: Target, out: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        strict = audited(target, out, Outcome.RESERVATION, level=Level.EXECUTION).journal["volatile"]["pytest_summary"]
        warnings.simplefilter("ignore")
        lenient = audited(target, out, Outcome.RESERVATION, level=Level.EXECUTION).journal["volatile"]["pytest_summary"]
    assert strict.startswith("1 passed, 1 warning in")
    assert lenient.startswith("1 passed, 1 warning in")


def test_the_caller_s_pytest_variables_are_ignored_and_given_back(
    target: Target, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "",
        "PYTEST_ADDOPTS": "--no-such-option",
        "PYTEST_PLUGINS": "no_such_plugin",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    audited(target, out, level=Level.EXECUTION)
    assert {name: os.environ.get(name) for name in VARIABLES} == given


def test_an_output_that_cannot_be_written_stops_before_anything_runs(target: Target, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    done = examination(rule("r", Outcome.ESTABLISHED), target=target)
    for out in (blocked, blocked / "below"):
        with pytest.raises(OutputError, match=re.escape(f"--out {out}: cannot write there")) as caught:
            run(done, out, "audit run .")
        assert "\n" not in str(caught.value)
    assert "known" not in vars(done), "no probe has run"


def test_the_stack_is_stopped_at_the_end(target: Target, out: Path) -> None:
    stack = IdleStack()
    asked = profile({"A": ("autonomous-sending",)}, ("8.1",))
    experiments = [experiment("autonomous-sending", proving())]
    done = examination(target=target, asked=asked, experiments=experiments, level=Level.EXECUTION, driver=stack)
    assert run(done, out, "audit run .").journal["experiments"]
    assert stack.stopped


def test_an_interruption_stops_the_stack_writes_nothing_and_plays_nothing_more(target: Target, out: Path) -> None:
    played = []

    def interrupted(stack: object, record: Record) -> list[Finding]:
        raise KeyboardInterrupt

    def next_one(stack: object, record: Record) -> list[Finding]:
        played.append("next")
        return []

    stack = IdleStack()
    experiments = [experiment("a", interrupted), experiment("b", next_one)]
    done = examination(target=target, experiments=experiments, level=Level.EXECUTION, driver=stack)
    with pytest.raises(InterruptedAuditError, match="INTERRUPTED"):
        run(done, out, "audit run .")
    assert stack.stopped
    assert not played
    assert not list(out.iterdir())


def test_a_profile_that_asks_nothing_writes_no_report(target: Target, out: Path) -> None:
    with pytest.raises(InterruptedAuditError, match="asks nothing"):
        run(examination(target=target, asked=profile({})), out, "audit run .")
    assert not list(out.iterdir())


def test_a_target_that_breaks_the_journal_leaves_no_half_report(target: Target, out: Path) -> None:
    class Vanishing:
        def __call__(self, audited_target: Target) -> Facts:
            audited_target.root.rmdir()
            return Facts(Level.SOURCE, "source")

    done = examination(rule("r", Outcome.ESTABLISHED), target=target)
    done.probes = type(done.probes)(Vanishing(), Vanishing())
    with pytest.raises(FileNotFoundError):
        run(done, out, "audit run .")
    assert not list(out.iterdir())


@pytest.fixture
def sample(target: Target, out: Path) -> dict[str, Any]:
    """A journal of this target, for checkpoints of other days; nothing of it stays in `out`."""
    written = audited(target, out)
    document: dict[str, Any] = json.loads(dump(written.journal))
    written.journal_path.unlink()
    written.markdown.unlink()
    return document


def keep(out: Path, stem: str, document: dict[str, Any], day: str, **changes: Any) -> None:
    moved = document | changes
    moved["volatile"] = document["volatile"] | {"date": day, "generated_at": f"{day}T10:00:00+00:00"}
    (out / f"{stem}.json").write_text(dump(moved), encoding="utf-8")


def previous(target: Target, out: Path, stem: str = "today") -> Previous | None:
    return newest_by_family(examination(target=target), out, stem).get("8")


def test_the_previous_checkpoint_is_the_newest_by_its_own_date(
    target: Target, out: Path, sample: dict[str, Any]
) -> None:
    keep(out, "zz-oldest", sample, "2025-01-01")
    keep(out, "aa-newest", sample, "2025-12-29")
    keep(out, "mm", sample, "2025-06-01")
    found = previous(target, out)
    assert found is not None
    assert found.path.stem == "aa-newest"


def test_checkpoints_of_another_question_or_target_are_not_compared(
    target: Target, out: Path, sample: dict[str, Any]
) -> None:
    keep(out, "other-target", sample, "2025-12-01", target=sample["target"] | {"name": "autre"})
    keep(out, "other-profile", sample, "2025-12-02", profile="checkpoint-2025")
    keep(out, "other-family", sample, "2025-12-03", family="7")
    keep(out, "today", sample, "2025-12-04")
    (out / "garbage.json").write_text("{", encoding="utf-8")
    (out / "other.json").write_text("{}", encoding="utf-8")
    (out / "folder.json").mkdir()
    assert previous(target, out) is None


def test_a_phase_is_over_when_its_newest_checkpoint_leaves_nothing_open(
    target: Target, out: Path, sample: dict[str, Any]
) -> None:
    half = sample["verdict"] | {"complete": False, "unverified": ["8.4"]}
    open_ones = [r | {"verdict": "INDÉTERMINÉ"} for r in sample["requirements"]]
    keep(out, "old-4", sample, "2025-01-01", family="4", verdict=half, requirements=open_ones)
    keep(out, "new-4", sample, "2025-01-02", family="4")
    keep(out, "old-5", sample, "2025-01-01", family="5")
    keep(out, "new-5", sample, "2025-01-02", family="5", verdict=half, requirements=open_ones)
    newest = newest_by_family(examination(target=target), out, "today")
    assert {family: p.path.stem for family, p in newest.items()} == {"4": "new-4", "5": "new-5"}
    audited = sample["target"]["digest"]
    assert finished(newest, audited) == {"4"}
    assert elsewhere(newest, audited) == {}


def test_a_checkpoint_of_another_tree_ends_no_phase(target: Target, out: Path, sample: dict[str, Any]) -> None:
    keep(out, "other-4", sample, "2025-01-02", family="4")
    newest = newest_by_family(examination(target=target), out, "today")
    assert finished(newest, "0" * 64) == frozenset()
    assert elsewhere(newest, "0" * 64) == {"4": "2025-01-02"}


def test_a_checkpoint_under_reserve_ends_no_phase(target: Target, out: Path, sample: dict[str, Any]) -> None:
    reserved = sample["verdict"] | {"open_critical": ["x"]}
    keep(out, "reserved-4", sample, "2025-01-02", family="4", verdict=reserved)
    newest = newest_by_family(examination(target=target), out, "today")
    assert finished(newest, sample["target"]["digest"]) == frozenset()


def test_a_checkpoint_of_the_same_day_is_kept(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    assert free_stem(out, "jour") == "jour"
    (out / "jour.md").touch()
    (out / "jour-2.json").touch()
    assert free_stem(out, "jour") == "jour-3"


def test_a_run_compares_itself_with_the_previous_checkpoint(target: Target, out: Path, sample: dict[str, Any]) -> None:
    keep(out, "2025-12-29-famille-8-strict", sample, "2025-12-29")
    told = audited(target, out, Outcome.DEFECT).journal["corrections"]
    assert told["previous"]["path"] == "2025-12-29-famille-8-strict.json"
    assert [p["title"] for p in told["new"]] == ["problème de r0"]
    assert told["verdict_changes"] == [{"requirement": "8.4", "before": "CONFORME", "after": "NON CONFORME"}]
    again = audited(target, out, Outcome.DEFECT)
    assert again.markdown.stem.endswith("-strict-2"), "a second run of the same day is kept beside the first"
    compared = again.journal["corrections"]
    assert (compared["new"], compared["verdict_changes"]) == ([], [])
    assert compared["previous"]["path"].endswith("-strict.json")


def test_what_is_no_journal_never_blocks_and_is_told(target: Target, out: Path, sample: dict[str, Any]) -> None:
    os.mkfifo(out / "pipe.json")
    (out / "deep.json").write_text("[" * 100_000, encoding="utf-8")
    with (out / "huge.json").open("wb") as huge:
        huge.truncate(21 << 20)
    (out / "dangling.json").symlink_to(out / "nowhere")
    keep(out, "future", sample, "2999-01-01")
    keep(out, "no-day", sample, "2025-99-99")
    keep(out, "fine", sample, "2025-06-01")
    keep(out, "naive", sample, "2025-06-02")
    naive = json.loads((out / "naive.json").read_text(encoding="utf-8"))
    naive["volatile"]["generated_at"] = "2025-06-02T10:00:00"
    (out / "naive.json").write_text(dump(naive), encoding="utf-8")
    told: list[str] = []
    found = newest_by_family(examination(target=target, tell=told.append), out, "today").get("8")
    assert found is not None
    assert found.path.stem == "naive"
    skipped = {"pipe", "deep", "huge", "dangling", "future", "no-day"}
    assert {line.removeprefix("Not compared with ").partition(".json: ")[0] for line in told} == skipped


@pytest.mark.parametrize(
    ("argv", "typed"),
    [
        (["/venv/bin/audit", "run", "."], "audit run ."),
        (["/src/audit/__main__.py", "run", "my dir"], "python -m audit run 'my dir'"),
    ],
)
def test_the_command_is_told_as_typed(argv: list[str], typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", argv)
    assert command_line() == typed
