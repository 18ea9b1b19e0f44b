"""Each scenario on a stack that works, and on stacks that do not: the defect must be seen, for the right reason."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from audit.experiments import (
    autonomous_sending,
    beat_firing,
    every_experiment,
    follow_up_sending,
    retry_schedule,
    webhook_processing,
    worker_alert,
    worker_restart,
)
from audit.experiments.autonomous_sending import Plan
from audit.experiments.driver import Accepted, AlertDelay, Driver, DriverError
from audit.experiments.experiment import Experiment, Record
from audit.model.findings import Finding, Level, Outcome
from tests.unit.audit.experiments.fake_stack import FakeStack, StackWithAbsence

Stack = Callable[..., StackWithAbsence]
PLAN = Plan(contacts=12, step_seconds=0.3, overlap_seconds=0.05, end_seconds=0.5, quiet_seconds=0.05)


@pytest.fixture
def stack() -> Iterator[Stack]:
    made: list[StackWithAbsence] = []

    def make(**switches: Any) -> StackWithAbsence:
        made.append(StackWithAbsence(**switches))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def plain(text: str) -> str:
    """The text with ordinary spaces."""
    return text.replace("\u00a0", " ")


def send(driver: Driver) -> Finding:
    (finding,) = autonomous_sending.run(driver, Record(), PLAN)
    return finding


def test_a_sound_stack_is_established_at_execution(stack: Stack) -> None:
    finding = send(stack())
    assert (finding.outcome, finding.level) == (Outcome.ESTABLISHED, Level.EXECUTION)
    assert "14 attendus, 14 acceptés" in finding.sentence
    assert "Sans aucune session possible (le pilote ne trouve ni compte ni session)" in finding.sentence


@pytest.mark.parametrize(
    ("switches", "words"),
    [
        ({"loses": frozenset({3})}, "Message 1 perdus : la passerelle ne les a jamais acceptés : 1 (k003)"),
        ({"doubles": frozenset({2, 5})}, "Message 1 envoyés plus d'une fois : 2 (k002, k005)"),
        ({"stray": True}, "Envois que personne n'avait demandés : 1 (stray)"),
    ],
)
def test_what_goes_wrong_is_named_by_key(stack: Stack, switches: dict[str, Any], words: str) -> None:
    finding = send(stack(**switches))
    assert finding.outcome is Outcome.DEFECT
    assert finding.sentence == words


def test_many_keys_are_shortened(stack: Stack) -> None:
    assert "(11 en tout)" in send(stack(loses=frozenset(range(1, 12)))).sentence


@pytest.mark.parametrize(
    ("switches", "words"),
    [
        ({"people": ("admin",)}, "comptes ou sessions trouvés par le pilote : 1"),
        ({"unknown": frozenset({4})}, "1 envoi au sort incertain"),
        ({"unknown": frozenset({4, 6})}, "2 envois au sort incertain"),
        ({"in_flight": 0}, "aucun envoi n'était en vol"),
    ],
)
def test_what_was_not_tried_is_not_established(stack: Stack, switches: dict[str, Any], words: str) -> None:
    finding = send(stack(**switches))
    assert finding.outcome is Outcome.UNDETERMINED
    assert words in plain(finding.missing)


def test_the_record_tells_the_two_deaths_and_the_second_delivery(stack: Stack) -> None:
    record = Record()
    autonomous_sending.run(stack(), record, PLAN)
    figures = {name: plain(value) for name, value in record.figures}
    after, before = "déjà acceptés par la passerelle, sans réponse", "pas encore acceptés par la passerelle"
    assert figures["À la mort du processus principal du worker"] == f"2 envois en vol, {before}"
    assert figures["À la mort du processus enfant du worker"] == (
        f"2 envois en vol, {after}, dont un dans le processus tué"
    )
    assert figures["Réveils publiés une seconde fois pendant l'envoi"] == "2"
    events = [plain(event) for _, event in record.timeline]
    assert f"SIGKILL : processus principal du worker, 2 envois en vol, {before}" in events
    assert "2 réveils publiés une seconde fois pendant l'envoi, clés de verrou effacées de Redis" in events
    assert "tous les envois de cette campagne sont dans un état final" in events, "the campaign itself is open for 24 h"


def test_a_death_that_did_not_happen_is_not_told_as_one(stack: Stack) -> None:
    record = Record()
    autonomous_sending.run(stack(in_flight=0), record, PLAN)
    assert dict(record.figures)["À la mort du processus principal du worker"] == "rien en vol, aucune faute injectée"
    assert not [event for _, event in record.timeline if "SIGKILL" in event]


@pytest.mark.parametrize(
    ("switches", "outcome", "words"),
    [
        ({}, Outcome.ESTABLISHED, "le worker consomme de nouveau après"),
        ({"restarts": False}, Outcome.DEFECT, "n'est pas revenu"),
        ({"consumes": False}, Outcome.DEFECT, "est revenu mais ne consomme pas"),
    ],
)
def test_worker_restart(stack: Stack, switches: dict[str, Any], outcome: Outcome, words: str) -> None:
    (finding,) = worker_restart.run(stack(**switches), Record(), 0.3)
    assert (finding.outcome, words in finding.sentence) == (outcome, True)


@pytest.mark.parametrize("experiment", [autonomous_sending.EXPERIMENT, follow_up_sending.EXPERIMENT])
def test_a_worker_that_is_not_back_is_blamed_on_its_supervision_and_on_nothing_else(
    stack: Stack, experiment: Experiment
) -> None:
    hurried: dict[str, Any] = {"end_seconds": 0.3, "step_seconds": 0.3, "quiet_seconds": 0.05, "return_seconds": 0.3}
    plan = {"plan": replace(PLAN, return_seconds=0.3)}
    run = partial(experiment.run, **(plan if experiment is autonomous_sending.EXPERIMENT else hurried))
    (blamed, own), record = replace(experiment, run=run).perform(stack(restarts=False))
    assert (blamed.outcome, blamed.requirements) == (Outcome.DEFECT, ("8.5",))
    assert blamed.problem is not None
    assert "supervisord" in blamed.problem.recommendation
    assert (own.outcome, own.requirements) == (Outcome.UNDETERMINED, experiment.requirements)
    assert "n'est pas revenu" in own.missing
    assert record.worker_gone


def test_a_return_is_timed_from_the_kill(stack: Stack) -> None:
    """A record that was opened an hour before the kill adds nothing to the time of the return."""
    record = Record(started=time.monotonic() - 3600)
    worker_restart.run(stack(), record, 0.3)
    assert record.blows[0].recovery is not None
    assert record.blows[0].recovery < 60


@pytest.mark.parametrize(
    ("switches", "outcome", "words"),
    [
        (
            {},
            Outcome.ESTABLISHED,
            "de nouveau les tâches périodiques après avoir été tué (SIGKILL) : observé sur `sweep` ;",
        ),
        ({"beats": False}, Outcome.DEFECT, "Aucune tâche périodique ne s'est exécutée"),
        ({"restarts": False}, Outcome.DEFECT, "n'est pas revenu"),
        ({"beats_again": False}, Outcome.DEFECT, "ne déclenche plus rien"),
    ],
)
def test_beat_firing(stack: Stack, switches: dict[str, Any], outcome: Outcome, words: str) -> None:
    (finding,) = beat_firing.run(stack(**switches), Record(), 0.5)
    assert (finding.outcome, words in finding.sentence) == (outcome, True)


@pytest.mark.parametrize(
    ("delays", "outcome"),
    [
        ((60.0, 119.4, 241.0), Outcome.ESTABLISHED),
        ((30.0, 60.0, 120.0), Outcome.DEFECT),
        ((60.0, 120.0), Outcome.DEFECT),
        ((60.0, 120.0, 240.0, 480.0), Outcome.DEFECT),
        ((), Outcome.DEFECT),
    ],
)
def test_retry_schedule(stack: Stack, delays: tuple[float, ...], outcome: Outcome) -> None:
    record = Record()
    (finding,) = retry_schedule.run(stack(delays=delays), record)
    shown = ", ".join(f"{round(delay)} s" for delay in delays) or "aucun"
    assert finding.outcome is outcome
    assert record.figures == [("Délais inscrits en base", shown)]
    if outcome is Outcome.ESTABLISHED:
        assert f"Après chaque réponse 429, la reprise est inscrite en base à {shown} (± 3 s)" in finding.sentence
        assert "les délais qui suivent une réponse 5xx, ou l'absence de réponse, ne sont pas lus" in finding.sentence
        assert "l'attente elle-même n'est pas observée" in finding.sentence
    else:
        assert finding.sentence == f"Délais de reprise inscrits en base : {shown}, au lieu de 60 s, 120 s, 240 s"


@pytest.mark.parametrize(
    ("switches", "outcome", "words"),
    [
        (
            {},
            Outcome.ESTABLISHED,
            (
                "3 webhooks acceptés sans session d'utilisateur, chacun livré deux fois, donnent 3 interactions, enregistrées chacune une "
                "seule fois, alors que le processus web a été tué (SIGKILL) avant d'en traiter aucune"
            ),
        ),
        ({"forgets": frozenset({"i2"})}, Outcome.DEFECT, "Webhooks acceptés puis perdus : 1 (i2)"),
        ({"records_twice": frozenset({"i3"})}, Outcome.DEFECT, "Interactions enregistrées deux fois : 1 (i3)"),
        ({"answers": False}, Outcome.DEFECT, "Tous les webhooks sont refusés"),
        ({"stalls": False}, Outcome.UNDETERMINED, "rien n'était en attente"),
        ({"people": ("admin",)}, Outcome.UNDETERMINED, "des comptes"),
        ({"loses": frozenset({1})}, Outcome.UNDETERMINED, "les Message 1 préalables"),
    ],
)
def test_webhook_processing(stack: Stack, switches: dict[str, Any], outcome: Outcome, words: str) -> None:
    (finding,) = webhook_processing.run(stack(**switches), Record(), 0.3)
    assert (finding.outcome, words in plain(finding.sentence + finding.missing)) == (outcome, True), finding


@pytest.mark.parametrize(
    ("switches", "outcome", "words"),
    [
        (
            {},
            Outcome.ESTABLISHED,
            "16 interactions de 8 contacts ; la passerelle accepte un seul Message 2 par contact, alors que le worker a été tué",
        ),
        ({"answers": False}, Outcome.UNDETERMINED, "0 interactions acceptées sur 16"),
        ({"no_follow_up": frozenset({"k004"})}, Outcome.DEFECT, "Message 2 perdus : 1 (k004/2)"),
        ({"two_follow_ups": frozenset({"k005"})}, Outcome.DEFECT, "Message 2 envoyés plus d'une fois : 1 (k005/2)"),
        ({"in_flight": 0}, Outcome.UNDETERMINED, "aucun Message 2 n'était en vol"),
        ({"people": ("admin",)}, Outcome.UNDETERMINED, "des comptes"),
        ({"loses": frozenset({1})}, Outcome.UNDETERMINED, "les Message 1 préalables"),
    ],
)
def test_follow_up_sending(stack: Stack, switches: dict[str, Any], outcome: Outcome, words: str) -> None:
    (finding,) = follow_up_sending.run(stack(**switches), Record(), 0.3, 0.3, 0.05)
    assert (finding.outcome, words in plain(finding.sentence + finding.missing)) == (outcome, True), finding


@pytest.mark.parametrize(
    ("switches", "outcome", "words"),
    [
        ({}, Outcome.ESTABLISHED, "une alerte et une seule"),
        ({"alerts_given": 0}, Outcome.DEFECT, "Aucune alerte ne part"),
        ({"alerts_given": 2}, Outcome.DEFECT, "Plusieurs alertes"),
        ({"deaf_to_absence": True}, Outcome.DEFECT, "second arrêt des workers, absents cette fois"),
        ({"shipped_delay": 900.0}, Outcome.DEFECT, "au lieu de 5"),
    ],
)
def test_worker_alert(stack: Stack, switches: dict[str, Any], outcome: Outcome, words: str) -> None:
    (finding,) = worker_alert.run(stack(**switches), Record(), 0.5)
    assert (finding.outcome, words in plain(finding.sentence)) == (outcome, True), finding


def test_an_alert_before_its_delay_is_a_defect(stack: Stack) -> None:
    class Hasty(StackWithAbsence):
        def alert_delay(self) -> AlertDelay:
            return AlertDelay(5.0, 300.0)

    hasty = Hasty()
    try:
        (finding,) = worker_alert.run(hasty, Record(), 0.5)
    finally:
        hasty.stop()
    assert finding.sentence == "L'alerte part avant le délai prévu"


def test_a_second_message_2_that_comes_late_is_seen() -> None:
    class Late(FakeStack):
        readings = 0

        def accepted(self) -> Sequence[Accepted]:
            self.readings += 1
            late = [Accepted("k001/2", "late", 0.0)] if self.readings > 5 else []
            return [*super().accepted(), *late]

    stack = Late()
    try:
        (finding,) = follow_up_sending.run(stack, Record(), 3.0, 0.3, 1.0)
    finally:
        stack.stop()
    assert finding.sentence == "Message 2 envoyés plus d'une fois : 1 (k001/2)"


def test_what_the_driver_cannot_do_is_undetermined(stack: Stack) -> None:
    class Mute(FakeStack):
        def launch(self, contacts: int) -> frozenset[str]:
            raise DriverError("la base ne répond pas")

    findings, _ = autonomous_sending.EXPERIMENT.perform(Mute())
    assert [(f.outcome, f.missing) for f in findings] == [(Outcome.UNDETERMINED, "la base ne répond pas")]


def test_a_broken_experiment_is_an_audit_error(stack: Stack) -> None:
    def broken(driver: Driver, record: Record) -> Sequence[Finding]:
        raise ZeroDivisionError

    findings, _ = Experiment("x", "X", ("8.1",), broken).perform(stack())
    assert findings[0].outcome is Outcome.AUDIT_ERROR
    assert "ZeroDivisionError" in findings[0].sentence


def test_every_experiment_has_its_own_id() -> None:
    assert len({e.id for e in every_experiment()}) == len(every_experiment())
