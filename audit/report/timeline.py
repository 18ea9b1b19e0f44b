"""A drawn timeline (SVG): one lane a subject, a mark an event, a bar what lasted. Text is escaped, no font is fetched."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from audit.french.typography import french_seconds

# Widths in pixels: of a character of a label, of what is drawn, and the least of the columns at its sides.
_CHARACTER, _DRAWN, _LEAST_LABEL, _LEAST_ASIDE = 6.4, 560, 160, 24
_LONGEST = 96
_MARGIN = 16
ROW = 20
_TOP = 64
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)
_MOST_TICKS = 10
_LEGEND = (
    ("fault", "faute"),
    ("bar", "jusqu'à la reprise"),
    ("wrong", "perte, doublon ou effet inattendu"),
    ("missed", "faute non injectée"),
    ("event", "constat"),
)


@dataclass(frozen=True)
class Mark:
    """An event `at` seconds, that lasts until `until` when it is known. `kind` is `fault`, `wrong`, `missed` or `event`."""

    at: float
    until: float | None
    kind: str
    text: str


@dataclass(frozen=True)
class Lane:
    """What one line shows; `aside` is said at its end."""

    title: str
    marks: tuple[Mark, ...]
    aside: str = ""


def draw(title: str, lanes: Sequence[Lane], seconds: float, note: str = "") -> str:
    """The drawing of so many seconds, as SVG that ends with one newline; `note` is said below."""
    length = max(seconds, 1.0)
    labels = max(_LEAST_LABEL, _columns(lane.title for lane in lanes))
    aside = max(_LEAST_ASIDE, _columns(lane.aside for lane in lanes))
    end = labels + _DRAWN
    scale = _DRAWN / length
    step = next((s for s in _STEPS if length / s <= _MOST_TICKS), _STEPS[-1])
    ticks = [(round(labels + at * scale, 1), _tick(at)) for at in range(0, int(length) + 1, step)]
    shown = {mark.kind for lane in lanes for mark in lane.marks}
    shown |= {"bar"} if any(mark.until is not None for lane in lanes for mark in lane.marks) else set()
    return (
        _environment()
        .get_template("timeline.svg.j2")
        .render(
            title=title,
            note=note,
            width=end + aside,
            height=_TOP + ROW * len(lanes) + 40 + (ROW if note else 0),
            lanes=[(_TOP + ROW * n, lane) for n, lane in enumerate(lanes)],
            ticks=ticks,
            bottom=_TOP + ROW * len(lanes) - ROW // 2 + 4,
            foot=_TOP + ROW * len(lanes) + 22,
            x=lambda at: round(labels + min(max(at, 0.0), length) * scale, 1),
            labels=labels,
            end=end,
            legend=_legend(shown),
            margin=_MARGIN,
            longest=_LONGEST,
            shown=french_seconds,
        )
        .rstrip("\n")
        + "\n"
    )


def _columns(texts: Iterable[str]) -> int:
    """The width of the longest text, with its margins."""
    longest = max((min(len(text), _LONGEST) for text in texts), default=0)
    return round(longest * _CHARACTER) + 2 * _MARGIN if longest else 0


def _legend(shown: Collection[str]) -> list[tuple[int, str, str]]:
    """What the drawing holds, each at its place."""
    at, told = _MARGIN + 4, []
    for kind, words in _LEGEND:
        if kind in shown:
            told.append((at, kind, words))
            at += 44 + round(len(words) * _CHARACTER)
    return told


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
    """One lane a fault, those of one kind together, with how long work took to resume."""
    by_title: dict[str, list[Mark]] = {}
    recoveries: dict[str, list[float]] = {}
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
        recoveries.setdefault(strike["title"], []).extend([] if until is None else [strike["recovery"]])
    return [Lane(title, tuple(marks), _resumed(recoveries[title])) for title, marks in sorted(by_title.items())]


def lanes_of_experiments(experiments: Iterable[Mapping[str, Any]]) -> list[Lane]:
    """One lane an experiment that was played, with the events it noted."""
    return [
        Lane(
            experiment["title"],
            tuple(_marks(experiment)),
            _resumed([b["recovery"] for b in experiment.get("blows", ()) if b["recovery"] is not None]),
        )
        for experiment in experiments
        if experiment["timeline"] and "at" in experiment
    ]


def _marks(experiment: Mapping[str, Any]) -> Iterator[Mark]:
    """Its events; a signal is a fault, and lasts until work resumed where that was timed."""
    signals = iter([b["recovery"] for b in experiment.get("blows", ()) if b["title"].startswith("SIG")])
    for at, text in experiment["timeline"]:
        recovery = next(signals, None) if text.startswith("SIG") else None
        until = None if recovery is None else experiment["at"] + at + recovery
        yield Mark(experiment["at"] + at, until, "fault" if text.startswith("SIG") else "event", text)


def _resumed(seconds: Sequence[float]) -> str:
    if not seconds:
        return ""
    mean, most = sum(seconds) / len(seconds), max(seconds)
    told = f"reprise en {french_seconds(round(most, 2))}"
    return told if len(seconds) == 1 else f"{told} au plus, {french_seconds(round(mean, 2))} en moyenne"
