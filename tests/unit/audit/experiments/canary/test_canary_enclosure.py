"""What the audit hears of the enclosure, and what it makes of one that ends badly."""

import sys
from pathlib import Path

import pytest

from audit.experiments.canary.enclosure import Request, enclosed
from audit.experiments.canary.private_broker import find_server
from audit.importing.isolation import Isolation

REQUEST = Request(sys.executable, "/nowhere", "boutique:app", {"PATH": "/bin"}, (), "/bin/server", 1.0)


def _program(path: Path, text: str) -> Isolation:
    """An isolation whose command is this script: what follows it, the conductor, is never reached."""
    script = path / "conductor.py"
    script.write_text(f"import json, sys, time\nrequest = json.loads(sys.stdin.readline())\n{text}")
    return Isolation((sys.executable, str(script)), "essai")


def test_steps_settings_and_observations_are_heard(tmp_path: Path) -> None:
    isolation = _program(
        tmp_path,
        """
def write(**record): print(json.dumps(record), flush=True)
write(kind="step", text=request["celery_app"])
write(kind="settings", values={"acks_late": True})
empty = dict.fromkeys(("lost", "twice", "waiting", "due", "unsettled"), ())
write(kind="observation", values={"scenario": "canary-sigterm", "sent": 6, "timeline": [[1, "x"]], "started": 0, **empty})
write(kind="failure", text="la suite manque")
""",
    )
    told: list[str] = []
    played = enclosed(REQUEST, isolation, told.append)
    assert told == ["boutique:app"]
    assert played.settings == {"acks_late": True}
    assert played.observations["canary-sigterm"].sent == 6
    assert played.failure == "la suite manque"


@pytest.mark.parametrize("text", ["sys.exit(3)", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_an_enclosure_that_ends_badly_is_a_failure(tmp_path: Path, text: str) -> None:
    assert "s'est arrêtée" in enclosed(REQUEST, _program(tmp_path, text), lambda _: None).failure


def test_a_worker_is_given_a_home_that_goes_away(tmp_path: Path) -> None:
    told: list[str] = []
    isolation = _program(
        tmp_path, 'print(json.dumps({"kind": "step", "text": request["environ"]["HOME"]}), flush=True)'
    )
    enclosed(REQUEST, isolation, told.append)
    (home,) = told
    assert not Path(home).exists()
    assert Path(home).name == "cwd"


def test_a_server_on_the_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "redis-server"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_server() == str(program)
