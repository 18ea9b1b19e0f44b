"""5.5: Message 2 reaches the gateway within 5 s of the webhook while thousands of Message 1 wait."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.experiments.abilities import Crowd
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.waiting import wait_until
from audit.french.typography import french_integer, french_seconds
from audit.model.findings import Finding

_ID = "reply-delay"
MOST_SECONDS = 5.0
_DELAY = Judgement(
    _ID,
    ("5.5",),
    "Délai du Message 2",
    "Élevé : la réponse arrive quand le contact n'attend plus",
    "Donner aux Message 2 une file que les Message 1 n'occupent jamais",
)


@dataclass(frozen=True)
class Plan:
    """How many contacts write, behind how many waiting Message 1, and how slow the gateway is (seconds)."""

    replies: int = 10
    crowd: int = 3000
    fewest_waiting: int = 1000
    gateway_seconds: float = 0.05
    step_seconds: float = 60.0
    end_seconds: float = 180.0


def run(driver: Crowd, record: Record, plan: Plan = Plan()) -> Sequence[Finding]:
    """Send to a few, launch a crowd, let the few write while it waits, and time their Message 2 by the gateway's ledger."""
    few = sorted(driver.launch(plan.replies))
    if not wait_until(lambda: set(few) <= {a.key for a in driver.accepted()}, plan.step_seconds):
        return [_DELAY.undetermined("les Message 1 préalables ne sont pas partis")]
    with driver.slow_gateway(plan.gateway_seconds):
        crowd = driver.launch(plan.crowd)
        wait_until(lambda: _waiting(driver, crowd) < plan.crowd, plan.step_seconds)
        said = {driver.follow_up_key(key): driver.say(key).at for key in few}
        record.note(f"{len(said)} contacts écrivent, {french_integer(_waiting(driver, crowd))} Message 1 attendent")
        wait_until(lambda: said.keys() <= {a.key for a in driver.accepted()}, plan.step_seconds, 0.2)
        waiting = _waiting(driver, crowd)
        record.note(f"{french_integer(waiting)} Message 1 attendent encore")
    arrived = {a.key: a.at - said[a.key] for a in driver.accepted() if a.key in said}
    wait_until(lambda: not _waiting(driver, crowd), plan.end_seconds, 1.0)
    record.figure("Message 1 en attente pendant l'essai, au moins", french_integer(waiting))
    record.figure("Message 2 remis", len(arrived))
    if len(arrived) < len(said):
        return [
            _DELAY.defect(
                record,
                f"Message 2 non remis au bout de {french_seconds(plan.step_seconds)}",
                said.keys() - arrived.keys(),
            )
        ]
    slowest = max(arrived.values())
    record.figure("Délai le plus court", french_seconds(round(min(arrived.values()), 2)))
    record.figure("Délai le plus long", french_seconds(round(slowest, 2)))
    if slowest >= MOST_SECONDS:
        slow = [key for key, seconds in arrived.items() if seconds >= MOST_SECONDS]
        return [
            _DELAY.defect(
                record, f"Message 2 remis en {french_seconds(round(slowest, 2))}, au lieu de moins de 5 s", slow
            )
        ]
    if waiting < plan.fewest_waiting:
        return [
            _DELAY.undetermined(
                f"il ne restait que {french_integer(waiting)} Message 1 en attente à la fin : la file n'était pas encombrée"
            )
        ]
    sentence = (
        f"{len(arrived)} Message 2 sont remis à la passerelle en {french_seconds(round(min(arrived.values()), 2))} à {french_seconds(round(slowest, 2))} après le webhook, "
        f"l'attente voulue par la pile comprise (exigé : moins de 5 s), alors qu'au moins {french_integer(waiting)} Message 1 attendent"
    )
    return [_DELAY.established(record, sentence)]


def _waiting(driver: Crowd, crowd: frozenset[str]) -> int:
    return len(crowd - {a.key for a in driver.accepted()})


EXPERIMENT = Experiment(_ID, "Délai du Message 2 derrière une campagne", ("5.5",), run, Crowd)
