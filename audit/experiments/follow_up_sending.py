"""8.3: with nobody logged in, interactions give each contact one Message 2, though a worker dies while sending it."""

from collections import Counter
from collections.abc import Sequence

from audit.experiments.accounting import UNCERTAIN
from audit.experiments.driver import Driver
from audit.experiments.experiment import Experiment, Record
from audit.experiments.process_faults import Kill, gone
from audit.experiments.waiting import wait_stable, wait_until
from audit.experiments.worker_return import RETURN_SECONDS, await_return
from audit.french.typography import french_seconds
from audit.model.findings import Finding, Outcome, Problem, Severity

_ID = "follow-up-sending"
CONTACTS = 8
STEP_SECONDS = 20.0
END_SECONDS = 45.0
QUIET_SECONDS = 4.0


def run(
    driver: Driver,
    record: Record,
    end_seconds: float = END_SECONDS,
    step_seconds: float = STEP_SECONDS,
    quiet_seconds: float = QUIET_SECONDS,
    *,
    return_seconds: float = RETURN_SECONDS,
) -> Sequence[Finding]:
    """Two interactions a contact at once; the worker is killed while the gateway holds a Message 2 it accepted; count."""
    if driver.logged_in():
        return [Finding(Outcome.UNDETERMINED, EXPERIMENT.title, missing="des comptes ou des sessions existent")]
    contacts = sorted(driver.launch(CONTACTS))
    if not wait_until(lambda: set(contacts) <= {a.key for a in driver.accepted()}, step_seconds):
        return [Finding(Outcome.UNDETERMINED, EXPERIMENT.title, missing="les Message 1 préalables ne sont pas partis")]
    expected = {driver.follow_up_key(contact) for contact in contacts}
    driver.hold("after")
    answered = [*driver.interact(contacts), *driver.interact(contacts)]
    if len(answered) < 2 * len(contacts):
        driver.release()
        missing = f"{len(answered)} interactions acceptées sur {2 * len(contacts)}"
        return [Finding(Outcome.UNDETERMINED, EXPERIMENT.title, missing=missing)]
    record.note(f"{len(answered)} interactions acceptées, de {len(contacts)} contacts")
    pid = driver.main_pid("worker")
    struck = _kill_worker(driver, record, step_seconds)
    driver.release()
    if struck and pid is not None:
        await_return(driver, record, _ID, pid, return_seconds)
    done = wait_until(lambda: expected <= {a.key for a in driver.accepted()}, end_seconds)
    settled = wait_until(
        lambda: all(driver.recorded().get(key) in {"sent", "delivered", "read"} for key in expected), end_seconds
    )
    # A second Message 2 would leave a moment after the first: what is counted too early is not seen.
    settled = settled and wait_stable(lambda: len(driver.accepted()), quiet_seconds, end_seconds)
    record.note("tous les Message 2 sont acceptés" if done else "délai épuisé : il manque des Message 2")
    return _conclude(driver, record, expected, struck=struck, settled=settled)


def _kill_worker(driver: Driver, record: Record, step_seconds: float) -> bool:
    in_flight = wait_until(driver.held, step_seconds)
    count, pid = driver.held(), driver.main_pid("worker")
    children = [*driver.child_pids("worker")]
    struck = bool(in_flight) and pid is not None and Kill(pid).strike()
    struck = struck and wait_until(lambda: all(gone(child) for child in children), step_seconds)
    record.note(
        f"SIGKILL : worker, {count} Message 2 en vol, {'acceptés' if count > 1 else 'accepté'} par la passerelle et sans réponse"
        if struck
        else "rien en vol, aucune faute injectée"
    )
    if struck:
        record.blow("SIGKILL, worker, Message 2 acceptés et sans réponse", count)
    record.figure("Message 2 en vol à la mort du worker", count if struck else "aucun : faute non injectée")
    return struck


def _conclude(driver: Driver, record: Record, expected: set[str], *, struck: bool, settled: bool) -> Sequence[Finding]:
    counts = Counter(a.key for a in driver.accepted() if a.key in expected)
    lost, twice = sorted(expected - counts.keys()), sorted(key for key, count in counts.items() if count > 1)
    recorded = driver.recorded()
    uncertain = sum(recorded.get(key) == UNCERTAIN for key in lost)
    record.losses = (len(lost) - uncertain, len(twice), uncertain)
    record.figure("Message 2 attendus", len(expected))
    record.figure("Acceptés par la passerelle", sum(counts.values()))
    record.figure("Perdus", len(lost))
    record.figure("Envoyés deux fois", len(twice))
    record.figure("Durée", french_seconds(record.timeline[-1][0]))
    evidence = (record.evidence(_ID),)
    if lost or twice:
        return [_defect(record, lost, twice)]
    if not struck or not settled:
        missing = (
            "aucun Message 2 n'était en vol quand le worker devait mourir"
            if not struck
            else "des Message 2 restent au sort incertain"
        )
        return [Finding(Outcome.UNDETERMINED, EXPERIMENT.title, evidence, missing=missing)]
    sentence = (
        f"Sans aucune session possible : {2 * len(expected)} interactions de {len(expected)} contacts ; la passerelle accepte un seul "
        "Message 2 par contact, alors que le worker a été tué (SIGKILL) en plein envoi"
    )
    return [Finding(Outcome.ESTABLISHED, sentence, evidence)]


def _defect(record: Record, lost: Sequence[str], twice: Sequence[str]) -> Finding:
    title = "Message 2 perdus" if lost else "Message 2 envoyés plus d'une fois"
    keys = lost or twice
    problem = Problem(
        title=title,
        severity=Severity.CRITICAL,
        impact="Bloquant : des destinataires ne reçoivent pas de réponse, ou la reçoivent deux fois",
        recommendation="Rendre le Message 2 unique par contrainte, et reprendre ceux dont l'envoi a été interrompu",
        situation_text="\n".join(event for _, event in record.timeline),
    )
    return Finding(
        Outcome.DEFECT, f"{title} : {len(keys)} ({', '.join(keys[:10])})", (record.evidence(_ID),), problem=problem
    )


EXPERIMENT = Experiment(_ID, "Message 2 sur interaction sous la mort du worker", ("8.3",), run)
