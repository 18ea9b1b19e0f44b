"""9.5: what comes after the closing changes messages, and no longer the statistics."""

from collections.abc import Sequence

from audit.experiments.abilities import STATISTICS, StatisticsDesk
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.waiting import wait_stable, wait_until
from audit.model.findings import Finding

_ID = "statistics-freezing"
STEP_SECONDS = 60.0
QUIET_SECONDS = 6.0
_FROZEN = Judgement(
    _ID,
    ("9.5",),
    "Gel des statistiques à la clôture",
    "Moyen : le bilan d'une campagne change après coup",
    "Répondre, après la clôture, d'après les statistiques conservées",
)


def run(
    driver: StatisticsDesk, record: Record, step_seconds: float = STEP_SECONDS, quiet_seconds: float = QUIET_SECONDS
) -> Sequence[Finding]:
    """Close a campaign, then let a late acknowledgement and a late interaction come."""
    keys = sorted(driver.launch(3))
    campaign = driver.campaign_of(keys[0])
    if not wait_until(
        lambda: all(driver.recorded().get(k) in {"sent", "delivered", "read"} for k in keys), step_seconds
    ):
        return [_FROZEN.undetermined("les envois préalables n'ont pas abouti")]
    driver.sent_ago(dict.fromkeys(keys, 25 * 3600.0))
    driver.run_expiry()
    if not wait_until(lambda: driver.campaign(campaign).status == "completed", step_seconds, 0.2):
        return [_FROZEN.undetermined("la campagne ne s'est pas close")]
    closed = driver.statistics(campaign)
    driver.acknowledge(keys[0], "read")
    late = driver.say(keys[1])
    record.note("campagne close ; un accusé de lecture et une interaction arrivent après")
    came = wait_until(lambda: driver.recorded().get(keys[0]) == "read", step_seconds)
    came = wait_until(lambda: late.identifier in set(driver.interactions()), step_seconds) and came
    wait_stable(lambda: driver.statistics(campaign).values, quiet_seconds, step_seconds, 0.5)
    after = driver.statistics(campaign)
    for name, value in after.values.items():
        record.figure(
            f"{STATISTICS[name].capitalize()}, à la clôture puis après",
            f"{closed.values.get(name, 0):g}, puis {value:g}",
        )
    moved = [STATISTICS[name] for name in after.values if after.values[name] != closed.values.get(name)]
    if moved:
        return [_FROZEN.defect(record, "Statistiques qui changent après la clôture", moved)]
    if not came:
        return [_FROZEN.undetermined("l'accusé ou l'interaction d'après la clôture n'a pas été traité")]
    sentence = (
        "Après la clôture, un accusé de lecture et une interaction sont enregistrés (la base contient 1 message lu et 1 interaction) sans que les "
        "statistiques de la campagne changent ; les taux ne sont pas comparés"
    )
    return [_FROZEN.established(record, sentence)]


EXPERIMENT = Experiment(_ID, "Gel des statistiques", ("9.5",), run, StatisticsDesk)
