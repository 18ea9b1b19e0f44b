"""`python -m checks.index reports`: write the table of the checkpoints again, from their journals; the rest of the list stays."""

import sys
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any

from audit.journal import journal_file as journal

_HEAD = (
    "| date | phase | family | profile | level | verdicts | report | journal |",
    "|---|---|---|---|---|---|---|---|",
)
_VERDICTS = ("CONFORME", "PARTIEL", "NON CONFORME", "INDÉTERMINÉ")


def table(folder: Path) -> list[str]:
    """The lines of the table, newest day first, families in order."""
    found = [(path.stem, journal.read(path)) for path in sorted(folder.glob("*-famille-*.json"))]
    found.sort(key=lambda pair: int(pair[1]["family"]))
    found.sort(key=lambda pair: pair[1]["volatile"]["date"], reverse=True)
    return [*_HEAD, *(_line(stem, document) for stem, document in found)]


def index(folder: Path) -> str:
    """The whole list, with its table made again."""
    lines = (folder / "README.md").read_text(encoding="utf-8").splitlines()
    before = [*takewhile(lambda line: not line.startswith("|"), lines)]
    after = [*dropwhile(lambda line: line.startswith("|"), lines[len(before) :])]
    return "\n".join([*before, *table(folder), *after]) + "\n"


def _line(stem: str, document: dict[str, Any]) -> str:
    told = [requirement["verdict"] for requirement in document["requirements"]]
    counts = ", ".join(f"{told.count(verdict)} {verdict}" for verdict in _VERDICTS if verdict in told)
    phase = document["phases"][0]
    cells = (
        document["volatile"]["date"],
        f"{phase['number']} {phase['title']}",
        document["family"],
        document["profile"],
        document["level"],
        counts,
        f"[report]({stem}.md)",
        f"[journal]({stem}.json)",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    reports = Path(sys.argv[1])
    (reports / "README.md").write_text(index(reports), encoding="utf-8")
