"""7.1 to 7.4, 7.6: a campaign closes when every contact has ended, each in its own way, and keeps its statistics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.experiments.abilities import FINAL_STATES, STATISTICS, CampaignBook, CampaignSeen, Said
from audit.experiments.campaign_failures import FailedCampaigns, play_failures
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.waiting import wait_until
from audit.french.typography import counted
from audit.model.findings import Finding, Outcome

_ID = "campaign-closing"
_FRENCH = dict(
    zip(
        FINAL_STATES,
        ("Message 2 envoyé", "interaction tardive", "aucune interaction", "échec définitif", "désinscription"),
        strict=True,
    )
)
_TOO_LONG_AGO, _FAR_TOO_LONG_AGO = 25 * 3600.0, 49 * 3600.0
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
    log_seconds: float = 5.0
    # As many failures as may stop a campaign before it is closed.
    many: int = 20
    # Several times what the stack's own tasks take to close a campaign.
    open_seconds: float = 20.0


@dataclass(frozen=True)
class Paused:
    """A paused campaign of which some sends wait: where its silent contacts ended, and how it ended itself after 49 h."""

    ends: Mapping[str, str]
    after: CampaignSeen
    sent: int
    contacts: int


@dataclass(frozen=True)
class Ending:
    """A campaign just before and after the hourly task, the contact whom each final state is expected of, and what was done.

    `sent`: the Message 1, then the Message 2, that the gateway accepted. `said`: interactions that the webhook accepted.
    `unreachable`: the contact whose Message 2 the gateway refused for good.
    """

    before: CampaignSeen
    after: CampaignSeen
    keys: Mapping[str, str]
    sent: tuple[int, int]
    said: int
    unreachable: str
    paused: Paused
    failed: FailedCampaigns


def run(driver: CampaignBook, record: Record, plan: Plan = Plan()) -> Sequence[Finding]:
    """Six contacts, one for each final state and one whose Message 2 is refused; then the hourly task. And a paused campaign."""
    followed, late, silent, gone, unreachable, refused = driver.launch_refusing(6, 1)
    keys = dict(zip(FINAL_STATES, (followed, late, silent, refused, gone), strict=True))
    campaign = driver.campaign_of(followed)
    if not wait_until(lambda: _ready(driver, {**keys, "unreachable": unreachable}), plan.step_seconds):
        return [judgement.undetermined("les envois préalables n'ont pas abouti") for judgement in _ALL]
    said = [driver.say(followed)]
    if missing := _followed_up(driver, plan, followed, unreachable, said):
        return [judgement.undetermined(missing) for judgement in _ALL]
    # The stack's own tasks end silent contacts too: here they would come before the late words.
    with driver.without_periodic_tasks():
        record.note(
            "un contact a reçu son Message 2 ; celui d'un autre est refusé pour de bon, comme le Message 1 d'un troisième"
        )
        driver.sent_ago(dict.fromkeys((late, silent, gone), _TOO_LONG_AGO))
        record.note("beat suspendu ; les dates d'envoi des trois autres contacts sont reculées de 25 h en base")
        said += [driver.say(late), driver.say(gone, content="STOP")]
        wait_until(lambda: len([h for h in driver.heard() if h.key in {late, gone}]) == 2, plan.step_seconds)
        record.note("de ces trois, un répond alors, trop tard, un dit « STOP », un se tait")
        before = driver.campaign(campaign)
        record.note("la tâche horaire est publiée par l'audit")
        driver.run_expiry()
        record.note("un worker a exécuté la tâche horaire ; aucune autre tâche périodique n'est publiée entre-temps")
    after = _after_the_task(driver, record, plan, campaign)
    for state, key in keys.items():
        record.figure(
            f"État du contact où « {_FRENCH[state]} » était attendu",
            _FRENCH.get(after.contacts.get(key, ""), "aucun état final"),
        )
    paused, sent = _paused(driver, record, plan), _sent(driver, {**keys, "unreachable": unreachable})
    failed = play_failures(driver, record, plan.many, plan.step_seconds, plan.open_seconds)
    ending = Ending(before, after, keys, sent, len(said), unreachable, paused, failed)
    return [
        *_closed(record, ending),
        _states(record, ending),
        _statistics(record, ending),
        _hourly(record, ending),
        _told(driver, record, campaign, after, plan.log_seconds),
    ]


def _followed_up(driver: CampaignBook, plan: Plan, followed: str, unreachable: str, said: list[Said]) -> str:
    """One contact gets his Message 2, that of another is refused; returns what did not come about, empty for nothing."""
    reply = driver.follow_up_key(followed)
    if not wait_until(lambda: driver.recorded().get(reply) in {"sent", "delivered", "read"}, plan.step_seconds):
        return "le Message 2 préalable n'est pas parti"
    driver.refuse([unreachable])
    said.append(driver.say(unreachable))
    second = driver.follow_up_key(unreachable)
    if not wait_until(lambda: driver.recorded().get(second) == "failed", plan.step_seconds):
        return "le Message 2 refusé n'est pas en échec"
    return ""


def _after_the_task(driver: CampaignBook, record: Record, plan: Plan, campaign: str) -> CampaignSeen:
    """The campaign once the hourly task has run."""
    wait_until(lambda: driver.campaign(campaign).status == "completed", plan.step_seconds, 0.2)
    after = driver.campaign(campaign)
    closed = "close" if after.status == "completed" else "ouverte"
    record.note(f"après la tâche horaire, la campagne est {closed} (`{after.status}`)")
    return after


def _paused(driver: CampaignBook, record: Record, plan: Plan) -> Paused:
    """A paused campaign 25 h, then 49 h after its last send."""
    sent, waiting = driver.launch_and_pause()
    campaign = driver.campaign_of(sent[0])
    with driver.without_periodic_tasks():
        driver.sent_ago(dict.fromkeys(sent, _TOO_LONG_AGO))
        driver.run_expiry()
    ends = {key: driver.campaign(campaign).contacts.get(key, "") for key in sent}
    driver.sent_ago(dict.fromkeys(sent, _FAR_TOO_LONG_AGO))
    driver.run_expiry()
    record.note(
        f"une campagne en pause, dont {counted(len(waiting), 'envoi')} attendent, voit ses dates d'envoi reculées de 25 h, puis de 49 h, et la tâche "
        "horaire exécutée à chaque fois"
    )
    wait_until(lambda: driver.campaign(campaign).status == "completed", plan.step_seconds, 0.2)
    return Paused(ends, driver.campaign(campaign), len(sent), len(sent) + len(waiting))


def _sent(driver: CampaignBook, keys: Mapping[str, str]) -> tuple[int, int]:
    """Message 1 and Message 2 of these contacts in the gateway's ledger, each counted once."""
    accepted = {a.key for a in driver.accepted()}
    return len(accepted & {*keys.values()}), len(accepted & {driver.follow_up_key(key) for key in keys.values()})


