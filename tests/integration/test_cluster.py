"""`checkpoint-audit[cluster]` in an environment of its own: a stranger's project, its pytest run, and the checkpoint made of it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[2]
TARGETS = ROOT / "tests" / "targets"
PROJECTS = ("grappe-saine", "grappe-precoce")
FIVE = ["canary-ordinary", "canary-child-killed", "canary-sigterm", "canary-broker-restarted", "canary-main-killed"]


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, env=_environ(), capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _environ() -> dict[str, str]:
    """Without what would let the tree of this repository into the environment."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "COV"))}


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment: the wheel with its extra, and the project's Celery."""
    there = tmp_path_factory.mktemp("fresh")
    uv = (sys.executable, "-m", "uv")
    run(*uv, "build", "--quiet", "--wheel", "--out-dir", there / "dist", ROOT, cwd=there)
    run(*uv, "venv", "--quiet", "--python", sys.executable, there / "venv", cwd=there)
    (wheel,) = (there / "dist").glob("*.whl")
    into = ("pip", "install", "--quiet", "--python", there / "venv" / "bin" / "python")
    run(*uv, *into, "--constraint", ROOT / "requirements.lock", f"{wheel}[cluster]", "celery", "redis", cwd=there)
    return there / "venv" / "bin"


@pytest.fixture(scope="module")
def projects(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each project, once its own pytest has run: both at once, as each mostly waits."""
    there = tmp_path_factory.mktemp("projects")
    copies = {name: Path(shutil.copytree(TARGETS / name, there / name)) for name in PROJECTS}
    command: list[str | Path] = [programs / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    running = {
        name: subprocess.Popen(command, cwd=copy, env=_environ(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for name, copy in copies.items()
    }
    told = {name: process.communicate(timeout=200)[0].decode() for name, process in running.items()}
    assert {name: process.returncode for name, process in running.items()} == dict.fromkeys(PROJECTS, 0), told
    return copies


def observations(project: Path) -> Mapping[str, Mapping[str, Any]]:
    document = json.loads((project / "reports" / "canary.json").read_text(encoding="utf-8"))
    return {seen["scenario"]: seen for seen in document["observations"]}


def journal(programs: Path, project: Path, out: Path) -> dict[str, Any]:
    """The journal of the checkpoint made of the file."""
    evidence = project / "reports" / "canary.json"
    command: list[str | Path] = [
        programs / "audit",
        "run",
        project,
        "--level",
        "execution",
        "--evidence",
        evidence,
        "--out",
        out,
    ]
    done = subprocess.run(command, env=_environ(), capture_output=True, text=True, check=False, timeout=120)
    # Neither project is sound in all; 3 where nothing was played.
    assert done.returncode in {1, 3}, done.stdout + done.stderr
    (path,) = out.glob("*.json")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def findings(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Those of the canary."""
    every = [*document["unattached"], *(f for r in document["requirements"] for f in r["findings"])]
    return [finding for finding in every if finding["rule"].startswith("canary-")]


def outcomes(document: Mapping[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for finding in findings(document):
        found.setdefault(finding["rule"], set()).add(finding["outcome"])
    return found


def test_it_is_collected_where_only_the_extra_is_installed(programs: Path, tmp_path: Path) -> None:
    project = shutil.copytree(TARGETS / PROJECTS[0], tmp_path / "project")
    listed = run(programs / "python", "-m", "pytest", "--collect-only", "-q", cwd=project)
    assert "test_workers.py::test_every_message_is_accounted_for" in listed
    assert "1 test collected" in listed


def test_a_sound_worker_loses_nothing_and_its_checkpoint_says_so(
    programs: Path, projects: dict[str, Path], tmp_path: Path
) -> None:
    project = projects["grappe-saine"]
    seen = observations(project)
    assert list(seen) == FIVE
    assert {name: (s["not_played"], s["lost"], s["unsettled"]) for name, s in seen.items()} == dict.fromkeys(
        FIVE, ("", [], [])
    )
    assert seen["canary-ordinary"]["sent"] == seen["canary-ordinary"]["executed"] == 12
    found = outcomes(journal(programs, project, tmp_path))
    assert found["canary-ordinary"] == found["canary-child-killed"] == {"établi"}
    assert "défaut" not in set().union(*(found[name] for name in FIVE))


def test_early_acknowledgement_loses_tasks_and_its_checkpoint_says_so(
    programs: Path, projects: dict[str, Path], tmp_path: Path
) -> None:
    project = projects["grappe-precoce"]
    seen = observations(project)
    assert len(seen["canary-child-killed"]["lost"]) == 1
    # Both in flight, acknowledged before they ran; of the four behind, none was on its way to the worker when it died.
    assert seen["canary-main-killed"]["lost"] == ["canari-principal-1", "canari-principal-2"]
    document = journal(programs, project, tmp_path)
    found = outcomes(document)
    assert found["canary-ordinary"] == {"établi"}
    assert "défaut" in found["canary-child-killed"] & found["canary-main-killed"]
    told = next(f["sentence"] for f in findings(document) if f["rule"] == "canary-child-killed")
    assert "1\u00a0tâche sur 2 est perdue quand un processus enfant meurt" in told


def test_a_changed_tree_takes_the_file_for_nothing(programs: Path, projects: dict[str, Path], tmp_path: Path) -> None:
    project = Path(shutil.copytree(projects["grappe-saine"], tmp_path / "changed"))
    with (project / "boutique.py").open("a", encoding="utf-8") as source:
        source.write("app.conf.task_acks_late = False\n")
    found = outcomes(journal(programs, project, tmp_path / "out"))
    assert [found[name] for name in FIVE] == [{"indéterminé"}] * 5
