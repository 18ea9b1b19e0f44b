"""Nodes of pytest-celery over processes: what a container answers, a process answers."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_celery import CeleryTestWorker

from audit.experiments.cluster.process_node import ProcessNode
from audit.experiments.cluster.process_nodes import ProcessWorkerContainer
from audit.experiments.waiting import wait_until

# The child outlives its parent, unless the whole group is killed.
WORKER = "sleep 60 & echo child $!; echo ready.; wait"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[ProcessNode]:
    made = ProcessNode("worker", ["sh", "-c", WORKER], os.environ, tmp_path, tmp_path / "log")
    made.start()
    yield made
    made.kill()


@pytest.fixture
def worker(node: ProcessNode) -> CeleryTestWorker:
    made = CeleryTestWorker(ProcessWorkerContainer(node), app=None)
    assert wait_until(made.ready, 10)
    return made


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_sigkill_ends_the_whole_group(worker: CeleryTestWorker) -> None:
    child = int(worker.logs().split("child ")[1].split()[0])
    assert not gone(child)
    worker.kill()
    assert worker.container.status == "exited"
    assert wait_until(lambda: gone(child), 10)


def test_another_signal_reaches_the_main_process_alone(worker: CeleryTestWorker) -> None:
    child = int(worker.logs().split("child ")[1].split()[0])
    worker.kill("SIGTERM")
    assert wait_until(lambda: worker.container.status == "exited", 10)
    assert not gone(child)
    os.kill(child, 9)


def test_ready_is_said_by_this_boot_and_not_by_the_one_before(worker: CeleryTestWorker, node: ProcessNode) -> None:
    worker.kill()
    assert "ready." in worker.logs()
    node._command[2] = "sleep 60"
    node.start()
    assert not worker.ready()
    assert "ready." in worker.logs()


def test_a_command_is_run_where_the_node_runs(worker: CeleryTestWorker) -> None:
    assert worker.container.exec_run(["sh", "-c", "exit 3"])[0] == 3
    assert worker.container.exec_run("echo here") == (0, b"here\n")
