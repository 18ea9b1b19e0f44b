"""The section « Preuves en conditions réelles » of a checkpoint: faults of this run, and of the soak of the same tree."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.french.typography import french_seconds
from audit.report.timeline import draw, lanes_of_experiments

Journal = Mapping[str, Any]


@dataclass(frozen=True)
class StruckRow:
    """One fault of this run; what was lost is the whole experiment's."""

    title: str
    experiment: str
    in_flight: str
    lost: str
    duplicated: str
    uncertain: str
    recovery: str

    @property
    def canary(self) -> bool:
        """Whether the messages were a canary's, and not the target's own."""
        return self.experiment.startswith("canary-")


def struck_rows(journal: Journal) -> tuple[StruckRow, ...]:
    """Faults of the experiments of this run, in order."""
    return tuple(
        StruckRow(
            title=blow["title"],
            experiment=experiment["id"],
            in_flight=_count(blow["in_flight"]),
            **{kind: _lost(experiment, kind) for kind in ("lost", "duplicated", "uncertain")},
            recovery="-" if blow["recovery"] is None else french_seconds(round(blow["recovery"], 2)),
        )
        for experiment in journal["experiments"]
        for blow in experiment.get("blows", ())
    )


def _lost(experiment: Journal, kind: str) -> str:
    losses = experiment.get("losses")
    return _count(None if losses is None else losses[kind])


def _count(number: int | None) -> str:
    return "-" if number is None else str(number)


def worst_rows(soak: Journal | None) -> tuple[Journal, ...]:
    """Three faults of a soak: those that lost or did something twice, then those after which work resumed last."""
    rows = [{**row, "harm": _harm(row)} for row in (soak["rows"] if soak else ())]
    return tuple(sorted(rows, key=lambda r: (-r["harm"], -_longest(r["recovery"])))[:3])


def _harm(row: Journal) -> int:
    return sum(int(row[kind]) for kind in ("lost", "duplicated", "wrong", "uncertain"))


def _longest(told: str) -> float:
    """The longest of the durations that a row tells in French."""
    found = re.findall(r"([\d\s]+(?:,\d+)?)\s*s\b", told)
    return max((float(re.sub(r"\s", "", text).replace(",", ".")) for text in found if text.strip()), default=0.0)


def drawing_name(journal: Journal) -> str:
    """The file of the drawing beside the report; empty when nothing is drawn."""
    if not struck_rows(journal):
        return ""
    if stem := journal["volatile"].get("stem", ""):
        return f"{stem}.svg"
    return f"{journal['volatile']['date']}-famille-{journal['family']}-{journal['profile']}.svg"


def draw_run(journal: Journal) -> str:
    """The timeline of this run's experiments, as SVG."""
    lanes = lanes_of_experiments(journal["experiments"])
    last = max((mark.at for lane in lanes for mark in lane.marks), default=0.0)
    unplaced = [e["title"] for e in journal["experiments"] if not (e["timeline"] and "at" in e)]
    note = f"Sans événement à placer : {' ; '.join(unplaced)}" if unplaced else ""
    return draw(f"Expériences de l'audit, famille {journal['family']}", lanes, last + 1, note)
