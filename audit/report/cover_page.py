"""The cover of the checkpoints of one target: where each family stands, and how its figures moved from one to the next."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from audit.french.typography import french
from audit.report.journal_view import Checkpoint, checkpoint
from audit.report.markdown import environment

Journal = Mapping[str, Any]
# A measure, and not a count of what was asked.
_MEASURED = re.compile(r"(?:moins de )?\d[\d\s]*(?:,\d+)?\s*(?:ms|s|min|h|%)(?!\w)")
# What older journals call a measure, and what it is called now.
_RENAMED = {
    "Dernier envoi compté, après son acceptation, en": "Délai entre l'acceptation du dernier envoi et son décompte"
}
_MOST_COLUMNS, _MOST_ROWS = 5, 16


@dataclass(frozen=True)
class Dated:
    """One checkpoint: the name of its files, the digest of its journal, and what it says."""

    stem: str
    digest: str
    journal: Journal

    @property
    def link(self) -> str:
        """Its report, for a link."""
        return quote(f"{self.stem}.md".encode("utf-8", "backslashreplace"))

    @property
    def view(self) -> Checkpoint:
        """As its own report shows it."""
        return checkpoint(self.journal)


@dataclass(frozen=True)
class Family:
    """One family: its newest checkpoint, those before it that the trend shows, and a row a figure."""

    number: str
    title: str
    newest: Dated
    same_tree: bool
    columns: tuple[Dated, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def render_cover(checkpoints: Sequence[Dated]) -> str:
    """The cover of at least one checkpoint, the oldest first, as French Markdown that ends with one newline."""
    newest = checkpoints[-1].journal
    by_family: dict[str, list[Dated]] = {}
    for dated in checkpoints:
        by_family.setdefault(dated.journal["family"], []).append(dated)
    families = tuple(_family(by_family[name], newest) for name in sorted(by_family, key=lambda n: (len(n), n)))
    text = environment().get_template("cover.md.j2").render(journal=newest, families=families, checkpoints=checkpoints)
    return french(text).rstrip("\n") + "\n"


def stems_on(cover: str) -> tuple[str, ...]:
    """The names of the checkpoints that a cover was made of, in order."""
    return tuple(re.findall(r"^\| `([^`]+)` \| `[0-9a-f]{64}` \|$", cover, re.MULTILINE))


def _family(dated: Sequence[Dated], newest: Journal) -> Family:
    last, columns = dated[-1], tuple(dated[-_MOST_COLUMNS:])
    return Family(
        number=last.journal["family"],
        title=last.view.subject,
        newest=last,
        same_tree=last.journal["target"]["digest"] == newest["target"]["digest"],
        columns=columns,
        rows=_rows(columns) if len(columns) > 1 else (),
    )


def _rows(columns: Sequence[Dated]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The counts, then the measures that moved; a dash where a checkpoint has none."""
    told = [{**_counts(c), **_measures(c.journal)} for c in columns]
    names = dict.fromkeys(name for figures in told for name in figures)
    every = [(name, tuple(figures.get(name, "-") for figures in told)) for name in names]
    counted = len(_counts(columns[0]))
    return tuple(row for n, row in enumerate(every) if n < counted or len(set(row[1])) > 1)[:_MOST_ROWS]


def _counts(dated: Dated) -> dict[str, str]:
    view = dated.view
    met = sum(r.status == "CONFORME" for r in view.requirements)
    severities = [p["severity"] for p in dated.journal["problems"]]
    return {
        "Exigences conformes": f"{met} sur {len(view.requirements)}",
        "Règles établies": f"{view.total.passed} sur {view.total.judged}",
        "Points non établis": str(len(view.to_check)),
        "Problèmes critiques, majeurs, mineurs": ", ".join(
            str(severities.count(s)) for s in ("critique", "majeur", "mineur")
        ),
    }


def _measures(journal: Journal) -> dict[str, str]:
    return {
        f"{_RENAMED.get(name, name)} (`{experiment['id']}`)": found.group()
        for experiment in journal["experiments"]
        for name, value in experiment["figures"]
        if (found := _MEASURED.match(value))
    }
