"""4.1, 4.2, 4.5: each contact of a campaign gets one Message 1, with the time it left and a structured record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from audit.experiments.abilities import Correspondence
from audit.experiments.accounting import Account, account
from audit.experiments.driver import Accepted
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.process_faults import Kill, gone
from audit.experiments.waiting import wait_stable, wait_until
from audit.french.typography import french_seconds
from audit.model.findings import Finding

_ID = "message-1-sending"
FARTHEST_SECONDS = 2.0
_LEAST_SHOWN = 0.01
AGE_SECONDS = 25 * 3600.0
_FINAL = frozenset({"sent", "delivered", "read", "failed", "cancelled"})
_ONCE = Judgement(
    _ID,
    ("4.1",),
    "Un Message 1 par contact",
    "Bloquant : des contacts ne reçoivent rien, ou reçoivent deux fois",
    "Écrire un Message 1 unique par contact au lancement, et n'envoyer que ce qui est revendiqué",
)
_STAMP = Judgement(
    _ID,
    ("4.2",),
    "Horodatage des envois",
    "Élevé : la fenêtre de 24 h est calculée sur une heure absente ou fausse",
    "Inscrire `sent_at` en UTC dans la même transaction que l'acceptation de la passerelle",
)
_TRACE = Judgement(
    _ID,
    ("4.5",),
    "Trace structurée de chaque envoi",
    "Moyen : un envoi ne peut pas être suivi après coup",
    "Journaliser chaque envoi en JSON, avec l'identifiant du message",
)


@dataclass(frozen=True)
class Plan:
    """How many contacts, and how long to wait (seconds)."""

    contacts: int = 60
    again: int = 5
    interrupted: int = 4
    # More than a dispatcher publishes at once.
    old: int = 150
    end_seconds: float = 90.0
    quiet_seconds: float = 2.0
    log_seconds: float = 5.0
    # Longer than the wait before another attempt.
    stuck_seconds: float = 70.0


def run(driver: Correspondence, record: Record, plan: Plan = Plan()) -> Sequence[Finding]:
    """One campaign, one more to some of its contacts, one whose senders die, an old one whose worker dies; then compare."""
    before = len(driver.accepted())
    first = driver.launch(plan.contacts)
    record.note(f"campagne lancée : {len(first)} contacts")
    settled = _settle(driver, record, first, plan)
    again = frozenset(driver.launch_again(sorted(first)[: plan.again], 1).values())
    record.note(f"seconde campagne, à {len(again) - 1} des mêmes contacts et à un nouveau")
    interrupted = _interrupt(driver, record, "after", plan.interrupted, plan)
    old = _interrupt(driver, record, "before", plan.old, plan)
    expected = first | again | interrupted | old
    settled = _settle(driver, record, expected, plan) and settled
    # Longer than whatever takes up what was forgotten: what has not left by then does not leave.
    stuck = not settled and wait_stable(
        lambda: len(driver.accepted()), plan.stuck_seconds, plan.stuck_seconds + plan.end_seconds
    )
    ledger = driver.accepted()[before:]
    result = account(expected, ledger, driver.recorded())
    record.losses = (len(result.lost), len(result.duplicated), len(result.uncertain))
    record.figure("Message 1 attendus", result.expected)
    record.figure("Contacts distincts", len(first) + 1 + len(interrupted) + len(old))
    record.figure("Message 1 acceptés par la passerelle", result.accepted)
    # One to whom no later campaign wrote.
    reply = _reply(driver, record, max(first), plan)
    return [
        _once(record, result, (first, again, interrupted, old), settled=settled, stuck=stuck),
        _stamps(driver, record, expected, ledger),
        _traces(driver, record, expected, reply, plan.log_seconds),
    ]


def _reply(driver: Correspondence, record: Record, key: str, plan: Plan) -> frozenset[str]:
    """The Message 2 of a contact who answers, when it leaves."""
    driver.say(key)
    reply = driver.follow_up_key(key)
    left = wait_until(lambda: reply in {entry.key for entry in driver.accepted()}, plan.end_seconds)
    record.note("un contact répond, et reçoit un Message 2" if left else "un contact répond, et ne reçoit rien")
    return frozenset({reply} if left else ())


def _settle(driver: Correspondence, record: Record, expected: frozenset[str], plan: Plan) -> bool:
    settled = wait_until(lambda: _final(driver, expected), plan.end_seconds, 0.2)
    settled = settled and wait_stable(lambda: len(driver.accepted()), plan.quiet_seconds, plan.end_seconds)
    record.note("tous les envois sont dans un état final" if settled else "délai épuisé avant la fin des envois")
    return settled


def _interrupt(
    driver: Correspondence, record: Record, point: Literal["before", "after"], contacts: int, plan: Plan
) -> frozenset[str]:
    """A campaign struck while the gateway holds sends: accepted, in the hands of children; or old, in those of a worker."""
    if not contacts:
        return frozenset()
    driver.hold(point)
    try:
        keys = driver.launch(contacts)
        held = wait_until(driver.held, plan.end_seconds)
        main = driver.main_pid("worker")
        victims = [*driver.child_pids("worker")] if point == "after" else [main] if main else []
        if point == "before":
            driver.launched_ago(min(keys), AGE_SECONDS)
        # How many processes die is another number.
        in_flight = driver.held()
        struck = held and [Kill(pid).strike() for pid in victims]
        if point == "before":
            wait_until(lambda: all(gone(pid) for pid in victims), plan.end_seconds)
            driver.lose_wake_ups()
    finally:
        driver.release()
    who = (
        "processus enfants, envois acceptés et non enregistrés"
        if point == "after"
        else "worker, campagne lancée 25 h plus tôt, tâches du broker perdues"
    )
    if struck:
        record.blow(f"SIGKILL, {who}", in_flight)
    told = f"SIGKILL : {who}" if struck else "aucun envoi en vol : rien n'est tué"
    record.note(f"{told} ; campagne de {len(keys)} contacts")
    return keys


def _final(driver: Correspondence, expected: frozenset[str]) -> bool:
    recorded = driver.recorded()
    return all(recorded.get(key) in _FINAL for key in expected)


def _once(
    record: Record, result: Account, campaigns: Sequence[frozenset[str]], *, settled: bool, stuck: bool
) -> Finding:
    if result.duplicated:
        return _ONCE.defect(record, "Contacts qui reçoivent plusieurs Message 1", result.duplicated)
    if result.unexpected:
        return _ONCE.defect(record, "Envois que la campagne ne demandait pas", result.unexpected)
    if result.lost and (settled or stuck):
        return _ONCE.defect(record, "Contacts qui ne reçoivent pas de Message 1", result.lost)
    if not settled or not result.sound:
        return _ONCE.undetermined("des envois n'étaient pas dans un état final au bout du délai")
    ordinary, again, interrupted, old = map(len, campaigns)
    sentence = (
        f"La passerelle accepte exactement un Message 1 par contact et par campagne, et rien d'autre : {result.expected} en quatre campagnes, "
        f"soit {ordinary} (ordinaire), {again} (contacts de la première et un nouveau), {interrupted} (envoyeurs tués après l'acceptation), {old} (lancement "
        "reculé de 25 h en base, worker tué, tâches du broker perdues)"
    )
    return _ONCE.established(record, sentence)


def _stamps(driver: Correspondence, record: Record, expected: frozenset[str], ledger: Sequence[Accepted]) -> Finding:
    accepted = {entry.key: entry.at for entry in ledger if entry.key in expected}
    if not accepted:
        return _STAMP.undetermined("aucun Message 1 n'a été accepté")
    sends = driver.sends()
    stamps = {key: sends[key].sent_at if key in sends else None for key in accepted}
    bare = [key for key, stamp in stamps.items() if stamp is None]
    if bare:
        return _STAMP.defect(record, "Envois sans `sent_at`", bare)
    farthest = max(abs(stamp - accepted[key]) for key, stamp in stamps.items() if stamp is not None)
    shown = (
        french_seconds(round(farthest, 2)) if farthest >= _LEAST_SHOWN else f"moins de {french_seconds(_LEAST_SHOWN)}"
    )
    record.figure("Plus grand écart entre `sent_at` et l'acceptation", shown)
    if farthest > FARTHEST_SECONDS:
        return _STAMP.defect(
            record, f"`sent_at` s'écarte de {french_seconds(round(farthest, 2))} de l'acceptation par la passerelle"
        )
    sentence = f"Les {len(stamps)} envois portent `sent_at`, l'instant UTC où la passerelle les a acceptés (écart le plus grand : {shown}), y compris ceux dont l'envoyeur est mort avant de l'enregistrer"
    return _STAMP.established(record, sentence)


def _traces(
    driver: Correspondence, record: Record, sent: frozenset[str], reply: frozenset[str], seconds: float
) -> Finding:
    expected = sent | reply
    traces: Mapping[str, int] = {}

    def all_told() -> bool:
        nonlocal traces
        traces = driver.traces(sorted(expected))
        return all(traces.get(key, 0) for key in expected)

    told = wait_until(all_told, seconds, 0.5)
    silent = [key for key in expected if not traces.get(key, 0)]
    record.figure("Envois dont le journal a une trace structurée", len(expected) - len(silent))
    if not told:
        return _TRACE.defect(record, "Envois sans trace structurée dans le journal", silent)
    return _TRACE.established(
        record,
        f"Le journal contient, pour chacun des {len(expected)} envois{', dont un Message 2' if reply else ''}, une trace structurée qui le nomme et dit qu'il est parti",
    )


EXPERIMENT = Experiment(_ID, "Envoi des Message 1 d'une campagne", ("4.1", "4.2", "4.5"), run, Correspondence)
