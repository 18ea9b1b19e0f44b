"""`audit report`: journals that were edited, reports that were touched up, trees that moved, signatures that were forged."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from audit.command.cli import app
from audit.journal.gate import failing
from audit.journal.signature import beside

SHOP = """from celery import Celery

app = Celery("shop", broker="redis://localhost")
app.conf.accept_content = ["pickle"]


@app.task
def pay() -> None: ...
"""


def audit(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop and what an audit of it left in `out`, once for all: each test has a copy."""
    folder = tmp_path_factory.mktemp("audited")
    (folder / "shop").mkdir()
    (folder / "shop" / "app.py").write_text(SHOP, encoding="utf-8")
    audit("run", folder / "shop", "--level", "source", "--out", folder / "out", "-q", "--also", "html")
    return folder


@pytest.fixture
def shop(audited: Path, tmp_path: Path) -> Path:
    return shutil.copytree(audited / "shop", tmp_path / "shop")


@pytest.fixture
def journal(audited: Path, tmp_path: Path) -> Path:
    return next(shutil.copytree(audited / "out", tmp_path / "out").glob("*.json"))


def edit(path: Path, change: Any) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def test_what_nobody_touched_holds(journal: Path, shop: Path) -> None:
    result = audit("report", "verify", journal, "--target", shop)
    assert (result.exit_code, result.stdout) == (0, "")


@pytest.mark.parametrize(
    ("touch", "words"),
    [
        (lambda j, s: edit(j, lambda d: d["target"].update(name="autre")), ".md: is not what the journal renders"),
        (lambda j, s: j.with_suffix(".md").write_text("# Tout va bien\n"), ".md: is not what the journal renders"),
        (lambda j, s: j.with_suffix(".html").write_text("<p>Tout va bien"), ".html: is not what the journal renders"),
        (lambda j, s: j.with_suffix(".md").unlink(), ".md: no report stands beside the journal"),
        (lambda j, s: (s / "app.py").write_text("\n" + SHOP), "excerpt app.py:4: the lines are not these any more"),
        (lambda j, s: (s / "app.py").unlink(), "excerpt app.py:4: no such file"),
        (lambda j, s: (s / "new.py").write_text("x = 1"), "tree: audited "),
        (lambda j, s: edit(j, lambda d: d["volatile"].update(tool_digest="0" * 64)), "tool: judged by 000000000000"),
        (lambda j, s: beside(j).write_text("{}"), "not a signature"),
    ],
    ids=[
        "journal",
        "report",
        "page",
        "no report",
        "excerpt moved",
        "file gone",
        "another tree",
        "another tool",
        "forged",
    ],
)
def test_what_changed_is_said_and_exits_1(journal: Path, shop: Path, touch: Any, words: str) -> None:
    touch(journal, shop)
    result = audit("report", "verify", journal, "--target", shop)
    assert (result.exit_code, words in result.stdout) == (1, True), result.output


def test_a_record_of_the_past_speaks_of_another_tool_and_another_tree(journal: Path, shop: Path) -> None:
    edit(journal, lambda d: d["volatile"].update(tool_digest="0" * 64))
    journal.with_suffix(".md").write_text(audit("report", "convert", journal).stdout, encoding="utf-8")
    journal.with_suffix(".html").unlink()
    assert audit("report", "verify", journal).exit_code == 1
    assert audit("report", "verify", "--past", journal, journal).exit_code == 0
    assert audit("report", "verify", "--past", journal, "--target", shop).exit_code == 2
    journal.with_suffix(".md").write_text("# Tout va bien\n", encoding="utf-8")
    result = audit("report", "verify", "--past", journal)
    assert (result.exit_code, ".md: is not what the journal renders" in result.stdout) == (1, True)


def test_paths_are_seen_from_the_repository_that_holds_the_target(journal: Path) -> None:
    told = audit("report", "convert", journal, "--to", "lines", "--below", "shops/first").stdout
    assert "shops/first/app.py:4: critique [" in told
    assert "\napp.py:4: critique [" not in told


def test_an_edited_verdict_is_refused_before_anything_is_compared(journal: Path) -> None:
    edit(journal, lambda d: d["requirements"][0].update(verdict="CONFORME", known_by="exécuté"))
    assert audit("report", "verify", journal).exit_code == 2


