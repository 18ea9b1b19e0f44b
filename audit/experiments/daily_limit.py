"""4.4: beyond the daily limit nothing leaves, nothing fails, and the next day sends what waited."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.experiments.abilities import DailyRoom
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.waiting import wait_stable, wait_until
from audit.french.typography import french_integer
from audit.model.findings import Finding

_ID = "daily-limit"
MOST_A_DAY = 1000
_LIMIT = Judgement(
    _ID,
    ("4.4",),
    "Limite quotidienne",
    "Élevé : le numéro peut être bloqué par WhatsApp, ou des messages sont abandonnés",
    "Compter chaque envoi du jour avant de le remettre, et garder le reste pour le lendemain",
)


@dataclass(frozen=True)
class Plan:
    """How many messages may still leave, out of how many contacts, and how long to wait (seconds)."""

    room: int = 5
    contacts: int = 12
    end_seconds: float = 90.0
    # Longer than a sweep, which wakes what it believes forgotten.
    quiet_seconds: float = 7.0


@dataclass(frozen=True)
class Days:
    """The limit as shipped, what left and failed on the first day, every send by key, and what the next day forgot."""

    shipped: int
    left: int
    failed: Sequence[str]
    counts: Mapping[str, int]
    forgotten: frozenset[str]


def run(driver: DailyRoom, record: Record, plan: Plan = Plan()) -> Sequence[Finding]:
    """Leave room for a few messages, launch more, count; then let the next day come and count again."""
    shipped = driver.shipped_daily_limit()
    record.figure("Limite livrée", f"{french_integer(shipped)} messages par jour")
    with driver.leave_today(plan.room):
        expected = driver.launch(plan.contacts)
        wait_until(lambda: len(_sent(driver, expected)) >= plan.room, plan.end_seconds, 0.2)
        wait_stable(lambda: len(_sent(driver, expected)), plan.quiet_seconds, plan.end_seconds)
        left = len(_sent(driver, expected))
        failed = sorted(k for k, s in driver.sends().items() if k in expected and s.status in {"failed", "cancelled"})
        record.note(f"place pour {plan.room} envois, {plan.contacts} demandés : {left} partis")
    record.figure("Partis le premier jour", left)
    record.figure("En échec", len(failed))
    done = wait_until(lambda: set(_sent(driver, expected)) == expected, plan.end_seconds, 0.2)
    wait_stable(lambda: len(_sent(driver, expected)), plan.quiet_seconds, plan.end_seconds)
    counts = Counter(_sent(driver, expected))
    record.note("le jour suivant, tout est parti" if done else "le jour suivant, tout n'est pas parti")
    record.figure("Partis le jour suivant", len(counts) - min(left, len(counts)))
    return [
        _conclude(
            record, plan, Days(shipped, left, failed, counts, expected - counts.keys() if not done else frozenset())
        )
    ]


def _conclude(record: Record, plan: Plan, days: Days) -> Finding:
    twice = [key for key, count in days.counts.items() if count > 1]
    wrongs = (
        (f"{days.left} messages partent là où il en restait {plan.room} pour la journée", (), days.left > plan.room),
        ("Messages mis en échec par la limite quotidienne", days.failed, bool(days.failed)),
        ("Messages envoyés deux fois au passage du jour", twice, bool(twice)),
        (
            f"La limite livrée est de {french_integer(days.shipped)} messages par jour, au lieu de {french_integer(MOST_A_DAY)} au plus",
            (),
            days.shipped > MOST_A_DAY,
        ),
    )
    for title, keys, found in wrongs:
        if found:
            return _LIMIT.defect(record, title, keys)
    if days.left < plan.room:
        return _LIMIT.undetermined(f"{days.left} messages seulement sont partis, sur les {plan.room} permis")
    if days.forgotten:
        return _LIMIT.defect(record, "Messages oubliés le jour suivant", days.forgotten)
    sentence = (
        f"Limite livrée : {french_integer(days.shipped)} messages par jour. Le compteur du jour placé à {plan.room} envois de la limite, une campagne de "
        f"{plan.contacts} contacts en envoie {days.left} et garde les autres sans les mettre en échec ; le jour suivant, ils partent, une seule fois"
    )
    return _LIMIT.established(record, sentence)


def _sent(driver: DailyRoom, expected: frozenset[str]) -> list[str]:
    return [entry.key for entry in driver.accepted() if entry.key in expected]


EXPERIMENT = Experiment(_ID, "Limite quotidienne", ("4.4",), run, DailyRoom)
