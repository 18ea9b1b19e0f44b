"""A worker that was killed and is not back: a matter of its supervision (8.5), which ends what else was to be seen of it."""

from audit.experiments.driver import Driver
from audit.experiments.experiment import Record, WorkerGoneError
from audit.experiments.waiting import wait_until
from audit.french.typography import french_seconds
from audit.model.findings import Finding, Outcome, Problem, Severity

RETURN_SECONDS = 30.0


def await_return(driver: Driver, record: Record, source: str, killed: int, seconds: float = RETURN_SECONDS) -> None:
    """Wait for another main process of the worker. Raises WorkerGoneError where none comes."""
    if wait_until(lambda: driver.main_pid("worker") not in {None, killed}, seconds):
        return
    record.note(f"aucun nouveau processus principal du worker en {french_seconds(seconds)}")
    raise WorkerGoneError(not_back(record, source, "n'est pas revenu", seconds))


def not_back(record: Record, source: str, what: str, seconds: float) -> Finding:
    """The defect of 8.5; `what` says in French what the worker did not do."""
    problem = Problem(
        title="Un worker tué n'est pas relancé",
        severity=Severity.CRITICAL,
        impact="Bloquant : plus rien ne part jusqu'à l'intervention d'une personne",
        recommendation="Relancer le worker par supervisord, systemd ou une boucle de redémarrage",
        situation_text="\n".join(event for _, event in record.timeline),
        solution="[program:worker]\nautorestart=true",
        solution_language="ini",
    )
    sentence = f"Le worker tué (SIGKILL) {what} au bout de {french_seconds(seconds)}"
    evidence = (record.evidence(source),)
    return Finding(Outcome.DEFECT, sentence, evidence, problem=problem, requirements=("8.5",))
