"""What a file of observations concludes, and everything for which it concludes nothing."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.experiments.canary.canary_run import Flight
from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.cluster.observed_flight import observed_flight
from audit.experiments.evidence_files import Dossier, EvidenceFileError, read, readable
from audit.experiments.observation_file import Observations
from audit.model.facts import Facts, Process
from audit.model.findings import Excerpt, Level, Outcome
from audit.model.stops import Receives, Stop
from audit.model.target_facts import TargetFacts
from audit.target.target_file import Target

DIGEST = "a" * 64
Change = Callable[[dict[str, Any]], None]
LOADS = [{"busy": 1, "slots": "1 place libre sur 2", "back": 1.0}]
VALUES: Mapping[str, dict[str, Any]] = {
    "canary-ordinary": {"children": 2, "concurrency": 2, "pool": "celery.concurrency.prefork"},
    "canary-child-killed": {},
    "canary-sigterm": {"stop_seconds": 3.0, "boot_seconds": 2.0, "cut_early": 0},
    "canary-broker-restarted": {"loads": LOADS},
    "canary-main-killed": {"boot_seconds": 2.0},
}


def document(change: Change = lambda _: None) -> dict[str, Any]:
    seen = [
        replace(Observation(name, 6, 2, 6, back_seconds=1.0, values=dict(values)), started=0.0).plain()
        for name, values in VALUES.items()
    ]
    whole = {
        "format": "canary-observations/1",
        "tool": {"name": "checkpoint-audit", "version": "0.1.0"},
        "target": {"name": "shop", "digest": DIGEST},
        "generated_at": "2026-11-28T12:00:00+00:00",
        "host": "here",
        "nodes": "ProcessWorkerContainer",
        "applications": ["shop:app"],
        "settings": {
            "broker": "redis",
            "acks_late": True,
            "reject_on_worker_lost": True,
            "visibility_timeout": 3600,
            "longest_task": 5.0,
            "soft_shutdown": 0.0,
        },
        "observations": seen,
    }
    plain: dict[str, Any] = json.loads(json.dumps(whole))
    change(plain)
    return plain


def written(tmp_path: Path, change: Change = lambda _: None) -> Path:
    path = tmp_path / "canary.json"
    path.write_text(json.dumps(document(change)), encoding="utf-8")
    return path


def flown(
    tmp_path: Path,
    change: Change = lambda _: None,
    *,
    digest: str = DIGEST,
    application: str = "shop:app",
    stops: tuple[Stop, ...] = (),
) -> Flight:
    evidence = read(written(tmp_path, change))
    assert isinstance(evidence, Observations)
    excerpt = Excerpt("worker.conf", 1, 1, "celery worker", "ini")
    workers = (Process("worker", "celery worker", {}, "supervisor", excerpt, stops=stops),) if stops else ()
    known = TargetFacts(Target("shop", tmp_path), Facts(Level.SOURCE, "source", processes=workers))
    return observed_flight(evidence, known, Dossier((), lambda: digest, lambda: application))


def outcomes(flight: Flight) -> dict[str, set[Outcome]]:
    return {name: {f.outcome for f in flight.findings[name]} for name in VALUES}


def of(name: str, **changes: object) -> Change:
    def change(plain: dict[str, Any]) -> None:
        next(seen for seen in plain["observations"] if seen["scenario"] == name).update(changes)

    return change


def test_sound_counts_are_established_at_level_execution_and_never_for_8_5(tmp_path: Path) -> None:
    flight = flown(tmp_path)
    assert outcomes(flight) == {name: {Outcome.ESTABLISHED} for name in VALUES}
    every = [f for name in VALUES for f in flight.findings[name]]
    assert {f.level for f in every} == {Level.EXECUTION}
    assert {r for f in every for r in f.requirements} == {"8.4"}
    assert set(flight.records) == set(VALUES)
    assert "dont l'auteur répond" in flight.conditions[0]


def test_a_lost_message_is_a_defect(tmp_path: Path) -> None:
    flight = flown(tmp_path, of("canary-child-killed", executed=5, lost=["canari-enfant-1"]))
    (finding,) = flight.findings["canary-child-killed"]
    assert (finding.outcome, finding.requirements) == (Outcome.DEFECT, ("8.4",))
    assert "perdue" in finding.sentence


def test_a_scenario_that_was_not_played_says_why(tmp_path: Path) -> None:
    flight = flown(tmp_path, of("canary-broker-restarted", not_played="le broker n'a pas redémarré"))
    (finding,) = flight.findings["canary-broker-restarted"]
    assert (finding.outcome, finding.missing) == (Outcome.UNDETERMINED, "le broker n'a pas redémarré")
    assert "canary-broker-restarted" not in flight.records


def test_a_scenario_that_is_not_in_the_file_is_undetermined(tmp_path: Path) -> None:
    flight = flown(tmp_path)
    assert {f.outcome for f in flight.findings["canary-poison"]} == {Outcome.UNDETERMINED}


@pytest.mark.parametrize(
    ("digest", "application", "names"),
    [
        ("b" * 64, "shop:app", ["shop:app"]),
        (DIGEST, "", ["shop:app"]),
        (DIGEST, "shop:app", ["app:app"]),
        (DIGEST, "shop:app", []),
    ],
    ids=["another tree", "no application", "another application", "an unknown one"],
)
def test_a_file_about_something_else_concludes_nothing(
    tmp_path: Path, digest: str, application: str, names: list[str]
) -> None:
    flight = flown(tmp_path, lambda plain: plain.update(applications=names), digest=digest, application=application)
    assert outcomes(flight) == {name: {Outcome.UNDETERMINED} for name in VALUES}
    assert flight.records == {}


@pytest.mark.parametrize(
    "stop",
    [
        Stop("supervisord", Receives.GROUP, grace=60),
        Stop("systemd", Receives.MAIN, grace=60, signal="QUIT"),
        Stop("docker", Receives.NOBODY, grace=60, why="un shell reste le processus 1"),
        Stop("docker", Receives.MAIN, grace=4),
    ],
    ids=["group", "other signal", "nobody", "shorter than a task"],
)
def test_a_stop_that_the_cluster_did_not_play_is_not_concluded(tmp_path: Path, stop: Stop) -> None:
    assert outcomes(flown(tmp_path, stops=(stop,)))["canary-sigterm"] == {Outcome.UNDETERMINED}


def test_the_shipped_stop_that_the_cluster_played_is_concluded(tmp_path: Path) -> None:
    flight = flown(tmp_path, stops=(Stop("docker", Receives.MAIN, grace=60),))
    assert outcomes(flight)["canary-sigterm"] == {Outcome.ESTABLISHED}


@pytest.mark.parametrize(
    "change",
    [
        of("canary-ordinary", executed=5),
        of("canary-ordinary", values={}),
        of("canary-main-killed", in_flight=0),
        of("canary-main-killed", sent=0, executed=0),
        of("canary-child-killed", twice=["x"] * 2),
        of("canary-child-killed", twice=[f"x{n}" for n in range(7)]),
        of("canary-broker-restarted", back_seconds=None),
        of("canary-broker-restarted", values={"loads": []}),
        of("canary-sigterm", values={"cut_early": 0, "cut": {"by_itself": True}}),
        lambda plain: plain["observations"].append(plain["observations"][0]),
        lambda plain: plain.update(generated_at="2126-01-01T00:00:00+00:00"),
        lambda plain: plain["settings"].pop("acks_late"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(tmp_path: Path, change: Change) -> None:
    path = written(tmp_path, change)
    with pytest.raises(EvidenceFileError):
        read(path)
    assert list(readable([path])) == []


def test_a_worker_that_died_with_the_broker_is_a_defect(tmp_path: Path) -> None:
    dead = {"loads": [{**LOADS[0], "back": None}], "died_with": "1 place libre sur 2"}
    change = of("canary-broker-restarted", back_seconds=None, worker_died="son nœud s'est arrêté", values=dead)
    (finding,) = flown(tmp_path, change).findings["canary-broker-restarted"]
    assert finding.outcome is Outcome.DEFECT
    assert "1 place libre sur 2" in finding.sentence
