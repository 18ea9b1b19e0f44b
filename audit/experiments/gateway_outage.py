"""4.1, 4.6, 4.7: an outage of the gateway, an account that it refuses, an answer that is lost, each of its answers by itself."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from audit.experiments.abilities import GatewayOutage
from audit.experiments.accounting import account
from audit.experiments.driver import DriverError
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.waiting import wait_stable, wait_until
from audit.french.typography import french_seconds
from audit.model.findings import Finding

_ID = "gateway-outage"
OUTAGE_STATUS, ACCOUNT_STATUS, BUSY_STATUS = 503, 401, 429
# On average: a message that counts its attempts has failed by then.
ENOUGH_TIMES = 6
# Each is answered once, to one contact; another attempt would be accepted.
PASSING, FINAL = (429, 500, 503), (400, 404, 422)
_SENT = frozenset({"sent", "delivered", "read"})
_FRENCH = {"failed": "en échec", "cancelled": "annulé"}
_ONCE = Judgement(
    _ID,
    ("4.1",),
    "Un seul envoi quand la réponse est perdue",
    "Bloquant : un contact reçoit deux fois le même message",
    "Demander à la passerelle ce qu'elle a du message avant tout autre essai",
)
_RETRIED = Judgement(
    _ID,
    ("4.6",),
    "Reprise de chaque réponse passagère",
    "Élevé : un message est perdu pour une réponse passagère de la passerelle",
    "Réessayer après une réponse 429 ou 5xx",
)
_HELD = Judgement(
    _ID,
    ("4.7",),
    "Refus définitifs et panne de la passerelle",
    "Bloquant : une panne de la passerelle fait perdre des messages, ou un refus définitif est répété",
    "Retenir les envois quand la passerelle refuse tout, sans compter d'essai, et ne pas réessayer un refus définitif",
)


@dataclass(frozen=True)
class Plan:
    """How many contacts, how long the outage lasts without its waits, and how long to wait for each step (seconds)."""

    contacts: int = 12
    unanswered: int = 6
    refused_account: int = 3
    quiet_seconds: float = 2.0
    # Many times the four attempts of a message, whose waits are skipped.
    outage_seconds: float = 15.0
    step_seconds: float = 90.0
    # A campaign that does not go on by itself by then is resumed.
    accepted_seconds: float = 6.0


@dataclass(frozen=True)
class Account:
    """A campaign during the refusal of the whole account: its keys, what failed, and how many left once it was accepted again, and resumed."""

    keys: frozenset[str]
    lost: Sequence[str]
    left: int
    resumed: bool


@dataclass(frozen=True)
class Outage:
    """What failed during it, how often each message was accepted in the end, and how long it lasted (seconds).

    `account`: what became of a campaign while the gateway refused the whole account.
    """

    lost: Sequence[str]
    counts: Mapping[str, int]
    seconds: float
    long_enough: bool
    account: Account


def run(driver: GatewayOutage, record: Record, plan: Plan = Plan()) -> Sequence[Finding]:
    """Refuse everything while the waits between attempts are skipped, then accept; then a reply, one answer a contact, no answer, the account."""
    with driver.refuse_everybody(OUTAGE_STATUS):
        keys = driver.launch(plan.contacts)
        record.note(f"la passerelle répond {OUTAGE_STATUS} à tout ; campagne de {len(keys)} contacts")
        begun = time.monotonic()
        ends_at = begun + plan.outage_seconds

        def over() -> bool:
            tried = driver.taken_up(keys) >= ENOUGH_TIMES * len(keys)
            return bool(_ended(driver, keys)) or (tried and time.monotonic() > ends_at)

        long_enough = _hasten_until(driver, over, plan.outage_seconds + plan.step_seconds)
        lost = _ended(driver, keys)
        refused = round(time.monotonic() - begun, 1)
    record.note("la passerelle accepte de nouveau")
    record.blow(
        f"Panne de la passerelle ({OUTAGE_STATUS} à tout, {len(keys)} messages retenus), attentes entre essais sautées",
        None,
    )
    record.figure("En échec pendant la panne", len(lost))
    came = _hasten_until(driver, lambda: all(_counts(driver)[key] for key in keys), plan.step_seconds)
    record.note("les messages retenus sont partis" if came else "des messages retenus ne sont pas partis")
    counts = {key: _counts(driver)[key] for key in keys}
    reply = _reply_while_busy(driver, record, min(keys), plan) if came else ""
    answered = driver.launch_answered(dict.fromkeys((*PASSING, *FINAL), 1))
    _hasten_until(driver, lambda: _answered(driver, answered), plan.step_seconds)
    unheard = frozenset(driver.launch_unanswered(plan.unanswered))
    once = _unanswered(driver, record, sorted(unheard), plan)
    outage = Outage(lost, counts, refused, long_enough, _refuse_the_account(driver, record, plan))
    expected = keys | unheard | outage.account.keys | {answered[status] for status in PASSING}
    _count_losses(driver, record, expected | ({reply} if reply else frozenset()))
    return [once, _retried(driver, record, answered, reply), _held(driver, record, outage, answered)]


def _count_losses(driver: GatewayOutage, record: Record, expected: frozenset[str]) -> None:
    """Of all that had to leave in the whole experiment, whichever its fault."""
    result = account(expected, driver.accepted(), driver.recorded())
    record.figure("Messages qui devaient partir, dans toute l'expérience", result.expected)
    record.losses = (len(result.lost), len(result.duplicated), len(result.uncertain))


def _reply_while_busy(driver: GatewayOutage, record: Record, key: str, plan: Plan) -> str:
    """The key of a Message 2 that the gateway refuses for now, and that leaves afterwards or does not."""
    with driver.refuse_everybody(BUSY_STATUS):
        before = driver.taken_up([key])
        driver.say(key)
        wait_until(lambda: driver.taken_up([key]) > before, plan.step_seconds)
        wait_stable(lambda: driver.taken_up([key]), plan.quiet_seconds, plan.step_seconds)
    reply = driver.follow_up_key(key)
    _hasten_until(driver, lambda: bool(_counts(driver)[reply]) or bool(_ended(driver, [reply])), plan.step_seconds)
    record.note(f"un contact répond pendant que la passerelle répond {BUSY_STATUS}")
    return reply


def _unanswered(driver: GatewayOutage, record: Record, keys: Sequence[str], plan: Plan) -> Finding:
    """Sends that the gateway accepts the first time without anybody hearing it."""

    def settled() -> bool:
        recorded = driver.recorded()
        return all(recorded.get(key) in _SENT | _FRENCH.keys() for key in keys)

    ended = _hasten_until(driver, settled, plan.step_seconds)
    wait_stable(lambda: len(driver.accepted()), plan.quiet_seconds, plan.step_seconds)
    recorded, counts = driver.recorded(), _counts(driver)
    record.note(f"{len(keys)} messages acceptés dont la réponse est perdue")
    record.blow("Réponse de la passerelle perdue après l'acceptation", len(keys))
    twice = [key for key in keys if counts[key] > 1]
    if twice:
        return _ONCE.defect(record, "Messages envoyés deux fois, la première réponse étant perdue", twice)
    denied = [key for key in keys if counts[key] and recorded.get(key) in _FRENCH]
    if denied:
        return _ONCE.defect(record, "Messages acceptés et mis en échec, la réponse étant perdue", denied)
    if not ended:
        return _ONCE.undetermined("des messages dont la réponse est perdue n'étaient pas dans un état final")
    sentence = (
        f"La passerelle accepte {len(keys)} messages sans que sa réponse arrive (connexion coupée, ou réponse 500) : chacun est tenu pour envoyé, "
        "et aucun ne part deux fois"
    )
    return _ONCE.established(record, sentence)


def _refuse_the_account(driver: GatewayOutage, record: Record, plan: Plan) -> Account:
    """What becomes of a campaign while the gateway refuses the account itself, and afterwards."""
    with driver.refuse_everybody(ACCOUNT_STATUS):
        keys = driver.launch(plan.refused_account)
        wait_until(lambda: driver.taken_up(keys) > 0, plan.step_seconds)
        wait_stable(lambda: driver.taken_up(keys), plan.quiet_seconds, plan.step_seconds)
        lost = _ended(driver, keys)
        record.note(f"la passerelle refuse le compte ({ACCOUNT_STATUS}) ; campagne de {len(keys)} contacts")
    resumed = not lost and not _hasten_until(driver, lambda: _left(driver, keys) == len(keys), plan.accepted_seconds)
    if resumed:
        with suppress(DriverError):
            driver.resume(driver.campaign_of(min(keys)))
        _hasten_until(driver, lambda: _left(driver, keys) == len(keys), plan.step_seconds)
    left, how = _left(driver, keys), ", la campagne en pause reprise" if resumed else ""
    record.note(f"le compte est accepté de nouveau{how} ; messages partis : {left} sur {len(keys)}")
    return Account(keys, lost, left, resumed=resumed)


def _left(driver: GatewayOutage, keys: Collection[str]) -> int:
    return sum(_counts(driver)[key] > 0 for key in keys)


def _hasten_until(driver: GatewayOutage, condition: Callable[[], bool], seconds: float) -> bool:
    def hastened() -> bool:
        driver.hasten()
        return condition()

    return wait_until(hastened, seconds, 0.5)


def _ended(driver: GatewayOutage, keys: Collection[str]) -> list[str]:
    recorded = driver.recorded()
    return sorted(key for key in keys if recorded.get(key) in {"failed", "cancelled"})


def _counts(driver: GatewayOutage) -> Counter[str]:
    return Counter(entry.key for entry in driver.accepted())


def _answered(driver: GatewayOutage, answered: Mapping[int, str]) -> bool:
    recorded = driver.recorded()
    passing = all(recorded.get(answered[status]) in _SENT for status in PASSING)
    return passing and all(recorded.get(answered[status]) == "failed" for status in FINAL)


def _retried(driver: GatewayOutage, record: Record, answered: Mapping[int, str], reply: str) -> Finding:
    recorded, counts = driver.recorded(), _counts(driver)
    for status, key in answered.items():
        record.figure(
            f"Après une réponse {status}",
            "envoyé" if counts[key] else _FRENCH.get(recorded.get(key, ""), "ni envoyé ni en échec"),
        )
    dropped = [str(status) for status in PASSING if recorded.get(answered[status]) not in _SENT]
    if dropped:
        return _RETRIED.defect(record, "Réponses passagères après lesquelles un message ne part plus", dropped)
    if reply and not counts[reply]:
        return _RETRIED.defect(record, f"Message 2 qui ne part plus après une réponse {BUSY_STATUS}", [reply])
    if not reply:
        return _RETRIED.undetermined("aucun Message 2 n'a pu être essayé")
    return _RETRIED.established(
        record,
        f"Un Message 1 qui reçoit une fois la réponse {_listed(PASSING)}, et un Message 2 la réponse {BUSY_STATUS}, sont réessayés et partent (attente sautée)",
    )


def _held(driver: GatewayOutage, record: Record, outage: Outage, answered: Mapping[int, str]) -> Finding:
    recorded, counts = driver.recorded(), _counts(driver)
    repeated = [str(status) for status in FINAL if counts[answered[status]]]
    open_yet = [str(status) for status in FINAL if recorded.get(answered[status]) != "failed"]
    for title, keys in (
        ("Messages perdus par une panne de la passerelle", outage.lost),
        ("Messages qui ne partent pas après la panne de la passerelle", [k for k, n in outage.counts.items() if not n]),
        (
            "Messages envoyés plusieurs fois après une panne de la passerelle",
            [k for k, n in outage.counts.items() if n > 1],
        ),
        ("Refus définitifs qui sont réessayés", repeated),
        (f"Messages mis en échec pendant que la passerelle refuse le compte ({ACCOUNT_STATUS})", outage.account.lost),
    ):
        if keys:
            return _HELD.defect(record, title, keys)
    if not outage.long_enough:
        return _HELD.undetermined("les messages n'ont pas été repris assez souvent pendant la panne pour conclure")
    if outage.account.left < len(outage.account.keys):
        return _HELD.undetermined("des messages retenus par le refus du compte ne sont pas partis ensuite")
    if open_yet:
        return _HELD.undetermined(f"des refus définitifs n'ont pas abouti ({', '.join(open_yet)})")
    again = (
        "quand la campagne, mise en pause, est reprise" if outage.account.resumed else "quand il est accepté de nouveau"
    )
    sentence = (
        f"La passerelle répond {OUTAGE_STATUS} à tout, les attentes entre essais sautées, pendant {french_seconds(outage.seconds)} : aucun des "
        f"{len(outage.counts)} messages n'est mis en échec, et chacun part une seule fois ensuite ; un compte refusé ({ACCOUNT_STATUS}) n'en met aucun "
        f"en échec, et les {len(outage.account.keys)} messages retenus partent {again} ; à part, une réponse {_listed(FINAL)} met le message en échec sans autre essai"
    )
    return _HELD.established(record, sentence)


def _listed(statuses: Sequence[int]) -> str:
    *first, last = map(str, statuses)
    return f"{', '.join(first)} ou {last}"


EXPERIMENT = Experiment(
    _ID, "Panne de la passerelle, et chacune de ses réponses", ("4.1", "4.6", "4.7"), run, GatewayOutage
)
