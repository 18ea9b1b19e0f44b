"""`python -m checks.index reports`: write the table of the checkpoints again, from their journals; the rest of the list stays.

With `--render`, every checkpoint, cover and soak is first written again from its journals, as today's renderer tells them.
"""

import sys
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any

from audit.command.cover_file import rendered_again
from audit.experiments.evidence_files import Soak, read
from audit.journal import journal_file as journal
from audit.report.markdown import render_markdown
from audit.report.soak_summary import draw_soak, render_soak
from audit.report.strike_section import draw_run, drawing_name

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


def rendered(folder: Path) -> dict[Path, str]:
    """The files that stand beside the journals of checkpoints and of soaks, with what they must hold."""
    texts = {}
    for path in sorted(folder.glob("*-famille-*.json")):
        document = journal.read(path)
        texts[path.with_suffix(".md")] = render_markdown(document)
        if name := drawing_name(document):
            texts[folder / name] = draw_run(document)
    texts |= {path: rendered_again(path) for path in sorted(folder.glob("*-couverture-*.md"))}
    for path in sorted((folder / "measures").glob("*.json")):
        if '"soak/1"' in path.read_text(encoding="utf-8") and isinstance(soak := read(path), Soak):
            texts[path.with_suffix(".md")] = render_soak(soak.document, f"{path.stem}.svg")
            texts[path.with_suffix(".svg")] = draw_soak(soak.document)
    return texts


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
    if "--render" in sys.argv[2:]:
        for file, text in rendered(reports).items():
            file.write_text(text, encoding="utf-8")
    (reports / "README.md").write_text(index(reports), encoding="utf-8")
