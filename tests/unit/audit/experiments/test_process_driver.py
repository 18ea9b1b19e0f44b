"""The base of a driver on real processes: it finds who plays a role, counts what its double accepts, and leaves nothing."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psutil
import pytest

from audit.experiments.driver import Driver, DriverError
from audit.experiments.process_driver import GatewayDouble, ProcessDriver
from audit.experiments.waiting import wait_until

# A main process with one child, whose command line is that of a worker.
WORKER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "celery", "child"])
time.sleep(600)
"""


class Sleeper(ProcessDriver):
    deployment_file = "start.sh"

    def key(self, body: Any) -> str:
        return str(body["order"])


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Sleeper]:
    (tmp_path / "worker.py").write_text(WORKER, encoding="utf-8")
    loop = f"while true; do {sys.executable} worker.py celery -A shop worker; done\n"
    (tmp_path / "start.sh").write_text(loop, encoding="utf-8")
    made = Sleeper(tmp_path)
    made.commands = {"worker": "sh start.sh"}
    yield made
    made.stop()


def post(url: str, body: bytes) -> int:
    with urlopen(Request(url, body), timeout=5) as answer:
        return int(answer.status)


def test_it_is_a_driver_whose_unwritten_methods_say_so(tmp_path: Path) -> None:
    bare = ProcessDriver(tmp_path)
    assert isinstance(bare, Driver)
    for name in ("launch", "recorded", "logged_in", "hold", "retry_delays", "stall_processing"):
        with pytest.raises(DriverError, match=f"n'écrit pas encore `{name}`"):
            getattr(bare, name)("x")
    with pytest.raises(DriverError, match="`deployment_file`"):
        bare.deployment()
    assert bare.accepted() == []
    assert bare.main_pid("worker") is None


def test_the_main_process_is_found_below_its_script_and_again_after_its_death(driver: Sleeper) -> None:
    driver.start()
    first = driver.main_pid("worker")
    assert first is not None
    assert psutil.Process(first).name().startswith("python")
    assert wait_until(lambda: len(driver.child_pids("worker")) == 1, 10)
    assert (driver.main_pid("beat"), driver.child_pids("beat")) == (None, [])
    os.kill(first, signal.SIGKILL)
    assert wait_until(lambda: driver.main_pid("worker") not in {None, first}, 10)


def test_nothing_is_left_after_the_stop(driver: Sleeper) -> None:
    driver.start()
    assert wait_until(lambda: driver.child_pids("worker"), 10)
    main = driver.main_pid("worker")
    assert main is not None
    orphan = psutil.Process(driver.child_pids("worker")[0])
    os.kill(main, signal.SIGKILL)
    driver.stop()
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE
    driver.stop()


def test_what_the_double_accepted_is_counted_by_the_key_of_its_body(driver: Sleeper) -> None:
    driver.environment = {"GATEWAY_URL": "{gateway}/send"}
    driver.start()
    url = driver.variables()["GATEWAY_URL"]
    assert post(url, b'{"order": "a"}') == 201
    assert post(url, b'{"order": "a"}') == 201
    first, second = driver.accepted()
    assert (first.key, second.key) == ("a", "a")
    assert first.identifier != second.identifier
    assert first.at <= second.at
    # What somebody else posts there is no send that may be left out in silence.
    assert post(url, b"ping") == 201
    with pytest.raises(DriverError, match="`key` ne lit pas un corps que la passerelle a reçu"):
        driver.accepted()


def test_a_body_that_is_no_json_is_kept_as_text() -> None:
    double = GatewayDouble()
    post(double.url, b"to=+33&text=x")
    double.stop()
    assert [body for _, body in double.accepted] == ["to=+33&text=x"]


@pytest.mark.parametrize("command", ["exit 3", "no-such-command-here"])
def test_a_command_that_ends_at_once_is_told_and_not_waited_for(command: str, tmp_path: Path) -> None:
    driver = Sleeper(tmp_path)
    driver.commands = {"worker": f"sh -c '{command}'"}
    with pytest.raises(DriverError, match="s'est arrêtée aussitôt"):
        driver.start()
    driver.stop()


def test_code_of_the_project_runs_with_its_variables_and_a_failure_is_told(tmp_path: Path) -> None:
    driver = Sleeper(tmp_path)
    driver.environment = {"SHOP": "yes"}
    assert driver.python("import os, sys; print(os.environ['SHOP'], sys.argv[1])", "a") == "yes a\n"
    with pytest.raises(DriverError, match="KeyError"):
        driver.python("raise KeyError('gone')")
    assert driver.new_numbers(2) + driver.new_numbers(1) == [1, 2, 3]