def _ready(driver: CampaignBook, keys: Mapping[str, str]) -> bool:
    recorded = driver.recorded()
    refused = keys["failed"]
    sent = all(recorded.get(key) in {"sent", "delivered", "read"} for key in keys.values() if key != refused)
    return sent and recorded.get(refused) == "failed"


def _closed(record: Record, ending: Ending) -> Sequence[Finding]:
    found, open_yet = _closed_when_all_ended(record, ending), ending.failed.left_open
    if found.outcome is not Outcome.ESTABLISHED or not open_yet:
        return [found]
    # With commas: the first page cuts a sentence at its semicolons.
    listed = ", ".join(f"{place}) {told}" for place, (_, told) in enumerate(open_yet, 1))
    short = _CLOSED.short_of_the_letter(
        record,
        f"des campagnes en pause ne sont pas closes, alors que tous leurs contacts sont dans un état final : {listed}",
        title=f"Campagne en pause non close alors que tous ses contacts ont fini : {', '.join(case for case, _ in open_yet)}",
        impact="Faible : une campagne en pause dont tous les contacts ont fini reste ouverte jusqu'à ce qu'on s'en occupe, ou jusqu'à sa clôture d'office",
        advice="Clore aussi cette campagne, ou décider par écrit qu'une campagne en pause dont un envoi a échoué attend une reprise",
    )
    return [found, short]


