import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from audit.command.cli import app
from audit.command.pytest_items import AuditDefect, AuditError, AuditReservationWarning, report
from audit.journal import journal_file as journal
from audit.model.findings import Finding, Level, Outcome
from audit.model.word_tables import word_list
from audit.plugin import FLAGS, LISTS, TEXTS
from tests.acceptance.reference_copy import REPOSITORY
from tests.unit.audit.examples import examination, finding, profile, rule

pytestmark = pytest.mark.integration

pytest_plugins = ["pytester"]

DECEMBER = REPOSITORY / "tests" / "targets" / "decembre-2025"
# As one word: as two, pytest would take the path for a place of tests before it knows the option.
TARGET = (f"--audit-target={DECEMBER}", "--audit-profile", "checkpoint-2025")
DRIVER = """
from audit.experiments import driver

class Own(driver.Driver):
    def __init__(self, root):
        self.root = root
    def start(self):
        (self.root / "started").touch()
    def stop(self):
        (self.root / "stopped").touch()
    def conditions(self):
        return []
    def logged_in(self):
        raise driver.DriverError("la base ne répond pas")
"""


def play(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)


def test_without_a_target_the_plugin_does_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_own():
            assert "audit.plugin" in sys.modules
            assert "audit.judging.examination" not in sys.modules
            assert "audit.command.run_setup" not in sys.modules
        """
    )
    play(pytester, "-W", "error").assert_outcomes(passed=1)


def test_a_target_adds_one_item_for_each_test_after_the_project_s_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_own(): pass")
    result = play(pytester, "-v", *TARGET)
    result.assert_outcomes(passed=22, warnings=2)
    result.stdout.fnmatch_lines(["*test_own PASSED*", "*/decembre-2025/audit.toml::late-acknowledgement PASSED*"])
    result.stdout.fnmatch_lines(["*AuditReservationWarning: *"])


def strict_copy(pytester: pytest.Pytester) -> Path:
    """The December project in a folder of the session, with a defect that is not its only one."""
    root: Path = pytester.path / "my target"
    shutil.copytree(DECEMBER, root, ignore=shutil.ignore_patterns("__pycache__"))
    return root


def test_an_item_is_asked_for_again_by_its_name(pytester: pytest.Pytester) -> None:
    """Names held categories, with spaces, and no file: pytest found none of them."""
    pytester.makeini("[pytest]\naudit_target = my target\naudit_profile = checkpoint-2025\n")
    strict_copy(pytester)
    listed = play(pytester, "--collect-only", "-q").stdout.str().splitlines()
    names = [line for line in listed if "::" in line]
    assert len(names) == 21
    assert names[0] == "my target/audit.toml::late-acknowledgement"
    result = play(pytester, "-v", names[0], names[3])
    assert [line.split(" PASSED")[0] for line in result.stdout.str().splitlines() if " PASSED" in line] == names[:4:3]
    result.stdout.fnmatch_lines(["No report: 19 of 21 questions were not put"])
    assert not (pytester.path / "reports").exists()


def test_a_session_writes_the_journal_and_answers_as_the_command(pytester: pytest.Pytester) -> None:
    root = strict_copy(pytester)
    pytester.makepyfile("def test_own(): pass")
    given = ("--audit-level", "source", "--audit-out", "out", "--audit-also", "sarif", "--audit-fail-on")
    result = play(pytester, f"--audit-target={root}", "--audit-profile=strict", *given, "critique")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["Fails: critique: Webhook ouvert*", "Report: out/*-famille-8-strict.md"])
    (written,) = (pytester.path / "out").glob("*.json")
    assert " --audit-profile=strict --audit-level source" in journal.read(written)["volatile"]["command"]
    assert written.with_suffix(".sarif").is_file()

    runner = CliRunner()
    command = ["run", str(root), "--profile", "strict", "--level", "source", "--no-report", "--baseline", str(written)]
    assert runner.invoke(app, command).exit_code == 0
    same = play(
        pytester, f"--audit-target={root}", "--audit-profile=strict", *given, "mineur", f"--audit-baseline={written}"
    )
    assert same.ret == 0, "what the baseline held fails neither"
    same.stdout.fnmatch_lines(["Passes: no failed point*"])
    failing = pytester.makepyfile(test_other="def test_own(): assert 0")
    own = play(pytester, str(failing), f"--audit-target={root}", *given, "mineur", f"--audit-baseline={written}")
    assert own.ret == 1, "the project's own failure stays one"


@pytest.mark.parametrize(
    "options", [("--audit-fail-on", "grave"), ("--audit-also", "docx"), ("--audit-baseline=no.json",)]
)
def test_a_word_that_the_command_refuses_is_refused_here(options: tuple[str, ...], pytester: pytest.Pytester) -> None:
    assert play(pytester, *TARGET, *options).ret == pytest.ExitCode.USAGE_ERROR


def test_processes_of_xdist_answer_as_one(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\naudit_target = my target\naudit_profile = strict\naudit_level = source\n")
    strict_copy(pytester)
    assert play(pytester, "-n", "2").ret == 1
    (written,) = (pytester.path / "reports").glob("*.json")
    again = play(pytester, "-n", "2", f"--audit-baseline={written}")
    assert again.ret == 0
    again.stdout.fnmatch_lines(["Report: reports/*-famille-8-strict-2.md", "Passes: no failed point*"])


@pytest.mark.parametrize(("options", "code"), [(("-n", "2"), pytest.ExitCode.USAGE_ERROR), (("-n", "0"), 1)])
def test_level_execution_under_xdist_is_refused_before_anything_starts(
    options: tuple[str, ...], code: int, pytester: pytest.Pytester
) -> None:
    root = strict_copy(pytester)
    (root / "own_driver.py").write_text(DRIVER, encoding="utf-8")
    file = root / "audit.toml"
    named = file.read_text(encoding="utf-8").replace("[target]\n", '[target]\ndriver = "own_driver:Own"\n')
    file.write_text(named, encoding="utf-8")
    result = play(pytester, *options, f"--audit-target={root}", "--audit-profile=strict", "--audit-level=execution")
    assert result.ret == code
    assert (root / "started").exists() is (code == 1)
    if code != 1:
        result.stderr.fnmatch_lines(["*run it in a session of its own with -n 0*"])


def test_every_option_of_the_command_is_one_of_the_plugin() -> None:
    command: Any = get_command(app)
    names = {parameter.name.replace("_", "-") for parameter in command.commands["run"].params}
    assert names - {"quiet", "verbose"} == {*TEXTS, *LISTS, *FLAGS}


def test_warnings_as_errors_refuse_reservations_and_nothing_else(pytester: pytest.Pytester) -> None:
    result = play(pytester, "-W", "error", *TARGET)
    result.assert_outcomes(passed=19, failed=2)
    result.stdout.fnmatch_lines(["*AuditReservationWarning*"])


def test_a_defect_fails_with_its_sentence_and_no_traceback(pytester: pytest.Pytester) -> None:
    root = pytester.path / "target"
    shutil.copytree(DECEMBER, root, ignore=shutil.ignore_patterns("__pycache__"))
    file = root / "app" / "tasks" / "celery_app.py"
    file.write_text(file.read_text(encoding="utf-8").replace("task_acks_late=True", "task_acks_late=False"))
    result = play(pytester, f"--audit-target={root}", "--audit-level", "source", "-k", "late-acknowledgement")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*Configuration Celery - late-acknowledgement*", "`task_acks_late=False` au lieu*"])
    result.stdout.no_fnmatch_line("*plugin.py*")


def test_an_undetermined_point_is_skipped_and_says_what_was_missing(pytester: pytest.Pytester) -> None:
    pytester.mkdir("empty")
    result = play(pytester, "-rs", "--audit-target=empty", "--audit-level", "source")
    assert result.parseoutcomes().keys() == {"skipped"}
    result.stdout.fnmatch_lines(["*indéterminé : *"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--audit-target=nowhere",), "nowhere: no such target"),
        (("--audit-target=.", "--audit-profile", "strcit"), "did you mean strict"),
        (("--audit-target=.", "--audit-level", "sources"), "did you mean source"),
    ],
)
def test_bad_usage_is_pytest_s_usage_error(arguments: tuple[str, ...], words: str, pytester: pytest.Pytester) -> None:
    result = play(pytester, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{words}*"])


def test_what_the_experiments_started_is_stopped_at_the_end(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(own_driver=DRIVER)
    pytester.makefile(".toml", audit='[target]\ndriver = "own_driver:Own"\n')
    arguments = word_list("""
        --audit-target=. --audit-profile strict --audit-level execution -k autonomous-sending -rs
    """)
    result = play(pytester, *arguments)
    result.stdout.fnmatch_lines(["*la base ne répond pas*"])
    assert (pytester.path / "started").exists()
    assert (pytester.path / "stopped").exists()


def told(*findings: Finding | Outcome, others: tuple[Finding, ...] = ()) -> None:
    """Report the test « supervision » of an examination with these findings."""
    asked = profile({"A": ("supervision", "recovery")}, ("8.5",))
    rules = [rule("supervision", *findings, requirements=("8.5",)), rule("recovery", *others)]
    report(examination(*rules, asked=asked), "supervision")


def test_an_established_point_passes_silently() -> None:
    told(Outcome.ESTABLISHED)


def test_a_defect_is_raised_with_every_sentence_of_it() -> None:
    one, two = finding(Outcome.DEFECT, "premier"), finding(Outcome.DEFECT, "second")
    with pytest.raises(AuditDefect) as caught:
        told(one, finding(Outcome.ESTABLISHED, "tu"), two)
    assert str(caught.value) == "premier\nsecond"


def test_an_audit_error_decides_before_a_defect() -> None:
    with pytest.raises(AuditError, match="phrase erreur"):
        told(Outcome.DEFECT, Outcome.AUDIT_ERROR)


def test_a_reservation_warns() -> None:
    with pytest.warns(AuditReservationWarning, match="phrase réserve"):
        told(Outcome.ESTABLISHED, Outcome.RESERVATION)


def test_a_compensated_defect_warns_with_the_defect_s_own_sentence() -> None:
    control = finding(Outcome.ESTABLISHED, requirements=("8.5",))
    with pytest.warns(AuditReservationWarning, match="pas de superviseur"):
        told(finding(Outcome.ESTABLISHED, "tu"), finding(Outcome.DEFECT, "pas de superviseur"), others=(control,))


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome.UNDETERMINED, "indéterminé : phrase indéterminé (le fait manquant)"),
        (Outcome.NOT_APPLICABLE, "sans objet : phrase sans objet"),
    ],
)
def test_what_is_not_settled_is_skipped(outcome: Outcome, words: str) -> None:
    with pytest.raises(pytest.skip.Exception) as caught:
        told(outcome)
    assert str(caught.value) == words


def test_the_level_of_a_session_is_the_profile_s_unless_given(pytester: pytest.Pytester) -> None:
    """At level execution the experiments are items too."""
    pytester.mkdir("empty")
    asked = ("--collect-only", "-q", "--audit-target=empty", "--audit-profile", "strict")
    assert "worker-restart" not in play(pytester, *asked).stdout.str()
    assert "worker-restart" in play(pytester, *asked, "--audit-level", Level.EXECUTION.name.lower()).stdout.str()
