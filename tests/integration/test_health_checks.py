"""The health checks of the container files, run as an orchestrator runs them: well when their node is, ill when it is frozen."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from system.deploy.plan import reference_plan
from system.sandbox.processes import wait_until
from system.sandbox.stack import RunningStack, running_stack

pytestmark = pytest.mark.real
CHECKS = {program.name: program.healthcheck for program in reference_plan().programs if program.healthcheck}


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    with running_stack() as running:
        yield running


def well(stack: RunningStack, check: str) -> bool:
    return (
        subprocess.run(["sh", "-c", check], env=stack.env, cwd=stack.root, capture_output=True, check=False).returncode
        == 0
    )


@pytest.mark.parametrize("program", CHECKS)
def test_a_node_that_works_is_well_and_a_frozen_one_is_not(stack: RunningStack, program: str) -> None:
    assert well(stack, CHECKS[program])
    pid = stack.main_pid(program)
    os.kill(pid, signal.SIGSTOP)
    try:
        assert not well(stack, CHECKS[program])
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: well(stack, CHECKS[program]), seconds=30, what=f"{program} well again")


def test_another_worker_does_not_answer_for_this_node(stack: RunningStack) -> None:
    assert "$(hostname)" in CHECKS["worker"]
    assert not well(stack, CHECKS["worker"].replace("$(hostname)", "another-node"))
