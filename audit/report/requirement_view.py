"""One requirement of a journal, as its section of the report shows it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.report.practices import PRACTICES

STATUS_SYMBOLS = {"NON CONFORME": "❌", "CONFORME": "✅", "PARTIEL": "⚠️", "INDÉTERMINÉ": "❔", "SANS OBJET": "➖"}
_LEVELS = ("déclaré", "configuré", "exécuté", "mesuré")
_ABOUT_PERIODIC_TASKS = frozenset({"7.4", "8.4", "C4"})
_SHOWN = 3
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Point:
    """One conclusion: `level` is empty when it is the requirement's own, `missing` when nothing was missing."""

    symbol: str
    sentence: str
    level: str
    missing: str
    settles: str


@dataclass(frozen=True)
class Origin:
    """Where knowledge comes from: `kind` is `probe` or `experiment`."""

    level: str
    kind: str
    name: str
    title: str


@dataclass(frozen=True)
class RequirementView:
    """A requirement with its points sorted by what they say, and what the report shows along with it.

    An excerpt comes with the id of the requirement that shows it already, or an empty string. `reserves` are the critical
    points left open without which it holds only as far as it was tried, `related` the problems of the practices it needs.
    """

    id: str
    title: str
    criterion: str
    floor: str
    heading: str
    status: str
    known_by: str
    reason: str
    settles: str
    origins: tuple[Origin, ...]
    established: tuple[Point, ...]
    shortcomings: tuple[Point, ...]
    open_points: tuple[Point, ...]
    errors: tuple[Point, ...]
    not_applicable: tuple[Point, ...]
    compensations: tuple[Record, ...]
    problems: tuple[Record, ...]
    experiments: tuple[Record, ...]
    shown_elsewhere: tuple[tuple[Record, str], ...]
    excerpts: tuple[tuple[Record, str], ...]
    periodic_tasks: bool
    rules: tuple[str, ...]
    reserves: tuple[str, ...]
    related: tuple[Record, ...]

    @property
    def symbol(self) -> str:
        """Symbol of the status; what is under reserve is not shown as sure."""
        return "⚠️" if self.under_reserve else STATUS_SYMBOLS[self.status]

    @property
    def is_told_already(self) -> bool:
        """Whether its one shortcoming is the reason of its status, which is said above it."""
        return self.status == "PARTIEL" and [point.sentence for point in self.shortcomings] == [self.reason]

    @property
    def under_reserve(self) -> bool:
        """Whether it holds only as far as it was tried: a practice that it needs is critical, and open or at fault."""
        return self.status in {"CONFORME", "PARTIEL"} and bool(self.reserves or self.grave)

    @property
    def grave(self) -> tuple[Record, ...]:
        """The critical problems of the practices that it needs."""
        return tuple(p for p in self.related if p["severity"] == "critique")

    @property
    def qualifier(self) -> str:
        """The word after the status: how it is known; nothing after INDÉTERMINÉ."""
        return "" if self.status == "INDÉTERMINÉ" else self.known_by

    @property
    def strongest(self) -> tuple[Point, ...]:
        """The first few established points, those of the strongest evidence first; the rest is told in section 6."""
        ordered = sorted(self.established, key=lambda p: -_LEVELS.index(p.level or self.known_by or _LEVELS[0]))
        return tuple(ordered[:_SHOWN])

    @property
    def weaker(self) -> tuple[Point, ...]:
        """The established points that are told in section 6."""
        return tuple(p for p in self.established if p not in self.strongest)

    @property
    def places(self) -> tuple[str, ...]:
        """Where the code is that was verified."""
        return tuple(f"{e['path']}:{e['first_line']}" for e, _ in self.excerpts)

    @property
    def settling(self) -> tuple[str, ...]:
        """What would settle it: its open points where the evidence is strong enough, stronger evidence otherwise."""
        asked = tuple(dict.fromkeys(p.settles for p in self.open_points if p.settles))
        strong = self.known_by != "" and _LEVELS.index(self.known_by) >= _LEVELS.index(self.floor)
        return asked if strong and asked else tuple(filter(None, [self.settles]))


