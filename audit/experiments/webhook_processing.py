"""8.2: with nobody logged in, every webhook answered 200 is processed once, though the web process dies right after."""

from collections import Counter
from collections.abc import Sequence

from audit.experiments.driver import Driver
from audit.experiments.experiment import Experiment, Record
from audit.experiments.process_faults import Kill
from audit.experiments.waiting import wait_until
from audit.french.typography import counted, french_seconds
from audit.model.findings import Finding, Outcome, Problem, Severity

_ID = "webhook-processing"
CONTACTS = 3
DEADLINE_SECONDS = 60.0


def run(driver: Driver, record: Record, deadline_seconds: float = DEADLINE_SECONDS) -> Sequence[Finding]:
    """Deliver one interaction a contact, each twice, without credentials; kill the web process; count what is recorded."""
    if driver.logged_in():
        return [Finding(Outcome.UNDETERMINED, EXPERIMENT.title, missing="des comptes ou des sessions existent")]
    keys = sorted(driver.launch(CONTACTS))
    if not wait_until(lambda: set(keys) <= {a.key for a in driver.accepted()}, deadline_seconds):
        return [Finding(Outcome.UNDETERMINED, EXPERIMENT.title, missing="les Message 1 préalables ne sont pas partis")]
    pid = driver.main_pid("web")
    with driver.stall_processing():
        answered = driver.interact(keys, again=True)
        waiting = len(set(answered) - set(driver.interactions()))
        struck = pid is not None and Kill(pid).strike() and waiting > 0
    record.note(
        f"{counted(len(answered), 'webhook distinct accepté')} sans session d'utilisateur, chacun livré deux fois"
    )
    if struck:
        record.blow("SIGKILL, processus web, webhooks acquittés et non traités", waiting)
        record.note(f"SIGKILL : processus web, traitement inachevé de {counted(waiting, 'webhook')}")
    done = wait_until(lambda: set(answered) <= set(driver.interactions()), deadline_seconds)
    record.note("toutes les interactions sont enregistrées" if done else "délai épuisé : il manque des interactions")
    return _conclude(record, answered, driver.interactions(), waiting, struck=struck)


def _conclude(
    record: Record, answered: Sequence[str], recorded: Sequence[str], waiting: int, *, struck: bool
) -> Sequence[Finding]:
    counts = Counter(identifier for identifier in recorded if identifier in set(answered))
    lost = sorted(set(answered) - counts.keys())
    twice = sorted(identifier for identifier, count in counts.items() if count > 1)
    record.losses = (len(lost), len(twice), None)
    record.figure("Webhooks acceptés (200)", len(answered))
    record.figure("Traitements inachevés à la mort du processus web", waiting if struck else "non tué")
    record.figure("Interactions enregistrées", len(counts))
    record.figure("Perdues", len(lost))
    record.figure("Enregistrées deux fois", len(twice))
    record.figure("Durée", french_seconds(record.timeline[-1][0]))
    if lost:
        return [_defect(record, "Webhooks acceptés puis perdus", lost)]
    if twice:
        return [_defect(record, "Interactions enregistrées deux fois", twice)]
    if not answered:
        return [_defect(record, "Tous les webhooks sont refusés quand personne n'est connecté", [])]
    if not struck:
        missing = "rien n'était en attente à la mort du processus web"
        return [Finding(Outcome.UNDETERMINED, EXPERIMENT.title, (record.evidence(_ID),), missing=missing)]
    when = "avant d'en traiter aucune" if waiting == len(answered) else f"quand il en restait {waiting} à traiter"
    sentence = (
        f"Sans aucune session possible : {counted(len(answered), 'webhook accepté')} sans session d'utilisateur, chacun livré deux fois, "
        f"donnent {counted(len(counts), 'interaction')}, {'enregistrées chacune' if len(counts) > 1 else 'enregistrée'} une seule fois, "
        f"alors que le processus web a été tué (SIGKILL) {when}"
    )
    return [Finding(Outcome.ESTABLISHED, sentence, (record.evidence(_ID),))]


def _defect(record: Record, title: str, keys: Sequence[str]) -> Finding:
    sentence = f"{title} : {len(keys)} ({', '.join(keys[:10])})" if keys else title
    problem = Problem(
        title=title,
        severity=Severity.CRITICAL,
        impact="Bloquant : des réponses de destinataires disparaissent ou comptent double",
        recommendation="Enregistrer chaque webhook, sous une clé unique, avant de répondre 200, et reprendre ceux d'un processus mort",
        situation_text="\n".join(event for _, event in record.timeline),
    )
    return Finding(Outcome.DEFECT, sentence, (record.evidence(_ID),), problem=problem)


EXPERIMENT = Experiment(_ID, "Traitement des webhooks sous la mort du processus web", ("8.2",), run)
