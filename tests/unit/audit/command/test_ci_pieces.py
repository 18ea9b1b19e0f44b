"""The action and the hook that other repositories use, played in a scratch repository as their hosts play them."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[4]
PROGRAMS = Path(sys.executable).parent
FAULTY = """from celery import Celery

app = Celery("shop", broker="redis://localhost")
app.conf.accept_content = ["pickle"]


@app.task
def pay() -> None: ...
"""
SOUND = ROOT / "tests" / "targets" / "bonnes-pratiques"


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


class Host:
    """What GitHub gives a composite action: expressions replaced, files for outputs, path and summary, bash with -eo pipefail."""

    def __init__(self, workspace: Path, temp: Path, **inputs: str) -> None:
        self.workspace, self.temp = workspace, temp
        self.action = read("action.yml")
        self.inputs = {name: entry["default"] for name, entry in self.action["inputs"].items()}
        self.inputs |= {name.replace("_", "-"): value for name, value in inputs.items()}
        self.files = {name: temp / name for name in ("GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")}
        for file in self.files.values():
            file.touch()

    def value(self, text: str) -> str:
        known = {f"inputs.{name}": value for name, value in self.inputs.items()}
        known |= {"github.action_path": str(ROOT), "runner.temp": str(self.temp)}
        return re.sub(r"\$\{\{\s*(.+?)\s*\}\}", lambda found: known[found.group(1)], text)

    def step(self, identifier: str) -> subprocess.CompletedProcess[str]:
        (step,) = (s for s in self.action["runs"]["steps"] if s["id"] == identifier)
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "an expression in a script is read by the shell"
        added = self.files["GITHUB_PATH"].read_text(encoding="utf-8").split()
        path = os.pathsep.join([*added, str(PROGRAMS), os.environ["PATH"]])
        given = {name: self.value(text) for name, text in step["env"].items()} | {"PATH": path}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.workspace,
            env={**os.environ, **given, **{name: str(file) for name, file in self.files.items()}},
            capture_output=True,
            text=True,
            check=False,
        )

    def outputs(self) -> Mapping[str, str]:
        lines = self.files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def summary(self) -> str:
        return self.files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8").replace("\u00a0", " ")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose project is in a folder, with a space in its name."""
    root = tmp_path / "repository"
    (root / "my shop").mkdir(parents=True)
    (root / "my shop" / "app.py").write_text(FAULTY, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    return root


@pytest.fixture
def temp(tmp_path: Path) -> Path:
    (tmp_path / "temp").mkdir()
    return tmp_path / "temp"


def test_a_fault_fails_the_step_and_is_annotated_where_it_is(repository: Path, temp: Path) -> None:
    host = Host(repository, temp, target="my shop")
    done = host.step("audit")
    assert done.returncode == 1, done.stderr
    annotations = [line for line in done.stdout.splitlines() if line.startswith("::")]
    assert any(line.startswith("::error file=my shop/app.py,line=4,title=") for line in annotations), done.stdout
    assert host.summary().startswith("# Checkpoint - Validation my shop\n")
    assert "**Verdict** : ❌ VALIDATION REFUSÉE" in host.summary()
    outputs = host.outputs()
    assert outputs["exit-code"] == "1"
    for name in ("report", "journal", "sarif"):
        assert (repository / outputs[name]).is_file()
    assert '"uri": "my%20shop/app.py"' in (repository / outputs["sarif"]).read_text(encoding="utf-8")
    assert list((repository / "checkpoint").glob("*.junit.xml"))


def test_a_sound_project_passes_the_step(repository: Path, temp: Path) -> None:
    shutil.copytree(SOUND, repository / "sound")
    host = Host(repository, temp, target="sound/audit.toml")
    done = host.step("audit")
    assert (done.returncode, host.outputs()["exit-code"]) == (0, "0")
    assert "::error" not in done.stdout
    assert "**Problèmes trouvés** (section 3) : 1 mineur." in host.summary()


def test_a_baseline_lets_pass_what_it_held(repository: Path, temp: Path) -> None:
    first = Host(repository, temp, target="my shop")
    assert first.step("audit").returncode == 1
    second = Host(repository, temp, target="my shop", baseline=first.outputs()["journal"])
    assert second.step("audit").returncode == 0


def test_an_input_is_no_command(repository: Path, temp: Path) -> None:
    host = Host(repository, temp, target="my shop", profile="$(touch owned); touch owned #", fail_on="`touch owned`")
    assert host.step("audit").returncode == 2
    assert not (repository / "owned").exists()


def hook(repository: Path) -> subprocess.CompletedProcess[str]:
    """The hook's own entry, from the root of the repository, as pre-commit starts it."""
    (entry,) = read(".pre-commit-hooks.yaml")
    assert (entry["language"], entry["pass_filenames"]) == ("python", False)
    program, *arguments = entry["entry"].split()
    return subprocess.run(
        [str(PROGRAMS / program), *arguments], cwd=repository, capture_output=True, text=True, check=False
    )


def test_the_hook_says_where_and_writes_nothing(repository: Path) -> None:
    before = sorted(repository.rglob("*"))
    done = hook(repository)
    assert done.returncode == 1
    assert "my shop/app.py:4: critique [" in done.stdout
    assert sorted(repository.rglob("*")) == before
    sound = shutil.copytree(SOUND, repository / "sound")
    assert hook(sound).returncode == 0


@pytest.mark.integration
def test_the_action_installs_what_it_runs(repository: Path, temp: Path) -> None:
    host = Host(repository, temp, target="my shop")
    assert host.step("install").returncode == 0
    assert (temp / "checkpoint-audit" / "bin" / "audit").is_file()
    assert host.step("audit").returncode == 1


@pytest.mark.integration
def test_pre_commit_installs_and_plays_the_hook(repository: Path) -> None:
    program = shutil.which("pre-commit", path=os.pathsep.join((str(PROGRAMS), os.environ["PATH"])))
    if program is None:
        pytest.skip("pre-commit is not installed")
    subprocess.run(["git", "-C", str(repository), "add", "--all"], check=True)
    command = [program, "try-repo", str(ROOT), "checkpoint-audit", "--all-files"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "my shop/app.py:4: critique [" in done.stdout
