"""7.1 to 7.4, 7.6: a campaign closes when every contact has ended, each in its own way, and keeps its statistics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.experiments.abilities import FINAL_STATES, STATISTICS, CampaignBook, CampaignSeen
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.waiting import wait_until
from audit.model import Finding

_ID = "campaign-closing"
_FRENCH = dict(
    zip(
        FINAL_STATES,
        ("Message 2 envoyé", "interaction tardive", "aucune interaction", "échec définitif", "désinscription"),
        strict=True,
    )
)
_TOO_LONG_AGO = 25 * 3600.0
_CLOSED = Judgement(
    _ID,
    ("7.1",),
    "Passage à `completed`",
    "Élevé : des campagnes ne se terminent pas, ou se terminent trop tôt",
    "Clore une campagne quand tous ses contacts sont dans un état final, et pas avant",
)
_STATES = Judgement(
    _ID,
    ("7.2",),
    "États finaux",
    "Élevé : le sort de contacts est faux ou inconnu",
    "Donner à chaque contact l'état final de ce qui lui est arrivé",
)
_KEPT = Judgement(
    _ID,
    ("7.3",),
    "Statistiques finales",
    "Moyen : le bilan d'une campagne ne peut plus être relu",
    "Calculer les statistiques à la clôture et les conserver avec la campagne",
)
_HOURLY = Judgement(
    _ID,
    ("7.4",),
    "Expiration des 24 h",
    "Élevé : des contacts silencieux gardent leur campagne ouverte",
    "Appliquer l'expiration dans une tâche horaire",
)
_TOLD = Judgement(
    _ID,
    ("7.6",),
    "Trace de la clôture",
    "Faible : la clôture ne se voit pas dans le journal",
    "Journaliser la clôture avec ses statistiques",
)
_ALL = (_CLOSED, _STATES, _KEPT, _HOURLY, _TOLD)


@dataclass(frozen=True)
class Plan:
    """How long to wait for each step (seconds)."""

    step_seconds: float = 60.0


@dataclass(frozen=True)
class Ending:
    """A campaign just before and after the hourly task, and the contact whom each final state is expected of."""

    before: CampaignSeen
    after: CampaignSeen
    keys: Mapping[str, str]


def run(driver: CampaignBook, record: Record, plan: Plan = Plan()) -> Sequence[Finding]:
    """Five contacts, one for each final state; then the hourly task."""
    followed, late, silent, gone, refused = driver.launch_refusing(5, 1)
    keys = dict(zip(FINAL_STATES, (followed, late, silent, refused, gone), strict=True))
    campaign = driver.campaign_of(followed)
    if not wait_until(lambda: _ready(driver, keys), plan.step_seconds):
        return [judgement.undetermined("les envois préalables n'ont pas abouti") for judgement in _ALL]
    driver.say(followed)
    reply = driver.follow_up_key(followed)
    if not wait_until(lambda: driver.recorded().get(reply) in {"sent", "delivered", "read"}, plan.step_seconds):
        return [judgement.undetermined("le Message 2 préalable n'est pas parti") for judgement in _ALL]
    driver.sent_ago(dict.fromkeys((late, silent, gone), _TOO_LONG_AGO))
    driver.say(late)
    driver.say(gone, content="STOP")
    wait_until(lambda: len([h for h in driver.heard() if h.key in {late, gone}]) == 2, plan.step_seconds)
    record.note("un contact a reçu son Message 2, un répond trop tard, un se tait, un est refusé, un dit « STOP »")
    before = driver.campaign(campaign)
    driver.run_expiry()
    wait_until(lambda: driver.campaign(campaign).status == "completed", plan.step_seconds, 0.2)
    after = driver.campaign(campaign)
    record.note(f"après la tâche horaire, la campagne est « {after.status} »")
    for state, key in keys.items():
        record.figure(
            f"Contact attendu en : {_FRENCH[state]}", _FRENCH.get(after.contacts.get(key, ""), "aucun état final")
        )
    ending = Ending(before, after, keys)
    return [
        _closed(record, ending),
        _states(record, ending),
        _statistics(record, ending),
        _hourly(record, ending),
        _told(driver, record, campaign),
    ]


def _ready(driver: CampaignBook, keys: Mapping[str, str]) -> bool:
    recorded = driver.recorded()
    refused = keys["failed"]
    sent = all(recorded.get(key) in {"sent", "delivered", "read"} for key in keys.values() if key != refused)
    return sent and recorded.get(refused) == "failed"


def _closed(record: Record, ending: Ending) -> Finding:
    if ending.before.status == "completed":
        return _CLOSED.defect(record, "La campagne est close alors qu'un contact n'est pas dans un état final")
    if ending.after.status != "completed":
        return _CLOSED.defect(
            record,
            f"La campagne reste « {ending.after.status} » alors que ses contacts devaient être dans un état final",
        )
    sentence = "La campagne reste ouverte tant qu'un contact n'est pas dans un état final, puis passe à `completed`"
    return _CLOSED.established(record, sentence)


def _states(record: Record, ending: Ending) -> Finding:
    wrong = [
        f"{_FRENCH[state]} attendu, {_FRENCH.get(ending.after.contacts.get(key, ''), 'aucun état final')} trouvé"
        for state, key in ending.keys.items()
        if ending.after.contacts.get(key) != state
    ]
    if wrong:
        return _STATES.defect(record, "États finaux qui ne sont pas ceux attendus", wrong)
    return _STATES.established(
        record, f"Cinq contacts finissent chacun dans un état final différent : {', '.join(_FRENCH.values())}"
    )


def _statistics(record: Record, ending: Ending) -> Finding:
    kept = ending.after.kept
    if ending.after.status != "completed":
        return _KEPT.undetermined("la campagne ne s'est pas close")
    if not kept:
        return _KEPT.defect(record, "La campagne close ne garde pas de statistiques")
    record.figure("Statistiques conservées", ", ".join(f"{STATISTICS[name]} {value:g}" for name, value in kept.items()))
    expected = {"contacts": 5, "failed": 1, "pending": 0}
    wrong = [f"{name} : {kept.get(name)}" for name, value in expected.items() if kept.get(name) != value]
    if wrong:
        return _KEPT.defect(record, "Statistiques finales fausses", wrong)
    return _KEPT.established(
        record, "Les statistiques finales sont calculées et conservées à la clôture ; celles de l'essai sont justes"
    )


def _hourly(record: Record, ending: Ending) -> Finding:
    silent = ending.keys["no_interaction"]
    if ending.before.contacts.get(silent):
        return _HOURLY.undetermined("le contact silencieux avait déjà un état final avant la tâche horaire")
    if not ending.after.contacts.get(silent):
        return _HOURLY.defect(record, "La tâche horaire laisse ouvert un contact silencieux depuis 25 h")
    sentence = "La tâche horaire, exécutée par un worker, met dans un état final le contact silencieux depuis 25 h ; l'heure n'est pas attendue"
    return _HOURLY.established(record, sentence)


def _told(driver: CampaignBook, record: Record, campaign: str) -> Finding:
    if driver.campaign(campaign).status != "completed":
        return _TOLD.undetermined("la campagne ne s'est pas close")
    if not wait_until(lambda: driver.closing_traces(campaign), 5.0, 0.5):
        return _TOLD.defect(record, "Aucune trace structurée de la clôture avec ses statistiques")
    return _TOLD.established(record, "Le journal a une trace structurée de la clôture, avec ses statistiques")


EXPERIMENT = Experiment(_ID, "Clôture d'une campagne", ("7.1", "7.2", "7.3", "7.4", "7.6"), run, CampaignBook)
