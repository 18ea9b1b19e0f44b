import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from audit.command.answers import Exit, exit_code
from audit.command.cli import app
from audit.command.cover_file import rendered_again
from audit.command.output_files import OutputError, put
from audit.journal.journal_file import JournalError
from audit.model.facts import Facts
from audit.model.findings import Level, Outcome
from tests.acceptance.reference_copy import REPOSITORY
from tests.unit.audit.examples import examination, experiment, profile, rule

DECEMBER = REPOSITORY / "tests" / "targets" / "decembre-2025"


def audit(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def december(tmp_path: Path) -> Path:
    root = tmp_path / "target"
    shutil.copytree(DECEMBER, root, ignore=shutil.ignore_patterns("__pycache__"))
    return root


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "reports"


def test_nothing_non_compliant_exits_0(december: Path, out: Path) -> None:
    result = audit("run", december, "--profile", "checkpoint-2025", "--out", out)
    assert result.exit_code == 0, result.output
    assert "CONFORME (déclaré)" in result.stdout
    assert "PARTIEL" in result.stdout
    assert "Reading the source of Reconstitution de l" in result.stderr
    assert "start.sh:5: mineur [supervision] Pas de redémarrage automatique des workers - Ajouter" in result.stdout
    assert "\n21 PASSED\n" in result.stdout
    (report,) = out.glob("*-famille-8-checkpoint-2025.md")
    assert f"Report: {report}" in result.stderr


def test_something_non_compliant_exits_1(december: Path, out: Path) -> None:
    file = december / "app" / "tasks" / "celery_app.py"
    text = file.read_text(encoding="utf-8")
    assert "task_acks_late=True" in text
    file.write_text(text.replace("task_acks_late=True", "task_acks_late=False"), encoding="utf-8")
    result = audit("run", december, "--profile", "checkpoint-2025", "--out", out)
    assert result.exit_code == 1
    assert "NON CONFORME" in result.stderr
    assert list(out.glob("*.md"))


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--fail-on", "indéterminé"), 1)])
def test_undetermined_requirements_fail_only_when_asked(
    options: tuple[str, ...], code: int, december: Path, out: Path
) -> None:
    start = december / "start.sh"
    text = start.read_text(encoding="utf-8")
    start.write_text(text.replace("--concurrency=1", "--concurrency=4"), encoding="utf-8")
    file = december / "audit.toml"
    file.write_text(re.sub(r"(?m)^sender = .*$", "", file.read_text(encoding="utf-8")), encoding="utf-8")
    result = audit("run", december, "--profile", "checkpoint-2025", "--out", out, *options)
    assert "INDÉTERMINÉ" in result.stdout
    assert result.exit_code == code, result.output


def test_quiet_prints_only_the_verdicts(december: Path, out: Path) -> None:
    result = audit("run", december, "--profile", "checkpoint-2025", "--out", out, "--quiet")
    assert result.exit_code == 0
    assert "[supervision]" not in result.stdout
    assert "Reading" not in result.stderr
    assert "8.5" in result.stdout


def test_a_name_that_is_taken_is_left_alone(tmp_path: Path) -> None:
    """A directory has the report's name, and somebody's text the journal's."""
    empty, out = tmp_path / "empty", tmp_path / "reports"
    empty.mkdir()
    assert audit("run", empty, "--out", out, "-q").exit_code == 3
    (report,) = out.glob("*.md")
    report.unlink()
    report.mkdir()
    (journal,) = out.glob("*.json")
    journal.write_text("before", encoding="utf-8")
    result = audit("run", empty, "--out", out, "-q")
    assert result.exit_code == 3
    assert journal.read_text(encoding="utf-8") == "before"
    assert sorted(out.iterdir()) == sorted(
        [journal, report, *(out / f"{report.stem}-2{end}" for end in (".md", ".json"))]
    )


def test_a_report_that_cannot_be_put_in_place_leaves_nothing_of_itself(tmp_path: Path) -> None:
    taken, beside = tmp_path / "taken.md", tmp_path / "beside.json"
    taken.mkdir()
    with pytest.raises(OutputError, match="cannot write the report: a directory has the report's name"):
        put({beside: "{}", taken: "text"})
    assert list(tmp_path.iterdir()) == [taken]


def test_an_interrupted_audit_exits_3_without_a_report(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "driver_stopped_by_hand.py").write_text(
        "from audit.experiments import driver\n"
        "class Own(driver.Driver):\n"
        "    def __init__(self, root): pass\n"
        "    def start(self): raise KeyboardInterrupt\n",
        encoding="utf-8",
    )
    (tmp_path / "audit.toml").write_text('[target]\ndriver = "driver_stopped_by_hand:Own"\n', encoding="utf-8")
    result = audit("run", tmp_path, "--level", "execution", "--out", out)
    assert result.exit_code == 3
    assert "no report is written" in result.stderr
    assert "Report:" not in result.stderr
    assert not list(out.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--profile", "strcit"), "did you mean strict?"),
        (("--profile", "x"), "unknown profile 'x'"),
        (("--level", "sources"), "did you mean source?"),
        (("--out", "/dev/null/x"), "--out /dev/null/x: cannot write there"),
    ],
)
def test_bad_usage_exits_2_on_one_line(arguments: tuple[str, ...], words: str, december: Path, out: Path) -> None:
    given = arguments if "--out" in arguments else (*arguments, "--out", str(out))
    result = audit("run", december, *given)
    assert result.exit_code == 2
    assert words in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[target]\ncelery_ap = "x"\n', "did you mean target.celery_app?"),
        ('[target]\nroot = "nowhere"\n', "is not a directory"),
        ("[target", "not valid TOML"),
    ],
)
def test_a_bad_target_file_exits_2(text: str, words: str, tmp_path: Path, out: Path) -> None:
    (tmp_path / "audit.toml").write_text(text, encoding="utf-8")
    result = audit("run", tmp_path, "--out", out)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_missing_target_exits_2(tmp_path: Path, out: Path) -> None:
    result = audit("run", tmp_path / "nowhere", "--out", out)
    assert result.exit_code == 2
    assert result.stderr.strip().endswith("no such target")
    assert not out.exists()


