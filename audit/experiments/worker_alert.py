"""8.6: workers that consume nothing are told by one alert after the delay, their return raises none, and their absence another."""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from audit.experiments.abilities import WorkerAbsence
from audit.experiments.experiment import Experiment, Record
from audit.experiments.process_faults import Kill
from audit.experiments.waiting import wait_until
from audit.french.typography import french_duration, french_seconds
from audit.model.findings import Finding, Outcome, Problem, Severity

_ID = "worker-alert"
_RECEIVED = "Délai de l'alerte, depuis le gel"
LONGEST_DELAY_SECONDS = 300.0
MARGIN_SECONDS = 20.0
# The silence began with the last sign of life, a moment before the freeze.
EARLY_SECONDS = 3.0


@dataclass(frozen=True)
class Told:
    """What became of each silence: whether, and after how many seconds, the first was told; alerts of both; the second told."""

    first: bool
    after: float
    quiet: bool
    second: bool
    early: bool


def run(driver: WorkerAbsence, record: Record, margin_seconds: float = MARGIN_SECONDS) -> Sequence[Finding]:
    """Freeze every worker process, wait for the alert, let them go, launch a send; then stop the workers, and wait again."""
    delay = driver.alert_delay()
    main, already = driver.main_pid("worker"), len(driver.alerts())
    if main is None:
        return [Finding(Outcome.UNDETERMINED, EXPERIMENT.title, missing="aucun worker à arrêter")]
    with _frozen([main, *driver.child_pids("worker")], record):
        told = wait_until(lambda: len(driver.alerts()) > already, delay.tried_seconds + margin_seconds, 0.2)
        record.note("alerte reçue par le webhook" if told else "aucune alerte")
        after = record.timeline[-1][0] - record.timeline[0][0]
        # Still silent: who forgets that it has alerted alerts again at its next look.
        wait_until(lambda: len(driver.alerts()) > already + 1, delay.tried_seconds / 4 if told else 0, 0.2)
    record.blow("SIGSTOP, worker et tous ses processus enfants", None)
    _come_back(driver, record, "dégelé", margin_seconds)
    wait_until(lambda: len(driver.alerts()) > already + 1, delay.tried_seconds / 2, 0.2)
    record.figure("Délai essayé", french_seconds(delay.tried_seconds))
    record.figure("Délai livré", french_duration(delay.shipped_seconds))
    record.figure(_RECEIVED, french_seconds(after) if told else "jamais")
    record.figure("Alertes reçues pour cet arrêt", len(driver.alerts()) - already)
    quiet = len(driver.alerts()) <= already + 1
    early = told and after < delay.tried_seconds - EARLY_SECONDS
    second = told and quiet and _second(driver, record, margin_seconds)
    return _conclude(record, Told(told, after, quiet, second, early), shipped=delay.shipped_seconds)


def _second(driver: WorkerAbsence, record: Record, margin_seconds: float) -> bool:
    """Whether workers that are not there any more are told as well."""
    already, tried = len(driver.alerts()), driver.alert_delay().tried_seconds
    record.note("arrêt en ordre du worker demandé")
    asked = time.monotonic()
    with driver.absent("worker"):
        record.note("le worker est arrêté en ordre, et rien ne le relance")
        told = wait_until(lambda: len(driver.alerts()) > already, tried + margin_seconds, 0.2)
        since = f"{french_seconds(round(time.monotonic() - asked, 2))} après la demande d'arrêt (le délai court depuis le dernier battement)"
        record.note(f"seconde alerte reçue par le webhook, {since}" if told else "aucune seconde alerte")
    record.blow("Arrêt en ordre du worker, superviseur suspendu", None)
    record.figure("Alertes reçues pour le second arrêt", len(driver.alerts()) - already)
    _come_back(driver, record, "relancé", 3 * margin_seconds)
    return told


def _come_back(driver: WorkerAbsence, record: Record, how: str, seconds: float) -> None:
    expected = driver.launch(1)
    back = wait_until(lambda: expected <= {a.key for a in driver.accepted()}, seconds)
    record.note(f"le worker, {how}, consomme de nouveau" if back else f"le worker, {how}, ne consomme plus")


@contextmanager
def _frozen(pids: Sequence[int], record: Record) -> Iterator[None]:
    """Processes that are there and do nothing, the first one first: it would replace a child that stops answering."""
    record.note(f"SIGSTOP : worker et ses {len(pids) - 1} processus enfants")
    try:
        for pid in pids:
            Kill(pid, signal.SIGSTOP).strike()
        yield
    finally:
        for pid in pids:
            Kill(pid, signal.SIGCONT).strike()


def _conclude(record: Record, told: Told, *, shipped: float) -> Sequence[Finding]:
    if not told.first:
        return [_defect(record, "Aucune alerte ne part quand les workers sont arrêtés")]
    if told.early:
        return [_defect(record, "L'alerte part avant le délai prévu")]
    if not told.quiet:
        return [_defect(record, "Plusieurs alertes partent pour un seul arrêt des workers")]
    if not told.second:
        return [_defect(record, "Aucune alerte ne part pour un second arrêt des workers, absents cette fois")]
    if shipped > LONGEST_DELAY_SECONDS:
        return [_defect(record, f"Le délai d'alerte livré est de {french_duration(shipped)}, au lieu de 5 min au plus")]
    figures = dict(record.figures)
    sentence = (
        f"Workers gelés (SIGSTOP), délai d'alerte ramené à {figures['Délai essayé']} : une alerte et une seule est reçue, {figures[_RECEIVED]} après le "
        "gel (le délai court depuis le dernier battement, qui précède) ; leur retour n'en déclenche aucune autre. Arrêtés ensuite en ordre et tenus absents, ils en déclenchent une seconde. Le délai livré est de "
        f"{figures['Délai livré']} ; il n'est pas attendu"
    )
    return [Finding(Outcome.ESTABLISHED, sentence, (record.evidence(_ID),))]


def _defect(record: Record, sentence: str) -> Finding:
    problem = Problem(
        title=sentence,
        severity=Severity.CRITICAL,
        impact="Élevé : un arrêt des workers passe inaperçu, ou l'alerte n'est plus crue",
        recommendation="Surveiller les battements de cœur par un processus à part, et alerter une fois par incident",
        situation_text="\n".join(event for _, event in record.timeline),
    )
    return Finding(Outcome.DEFECT, sentence, (record.evidence(_ID),), problem=problem)


EXPERIMENT = Experiment(_ID, "Alerte à l'arrêt des workers", ("8.6",), run, WorkerAbsence)
