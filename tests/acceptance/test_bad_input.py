"""A target that cannot be judged ends with exit code 3, or INDÉTERMINÉ, and a report that says why; never with a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit import reading as source
from audit.command.audit_run import run
from audit.command.run_setup import LEVELS
from audit.importing import configuration_probe as configuration
from audit.judging.examination import Examination, Probes
from audit.requirements.profiles import STRICT
from audit.target.target_file import load_target

TARGET = '[target]\nname = "cible"\ncelery_app = "app:celery_app"\n'


def audit(root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "audit", "run", str(root), "--out", str(root / "reports"), *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)


def report(root: Path) -> str:
    """The one report, with ordinary spaces and Markdown's escapes taken away."""
    (path,) = (root / "reports").glob("*.md")
    return path.read_text(encoding="utf-8").replace("\u00a0", " ").replace("\\", "")


def write(root: Path, module: str) -> None:
    (root / "audit.toml").write_text(TARGET, encoding="utf-8")
    (root / "app.py").write_text(module, encoding="utf-8")


@pytest.mark.parametrize("level", ["source", "configuration", "execution"])
def test_a_target_with_nothing(level: str, tmp_path: Path) -> None:
    result = audit(tmp_path, "--level", level, "--profile", "strict")
    assert result.returncode == 3, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    text = report(tmp_path)
    assert "CONFORME (" not in text
    assert "Rien n'a pu être établi" in text
    assert "le rôle `sender` n'est pas renseigné dans `audit.toml`" in text


@pytest.mark.parametrize(
    ("module", "why"),
    [
        ("import no_such_dependency\n", "no_such_dependency"),
        ("raise RuntimeError('broken')\n", "broken"),
        ("import os\nos._exit(0)\n", "app"),
        ("raise SystemExit(3)\n", "app"),
        ("x = 1\n", "celery_app"),
    ],
)
def test_a_module_that_does_not_import(module: str, why: str, tmp_path: Path) -> None:
    write(tmp_path, module)
    result = audit(tmp_path, "--level", "configuration")
    assert result.returncode == 3, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    failures = [line for line in report(tmp_path).splitlines() if why in line]
    assert failures, report(tmp_path)
    assert "CONFORME (" not in report(tmp_path)


def test_a_syntax_error_is_the_target_s_own_fault(tmp_path: Path) -> None:
    write(tmp_path, "def (:\n")
    result = audit(tmp_path, "--level", "configuration")
    assert result.returncode == 1, result.stdout + result.stderr
    assert "SyntaxError : invalid syntax (app.py, ligne 1)" in report(tmp_path).replace("\u00a0", " ")


def test_a_module_whose_import_never_ends(tmp_path: Path) -> None:
    write(tmp_path, "while True:\n    pass\n")
    probes = Probes(source.collect, lambda target: configuration.collect(target, deadline_seconds=1.0))
    examination = Examination(load_target(tmp_path), STRICT, LEVELS["configuration"], probes)
    run(examination, tmp_path / "reports", "audit run .", quiet=True)
    assert examination.nothing_judged
    assert "L'import de « app » dure plus de 1 s : arrêt forcé." in report(tmp_path)


def test_files_that_cannot_be_read_are_listed(tmp_path: Path) -> None:
    write(tmp_path, "def (:\n")
    (tmp_path / "other.py").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "empty.py").touch()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.py")).write_text("def (:\n")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "nowhere.py").symlink_to(tmp_path / "missing.py")
    result = audit(tmp_path, "--level", "source")
    assert result.returncode == 3, result.stdout + result.stderr
    text = report(tmp_path)
    assert "other.py" in text
    assert "app.py" in text