def accepted_in_place(shop: Path, until: str, rule: str) -> None:
    comment = f'# audit: accept {rule} until={until} by="A. Martin" reason="remplacé au printemps"'
    text = SHOP.replace('["pickle"]', f'["pickle"]  {comment}')
    (shop / "app.py").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("until", "rule", "words"),
    [
        (
            "2999-01-01",
            "RULE",
            "**Dispense appliquée** : `RULE` dans `app.py:4`, accepté jusqu'au 1er janvier 2999 par A. Martin",
        ),
        ("2020-01-01", "RULE", "**Dispense expirée** : `RULE` dans `app.py:4`"),
        ("2999-01-01", "time-limits", "**Dispense sans objet** : `time-limits` dans `app.py:4`"),
        ("2999-01-01", "C12", "Dispense illisible dans `app.py:4`"),
        ("2999-01-01", "*", "Dispense illisible dans `app.py:4`"),
    ],
    ids=["applied", "expired", "another rule", "a whole criterion", "everything"],
)
def test_a_comment_accepts_one_fault_and_no_verdict(
    until: str, rule: str, words: str, journal: Path, shop: Path, tmp_path: Path
) -> None:
    before = json.loads(journal.read_text(encoding="utf-8"))
    (fault,) = (p["rule"] for p in before["problems"] if "app.py:4" in p["places"] and p["severity"] == "critique")
    accepted_in_place(shop, until, rule.replace("RULE", fault))
    audit("run", shop, "--level", "source", "--out", tmp_path / "again", "-q")
    (again,) = (tmp_path / "again").glob("*.json")
    after = json.loads(again.read_text(encoding="utf-8"))
    told = audit("report", "convert", again).stdout.replace("\u00a0", " ")
    assert words.replace("RULE", fault) in told
    assert {r["id"]: r["verdict"] for r in after["requirements"]} == {
        r["id"]: r["verdict"] for r in before["requirements"]
    }
    fails = [r for r in failing(after, "critique") if "critique" in r]
    assert len(fails) == len([r for r in failing(before, "critique") if "critique" in r]) - ("appliquée" in words)


def test_a_decision_is_bound_to_the_journal(journal: Path, shop: Path) -> None:
    told = ("--name", "A. Martin", "--decision", "accepté avec réserves")
    assert audit("report", "sign", journal, *told).exit_code == 2, "a reserve says what"
    assert audit("report", "sign", journal, *told, "--reserve", "revoir 8.4").exit_code == 0
    assert audit("report", "verify", journal, "--target", shop).exit_code == 0
    edit(journal, lambda d: d["volatile"].update(host="autre"))
    result = audit("report", "verify", journal)
    assert "signed over another journal" in result.stdout


@pytest.mark.parametrize("options", [("--name", "", "--decision", "accepté"), ("--name", "A", "--decision", "oui")])
def test_a_decision_needs_a_name_and_to_be_one(journal: Path, options: tuple[str, ...]) -> None:
    assert audit("report", "sign", journal, *options).exit_code == 2
    assert not beside(journal).exists()


def test_a_key_signs_and_a_forged_decision_is_seen(journal: Path, shop: Path, tmp_path: Path) -> None:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not installed")
    for name in ("hers", "his"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)], check=True)
    signers = tmp_path / "signers"
    signers.write_text(f"martin {(tmp_path / 'hers.pub').read_text()}", encoding="utf-8")
    told = ("--name", "martin", "--decision", "refusé")
    check = ("report", "verify", journal, "--target", shop, "--signers", signers)

    assert "not a signature" in audit(*check).stdout, "a signature is required"
    assert audit("report", "sign", journal, *told).exit_code == 0
    assert "no key signed it" in audit(*check).stdout
    assert audit("report", "sign", journal, *told, "--key", tmp_path / "his").exit_code == 0
    assert "the signature is not that of this decision" in audit(*check).stdout
    assert audit("report", "sign", journal, *told, "--key", tmp_path / "hers").exit_code == 0
    assert audit(*check).exit_code == 0
    edit(beside(journal), lambda d: d.update(decision="accepté"))
    assert "the signature is not that of this decision" in audit(*check).stdout
    assert "the signature is not that of this decision" in audit("report", "verify", journal).stdout


def test_two_journals_are_compared_over_moved_lines(journal: Path, shop: Path, tmp_path: Path) -> None:
    assert audit("report", "diff", journal, journal).exit_code == 0
    (shop / "app.py").write_text(f'"""Boutique."""\n{SHOP.replace("pickle", "json")}', encoding="utf-8")
    audit("run", shop, "--level", "source", "--out", tmp_path / "after", "-q")
    (after,) = (tmp_path / "after").glob("*.json")
    result = audit("report", "diff", journal, after)
    assert result.exit_code == 1
    assert "Disparu : critique, " in result.stdout
    assert "À vérifier, apparu" not in result.stdout
    assert "Apparu" not in result.stdout
    assert "Apparu : critique, " in audit("report", "diff", after, journal).stdout


@pytest.mark.parametrize("name", ["markdown", "json", "html", "sarif", "junit", "github", "summary", "lines"])
def test_a_journal_is_converted_on_standard_output(journal: Path, name: str) -> None:
    result = audit("report", "convert", journal, "--to", name)
    assert (result.exit_code, bool(result.stdout)) == (0, True)
    if name == "summary":
        assert len(result.stdout.splitlines()) <= 40, "twelve criteria, and what was supposed"
        for critical in (
            "Critique - `task_acks_late` n'est pas à `True`",
            "Critique - Sérialisation qui exécute du code",
            "Critique, non vérifié - Vérifier à la main",
        ):
            assert critical in result.stdout, "no critical point is left out"


def test_an_unknown_format_is_a_usage_error(journal: Path, tmp_path: Path) -> None:
    assert audit("report", "convert", journal, "--to", "docx").exit_code == 2
    assert audit("run", tmp_path, "--also", "docx").exit_code == 2


def test_a_pdf_is_printed_by_the_installed_browser(journal: Path, tmp_path: Path) -> None:
    if shutil.which("chromium") is None:
        pytest.skip("chromium is not installed")
    assert audit("report", "convert", journal, "--pdf", tmp_path / "a.pdf").exit_code == 0
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF-")
