"""`python -m checks.index reports`: write the list of the checkpoints again, from their journals."""

import sys
from pathlib import Path
from typing import Any

from audit import journal

_HEAD = """# Checkpoints

Each report stands beside its journal, from which `audit render` writes it again, to the letter. The date is that of the run, in UTC.
`nox -s checkpoints` writes those of a day, and this list.

| date | phase | family | profile | level | verdicts | report | journal |
|---|---|---|---|---|---|---|---|
"""
_VERDICTS = ("CONFORME", "PARTIEL", "NON CONFORME", "INDÉTERMINÉ")


def index(folder: Path) -> str:
    """The list in Markdown, newest day first, families in order."""
    found = [(path.stem, journal.read(path)) for path in folder.glob("*.json")]
    found.sort(key=lambda pair: int(pair[1]["family"]))
    found.sort(key=lambda pair: pair[1]["volatile"]["date"], reverse=True)
    return _HEAD + "".join(_line(stem, document) for stem, document in found)


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
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    reports = Path(sys.argv[1])
    (reports / "README.md").write_text(index(reports), encoding="utf-8")
