"""4.6, 4.7: an outage of the gateway costs nobody his message, and each of its answers is retried or not as it should be."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from audit.experiments.abilities import GatewayOutage
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.waiting import wait_until
from audit.french.typography import french_seconds
from audit.model.findings import Finding

_ID = "gateway-outage"
OUTAGE_STATUS = 503
# On average: a message that counts its attempts has failed by then.
ENOUGH_TIMES = 6
# Each is answered once, to one contact; another attempt would be accepted.
PASSING, FINAL = (429, 500, 503), (400, 404, 422)
_SENT = frozenset({"sent", "delivered", "read"})
_FRENCH = {"failed": "en échec", "cancelled": "annulé"}
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
    # Many times the four attempts of a message, whose waits are skipped.
    outage_seconds: float = 15.0
    step_seconds: float = 90.0


@dataclass(frozen=True)
class Outage:
    """What failed during it, how often each message was accepted in the end, and how long it lasted (seconds)."""

    lost: Sequence[str]
    counts: Mapping[str, int]
    seconds: float
    long_enough: bool


def run(driver: GatewayOutage, record: Record, plan: Plan = Plan()) -> Sequence[Finding]:
    """Refuse everything while the waits between attempts are skipped, then accept; then one answer a contact."""
    with driver.refuse_everybody(OUTAGE_STATUS):
        keys = driver.launch(plan.contacts)
        record.note(f"la passerelle répond {OUTAGE_STATUS} à tout ; campagne de {len(keys)} contacts")
        ends_at = time.monotonic() + plan.outage_seconds

        def over() -> bool:
            tried = driver.taken_up(keys) >= ENOUGH_TIMES * len(keys)
            return bool(_ended(driver, keys)) or (tried and time.monotonic() > ends_at)

        long_enough = _hasten_until(driver, over, plan.outage_seconds + plan.step_seconds)
        lost = _ended(driver, keys)
    record.blow(f"Panne de la passerelle ({OUTAGE_STATUS} à tout), attentes entre essais sautées", len(keys))
    record.figure("En échec pendant la panne", len(lost))
    came = _hasten_until(driver, lambda: all(_counts(driver)[key] for key in keys), plan.step_seconds)
    record.note(
        "la passerelle accepte de nouveau : tout est parti"
        if came
        else "la passerelle accepte de nouveau : il en manque"
    )
    outage = Outage(lost, {key: _counts(driver)[key] for key in keys}, plan.outage_seconds, long_enough)
    answered = driver.launch_answered(dict.fromkeys((*PASSING, *FINAL), 1))
    _hasten_until(driver, lambda: _answered(driver, answered), plan.step_seconds)
    return [_retried(driver, record, answered), _held(driver, record, outage, answered)]


def _hasten_until(driver: GatewayOutage, condition: Callable[[], bool], seconds: float) -> bool:
    def hastened() -> bool:
        driver.hasten()
        return condition()

    return wait_until(hastened, seconds, 0.5)


def _ended(driver: GatewayOutage, keys: frozenset[str]) -> list[str]:
    recorded = driver.recorded()
    return sorted(key for key in keys if recorded.get(key) in {"failed", "cancelled"})


def _counts(driver: GatewayOutage) -> Counter[str]:
    return Counter(entry.key for entry in driver.accepted())


def _answered(driver: GatewayOutage, answered: Mapping[int, str]) -> bool:
    recorded = driver.recorded()
    passing = all(recorded.get(answered[status]) in _SENT for status in PASSING)
    return passing and all(recorded.get(answered[status]) == "failed" for status in FINAL)


def _retried(driver: GatewayOutage, record: Record, answered: Mapping[int, str]) -> Finding:
    recorded, counts = driver.recorded(), _counts(driver)
    for status, key in answered.items():
        record.figure(
            f"Après une réponse {status}",
            "envoyé" if counts[key] else _FRENCH.get(recorded.get(key, ""), "ni envoyé ni en échec"),
        )
    dropped = [str(status) for status in PASSING if recorded.get(answered[status]) not in _SENT]
    if dropped:
        return _RETRIED.defect(record, "Réponses passagères après lesquelles un message ne part plus", dropped)
    return _RETRIED.established(
        record, f"Un message qui reçoit une fois la réponse {_listed(PASSING)} est réessayé et part (attente sautée)"
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
    ):
        if keys:
            return _HELD.defect(record, title, keys)
    if not outage.long_enough:
        return _HELD.undetermined("les messages n'ont pas été repris assez souvent pendant la panne pour conclure")
    if open_yet:
        return _HELD.undetermined(f"des refus définitifs n'ont pas abouti ({', '.join(open_yet)})")
    sentence = (
        f"La passerelle répond {OUTAGE_STATUS} à tout, les attentes entre essais sautées pendant {french_seconds(outage.seconds)} au moins : aucun des "
        f"{len(outage.counts)} messages n'est mis en échec, et chacun part une seule fois ensuite ; à part, une réponse {_listed(FINAL)} met le "
        "message en échec sans autre essai"
    )
    return _HELD.established(record, sentence)


def _listed(statuses: Sequence[int]) -> str:
    *first, last = map(str, statuses)
    return f"{', '.join(first)} ou {last}"


EXPERIMENT = Experiment(_ID, "Panne de la passerelle, et chacune de ses réponses", ("4.6", "4.7"), run, GatewayOutage)