@pytest.mark.parametrize("arguments", [("run", "--no-such-option"), ("no-such-command",), ("report", "convert")])
def test_what_typer_refuses_exits_2(arguments: tuple[str, ...]) -> None:
    assert audit(*arguments).exit_code == 2


def test_text_of_the_target_is_no_markup(tmp_path: Path, out: Path) -> None:
    (tmp_path / "audit.toml").write_text('[target]\nname = "[/red][bold]x"\n', encoding="utf-8")
    result = audit("run", tmp_path, "--level", "source", "--out", out)
    assert result.exit_code == 3, result.output
    assert "[/red][bold]x · celery" in result.stdout
    assert "Reading the source of [/red][bold]x" in result.stderr


def test_help_tells_the_exit_codes() -> None:
    told = " ".join(audit("run", "--help").output.split())
    assert "3 nothing could be judged" in told
    assert "audit" in audit().output.lower()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journal of December's application, with its report beside it."""
    out = tmp_path_factory.mktemp("written")
    audit("run", DECEMBER, "--profile", "checkpoint-2025", "--out", out, "-q")
    return next(out.glob("*.json"))


def test_convert_prints_the_same_report_again(written: Path) -> None:
    result = audit("report", "convert", written)
    assert result.exit_code == 0
    assert result.stdout == written.with_suffix(".md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "doctored",
    [
        ('"verdict": "PARTIEL"', '"verdict": "CONFORME"'),
        ('"profile": "checkpoint-2025"', '"profile": "strict"'),
        ('"number": 1', '"number": "1"'),
        ('"frequency": "', '"frequency": "\\ud800'),
        ('"previous": null', '"previous": {"x": 1}'),
    ],
)
def test_convert_of_a_doctored_journal_shows_no_traceback(
    doctored: tuple[str, str], written: Path, tmp_path: Path
) -> None:
    journal, text = tmp_path / "doctored.json", written.read_text(encoding="utf-8")
    assert doctored[0] in text
    journal.write_text(text.replace(*doctored), encoding="utf-8")
    result = audit("report", "convert", journal)
    assert isinstance(result.exception, SystemExit | None)
    assert result.exit_code == (0 if "frequency" in doctored[0] else 2)
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("content", ["{", "{}", None])
def test_convert_refuses_what_is_no_journal(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    result = audit("report", "convert", path)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"audit: {path}: ")
    assert result.stderr.count(f"{path}: ") == 1
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ((Outcome.ESTABLISHED,), Exit.FINE),
        ((Outcome.ESTABLISHED, Outcome.RESERVATION), Exit.FINE),
        ((Outcome.ESTABLISHED, Outcome.DEFECT), Exit.NON_COMPLIANT),
        ((Outcome.AUDIT_ERROR, Outcome.DEFECT), Exit.NON_COMPLIANT),
        ((Outcome.ESTABLISHED, Outcome.AUDIT_ERROR), Exit.COULD_NOT_RUN),
        ((Outcome.UNDETERMINED,), Exit.COULD_NOT_RUN),
        ((Outcome.ESTABLISHED, Outcome.UNDETERMINED), Exit.FINE),
    ],
)
def test_exit_codes_follow_the_verdicts(outcomes: tuple[Outcome, ...], code: Exit) -> None:
    done = examination(*(rule(f"r{n}", o) for n, o in enumerate(outcomes)))
    assert exit_code(done) is code