def _closed_when_all_ended(record: Record, ending: Ending) -> Finding:
    closed = ending.after.status == "completed"
    if ending.before.status == "completed" or (closed and not all(ending.after.contacts.values())):
        return _CLOSED.defect(record, "La campagne est close alors qu'un contact n'est pas dans un état final")
    if not closed:
        title = f"La campagne reste « {ending.after.status} » alors que ses contacts devaient être dans un état final"
        return _CLOSED.defect(record, title)
    small, many = ending.failed.small, ending.failed.many
    # A larger one may be stopped for its failures.
    for one, ends in ((small, {"completed"}), (many, {"completed", "paused"})):
        if one.status not in ends:
            title = f"Une campagne de {len(one.contacts)} contacts, dont tous les envois sont refusés pour de bon, reste « {one.status} »"
            return _CLOSED.defect(record, title)
    exhausted = ending.failed.exhausted
    if exhausted.seen.status != "completed" and not exhausted.sent:
        title = "Une campagne dont le seul message a épuisé ses essais n'est pas close, et aucune reprise ne l'envoie"
        return _CLOSED.defect(record, title, [exhausted.seen.status])
    if ending.before.contacts.get(ending.keys["no_interaction"]):
        return _CLOSED.undetermined("le contact silencieux avait déjà un état final avant la tâche horaire")
    given_up = ""
    if exhausted.seen.status == "completed":
        given_up = " ; une autre, dont le seul message a épuisé ses essais, aussi"
    elif not all(exhausted.seen.contacts.values()):
        given_up = " ; une autre, dont le seul message a épuisé ses essais, est en pause, son contact n'a pas d'état final, et le message part à la reprise"
    both = f" et une de {len(many.contacts)}" if many.status == "completed" else ""
    sentence = (
        "La campagne était encore ouverte alors que le contact silencieux n'avait pas d'état final ; elle est passée à `completed`, "
        f"et tous ses contacts ont alors un état final ; une campagne de {len(small.contacts)} contacts{both}, dont tous les envois sont "
        f"refusés pour de bon, {'se closent' if both else 'se clôt'} aussi{given_up}"
    )
    return _CLOSED.established(record, sentence)


def _states(record: Record, ending: Ending) -> Finding:
    wrong = [
        f"{_FRENCH[state]} attendu, {_FRENCH.get(ending.after.contacts.get(key, ''), 'aucun état final')} trouvé"
        for state, key in ending.keys.items()
        if ending.after.contacts.get(key) != state
    ]
    unreachable = ending.after.contacts.get(ending.unreachable, "")
    if unreachable != "failed":
        wrong.append(
            f"échec définitif attendu après le refus du Message 2, {_FRENCH.get(unreachable, 'aucun état final')} trouvé"
        )
    if wrong:
        return _STATES.defect(record, "États finaux qui ne sont pas ceux attendus", wrong)
    others = sorted({*ending.paused.after.contacts.values()} - {*FINAL_STATES, ""})
    told = ", ".join(f"`{state}`" for state in others)
    more = f" ; un état que l'énoncé ne donne pas est celui de contacts dont l'envoi attendait à la clôture ({told})"
    return _STATES.established(
        record,
        f"Les cinq états finaux sont atteints, chacun par un contact : {', '.join(_FRENCH.values())} ; un sixième contact, dont le Message 2 est "
        f"refusé pour de bon, finit en échec définitif{more if others else ''}",
    )


