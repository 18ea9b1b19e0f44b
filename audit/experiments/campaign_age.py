"""7.5: no campaign stays open 48 h after its last send, even paused."""

from collections.abc import Sequence

from audit.experiments.abilities import CampaignBook
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.waiting import wait_until
from audit.model import Finding

_ID = "campaign-age"
STEP_SECONDS = 60.0
_AGO = 49 * 3600.0
_OVER = frozenset({"completed", "cancelled", "failed"})
_AGE = Judgement(
    _ID,
    ("7.5",),
    "Durée maximale d'ouverture",
    "Moyen : des campagnes restent ouvertes sans fin",
    "Clore d'office, dans la tâche horaire, ce dont le dernier envoi a plus de 48 h",
)


def run(driver: CampaignBook, record: Record, step_seconds: float = STEP_SECONDS) -> Sequence[Finding]:
    """Two campaigns whose last send is moved to 49 h ago, one of them paused; then the hourly task."""
    running, paused = sorted(driver.launch(2)), sorted(driver.launch(2))
    keys = [*running, *paused]
    if not wait_until(
        lambda: all(driver.recorded().get(k) in {"sent", "delivered", "read"} for k in keys), step_seconds
    ):
        return [_AGE.undetermined("les envois préalables n'ont pas abouti")]
    campaigns = {"en cours": driver.campaign_of(running[0]), "en pause": driver.campaign_of(paused[0])}
    driver.pause(campaigns["en pause"])
    open_before = {name for name, c in campaigns.items() if driver.campaign(c).status not in _OVER}
    driver.sent_ago(dict.fromkeys(keys, _AGO))
    record.note("deux campagnes, dont une en pause : dernier envoi déplacé à 49 h")
    driver.run_expiry()
    wait_until(lambda: all(driver.campaign(c).status in _OVER for c in campaigns.values()), step_seconds, 0.2)
    found = {name: driver.campaign(c).status for name, c in campaigns.items()}
    for name, status in found.items():
        record.figure(f"Campagne {name}, 49 h après son dernier envoi", status)
    still = [f"{name} : {status}" for name, status in found.items() if status not in _OVER]
    if still:
        return [_AGE.defect(record, "Campagnes encore ouvertes 49 h après leur dernier envoi", still)]
    if open_before != campaigns.keys():
        return [_AGE.undetermined("une des campagnes n'était plus ouverte avant l'essai")]
    sentence = "Une campagne en cours et une campagne en pause, dont le dernier envoi est déplacé à 49 h, sont closes par la tâche horaire"
    return [_AGE.established(record, sentence)]


EXPERIMENT = Experiment(_ID, "Campagnes ouvertes depuis trop longtemps", ("7.5",), run, CampaignBook)
