"""`python -m system up`, as somebody types it: a page, an account, contacts, a reply, and an end that leaves nothing."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from system.sandbox.processes import wait_until
from system.sandbox.stack import REPOSITORY

pytestmark = pytest.mark.real
# Whatever the shell names: up runs on servers of its own.
FOREIGN = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}


def system(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "system", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


class Up:
    """A running `up`, and what it printed."""

    def __init__(self, process: subprocess.Popen[str], output: Path) -> None:
        self.process, self._output = process, output

    @property
    def printed(self) -> str:
        return self._output.read_text(encoding="utf-8")

    def found(self, pattern: str) -> str:
        match = re.search(pattern, self.printed)
        assert match, self.printed
        return match[1]

    @contextmanager
    def logged_in(self) -> Iterator[httpx.Client]:
        data = {"name": "admin", "password": self.found(r"password (\S+)")}
        with httpx.Client(base_url=self.found(r"The page:\s+(\S+)"), trust_env=False, timeout=30) as client:
            assert client.post("/page/login", data=data).headers["Location"] == "/"
            yield client


# The shell has what it starts so ignore SIGINT.
IN_THE_BACKGROUND = ("sh", "-c", '"$@" & echo $! >"$0"; wait $!')


@contextmanager
def running(data: Path, output: Path, *, background: bool = False, ended_by: int = signal.SIGINT) -> Iterator[Up]:
    command = [sys.executable, "-m", "system", "up", "--data-dir", str(data)]
    pid_file = output.with_suffix(".pid")
    if background:
        command = [*IN_THE_BACKGROUND, str(pid_file), *command]
    with output.open("w") as out:
        process = subprocess.Popen(command, cwd=REPOSITORY, env=os.environ | FOREIGN, stdout=out, stderr=out, text=True)
    try:
        up = Up(process, output)
        wait_until(lambda: "Ctrl-C" in up.printed or process.poll() is not None, seconds=120, what="the page of up")
        yield up
    finally:
        os.kill(int(pid_file.read_text()) if background else process.pid, ended_by)
        process.wait(90)


def token(page: str) -> str:
    found = re.search(r'name="form_token" value="(\w+)"', page)
    assert found
    return found[1]


def test_a_campaign_a_reply_an_end_and_a_second_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data, tmp_path / "first.log") as up, up.logged_in() as client:
        begun = psutil.Process(up.process.pid).children(recursive=True)
        in_use = system("up", "--data-dir", str(data))
        assert (in_use.returncode, "is in use by another `up` (process" in in_use.stderr) == (3, True)
        assert "Anne Martin" in client.get("/page/contacts").text
        new = {"name": "Salon", "category": "Exemple", "message": "Bonjour {{prénom|vous}}", "follow_up": "Merci"}
        new["form_token"] = token(client.get("/").text)
        created = client.post("/page/campaigns", data=new).headers["Location"].partition("?")[0]
        asked = client.get(f"{created}/confirm/start").text
        client.post(f"{created}/start", data=dict(re.findall(r'type="hidden" name="(\w+)" value="(\w*)"', asked)))
        wait_until(lambda: "Bonjour Anne" in ledger(data), seconds=120, what="Message 1")
        # Recorded as well: a reply to what is not known as sent waits.
        wait_until(lambda: "envoyé" in client.get(f"{created}/results").text, seconds=30, what="its record")
        replied = system("reply", "06 39 98 01 00", "oui", "--data-dir", str(data))
        assert (replied.returncode, replied.stdout) == (0, "+33639980100 wrote: oui\n"), replied.stderr
        wait_until(lambda: "Merci" in ledger(data), seconds=60, what="Message 2")
    assert up.process.returncode == 0, up.printed
    assert [process for process in begun if process.is_running() and process.status() != psutil.STATUS_ZOMBIE] == []
    gone = system("reply", "0639980100", "oui", "--data-dir", str(data))
    assert (gone.returncode, "no stack runs in" in gone.stderr) == (3, True)

    with running(data, tmp_path / "second.log") as again, again.logged_in() as client:
        assert again.found(r"password (\S+)") == up.found(r"password (\S+)")
        assert "Salon" in client.get("/").text
        assert ledger(data).count("Bonjour Anne") == 1
    assert again.process.returncode == 0


@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGINT])
def test_in_a_script_s_background_either_signal_ends_everything(tmp_path: Path, ended_by: int) -> None:
    with running(tmp_path / "data", tmp_path / "up.log", background=True, ended_by=ended_by) as up:
        begun = psutil.Process(up.process.pid).children(recursive=True)
        started = " ".join(part for each in begun for part in each.cmdline())
        assert all(program in started for program in ("postgres", "supervisor", "uvicorn"))
    assert (up.process.returncode, "goes on with the same data" in up.printed) == (0, True)
    assert [each for each in begun if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []


def test_its_redis_and_its_double_come_back_and_the_terminal_says_so(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data, tmp_path / "up.log") as up, up.logged_in() as client:
        for part, name in (("appendonly", "redis"), ("system.sandbox.gateway", "gateway")):
            children = psutil.Process(up.process.pid).children(recursive=True)
            # The youngest: not the guardian, whose command line holds the same.
            (*_, process) = sorted(
                (each for each in children if part in " ".join(each.cmdline())), key=psutil.Process.create_time
            )
            process.kill()
            wait_until(lambda name=name: f"… {name} works again" in up.printed, seconds=60, what=name)  # type: ignore[misc]
        new = {"name": "Salon", "category": "Exemple", "message": "Encore", "follow_up": "Merci"}
        new["form_token"] = token(client.get("/").text)
        created = client.post("/page/campaigns", data=new).headers["Location"].partition("?")[0]
        asked = client.get(f"{created}/confirm/start").text
        client.post(f"{created}/start", data=dict(re.findall(r'type="hidden" name="(\w+)" value="(\w*)"', asked)))
        wait_until(lambda: "Encore" in ledger(data), seconds=120, what="Message 1")
    assert up.process.returncode == 0, up.printed


def ledger(data: Path) -> str:
    path = data / "ledger.jsonl"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def test_a_strange_number_and_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    assert system("reply", "12", "oui", "--data-dir", str(tmp_path)).returncode == 2
    file = tmp_path / "file"
    file.touch()
    refused = system("up", "--data-dir", str(file / "data"))
    assert (refused.returncode, "cannot be written" in refused.stderr) == (2, True)
