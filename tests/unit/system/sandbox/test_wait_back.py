"""Waiting for a program to come back, while its processes appear and vanish between two looks."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psutil
import pytest

from system.sandbox.processes import GuardedProcess, SandboxError
from system.sandbox.programs import Programs
from system.sandbox.stack import RunningStack

OLD, NEW = os.getppid(), os.getpid()


class Vanishing(Programs):
    """Finds what it is told to, one look after another; the last answer stays."""

    def __init__(self, *pids: int | None) -> None:
        self._answers: Iterator[int | None] = iter(pids)
        self._last = pids[-1]

    def find(self, program: str) -> psutil.Process | None:
        pid = next(self._answers, self._last)
        return None if pid is None else psutil.Process(pid)


@dataclass
class Supervisor:
    log: Path


def stack(*pids: int | None) -> RunningStack:
    nothing = cast("Any", None)
    supervisor = cast("GuardedProcess", Supervisor(Path("missing.log")))
    return RunningStack(Path(), nothing, nothing, "", {}, Path(), supervisor, Vanishing(*pids), nothing)


def test_a_process_that_ends_between_two_looks_is_not_back_yet() -> None:
    assert stack(OLD, None, OLD, None, NEW).wait_back("beat", OLD, seconds=5) == NEW


@pytest.mark.parametrize("pids", [(OLD,), (None,), (OLD, None)])
def test_what_never_comes_back_is_said(pids: tuple[int | None, ...]) -> None:
    with pytest.raises(SandboxError, match="beat back after process"):
        stack(*pids).wait_back("beat", OLD, seconds=0.2)


def test_a_program_that_does_not_run_has_no_children() -> None:
    assert stack(None).child_pids("worker") == []


def test_a_main_process_that_ends_meanwhile_has_no_children() -> None:
    class Gone(psutil.Process):  # type: ignore[misc]
        def children(self, recursive: bool = False) -> list[psutil.Process]:
            raise psutil.NoSuchProcess(self.pid)

    class Ending(Vanishing):
        def find(self, program: str) -> psutil.Process | None:
            return Gone(NEW)

    assert Ending(NEW).child_pids("worker") == []
