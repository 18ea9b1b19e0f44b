"""9.1, 9.4: how long the statistics of 100 000 contacts take, and how many rows each answer reads."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from audit.experiments.abilities import StatisticsDesk
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.waiting import wait_stable
from audit.french.typography import NO_BREAK_SPACE, counted, french_integer
from audit.model.findings import Finding

_ID = "statistics-speed"
MOST_SECONDS = 0.100
# An answer that reads more than one row in a hundred is not made of aggregates.
LARGEST_SHARE = 0.01
_SPEED = Judgement(
    _ID,
    ("9.1",),
    "Temps de réponse des statistiques",
    "Moyen : la page des statistiques fait attendre",
    "Tenir des agrégats à jour, et répondre d'après eux",
)
_AGGREGATES = Judgement(
    _ID,
    ("9.4",),
    "Statistiques tirées d'agrégats",
    "Moyen : chaque lecture parcourt toute la campagne",
    "Compter à chaque changement d'état, et lire les compteurs",
)


@dataclass(frozen=True)
class Plan:
    """How many contacts, how many timed requests after how many untimed ones, how long the counters are waited for (s)."""

    contacts: int = 100_000
    requests: int = 100
    warm_up: int = 5
    quiet_seconds: float = 2.0


def run(driver: StatisticsDesk, record: Record, plan: Plan = Plan()) -> Sequence[Finding]:
    """Load a campaign, ask for its statistics one request after another, and read the database's own counters."""
    campaign = driver.load(plan.contacts)
    record.note(f"campagne de {french_integer(plan.contacts)} contacts écrite dans la base")
    shown = [driver.statistics(campaign) for _ in range(plan.warm_up)][-1]
    before = _read(driver, plan)
    times = sorted(driver.statistics(campaign).seconds for _ in range(plan.requests))
    rows = (_read(driver, plan) - before) / plan.requests
    record.note(f"{plan.requests} demandes, l'une après l'autre")
    read = counted(round(rows), "ligne")
    p95 = times[max(0, round(len(times) * 0.95) - 1)]
    for label, value in (("Médiane", statistics.median(times)), ("95e centile", p95), ("Maximum", times[-1])):
        record.figure(label, _milliseconds(value))
    record.figure("Lignes lues par demande dans les tables de contacts et de messages", f"{rows:.0f}")
    if shown.values.get("contacts") != plan.contacts:
        missing = f"le point d'accès compte {shown.values.get('contacts')} contacts au lieu de {plan.contacts}"
        return [_SPEED.undetermined(missing), _AGGREGATES.undetermined(missing)]
    told = f"{french_integer(plan.contacts)} contacts écrits d'un coup en base, {plan.requests} demandes l'une après l'autre : 95 % des réponses en {_milliseconds(p95)} ou moins"
    speed = (
        _SPEED.established(record, f"{told} (exigé : moins de 100 ms), la plus longue en {_milliseconds(times[-1])}")
        if p95 < MOST_SECONDS
        else _SPEED.defect(record, f"Statistiques trop lentes : {told}")
    )
    aggregates = (
        _AGGREGATES.established(
            record,
            f"Chaque réponse lit {read} des tables de contacts et de messages, pour {french_integer(plan.contacts)} contacts écrits d'un coup en base : ce qu'une "
            "réponse lit de plus pendant des envois n'est pas mesuré",
        )
        if rows <= plan.contacts * LARGEST_SHARE
        else _AGGREGATES.defect(record, f"Chaque réponse lit {read} des tables de contacts et de messages")
    )
    return [speed, aggregates]


def _read(driver: StatisticsDesk, plan: Plan) -> int:
    """The database's counter of rows read, once what was read has reached it."""
    wait_stable(driver.rows_read, plan.quiet_seconds, 4 * plan.quiet_seconds, 0.5)
    return driver.rows_read()


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f}".replace(".", ",") + f"{NO_BREAK_SPACE}ms"


EXPERIMENT = Experiment(_ID, "Temps de réponse des statistiques", ("9.1", "9.4"), run, StatisticsDesk)
