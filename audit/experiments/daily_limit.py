"""4.4: at the shipped limit, counted over both kinds of message, nothing more leaves, nothing fails, and the next day sends it."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from audit.experiments.abilities import DailyRoom
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.waiting import wait_stable, wait_until
from audit.french.typography import counted, french_integer
from audit.model.findings import Finding

_ID = "daily-limit"
MOST_A_DAY = 1000
_LIMIT = Judgement(
    _ID,
    ("4.4",),
    "Limite quotidienne",
    "Élevé : le numéro peut être bloqué par WhatsApp, ou des messages sont abandonnés",
    "Compter chaque envoi du jour avant de le remettre, des deux sortes, et garder le reste pour le lendemain",
)
_SHARE, _COMMON, _REPLIES = (
    "la part des Message 1 presque pleine",
    "le plafond commun presque plein de Message 2",
    "la part des Message 1 pleine et le plafond commun presque plein",
)


@dataclass(frozen=True)
class Plan:
    """How many messages may still leave, out of how many that want to, and how long to wait (seconds)."""

    room: int = 5
    contacts: int = 12
    replies: int = 3
    end_seconds: float = 90.0
    # Longer than a sweep, which wakes what it believes forgotten.
    quiet_seconds: float = 7.0


@dataclass
class Day:
    """What was to leave of one day (`wanted`), how much of it had room, how much left, and what was ended instead."""

    name: str
    room: int
    wanted: frozenset[str]
    left: int = 0
    ended: Sequence[str] = ()


@dataclass
class Tried:
    """The limit and the share of Message 1 as shipped, the days, and the Message 2 for which a share is kept."""

    shipped: int
    share: int
    days: list[Day] = field(default_factory=list)
    reserved: str = ""


def run(driver: DailyRoom, record: Record, plan: Plan = Plan()) -> Sequence[Finding]:
    """Set the day's counters, not the limit: near the share of Message 1, near the common ceiling, then both."""
    tried = Tried(driver.shipped_daily_limit(), driver.shipped_share())
    record.figure("Limite livrée", f"{french_integer(tried.shipped)} messages par jour")
    record.figure("Dont Message 1, au plus", french_integer(tried.share))
    talkers = sorted(driver.launch(plan.replies + 1))
    if not wait_until(lambda: len(_sent(driver, talkers)) == len(talkers), plan.end_seconds, 0.2):
        return [_LIMIT.undetermined("les Message 1 préalables ne sont pas partis")]
    first, *others = talkers
    tried.reserved = driver.follow_up_key(first)
    with driver.today(max(0, tried.share - plan.room), 0):
        day = Day(_SHARE, plan.room, driver.launch(plan.contacts))
        driver.say(first)
        wait_until(lambda: tried.reserved in _sent(driver, [tried.reserved]), plan.end_seconds, 0.2)
        _watch(driver, record, day, plan)
    tried.days.append(day)
    few = max(1, plan.room - 2)
    with driver.today(0, tried.shipped - few):
        day = Day(_COMMON, few, driver.launch(plan.room))
        _watch(driver, record, day, plan)
    tried.days.append(day)
    with driver.today(tried.share, max(0, tried.shipped - tried.share - 1)):
        day = Day(_REPLIES, 1, frozenset(driver.follow_up_key(key) for key in others))
        for key in others:
            driver.say(key)
        _watch(driver, record, day, plan)
    tried.days.append(day)
    return [_conclude(driver, record, tried, plan)]


def _watch(driver: DailyRoom, record: Record, day: Day, plan: Plan) -> None:
    """Wait until what has room has left, and as long again as nothing more leaves."""
    wait_until(lambda: len(_sent(driver, day.wanted)) >= day.room, plan.end_seconds, 0.2)
    wait_stable(lambda: len(_sent(driver, day.wanted)), plan.quiet_seconds, plan.end_seconds)
    day.left = len(_sent(driver, day.wanted))
    day.ended = sorted(
        key for key, send in driver.sends().items() if key in day.wanted and send.status in {"failed", "cancelled"}
    )
    record.note(f"{day.name}, place pour {day.room} : {counted(day.left, 'parti')} sur {len(day.wanted)} demandés")
    record.figure(f"Partis, {day.name} (place pour {day.room})", day.left)


def _conclude(driver: DailyRoom, record: Record, tried: Tried, plan: Plan) -> Finding:
    wanted = frozenset(key for day in tried.days for key in day.wanted) | {tried.reserved}
    done = wait_until(lambda: set(_sent(driver, wanted)) == wanted, plan.end_seconds, 0.2)
    wait_stable(lambda: len(_sent(driver, wanted)), plan.quiet_seconds, plan.end_seconds)
    counts = Counter(_sent(driver, wanted))
    record.note(
        "compteurs redescendus, échéances avancées en base : tout est parti"
        if done
        else "compteurs redescendus, échéances avancées en base : tout n'est pas parti"
    )
    twice = [key for key, count in counts.items() if count > 1]
    ended = [key for day in tried.days for key in day.ended]
    wrongs: list[tuple[str, Collection[str], bool]] = [
        (f"{day.left} messages partent là où il en restait {day.room} pour la journée ({day.name})", (), True)
        for day in tried.days
        if day.left > day.room
    ]
    wrongs += [
        ("Messages mis en échec par la limite quotidienne", ended, bool(ended)),
        ("Messages envoyés deux fois au passage du jour", twice, bool(twice)),
        (
            f"La limite livrée est de {french_integer(tried.shipped)} messages par jour, au lieu de {french_integer(MOST_A_DAY)} au plus",
            (),
            tried.shipped > MOST_A_DAY,
        ),
        ("Aucune part du jour n'est réservée aux Message 2", (), tried.share >= tried.shipped),
    ]
    for title, keys, found in wrongs:
        if found:
            return _LIMIT.defect(record, title, keys)
    starved = [day for day in tried.days if day.left < day.room]
    if starved:
        return _LIMIT.undetermined(
            f"{starved[0].left} messages seulement sont partis, sur les {starved[0].room} permis ({starved[0].name})"
        )
    if not done:
        return _LIMIT.defect(record, "Messages oubliés le jour suivant", wanted - counts.keys())
    return _LIMIT.established(record, _sentence(tried))


def _sentence(tried: Tried) -> str:
    days = " ; ".join(
        f"{day.name}, {day.left} {'part' if day.left == 1 else 'partent'} sur {len(day.wanted)}" for day in tried.days
    )
    return (
        f"Rien ne part au-delà de la limite livrée ({french_integer(tried.shipped)} messages par jour, dont {french_integer(tried.share)} Message 1 "
        "au plus), les compteurs du jour placés près d'elle ; les autres messages attendent sans être mis en échec et partent une seule fois quand "
        f"les compteurs redescendent et que les échéances sont avancées en base (la date, elle, ne change pas) ; un Message 2 part encore quand la part des Message 1 est pleine. Trois essais : {days}"
    )


def _sent(driver: DailyRoom, wanted: Collection[str]) -> list[str]:
    return [entry.key for entry in driver.accepted() if entry.key in wanted]


EXPERIMENT = Experiment(_ID, "Limite quotidienne", ("4.4",), run, DailyRoom)
