"""A drawn timeline (SVG): one lane a subject, a mark an event, a bar what lasted. Text is escaped, no font is fetched."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from audit.french.typography import french_seconds

WIDTH = 1000
LABELS = 380
_RIGHT = 24
ROW = 20
_TOP = 64
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)
_MOST_TICKS = 10


@dataclass(frozen=True)
class Mark:
    """An event `at` seconds, that lasts until `until` when it is known. `kind` is `fault`, `wrong`, `missed` or `event`."""

    at: float
    until: float | None
    kind: str
    text: str


@dataclass(frozen=True)
class Lane:
    """What one line shows."""

    title: str
    marks: tuple[Mark, ...]


def draw(title: str, lanes: Sequence[Lane], seconds: float) -> str:
    """The drawing of so many seconds, as SVG that ends with one newline."""
    length = max(seconds, 1.0)
    scale = (WIDTH - LABELS - _RIGHT) / length
    step = next((s for s in _STEPS if length / s <= _MOST_TICKS), _STEPS[-1])
    ticks = [(round(LABELS + at * scale, 1), _tick(at)) for at in range(0, int(length) + 1, step)]
    return (
        _environment()
        .get_template("timeline.svg.j2")
        .render(
            title=title,
            width=WIDTH,
            height=_TOP + ROW * len(lanes) + 40,
            lanes=[(_TOP + ROW * n, lane) for n, lane in enumerate(lanes)],
            ticks=ticks,
            bottom=_TOP + ROW * len(lanes) - ROW // 2 + 4,
            x=lambda at: round(LABELS + min(max(at, 0.0), length) * scale, 1),
            labels=LABELS,
            shown=french_seconds,
        )
        .rstrip("\n")
        + "\n"
    )


def _tick(seconds: int) -> str:
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min" + (f" {seconds % 60} s" if seconds % 60 else "")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("audit.report"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def lanes_of_strikes(strikes: Iterable[Mapping[str, Any]]) -> list[Lane]:
    """One lane a fault, in the order in which they first struck."""
    by_title: dict[str, list[Mark]] = {}
    for strike in strikes:
        wrong = strike["lost"] or strike["duplicated"] or strike["wrong"]
        kind = "wrong" if wrong else "fault" if strike["struck"] else "missed"
        until = None if strike["recovery"] is None else strike["at"] + strike["recovery"]
        text = (
            f"{strike['title']} : {strike['in_flight']} en vol"
            if strike["struck"]
            else f"{strike['title']} : {strike['why']}"
        )
        by_title.setdefault(strike["title"], []).append(Mark(strike["at"], until, kind, text))
    return [Lane(title, tuple(marks)) for title, marks in by_title.items()]


def lanes_of_experiments(experiments: Iterable[Mapping[str, Any]]) -> list[Lane]:
    """One lane an experiment that was played, with the events it noted."""
    return [
        Lane(
            experiment["title"],
            tuple(
                Mark(experiment["at"] + at, None, "fault" if text.startswith("SIG") else "event", text)
                for at, text in experiment["timeline"]
            ),
        )
        for experiment in experiments
        if experiment["timeline"] and "at" in experiment
    ]
