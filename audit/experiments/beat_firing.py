"""8.4: beat, started by the shipped deployment files, really runs periodic tasks, and again after it was killed."""

from collections.abc import Mapping, Sequence

from audit.experiments.driver import Driver
from audit.experiments.experiment import Experiment, Record
from audit.experiments.process_faults import Kill
from audit.experiments.waiting import wait_until
from audit.french.typography import french_seconds
from audit.model.findings import Finding, Outcome, Problem, Severity

_ID = "beat-firing"
DEADLINE_SECONDS = 30.0


def run(driver: Driver, record: Record, deadline_seconds: float = DEADLINE_SECONDS) -> Sequence[Finding]:
    """Wait for a periodic task to run, kill beat, and wait for one more run."""
    first = driver.periodic_runs()
    if not wait_until(lambda: _more(first, driver.periodic_runs()), deadline_seconds, 0.2):
        return [_defect(record, f"Aucune tâche périodique ne s'est exécutée en {french_seconds(deadline_seconds)}")]
    record.note(f"exécutée : {', '.join(_more(first, driver.periodic_runs()))}")
    pid = driver.main_pid("beat")
    if pid is None or not Kill(pid).strike():
        return [Finding(Outcome.UNDETERMINED, "Retour de beat", missing="aucun processus beat à tuer")]
    record.note("SIGKILL : beat")
    killed = record.timeline[-1][0]
    if not wait_until(lambda: driver.main_pid("beat") not in {None, pid}, deadline_seconds):
        return [_defect(record, "Beat, tué (SIGKILL), n'est pas revenu")]
    after = driver.periodic_runs()
    if not wait_until(lambda: _more(after, driver.periodic_runs()), deadline_seconds, 0.2):
        return [_defect(record, "Beat est revenu mais ne déclenche plus rien")]
    tasks = _more(after, driver.periodic_runs())
    record.note(f"exécutée de nouveau : {', '.join(tasks)}")
    record.blow("SIGKILL, beat", None, record.timeline[-1][0] - killed)
    record.figure(
        "Reprise des tâches périodiques après la mort de beat", french_seconds(record.timeline[-1][0] - killed)
    )
    names = ", ".join(f"`{name}`" for name in tasks)
    sentence = (
        f"Beat déclenche de nouveau les tâches périodiques après avoir été tué (SIGKILL) : observé sur {names} ; les autres périodes sont "
        "lues, pas attendues"
    )
    return [Finding(Outcome.ESTABLISHED, sentence, (record.evidence(_ID),))]


def _more(before: Mapping[str, int], now: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(sorted(name for name, count in now.items() if count > before.get(name, 0)))


def _defect(record: Record, sentence: str) -> Finding:
    record.note(sentence)
    problem = Problem(
        title="Beat ne déclenche pas les tâches périodiques",
        severity=Severity.CRITICAL,
        impact="Élevé : ni reprise, ni contrôle de santé, ni expiration",
        recommendation="Lancer un seul `celery beat`, sous superviseur",
        situation_text="\n".join(event for _, event in record.timeline),
    )
    return Finding(Outcome.DEFECT, sentence, (record.evidence(_ID),), problem=problem)


EXPERIMENT = Experiment(_ID, "Beat déclenche les tâches périodiques", ("8.4",), run, decides=())
