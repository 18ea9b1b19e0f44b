from pathlib import Path

from audit.journal.periodic_table import PURPOSES, periodic_table
from audit.model.facts import BeatEntry, Facts
from audit.model.findings import Level
from audit.target.target_file import ROLES, load_target
from tests.acceptance.reference_copy import REPOSITORY
from tests.unit.audit.examples import known

ENTRY = BeatEntry("health", "app.tasks.periodic.system_health_check", 120.0)
BY_HAND = BeatEntry("own", "app.tasks.own_task", None, "0 0 * * *")


def test_rows_say_task_frequency_and_purpose() -> None:
    table = periodic_table(known(Facts(Level.SOURCE, "source", beat=(ENTRY, BY_HAND), beat_known=True)))
    assert table["level"] == "déclaré"
    assert table["rows"] == [
        {"task": "system_health_check", "frequency": "2\u00a0min", "purpose": "Vérification santé système"},
        {"task": "own_task", "frequency": "00:00 UTC", "purpose": ""},
    ]


def test_the_strongest_probe_that_knows_the_schedule_tells_it() -> None:
    source = Facts(Level.SOURCE, "source", beat=(ENTRY,), beat_known=True)
    inside = Facts(Level.CONFIGURATION, "configuration", beat=(BY_HAND,), beat_known=True)
    assert periodic_table(known(source, inside))["level"] == "configuré"
    assert periodic_table(known(source, Facts(Level.CONFIGURATION, "configuration")))["level"] == "déclaré"
    broken = Facts(Level.CONFIGURATION, "configuration", failure="import", beat_known=True)
    assert periodic_table(known(source, broken))["level"] == "déclaré"


def test_an_unknown_schedule_gives_no_row() -> None:
    assert periodic_table(known(Facts(Level.SOURCE, "source", beat=(ENTRY,)))) == {"level": "", "rows": []}


def test_each_periodic_role_of_the_december_target_has_a_purpose() -> None:
    target = load_target(REPOSITORY / "tests" / "targets" / "decembre-2025")
    periodic = ("recovery", "health_check", "expiry", "monitoring_sync", "monitoring_reset", "lock_cleanup")
    assert set(periodic) <= set(ROLES)
    assert {Path(target.role(r).replace(":", "/")).name for r in periodic} <= set(PURPOSES)
