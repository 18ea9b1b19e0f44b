"""Two engines, one audit: what pytest plays and what is played without it must tell the same story."""

from pathlib import Path
from typing import Any

import pytest

from audit import reading as source
from audit.command import direct_session as direct
from audit.command import pytest_session
from audit.importing import configuration_probe as configuration
from audit.journal import journal_file as journal
from audit.judging.examination import Examination, Probes
from audit.model.findings import Level, Outcome
from audit.requirements.profiles import PROFILES, default_family
from audit.target.target_file import load_target
from tests.acceptance.reference_copy import REPOSITORY
from tests.unit.audit.examples import examination, finding, rule

pytestmark = pytest.mark.integration

DECEMBER = REPOSITORY / "tests" / "targets" / "decembre-2025"


def audited(engine: Any, target: Path, profile: str) -> dict[str, Any]:
    done = Examination(
        load_target(target),
        PROFILES[profile][default_family(profile)],
        Level.SOURCE,
        Probes(source.collect, configuration.collect),
    )
    summary = engine.play(done, quiet=True).rpartition(" in ")[0]
    volatile = journal.Volatile("2026-01-01", "2026-01-01T00:00:00+00:00", 0.0, "", summary, "")
    return journal.build(done, "d" * 64, volatile, None)


# What the audits of whole targets run is measured where it is tested.
@pytest.mark.usefixtures("no_cover")
@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("target", [DECEMBER, REPOSITORY / "audit.toml"], ids=["december", "reference"])
def test_both_engines_give_the_same_journal(target: Path, profile: str) -> None:
    assert audited(direct, target, profile) == audited(pytest_session, target, profile)


def test_text_of_a_target_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    told = finding(Outcome.DEFECT, "tâche \x1b[2J\x07 sans limite", rule="r")
    direct.play(examination(rule("r", told)), quiet=False)
    printed = capsys.readouterr().out
    assert "A::r FAILED" in printed
    assert "sans limite" in printed
    assert "\x1b" not in printed
    assert "\x07" not in printed
