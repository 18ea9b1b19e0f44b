"""The canary inside an audit: flown once, only where no driver shows more, only when somebody allowed it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from audit.command.cli import app
from audit.experiments.canary import Canary, CanaryQuestion
from audit.experiments.canary.enclosure import Played, Request
from audit.experiments.canary.scenario_counts import Observation
from audit.importing.isolation import Isolation
from audit.judging.examination import Examination
from audit.model.findings import Level, Outcome
from audit.target.target_file import Target
from tests.unit.audit.examples import examination, profile

QUESTIONS = (CanaryQuestion("canary-sigterm", "SIGTERM"), CanaryQuestion("canary-child-killed", "Enfant"))
ASKED = profile({"Canari": tuple(q.id for q in QUESTIONS)})


class Sky:
    """A fake enclosure, and how often it was entered."""

    def __init__(self) -> None:
        self.flights = 0

    def __call__(self, request: Request, isolation: Isolation, tell: Callable[[str], None]) -> Played:
        self.flights += 1
        seen = Observation("canary-child-killed", sent=2, in_flight=2, executed=2, back_seconds=1.0)
        return Played({seen.scenario: seen}, {"visibility_timeout": 3600}, "arrêt forcé")


def _examination(sky: Sky, *, allowed: bool = True, level: Level = Level.EXECUTION, driver: str = "") -> Examination:
    target = Target("cible", Path("/nowhere"), celery_app="boutique:app", driver=driver)
    done = examination(target=target, asked=ASKED, level=level)
    done.canary = Canary(QUESTIONS, sky, lambda: "/bin/valkey-server", lambda: Isolation(("--pid",), "x"))
    done.may_start_worker = allowed
    return done


def test_every_question_is_answered_by_one_flight() -> None:
    sky = Sky()
    done = _examination(sky)
    outcomes = {identifier: done.outcome(identifier) for _, identifier in done.tests()}
    assert outcomes == {"canary-sigterm": Outcome.UNDETERMINED, "canary-child-killed": Outcome.ESTABLISHED}
    assert sky.flights == 1
    assert set(done.records) == {"canary-child-killed"}
    assert done.conditions


def test_without_permission_nothing_is_started() -> None:
    sky = Sky()
    done = _examination(sky, allowed=False)
    (finding,) = done.findings("canary-sigterm")
    assert finding.outcome is Outcome.UNDETERMINED
    assert finding.settles == "relancer avec `--yes`"
    assert not sky.flights


def test_a_target_with_a_driver_has_no_canary() -> None:
    done = _examination(Sky(), driver="boutique.driver:Driver")
    assert not done.starts_worker
    assert _examination(Sky()).starts_worker
    assert not _examination(Sky(), level=Level.CONFIGURATION).starts_worker


@pytest.mark.parametrize(
    ("python", "options", "said"),
    [
        ("bin/absent", [], "bin/absent is no interpreter"),
        ("bin/absent", ["--yes"], "bin/absent is no interpreter"),
        ("", [], "nobody can be asked here whether the worker may be started; --yes allows it"),
    ],
)
def test_where_nobody_can_be_asked_only_the_option_allows(
    tmp_path: Path, python: str, options: list[str], said: str
) -> None:
    (tmp_path / "audit.toml").write_text(f'[target]\ncelery_app = "boutique:app"\npython = "{python}"\n')
    result = CliRunner().invoke(
        app, ["run", str(tmp_path), "--level", "execution", "--out", str(tmp_path / "out"), *options]
    )
    first = result.output.splitlines()[0]
    assert first.startswith("Nothing will be played: ")
    assert said in first
    assert result.exit_code == 3
    (report,) = (tmp_path / "out").glob("*.md")
    assert "introuvable" in report.read_text(encoding="utf-8")