def requirement_views(journal: Record) -> tuple[RequirementView, ...]:
    """Every requirement in order; figures and excerpts are shown once, in the first requirement they bear on."""
    shown: dict[object, str] = {}
    views = []
    for record in journal["requirements"]:
        views.append(_view(record, journal, shown))
        shown |= {e["id"]: record["id"] for e in views[-1].experiments}
        shown |= {_place(e): record["id"] for e, elsewhere in views[-1].excerpts if not elsewhere}
    return tuple(views)


def _place(excerpt: Record) -> tuple[str, int, int]:
    return excerpt["path"], excerpt["first_line"], excerpt["last_line"]


def _view(record: Record, journal: Record, shown: Mapping[object, str]) -> RequirementView:
    findings = record["findings"]
    known_by = record["known_by"]
    compensated = {c["defect"] for c in record["compensations"]}
    needed = PRACTICES.get(record["id"], ())
    fed_by = tuple(e for e in journal["experiments"] if record["id"] in e["requirements"])
    return RequirementView(
        **{k: record[k] for k in ("id", "title", "criterion", "floor", "heading", "reason", "settles")},
        status=record["verdict"],
        known_by=known_by,
        origins=_origins(findings, journal["experiments"]),
        established=_points(findings, "établi", "✅", known_by),
        shortcomings=_shortcomings(findings, known_by, compensated),
        open_points=_points(findings, "indéterminé", "❔", known_by),
        errors=_points(findings, "erreur d'audit", "❌", known_by),
        not_applicable=_points(findings, "sans objet", "➖", known_by),
        compensations=tuple(record["compensations"]),
        problems=tuple(p for p in journal["problems"] if record["id"] in p["requirements"]),
        experiments=tuple(e for e in fed_by if e["id"] not in shown),
        shown_elsewhere=tuple((e, shown[e["id"]]) for e in fed_by if e["id"] in shown),
        excerpts=tuple((e, shown.get(_place(e), "")) for e in record["excerpts"]),
        periodic_tasks=record["id"] in _ABOUT_PERIODIC_TASKS,
        rules=tuple(f["rule"] for f in findings),
        reserves=_reserves(record, journal),
        related=tuple(p for p in journal["problems"] if p["rule"] in needed and record["id"] not in p["requirements"]),
    )


def _reserves(record: Record, journal: Record) -> tuple[str, ...]:
    if record["verdict"] not in {"CONFORME", "PARTIEL"}:
        return ()
    practices = [f for f in journal["unattached"] if f["rule"] in PRACTICES.get(record["id"], ())]
    left = [f for f in (*record["findings"], *practices) if f["outcome"] == "indéterminé"]
    return tuple(dict.fromkeys(f["sentence"].rstrip(".") for f in left if f.get("severity") == "critique"))


def _points(findings: Iterable[Record], outcome: str, symbol: str, known_by: str) -> tuple[Point, ...]:
    return tuple(dict.fromkeys(_point(f, symbol, known_by) for f in findings if f["outcome"] == outcome))


def _shortcomings(findings: Sequence[Record], known_by: str, compensated: set[str]) -> tuple[Point, ...]:
    """Defects, then what is only a warning: reservations, and defects that a control compensates."""
    covered = [f for f in findings if f["rule"] in compensated]
    bare = [f for f in findings if f["rule"] not in compensated]
    return (
        *_points(bare, "défaut", "❌", known_by),
        *_points(covered, "défaut", "⚠️", known_by),
        *_points(findings, "réserve", "⚠️", known_by),
    )


def _point(finding: Record, symbol: str, known_by: str) -> Point:
    carried = finding["evidence"] and finding["level"] != known_by
    return Point(
        symbol, finding["sentence"], finding["level"] if carried else "", finding["missing"], finding["settles"]
    )


def _origins(findings: Iterable[Record], experiments: Iterable[Record]) -> tuple[Origin, ...]:
    """Who established or refuted something, strongest level first."""
    titles = {e["id"]: e["title"] for e in experiments}
    conclusive = {"établi", "réserve", "défaut"}
    pairs = {(e["level"], e["source"]) for f in findings if f["outcome"] in conclusive for e in f["evidence"]}
    ordered = sorted(pairs, key=lambda pair: (-_LEVELS.index(pair[0]), pair[1]))
    return tuple(
        Origin(level, "experiment" if source in titles else "probe", source, titles.get(source, ""))
        for level, source in ordered
    )
