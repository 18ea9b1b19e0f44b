"""9.2, 9.3: the statistics tell what happened, within 5 s."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.experiments.abilities import STATISTICS, StatisticsDesk
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.waiting import wait_until
from audit.french.typography import french_seconds
from audit.model.findings import Finding

_ID = "statistics-content"
MOST_SECONDS = 5.0
# Five accepted Message 1 and one Message 2; one message read, which was delivered too, and one delivered.
EXPECTED = {"contacts": 6, "sent": 6, "delivered": 2, "read": 1, "interactions": 1, "failed": 1, "pending": 0}
_CONTENT = Judgement(
    _ID,
    ("9.2",),
    "Contenu des statistiques",
    "Moyen : le suivi d'une campagne est incomplet ou faux",
    "Donner contacts, envoyés, délivrés, lus, interactions, échecs, en attente et taux",
)
_FRESH = Judgement(
    _ID,
    ("9.3",),
    "Fraîcheur des statistiques",
    "Faible : les chiffres montrés sont ceux d'avant",
    "Compter l'envoi dans la même transaction que son acceptation",
)


@dataclass(frozen=True)
class Plan:
    """How long to wait for each step (seconds)."""

    step_seconds: float = 60.0
    count_seconds: float = MOST_SECONDS


def run(driver: StatisticsDesk, record: Record, plan: Plan = Plan()) -> Sequence[Finding]:
    """A campaign that waits; then one of six: one refused, one delivered, one read, one interaction, read as it goes."""
    waiting = _while_waiting(driver, record, plan)
    keys = driver.launch_refusing(6, 1)
    campaign = driver.campaign_of(keys[0])
    fresh = _freshness(driver, record, campaign, keys[:-1], plan)
    wait_until(lambda: driver.recorded().get(keys[-1]) == "failed", plan.step_seconds)
    driver.acknowledge(keys[0], "read")
    # Late: what was read stays so.
    driver.acknowledge(keys[0], "delivered")
    driver.acknowledge(keys[1], "delivered")
    driver.say(keys[2])
    reply = driver.follow_up_key(keys[2])
    wait_until(lambda: driver.recorded().get(reply) in {"sent", "delivered", "read"}, plan.step_seconds)
    wait_until(lambda: _values(driver, campaign) == EXPECTED, plan.count_seconds, 0.2)
    return [_content(driver, record, campaign, waiting), fresh]


def _while_waiting(driver: StatisticsDesk, record: Record, plan: Plan) -> list[str]:
    """What is wrong with the statistics of a campaign that the gateway holds entirely (French)."""
    driver.hold("before")
    try:
        keys = sorted(driver.launch(3))
        wait_until(driver.held, plan.step_seconds)
        told = driver.statistics(driver.campaign_of(keys[0])).values
    finally:
        driver.release()
    wait_until(lambda: set(keys) <= {a.key for a in driver.accepted()}, plan.step_seconds)
    record.note("statistiques lues pendant que la passerelle retient toute une campagne de trois contacts")
    return _differences(told, {"contacts": 3, "sent": 0, "failed": 0, "pending": 3}, " quand rien n'est encore parti")


def _differences(told: Mapping[str, float], expected: Mapping[str, float], when: str = "") -> list[str]:
    return [
        f"{STATISTICS[name]} : {told[name]:g} au lieu de {value}{when}"
        for name, value in expected.items()
        if name in told and told[name] != value
    ]


def _values(driver: StatisticsDesk, campaign: str) -> dict[str, float]:
    told = driver.statistics(campaign).values
    return {name: told[name] for name in EXPECTED if name in told}


def _freshness(driver: StatisticsDesk, record: Record, campaign: str, keys: Sequence[str], plan: Plan) -> Finding:
    """When the statistics first count every send, compared with the gateway's last acceptance."""
    if not wait_until(lambda: _values(driver, campaign).get("sent") == len(keys), plan.step_seconds, 0.1):
        return _FRESH.defect(record, f"Des envois ne sont pas comptés au bout de {french_seconds(plan.step_seconds)}")
    seen = time.time()
    last = max((a.at for a in driver.accepted() if a.key in set(keys)), default=seen)
    seconds = round(max(0.0, seen - last), 2)
    record.figure("Délai entre l'acceptation du dernier envoi et son décompte", french_seconds(seconds))
    if seconds >= MOST_SECONDS:
        return _FRESH.defect(record, f"Un envoi n'est compté qu'après {french_seconds(seconds)}")
    sentence = f"Le dernier envoi est compté {french_seconds(seconds)} après son acceptation par la passerelle (exigé : moins de 5 s)"
    return _FRESH.established(record, sentence)


def _expected() -> str:
    return ", ".join(f"{STATISTICS[name]} {value}" for name, value in EXPECTED.items())


def _content(driver: StatisticsDesk, record: Record, campaign: str, waiting: Sequence[str]) -> Finding:
    told = driver.statistics(campaign)
    for name in EXPECTED:
        value = told.values.get(name)
        # The Message 2 that answers the interaction is one of them.
        more = " (5 Message 1 et 1 Message 2)" if name == "sent" and value == EXPECTED["sent"] else ""
        record.figure(STATISTICS[name].capitalize(), "absent" if value is None else f"{value:g}{more}")
    record.figure("Taux", ", ".join(f"`{n}` {v:.2f}".replace(".", ",") for n, v in told.rates.items()) or "aucun")
    absent = [STATISTICS[name] for name in EXPECTED if name not in told.values] + ([] if told.rates else ["taux"])
    if absent:
        return _CONTENT.defect(record, "Statistiques absentes", absent)
    wrong = [*_differences(told.values, EXPECTED), *waiting]
    wrong += [f"taux {name} : {value:g}" for name, value in told.rates.items() if not 0 <= value <= 1]
    if wrong:
        return _CONTENT.defect(record, "Statistiques fausses", wrong)
    sentence = (
        "Contacts, envoyés, délivrés, lus, interactions, échecs, en attente et taux sont donnés ; les comptes sont ceux attendus à la fin "
        f"({_expected()}) ; contacts, envoyés, échecs et en attente le sont aussi pour une autre campagne, de trois contacts, dont rien n'est encore "
        "parti ; chaque taux est entre 0 et 1, sa définition n'est pas jugée ; un accusé de délivrance qui vient "
        "après celui de lecture laisse le message compté comme lu"
    )
    return _CONTENT.established(record, sentence)


EXPERIMENT = Experiment(_ID, "Contenu et fraîcheur des statistiques", ("9.2", "9.3"), run, StatisticsDesk)
