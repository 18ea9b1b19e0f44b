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
    """Two campaigns whose last send is moved to 49 h ago, one of them paused, and one at 23 h; then the hourly task."""
    running, paused, (young,) = sorted(driver.launch(2)), sorted(driver.launch(2)), driver.launch(1)
    keys = [*running, *paused]
    if not wait_until(lambda: _all_sent(driver, [*keys, young]), step_seconds):
        return [_AGE.undetermined("les envois préalables n'ont pas abouti")]
    campaigns = {"en cours": driver.campaign_of(running[0]), "en pause": driver.campaign_of(paused[0])}
    driver.pause(campaigns["en pause"])
    younger = driver.campaign_of(young)
    open_before = all(driver.campaign(c).status not in _OVER for c in (*campaigns.values(), younger))
    driver.sent_ago({**dict.fromkeys(keys, _AGO), young: _YOUNGER})
    record.note("deux campagnes, dont une en pause : dernier envoi déplacé à 49 h ; une troisième : à 23 h")
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
        "La tâche horaire, publiée par l'audit, clôt une campagne en cours et une en pause, essayées à 49 h de leur dernier envoi (date "
        "déplacée en base), et en laisse ouverte une à 23 h ; entre les deux rien n'est essayé, et l'expiration des contacts silencieux "
        "à 24 h peut suffire à clore"
    )
    return [_AGE.established(record, sentence)]


def _all_sent(driver: CampaignBook, keys: Sequence[str]) -> bool:
    recorded = driver.recorded()
    return all(recorded.get(key) in {"sent", "delivered", "read"} for key in keys)


EXPERIMENT = Experiment(_ID, "Campagnes ouvertes depuis trop longtemps", ("7.5",), run, CampaignBook)
