"""8.5: a killed worker is back, and consumes, under the deployment files that are shipped."""

from collections.abc import Sequence

from audit.experiments.driver import Driver
from audit.experiments.experiment import Experiment, Record
from audit.experiments.process_faults import Kill
from audit.experiments.waiting import wait_until
from audit.experiments.worker_return import RETURN_SECONDS, not_back
from audit.french.typography import french_seconds
from audit.model.findings import Finding, Outcome

_ID = "worker-restart"


def run(driver: Driver, record: Record, deadline_seconds: float = RETURN_SECONDS) -> Sequence[Finding]:
    """Kill the idle worker's main process, launch one send, and time until the gateway accepts it."""
    pid = driver.main_pid("worker")
    if pid is None or not Kill(pid).strike():
        return [
            Finding(Outcome.UNDETERMINED, "Redémarrage du worker", missing="aucun processus principal de worker à tuer")
        ]
    record.note("SIGKILL : processus principal du worker")
    killed = record.timeline[-1][0]
    before = len(driver.accepted())
    expected = driver.launch(1)
    back = wait_until(lambda: driver.main_pid("worker") not in {None, pid}, deadline_seconds)
    record.note("nouveau processus principal" if back else "aucun nouveau processus principal")
    consumed = back and wait_until(lambda: _accepted(driver, expected, before), deadline_seconds)
    seconds = round(record.timeline[-1][0] - killed, 3)
    if consumed:
        record.note("un envoi lancé après la mort du worker est accepté par la passerelle")
        total = round(record.timeline[-1][0] - killed, 3)
        record.blow("SIGKILL, processus principal du worker au repos", None, total)
        record.figure("Nouveau processus principal après", french_seconds(seconds))
        record.figure("Consommation reprise après", french_seconds(total))
        sentence = (
            f"Le processus principal du worker, tué (SIGKILL), est remplacé en {french_seconds(seconds)} sous `{driver.deployment()}` ; "
            f"le worker consomme de nouveau après {french_seconds(total)} (un seul essai, worker au repos : un autre peut être plus lent)"
        )
        return [Finding(Outcome.ESTABLISHED, sentence, (record.evidence(_ID),))]
    record.figure("Attente sans résultat", french_seconds(seconds))
    record.worker_gone = not back
    what = "est revenu mais ne consomme pas" if back else "n'est pas revenu"
    return [not_back(record, _ID, what, deadline_seconds)]


def _accepted(driver: Driver, expected: frozenset[str], before: int) -> bool:
    return expected <= {entry.key for entry in driver.accepted()[before:]}


EXPERIMENT = Experiment(_ID, "Retour d'un worker tué", ("8.5",), run)
