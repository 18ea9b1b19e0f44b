"""Scenarios of the canary over stacks that are closed after each test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.canary.scenarios import SCENARIOS
from tests.unit.audit.experiments.canary.fake_stack import FakeStack, MadeStack, Play


@pytest.fixture
def fake_stack(tmp_path: Path) -> Iterator[MadeStack]:
    stacks: list[FakeStack] = []

    def made(**behaviour: Any) -> FakeStack:
        stacks.append(FakeStack(tmp_path, **behaviour))
        return stacks[-1]

    yield made
    for stack in stacks:
        stack.close()


@pytest.fixture
def play(fake_stack: MadeStack) -> Play:
    def played(scenario: str, *given: Any, **behaviour: Any) -> tuple[Observation, FakeStack]:
        stack, seen = fake_stack(**behaviour), Observation(scenario)
        SCENARIOS[scenario](stack, seen, *given)
        return seen, stack

    return played
