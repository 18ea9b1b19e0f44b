"""A disk that is full, for a whole stack: readiness tells it within seconds, and again when there is room."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from system.sandbox.processes import wait_until
from system.sandbox.stack import RunningStack, running_stack

pytestmark = pytest.mark.real
TOLD_WITHIN_SECONDS = 5.0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 MB of our own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=400m,mode=0777", "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a file system can only be mounted as root")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """A file that takes what room there is."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"0" * 65_536)
    return ballast


def ready(stack: RunningStack) -> tuple[int, bool]:
    answer = httpx.get(f"{stack.web_url}/health/ready", timeout=10, trust_env=False)
    return answer.status_code, answer.json()["writes"]


def test_a_full_disk_is_told_within_five_seconds(small_disk: Path) -> None:
    with running_stack(data_dir=small_disk / "data") as stack:
        assert ready(stack) == (200, True)
        ballast = fill(small_disk)
        full_at = time.monotonic()
        assert ready(stack) == (503, False)
        assert time.monotonic() - full_at < TOLD_WITHIN_SECONDS
        ballast.unlink()
        wait_until(lambda: ready(stack) == (200, True), seconds=60, what="ready again")