def _statistics(record: Record, ending: Ending) -> Finding:
    kept = ending.after.kept
    if ending.after.status != "completed":
        return _KEPT.undetermined("la campagne ne s'est pas close")
    if not kept:
        return _KEPT.defect(record, "La campagne close ne garde pas de statistiques")
    first, second = ending.sent
    # One Message 1 and one Message 2 are refused.
    expected = {"contacts": 6, "sent": first + second, "interactions": ending.said, "failed": 2, "pending": 0}
    shares = f" ({first} Message 1, {second} Message 2)" if kept.get("sent") == expected["sent"] else ""
    record.figure("Statistiques conservées", _in_french(kept, shares))
    if wrong := _differences(kept, expected):
        return _KEPT.defect(record, "Statistiques finales fausses", wrong)
    paused = ending.paused
    record.figure("Statistiques conservées de la campagne close en pause", _in_french(paused.after.kept or {}))
    if paused.after.status != "completed":
        return _KEPT.undetermined("la campagne en pause ne s'est pas close")
    # What was still waiting is cancelled: it is neither a failure nor pending.
    cancelled = {"contacts": paused.contacts, "sent": paused.sent, "failed": 0, "pending": 0}
    if wrong := _differences(paused.after.kept or {}, cancelled):
        return _KEPT.defect(
            record, "Statistiques finales fausses d'une campagne close avec des envois en attente", wrong
        )
    return _KEPT.established(
        record,
        "Les statistiques finales sont trouvées avec la campagne close ; contacts, envoyés, échecs et en attente sont justes pour deux campagnes : "
        "une ordinaire, et une close alors qu'elle était en pause (ses envois en attente sont annulés) ; interactions justes pour la première ; "
        "rien n'est délivré ni lu dans l'essai",
    )


def _differences(kept: Mapping[str, float], expected: Mapping[str, float]) -> list[str]:
    return [
        f"{STATISTICS[name]} : {f'{kept[name]:g}' if name in kept else 'absent'} au lieu de {value:g}"
        for name, value in expected.items()
        if kept.get(name) != value
    ]


def _in_french(statistics: Mapping[str, float], shares: str = "") -> str:
    """The statistics by their French names, with the shares of what was sent."""
    told = [f"{STATISTICS[name]} {value:g}{shares if name == 'sent' else ''}" for name, value in statistics.items()]
    return ", ".join(told) or "aucune"


def _hourly(record: Record, ending: Ending) -> Finding:
    silent = ending.keys["no_interaction"]
    if ending.before.contacts.get(silent):
        return _HOURLY.undetermined("le contact silencieux avait déjà un état final avant la tâche horaire")
    if not ending.after.contacts.get(silent):
        return _HOURLY.defect(
            record, "La tâche horaire laisse ouvert un contact silencieux, dont la date d'envoi a été reculée de 25 h"
        )
    open_yet = [key for key, state in ending.paused.ends.items() if state != "no_interaction"]
    if open_yet:
        title = "La tâche horaire laisse ouverts des contacts silencieux d'une campagne en pause, dont les dates ont été reculées de 25 h"
        return _HOURLY.defect(record, title, open_yet)
    sentence = (
        "La tâche horaire, exécutée par un worker alors que beat est suspendu et qu'aucune autre tâche périodique n'est publiée, met dans un état "
        "final le contact silencieux, puis ceux d'une campagne en pause, dont la date d'envoi a été reculée de 25 h en base ; la tâche est publiée par "
        "l'audit, son déclenchement horaire n'est pas attendu"
    )
    return _HOURLY.established(record, sentence)


def _told(driver: CampaignBook, record: Record, campaign: str, after: CampaignSeen, seconds: float) -> Finding:
    if after.status != "completed":
        return _TOLD.undetermined("la campagne ne s'est pas close")
    if not wait_until(lambda: driver.closing_traces(campaign), seconds, 0.5):
        return _TOLD.defect(record, "Aucune trace structurée de la clôture avec ses statistiques")
    if not after.kept:
        return _TOLD.undetermined("la campagne ne garde pas de statistiques auxquelles comparer celles du journal")
    wrong = [trace for trace in driver.closing_traces(campaign) if trace != after.kept]
    if wrong:
        title = "Traces de la clôture dont les statistiques ne sont pas celles conservées"
        return _TOLD.defect(record, title, [_in_french(trace) for trace in wrong])
    traces = len(driver.closing_traces(campaign))
    many = "une trace structurée" if traces == 1 else f"{traces} traces structurées"
    sentence = (
        f"Le journal contient {many} de la clôture de la première campagne, avec les mêmes statistiques que celles conservées ; les traces des "
        "autres clôtures ne sont pas lues"
    )
    return _TOLD.established(record, sentence)


EXPERIMENT = Experiment(_ID, "Clôture d'une campagne", ("7.1", "7.2", "7.3", "7.4", "7.6"), run, CampaignBook)
