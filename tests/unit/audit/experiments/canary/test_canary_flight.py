"""Before the canary flies: what it needs, and the words it answers with when it stays on the ground."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from audit.experiments.canary.canary_run import Canary
from audit.experiments.canary.enclosure import Played, Request
from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.canary.shipped_stop import shipped_stop
from audit.experiments.canary.worker_options import worker_options
from audit.importing.isolation import SOCKET_GUARD, Isolation
from audit.model.facts import Facts, Process
from audit.model.findings import Excerpt, Level, Outcome
from audit.model.retries import RetryPolicy, RetrySchedule
from audit.model.stops import Receives, Stop
from audit.model.target_facts import TargetFacts
from audit.target.target_file import Target

NAMESPACES = Isolation(("unshare", "--net", "--pid"), "espace de noms réseau")


class Enclosure:
    """A fake enclosure: notes what it was asked, answers what it was given."""

    def __init__(self, played: Played) -> None:
        self.requests: list[Request] = []
        self._played = played

    def __call__(self, request: Request, isolation: Isolation, tell: Callable[[str], None]) -> Played:
        self.requests.append(request)
        return self._played


def _known(tmp_path: Path, **target: str) -> TargetFacts:
    declared = {"celery_app": "boutique:app", **target}
    worker = Process("worker", "celery worker", {"concurrency": "3"}, "", Excerpt("start.sh", 1, 1, "x", "bash"))
    schedule = RetrySchedule("boutique:relancer", (60.0, 120.0), 3)
    return TargetFacts(
        Target("boutique", tmp_path, **declared),  # type: ignore[arg-type]
        Facts(Level.SOURCE, "source", processes=(worker,), retries=(RetryPolicy(schedule.task, (schedule,)),)),
        None,
    )


def _canary(enclosure: Enclosure, server: str = "/bin/valkey-server", isolation: Isolation = NAMESPACES) -> Canary:
    return Canary(play=enclosure, server=lambda: server, isolation=lambda: isolation)


def _quiet(_: str) -> None:
    return None


@pytest.mark.parametrize(
    ("target", "allowed", "server", "isolation", "said"),
    [
        ({"celery_app": ""}, True, "/bin/valkey-server", NAMESPACES, "`target.celery_app` n'est pas déclaré"),
        ({"python": "absent/python"}, True, "/bin/valkey-server", NAMESPACES, "introuvable"),
        ({}, False, "/bin/valkey-server", NAMESPACES, "n'a pas été autorisé"),
        ({}, True, "", NAMESPACES, "aucun serveur Redis"),
        ({}, True, "/bin/valkey-server", SOCKET_GUARD, "espaces de noms"),
    ],
)
def test_an_obstacle_starts_nothing_and_is_said_of_every_question(
    tmp_path: Path, target: dict[str, str], allowed: bool, server: str, isolation: Isolation, said: str
) -> None:
    enclosure = Enclosure(Played())
    canary = _canary(enclosure, server, isolation)
    flight = canary.fly(_known(tmp_path, **target), allowed=allowed, tell=_quiet)
    assert not enclosure.requests
    assert not flight.records
    for question in canary.questions:
        (finding,) = flight.findings[question.id]
        assert finding.outcome is Outcome.UNDETERMINED
        assert said in finding.missing
        assert finding.settles


def test_what_was_played_is_concluded_and_the_rest_says_why_not(tmp_path: Path) -> None:
    seen = Observation("canary-child-killed", sent=2, in_flight=2, executed=2, back_seconds=1.0)
    enclosure = Enclosure(Played({seen.scenario: seen}, {"visibility_timeout": 3600}, "redis://u:secret@h : arrêté."))
    flight = _canary(enclosure).fly(_known(tmp_path), allowed=True, tell=_quiet)
    assert flight.findings["canary-child-killed"][0].outcome is Outcome.ESTABLISHED
    assert flight.findings["canary-sigterm"][0].missing == "redis://***@h : arrêté"
    assert set(flight.records) == {"canary-child-killed"}
    assert "`--concurrency=3`" in flight.conditions[0]
    assert enclosure.requests[0].options == ["--concurrency=3"]


def test_the_longest_delay_of_the_target_decides_how_grave_a_repetition_is(tmp_path: Path) -> None:
    values = {"countdown": 10.0, "visibility_timeout": 4, "beyond": True, "executions": 2}
    seen = Observation("canary-delayed", sent=1, executed=1, values=values)
    flight = _canary(Enclosure(Played({seen.scenario: seen}))).fly(_known(tmp_path), allowed=True, tell=_quiet)
    (finding,) = flight.findings["canary-delayed"]
    assert finding.outcome is Outcome.DEFECT
    assert "boutique:relancer" in finding.sentence


def test_a_workers_own_options_are_kept_and_places_are_not() -> None:
    options = {
        "concurrency": "2",
        "queues": "default",
        "hostname": "w@h",
        "without-mingle": "",
        "max-tasks-per-child": "$TASKS",
        "pidfile": "/run/x",
    }
    worker = Process("worker", "celery worker", options, "", Excerpt("Procfile", 1, 1, "x", ""))
    assert worker_options([worker]) == (["--concurrency=2", "--without-mingle"], "Procfile")
    assert worker_options([]) == ([], "")


def test_the_request_crosses_to_the_enclosure_as_json(tmp_path: Path) -> None:
    enclosure = Enclosure(Played())
    _canary(enclosure).fly(_known(tmp_path, python=sys.executable), allowed=True, tell=_quiet)
    (request,) = enclosure.requests
    assert json.loads(json.dumps(vars(request)))["python"] == sys.executable


def _stopped_by(*workers: Process) -> dict[str, object]:
    facts = Facts(Level.SOURCE, "source", processes=workers)
    return shipped_stop(TargetFacts(Target("boutique", Path("/nowhere")), facts, None))


def test_the_stop_of_a_service_is_played_rather_than_that_of_its_image() -> None:
    image = Process("worker", "celery worker", {}, "", Excerpt("Dockerfile", 1, 1, "x", "dockerfile"))
    stop = Stop("Docker", Receives.GROUP, grace=60.0, remapped=True)
    service = replace(image, restart="compose", excerpt=Excerpt("compose.yaml", 1, 1, "x", "yaml"), stops=(stop,))
    told = _stopped_by(image, service)
    assert (told["path"], told["grace"], told["soft"], told["group"]) == ("compose.yaml", 60.0, True, True)


def test_where_no_file_stops_the_worker_docker_s_delay_is_played_and_the_environment_left() -> None:
    told = _stopped_by()
    assert (told["grace"], told["grace_told"], told["signal"], told["remapped"]) == (10.0, False, "TERM", None)
