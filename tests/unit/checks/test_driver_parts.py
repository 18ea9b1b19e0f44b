"""The parts of the reference driver that need no running stack."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from audit.experiments import every_experiment
from audit.experiments.driver import KnownLimits
from audit.experiments.experiment import Experiment
from audit.experiments.interaction_types import KINDS
from checks import full_driver
from checks.conditions import Conditions
from checks.full_driver import FullDriver
from checks.stack import Stack
from checks.stack_log import StackLog
from checks.wassenger_events import inbound, words
from system.config import Settings
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


def test_the_experiments_that_reach_the_daily_limit_are_named() -> None:
    """« seul l'essai qui porte sur elle (4.4) » : the one of 5.7 reaches it too."""
    fills = {r for e in every_experiment() if hasattr(e.ability, "today") for r in e.requirements}
    (told,) = [condition for condition in full_driver.CONDITIONS if "limite quotidienne" in condition]
    assert f"({' et '.join(sorted(fills))})" in told


class Shipped:
    """A stack that was started with other hours than those of its settings."""

    def __init__(self, **env: str) -> None:
        self.running = SimpleNamespace(env=env)

    def python(self, code: str) -> str:
        assert "'sending_hours', 'sending_zone'" in code
        return "08:00-20:00 Europe/Paris\n"


def test_lifted_sending_hours_are_a_condition_of_the_trial() -> None:
    """The greatest difference between the trial and what is shipped stood in no report."""
    lifted = cast("Stack", Shipped(SENDING_HOURS="00:00-24:00", SENDING_ZONE="UTC"))
    told = Conditions(lifted, ()).sending_hours()
    assert told.startswith("heures d'envoi de l'essai : 00:00-24:00, UTC ; livrées : 08:00-20:00, Europe/Paris")
    assert "n'est pas essayé" in told


@pytest.mark.parametrize("criterion", ["4.1", "6.4", "8.1", "8.3"])
def test_the_doubles_that_the_stack_cannot_exclude_are_told(criterion: str) -> None:
    driver = FullDriver(Path())
    assert isinstance(driver, KnownLimits)
    assert "deux doublons que la pile n'exclut pas" in driver.limits()[criterion]


def test_the_alert_address_is_said_to_be_empty_where_it_is_shipped_so() -> None:
    assert Settings.model_fields["alert_webhook_url"].default is None
    assert "vide dans la livraison" in FullDriver(Path()).limits()["8.6"]


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
