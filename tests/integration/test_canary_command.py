"""The canary by its command: a whole flight with its report, and nothing left when it is stopped."""

import json
import shutil
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import psutil
import pytest

from audit.experiments.canary.questions import QUESTIONS
from audit.experiments.waiting import wait_until

TARGETS = Path(__file__).parents[1] / "targets"
pytestmark = pytest.mark.integration


def _of_this_target(root: Path) -> list[psutil.Process]:
    """Processes started for this copy of a target, this test's own audit left out."""
    seen = ((p, " ".join(p.info["cmdline"] or ())) for p in psutil.process_iter(["cmdline"]))
    return [p for p, line in seen if str(root) in line and "audit run" not in line]


def test_the_whole_canary_by_the_command_and_its_report(tmp_path: Path) -> None:
    root = shutil.copytree(TARGETS / "canari-sans-superviseur", tmp_path / "boutique")
    command = [sys.executable, "-m", "audit", "run", str(root), "--level", "execution", "--yes", "--out", "out"]
    audit = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=150, check=False)
    assert audit.returncode == 1, audit.stderr
    (report,) = (tmp_path / "out").glob("*.json")
    journal = json.loads(report.read_text(encoding="utf-8"))
    played = {e["id"]: dict(e["figures"]) for e in journal["experiments"] if e["id"].startswith("canary-")}
    # On a busy machine the last ones find no time left, and say so; a target that writes no chord is not asked for one.
    cut = {q.id for q in QUESTIONS} - set(played)
    assert not cut & {"canary-ordinary", "canary-child-killed", "canary-main-killed"}
    # An emptied broker loses what it held, whatever the worker does.
    kept = {name: figures for name, figures in played.items() if name != "canary-broker-emptied"}
    assert {figures["Perdus"] for figures in kept.values()} == {"0"}, kept
    outcomes: dict[str, set[str]] = defaultdict(set)
    for requirement in journal["requirements"]:
        for finding in requirement["findings"]:
            outcomes[finding["rule"]].add(finding["outcome"])
    assert all(outcomes[question] <= {"indéterminé", "sans objet"} for question in cut)
    # Bare, as its start script leaves it: nothing brings this worker back.
    assert "défaut" in outcomes["canary-main-killed"]
    assert outcomes["canary-child-killed"] == outcomes["canary-ordinary"] == {"établi"}
    assert not _of_this_target(root)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_audit_that_is_stopped_leaves_nothing_running(number: signal.Signals, tmp_path: Path) -> None:
    root = shutil.copytree(TARGETS / "canari-tardif-avec-rejet", tmp_path / "arrete")
    command = [sys.executable, "-m", "audit", "run", str(root), "--level", "execution", "--yes"]
    audit = subprocess.Popen(
        [*command, "--out", str(tmp_path / "out")], cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert audit.stderr
    for line in audit.stderr:
        if b"Playing canary-ordinary" in line:
            break
    assert _of_this_target(root)
    audit.send_signal(number)
    audit.communicate(timeout=20)
    assert wait_until(lambda: not _of_this_target(root), 10.0)
    assert not list((tmp_path / "out").glob("*.md"))