def test_a_failed_probe_judges_nothing() -> None:
    asked = profile({"A": ("r",)})
    failed = Facts(Level.SOURCE, "source", failure="illisible")
    done = examination(rule("r", Outcome.ESTABLISHED), asked=asked, source=failed)
    assert exit_code(done) is Exit.COULD_NOT_RUN


def test_an_execution_that_was_asked_and_not_played_is_no_success() -> None:
    asked = profile({"A": ("e",)})
    scenario = experiment("e", lambda *_: [])
    done = examination(experiments=(scenario,), asked=asked, level=Level.EXECUTION)
    done.findings("e")
    assert exit_code(done, reasons=[]) is Exit.COULD_NOT_RUN


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--python", "/nope/python"), "--python /nope/python: no such interpreter"),
        (("--evidence", "nope.json"), "--evidence nope.json: no such file"),
        (("--fail-on", "grave"), "--fail-on grave: one of critique"),
        (("--baseline", "nope.json"), "--baseline nope.json: not a journal"),
    ],
)
def test_a_wrong_option_is_a_usage_error(tmp_path: Path, options: tuple[str, str], words: str) -> None:
    result = audit("run", tmp_path, "--out", tmp_path / "out", *options)
    assert (result.exit_code, words in result.stderr) == (2, True), result.stderr


def test_a_critical_problem_of_a_good_practice_fails_the_build_and_a_baseline_lets_it_pass(tmp_path: Path) -> None:
    shop, out = tmp_path / "shop", tmp_path / "out"
    shop.mkdir()
    (shop / "app.py").write_text(
        "from celery import Celery\napp = Celery('shop', broker='redis://localhost')\n"
        "app.conf.accept_content = ['pickle']\n@app.task\ndef pay(): ...\n",
        encoding="utf-8",
    )
    asked = ("run", shop, "--level", "source", "--out", out, "-q")
    first = audit(*asked)
    assert (first.exit_code, "Fails: critique: " in first.stderr) == (1, True), first.stderr
    (journal,) = out.glob("*.json")
    text = (shop / "app.py").read_text(encoding="utf-8")
    (shop / "app.py").write_text("\n\n" + text, encoding="utf-8")
    again = audit(*asked, "--baseline", journal)
    assert (again.exit_code, "Fails:" in again.stderr) == (0, False), again.stderr


def test_every_family_has_its_checkpoint_and_they_share_a_cover(december: Path, out: Path) -> None:
    """What is wrong in one family fails the whole; covers are numbered, never overwritten."""
    options = ("--family", "all", "--level", "source", "--out", out, "--quiet")
    result = audit("run", december, *options)
    assert result.exit_code == 1, result.output
    families = {path.stem.split("-famille-")[1] for path in out.glob("*.json")}
    assert families == {f"{n}-strict" for n in range(4, 11)}
    (cover,) = out.glob("*-couverture-strict.md")
    first = cover.read_text(encoding="utf-8")
    assert first.count("famille-") == 14
    assert f"Cover: {cover}" in result.stderr

    assert audit("report", "cover", out).exit_code == 0
    assert sorted(path.name for path in out.glob("*-couverture-*")) == [f"{cover.stem}-2.md", cover.name]
    assert cover.read_text(encoding="utf-8") == first == rendered_again(cover)
    (next(out.glob("*-famille-4-*.json"))).unlink()
    with pytest.raises(JournalError, match="famille-4"):
        rendered_again(cover)


def test_all_families_are_no_family_of_a_baseline(december: Path, out: Path) -> None:
    audit("run", december, "--level", "source", "--out", out, "-q")
    held = next(out.glob("*.json"))
    assert audit("run", december, "--family", "all", "--baseline", held, "--out", out).exit_code == 2
    assert audit("report", "cover", december).exit_code == 2


def test_a_project_without_celery_is_said_to_be_so(tmp_path: Path, out: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "app.py").write_text("from flask import Flask\n\napp = Flask('shop')\n", encoding="utf-8")
    (tmp_path / "site" / "requirements.txt").write_text("flask==3.1\n", encoding="utf-8")
    result = audit("run", tmp_path / "site", "--out", out)
    assert result.exit_code == Exit.COULD_NOT_RUN
    assert "does not use Celery" in result.output
    assert not list(out.glob("*.md"))


def test_a_project_that_asks_for_celery_is_audited(tmp_path: Path, out: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "app.py").write_text("from flask import Flask\n\napp = Flask('shop')\n", encoding="utf-8")
    (tmp_path / "site" / "requirements.txt").write_text("flask==3.1\ncelery==5.5\n", encoding="utf-8")
    audit("run", tmp_path / "site", "--out", out)
    assert list(out.glob("*.md"))
