"""6.1, 6.2, 6.4, 6.5: however many interactions, one Message 2 a contact and campaign; the rest is recorded and told."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.experiments.abilities import ReplyGuard
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.waiting import wait_stable, wait_until
from audit.french.typography import counted
from audit.model.findings import Finding

_ID = "duplicate-replies"
_BY_CAMPAIGN = Judgement(
    _ID,
    ("6.1",),
    "Existence vérifiée par contact et par campagne",
    "Élevé : un contact de deux campagnes reçoit trop, ou trop peu",
    "Chercher le Message 2 sur le couple contact et campagne",
)
_RECORDED = Judgement(
    _ID,
    ("6.2",),
    "Interactions suivantes enregistrées",
    "Élevé : des réponses de contacts sont perdues, ou comptées deux fois",
    "Enregistrer chaque interaction, qu'un Message 2 existe ou non",
)
_ONE = Judgement(
    _ID,
    ("6.4",),
    "Un seul Message 2",
    "Bloquant : des contacts reçoivent plusieurs fois la même réponse",
    "Une contrainte d'unicité sur contact, campagne et type de message, et une insertion qui la respecte",
)
_TOLD = Judgement(
    _ID,
    ("6.5",),
    "Trace des doublons",
    "Moyen : des doublons évités ne se voient nulle part",
    "Journaliser chaque interaction qui trouve un Message 2 existant",
)
_ALL = (_BY_CAMPAIGN, _RECORDED, _ONE, _TOLD)


@dataclass(frozen=True)
class Plan:
    """How many interactions at once, then one after another, and how long to wait (seconds)."""

    at_once: int = 20
    spread: int = 4
    step_seconds: float = 60.0
    # Longer than a sweep, which wakes what it believes forgotten.
    quiet_seconds: float = 7.0
    log_seconds: float = 5.0


def run(driver: ReplyGuard, record: Record, plan: Plan = Plan()) -> Sequence[Finding]:
    """One contact writes many times at once, one again and again while locks are lost, one is in two campaigns."""
    crowd, patient, shared = sorted(driver.launch(3))
    if not _accepted(driver, [crowd, patient, shared], plan):
        return [judgement.undetermined("les Message 1 préalables ne sont pas partis") for judgement in _ALL]
    at_once = driver.say_at_once(crowd, plan.at_once)
    record.note(
        f"{counted(len(at_once), 'interaction')} d'un même contact, envoyées ensemble ({counted(len(at_once), 'connexion')})"
    )
    spread = [driver.say(patient).identifier]
    _accepted(driver, [driver.follow_up_key(patient)], plan)
    for _ in range(plan.spread - 1):
        driver.deliver_again(frozenset({patient}))
        spread.append(driver.say(patient).identifier)
    record.note(
        f"{counted(len(spread), 'interaction')} étalées, clés de verrou effacées de Redis et réveils publiés de nouveau entre chacune"
    )
    turns = _in_two_campaigns(driver, record, shared, plan)
    replies = [driver.follow_up_key(key) for key in turns]
    said = {crowd: at_once, patient: spread, **turns}
    every = [identifier for identifiers in said.values() for identifier in identifiers]
    _accepted(driver, [driver.follow_up_key(crowd), *replies], plan)
    wait_until(lambda: {*every} <= {*driver.interactions()}, plan.step_seconds)
    later = [*spread, *(identifier for identifiers in turns.values() for identifier in identifiers)]
    driver.deliver_later(later)
    record.note(
        f"les webhooks de {counted(len(later), 'interaction')} sont livrés de nouveau, une heure plus tard (dates déplacées en base)"
    )
    wait_stable(
        lambda: (len(driver.accepted()), len(driver.interactions())),
        plan.quiet_seconds,
        plan.step_seconds + plan.quiet_seconds,
    )
    counts = Counter(a.key for a in driver.accepted())
    record.figure("Message 2 du contact aux interactions envoyées ensemble", counts[driver.follow_up_key(crowd)])
    record.figure("Message 2 du contact aux interactions étalées", counts[driver.follow_up_key(patient)])
    record.figure("Message 2 du contact de deux campagnes", ", ".join(str(counts[reply]) for reply in replies))
    return [
        _by_campaign(record, [counts[reply] for reply in replies]),
        _recorded(driver, record, every, [counts[driver.follow_up_key(key)] for key in said]),
        _one(driver, record, counts, (crowd, patient), (len(at_once), len(spread))),
        _told(driver, record, {key: len(identifiers) - 1 for key, identifiers in said.items()}, plan.log_seconds),
    ]


def _in_two_campaigns(driver: ReplyGuard, record: Record, key: str, plan: Plan) -> Mapping[str, Sequence[str]]:
    """One contact writes twice, then twice again once a later campaign wrote to it: what was said, by the key of each Message 1."""
    said = {key: [driver.say(key).identifier for _ in range(2)]}
    _accepted(driver, [driver.follow_up_key(key)], plan)
    again = driver.launch_again([key])[key]
    _accepted(driver, [again], plan)
    said[again] = [driver.say(again).identifier for _ in range(2)]
    record.note(
        "un contact écrit deux fois ; après son Message 2, une autre campagne lui est envoyée, et il écrit encore deux fois"
    )
    return said


def _accepted(driver: ReplyGuard, keys: Sequence[str], plan: Plan) -> bool:
    """Whether the gateway accepted all these and the database knows it, in time."""

    def all_there() -> bool:
        recorded = driver.recorded()
        return all(recorded.get(key) in {"sent", "delivered", "read"} for key in keys)

    return wait_until(all_there, plan.step_seconds, 0.2)


def _by_campaign(record: Record, counts: Sequence[int]) -> Finding:
    if any(count > 1 for count in counts):
        return _BY_CAMPAIGN.defect(record, "Un contact de deux campagnes reçoit deux Message 2 pour la même")
    if any(count == 0 for count in counts):
        return _BY_CAMPAIGN.defect(record, "Le Message 2 d'une campagne empêche celui d'une autre pour le même contact")
    sentence = "Un contact qui répond deux fois à une campagne, puis deux fois à une autre lancée après son premier Message 2, reçoit un Message 2 pour chacune"
    return _BY_CAMPAIGN.established(record, sentence)


def _recorded(driver: ReplyGuard, record: Record, said: Sequence[str], replies: Sequence[int]) -> Finding:
    counts = Counter(driver.interactions())
    lost = [identifier for identifier in said if not counts[identifier]]
    twice = [identifier for identifier in said if counts[identifier] > 1]
    record.figure("Interactions distinctes livrées", len(said))
    record.figure("Interactions enregistrées", len(said) - len(lost))
    if lost:
        return _RECORDED.defect(record, "Interactions suivantes perdues", lost)
    if twice:
        return _RECORDED.defect(record, "Interactions enregistrées deux fois", twice)
    if max(replies) > 1:
        return _RECORDED.defect(record, "Les interactions suivantes entraînent un nouvel envoi")
    if not min(replies):
        return _RECORDED.undetermined("un Message 2 n'est pas parti : aucune interaction ne l'a suivi")
    sentence = (
        f"Les {len(said)} interactions sont toutes enregistrées, une seule fois, alors que des webhooks sont livrés de nouveau une heure plus tard (dates déplacées en base) ; celles qui suivent la première n'entraînent pas de "
        f"nouvel envoi : {sum(replies)} Message 2 partent, un par contact et par campagne"
    )
    return _RECORDED.established(record, sentence)


def _one(
    driver: ReplyGuard, record: Record, counts: Counter[str], keys: tuple[str, str], delivered: tuple[int, int]
) -> Finding:
    replies = [driver.follow_up_key(key) for key in keys]
    twice = [reply for reply in replies if counts[reply] > 1]
    if twice:
        return _ONE.defect(record, "Plusieurs Message 2 pour le même contact", twice)
    if any(counts[reply] == 0 for reply in replies):
        return _ONE.defect(record, "Aucun Message 2 malgré des interactions", [r for r in replies if not counts[r]])
    refusal = driver.second_reply_refusal(keys[0])
    record.figure("Second Message 2 écrit dans la base", f"refusé par `{refusal}`" if refusal else "accepté")
    if not refusal:
        return _ONE.defect(record, "La base accepte un second Message 2 du même contact dans la même campagne")
    sentence = (
        f"{delivered[0]} interactions envoyées ensemble ({delivered[0]} connexions), et {delivered[1]} étalées d'un autre contact, "
        f"clés de verrou effacées de Redis entre chacune, donnent un seul Message 2 par contact ; la base elle-même refuse d'en écrire un second (`{refusal}`), "
        "ce qui n'empêcherait pas de remettre deux fois le même"
    )
    return _ONE.established(record, sentence)


def _told(driver: ReplyGuard, record: Record, attempts: "dict[str, int]", seconds: float) -> Finding:
    traces: dict[str, int] = {}

    def all_told() -> bool:
        traces.update({key: driver.duplicate_traces(key) for key in attempts})
        return all(traces[key] >= count for key, count in attempts.items())

    told = wait_until(all_told, seconds, 0.5)
    record.figure("Tentatives de doublon", sum(attempts.values()))
    record.figure("Tentatives journalisées", sum(min(traces[key], count) for key, count in attempts.items()))
    if not told:
        return _TOLD.defect(
            record, "Tentatives de doublon absentes du journal", [k for k, n in attempts.items() if traces[k] < n]
        )
    return _TOLD.established(
        record, f"Les {sum(attempts.values())} interactions qui trouvent un Message 2 existant sont journalisées"
    )


EXPERIMENT = Experiment(_ID, "Interactions multiples d'un contact", ("6.1", "6.2", "6.4", "6.5"), run, ReplyGuard)
