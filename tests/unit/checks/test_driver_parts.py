"""The parts of the reference driver that need no running stack."""

from pathlib import Path

import pytest

from audit.experiments import every_experiment
from audit.experiments.experiment import Experiment
from audit.experiments.interaction_types import KINDS
from checks.full_driver import FullDriver
from checks.stack_log import StackLog
from checks.wassenger_events import inbound, words
from system.gateway.inbound import interaction


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_read_as_itself(kind: str) -> None:
    found = interaction(inbound("+33639980001", "W1", kind))
    assert found is not None
    assert (found.phone, found.type, found.content, found.wa_id) == ("+33639980001", kind, words(kind), "W1")


@pytest.mark.parametrize("experiment", [e for e in every_experiment() if e.ability], ids=lambda e: e.id)
def test_the_driver_has_every_ability(experiment: Experiment) -> None:
    wanted = [name for name in dir(experiment.ability) if not name.startswith("_")]
    assert not [name for name in wanted if not hasattr(FullDriver(Path()), name)]


def test_a_log_is_read_as_it_grows(tmp_path: Path) -> None:
    log = StackLog(tmp_path)
    assert log.records() == []
    file = (tmp_path / "web.log").open("a", encoding="utf-8")
    for part in ('{"event": "a"}\nplain\n[1]\n{"event"', ': "b"}\n'):
        file.write(part)
        file.flush()
        log.records()
    file.close()
    assert [record["event"] for record in log.records()] == ["a", "b"]
    assert log.lines() == ["plain", "[1]"]
