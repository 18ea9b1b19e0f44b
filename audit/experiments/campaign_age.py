"""7.5: no campaign stays open 48 h after its last send, even paused."""

from collections.abc import Sequence

from audit.experiments.abilities import CampaignBook
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.waiting import wait_until
from audit.french.typography import counted
from audit.model.findings import Finding

_ID = "campaign-age"
STEP_SECONDS = 60.0
_AGO, _BEFORE = 49 * 3600.0, 47 * 3600.0
# Silent contacts end 24 h after their send, and their campaign with them: past that, a sound campaign may be closed.
_YOUNGER = 23 * 3600.0
_OVER = frozenset({"completed", "cancelled", "failed"})
_AGE = Judgement(
    _ID,
    ("7.5",),
    "Durée maximale d'ouverture",
    "Moyen : des campagnes restent ouvertes sans fin",
    "Clore d'office, dans la tâche horaire, ce dont le dernier envoi a plus de 48 h",
)


def run(driver: CampaignBook, record: Record, step_seconds: float = STEP_SECONDS) -> Sequence[Finding]:
    """One campaign whose last send is moved to 49 h ago, one paused with sends that wait, at 47 h then 49 h, and one at 23 h."""
    paused, waiting = driver.launch_and_pause()
    running, (young,) = sorted(driver.launch(2)), driver.launch(1)
    if not wait_until(lambda: _all_sent(driver, [*running, young]), step_seconds):
        return [_AGE.undetermined("les envois préalables n'ont pas abouti")]
    campaigns = {"en cours": driver.campaign_of(running[0]), "en pause": driver.campaign_of(paused[0])}
    younger = driver.campaign_of(young)
    open_before = all(driver.campaign(c).status not in _OVER for c in (*campaigns.values(), younger))
    driver.sent_ago({**dict.fromkeys(running, _AGO), **dict.fromkeys(paused, _BEFORE), young: _YOUNGER})
    record.note("derniers envois déplacés : à 49 h (en cours), à 47 h (en pause, des envois en attente), à 23 h")
    driver.run_expiry()
    wait_until(lambda: driver.campaign(campaigns["en cours"]).status in _OVER, step_seconds, 0.2)
    at_47 = driver.campaign(campaigns["en pause"]).status
    record.figure(
        f"Campagne en pause, {counted(len(waiting), 'envoi')} en attente, 47 h après son dernier envoi", at_47
    )
    driver.sent_ago(dict.fromkeys(paused, _AGO))
    driver.run_expiry()
    wait_until(lambda: all(driver.campaign(c).status in _OVER for c in campaigns.values()), step_seconds, 0.2)
    found = {name: driver.campaign(c).status for name, c in campaigns.items()}
    for name, status in found.items():
        record.figure(f"Campagne {name}, 49 h après son dernier envoi", status)
    record.figure("Campagne en cours, 23 h après son dernier envoi", driver.campaign(younger).status)
    still = [f"{name} : {status}" for name, status in found.items() if status not in _OVER]
    if still:
        return [_AGE.defect(record, "Campagnes encore ouvertes 49 h après leur dernier envoi", still)]
    if not open_before:
        return [_AGE.undetermined("une des campagnes n'était plus ouverte avant l'essai")]
    if driver.campaign(younger).status in _OVER:
        return [_AGE.defect(record, "La tâche horaire clôt une campagne 23 h après son dernier envoi")]
    sentence = (
        "La tâche horaire, publiée par l'audit, clôt une campagne en cours et une en pause dont des envois attendent, à 49 h de leur dernier "
        f"envoi (date déplacée en base) ; à 47 h celle en pause était {'déjà close' if at_47 in _OVER else 'encore ouverte'}, et une en cours "
        "reste ouverte à 23 h"
    )
    return [_AGE.established(record, sentence)]


def _all_sent(driver: CampaignBook, keys: Sequence[str]) -> bool:
    recorded = driver.recorded()
    return all(recorded.get(key) in {"sent", "delivered", "read"} for key in keys)


EXPERIMENT = Experiment(_ID, "Campagnes ouvertes depuis trop longtemps", ("7.5",), run, CampaignBook)
