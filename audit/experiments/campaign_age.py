"""7.5: no campaign stays open more than 48 h after its last send, even paused or resumed, and none is closed before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.experiments.abilities import CampaignBook
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.waiting import wait_until
from audit.french.typography import counted
from audit.model.findings import Finding

_ID = "campaign-age"
STEP_SECONDS = 60.0
# The stack's own tasks close what is overdue: the audit publishes none then.
OWN_SECONDS = 120.0
_OVER_48, _UNDER_48, _LONG_AGO = 48 * 3600.0 + 60, 48 * 3600.0 - 60, 72 * 3600.0
# Silent contacts end 24 h after their send, and their campaign with them: past that, a sound campaign may be closed.
_YOUNGER = 23 * 3600.0
_OVER = frozenset({"completed", "cancelled", "failed"})
_RUNNING, _PAUSED, _RESUMED = "en cours", "en pause", "reprise puis remise en pause"
_AGE = Judgement(
    _ID,
    ("7.5",),
    "Durée maximale d'ouverture",
    "Moyen : des campagnes restent ouvertes sans fin, ou sont closes avant leur heure avec ce qui attend",
    "Clore d'office, à la minute, ce dont le dernier envoi a 48 h",
)


@dataclass(frozen=True)
class Cast:
    """The campaigns of the trial, by what is done to them; those with sends that wait, and the one too young to be closed."""

    campaigns: Mapping[str, str]
    paused: Sequence[str]
    young: str

    @property
    def waiting(self) -> dict[str, str]:
        return {name: campaign for name, campaign in self.campaigns.items() if name != _RUNNING}


def run(
    driver: CampaignBook, record: Record, step_seconds: float = STEP_SECONDS, own_seconds: float = OWN_SECONDS
) -> Sequence[Finding]:
    """Three campaigns, two with sends that wait, at 47 h 59 min then 48 h 1 min of their last send or resumption, and one at 23 h."""
    paused, waiting = driver.launch_and_pause()
    resumed, _ = driver.launch_and_pause()
    running, (young,) = sorted(driver.launch(2)), driver.launch(1)
    if not wait_until(lambda: _all_sent(driver, [*running, young]), step_seconds):
        return [_AGE.undetermined("les envois préalables n'ont pas abouti")]
    names = {_RUNNING: running[0], _PAUSED: paused[0], _RESUMED: resumed[0]}
    cast = Cast({n: driver.campaign_of(key) for n, key in names.items()}, paused, driver.campaign_of(young))
    # For what failed, and nothing did: what waits is kept, and the administrator pauses it again.
    driver.resume_failed(cast.campaigns[_RESUMED])
    driver.pause(cast.campaigns[_RESUMED])
    record.note(
        "une campagne en pause est reprise pour ce qui a échoué (rien), puis remise en pause ; ses envois attendent toujours"
    )
    open_before = all(driver.campaign(c).status not in _OVER for c in (*cast.campaigns.values(), cast.young))
    ages = dict.fromkeys(running, _OVER_48) | dict.fromkeys(paused, _UNDER_48) | dict.fromkeys(resumed, _LONG_AGO)
    driver.resumed_ago(cast.campaigns[_RESUMED], _UNDER_48)
    driver.sent_ago({**ages, young: _YOUNGER})
    record.note(
        "dates déplacées en base : dernier envoi il y a 47 h 59 min (en pause), 48 h 1 min et 23 h (en cours), 72 h (reprise il y a 47 h 59 min)"
    )
    driver.run_expiry()
    record.note("la tâche horaire, publiée par l'audit, a été exécutée par un worker, à 47 h 59 min")
    early = [name for name, campaign in cast.waiting.items() if driver.campaign(campaign).status in _OVER]
    for name in cast.waiting:
        record.figure(
            f"Campagne {name}, {counted(len(waiting), 'envoi')} en attente, à 47 h 59 min",
            "close" if name in early else "ouverte",
        )
    driver.sent_ago(dict.fromkeys(paused, _OVER_48))
    driver.resumed_ago(cast.campaigns[_RESUMED], _OVER_48)
    record.note("dates déplacées en base à 48 h 1 min ; l'audit ne publie plus aucune tâche")
    closed = wait_until(
        lambda: all(driver.campaign(c).status in _OVER for c in cast.campaigns.values()), own_seconds, 0.2
    )
    record.note(
        "celles de plus de 48 h sont closes par les tâches de la pile"
        if closed
        else "celles de plus de 48 h ne sont pas toutes closes"
    )
    return _conclude(driver, record, cast, early, open_before=open_before)


def _conclude(
    driver: CampaignBook, record: Record, cast: Cast, early: Sequence[str], *, open_before: bool
) -> Sequence[Finding]:
    found = {name: driver.campaign(campaign).status for name, campaign in cast.campaigns.items()}
    for name, status in found.items():
        record.figure(f"Campagne {name}, à 48 h 1 min", _told(status))
    young = driver.campaign(cast.young).status
    record.figure("Campagne en cours, 23 h après son dernier envoi", _told(young))
    still = [f"{name} : {_told(status)}" for name, status in found.items() if status not in _OVER]
    if still:
        return [_AGE.defect(record, "Campagnes encore ouvertes plus de 48 h après leur dernier envoi", still)]
    if not open_before:
        return [_AGE.undetermined("une des campagnes n'était plus ouverte avant l'essai")]
    if young in _OVER:
        return [_AGE.defect(record, "Une campagne est close 23 h après son dernier envoi")]
    if early:
        return [_AGE.defect(record, "Campagnes closes à 47 h 59 min alors que des envois y attendent", early)]
    sentence = (
        "Deux campagnes, une en cours et une en pause, sont closes par les tâches périodiques de la pile 48 h 1 min après leur dernier envoi (dates "
        "déplacées en base) ; celle en pause, dont des envois attendent, était restée ouverte à 47 h 59 min, la tâche horaire une fois exécutée par un "
        "worker, et une campagne en cours reste ouverte à 23 h"
    )
    return [_AGE.established(record, sentence), _after_a_resumption(record)]


def _after_a_resumption(record: Record) -> Finding:
    """The one that was resumed was open 72 h after its last send: the requirement knows no resumption."""
    return _AGE.short_of_the_letter(
        record,
        "une campagne reprise puis remise en pause, dont les dates sont ensuite déplacées en base, est encore ouverte 72 h après son dernier envoi ; "
        "les 48 h se comptent depuis sa reprise, et elle est close 48 h 1 min après cette reprise",
        title="Campagne reprise ouverte plus de 48 h après son dernier envoi",
        impact="Moyen : une campagne reprise de nouveau avant chaque terme reste ouverte sans fin",
        advice="Clore une campagne 48 h après son dernier envoi même si elle a été reprise ou que ses envois sont retenus, ou décider par écrit d'où les 48 h se comptent",
    )


def _told(status: str) -> str:
    return f"{'close' if status in _OVER else 'ouverte'} (`{status}`)"


def _all_sent(driver: CampaignBook, keys: Sequence[str]) -> bool:
    recorded = driver.recorded()
    return all(recorded.get(key) in {"sent", "delivered", "read"} for key in keys)


EXPERIMENT = Experiment(_ID, "Campagnes ouvertes depuis trop longtemps", ("7.5",), run, CampaignBook)
