"""Whether a journal still says what is there: its report, its drawing, the audited tree, the tool, its evidence, its signature."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from audit.command.judge_digest import harness_digest
from audit.experiments.evidence_files import EvidenceFileError, Soak, read
from audit.journal import signature
from audit.journal.strike_rows import rows
from audit.report.html_page import render_html
from audit.report.markdown import render_markdown
from audit.report.strike_section import draw_run, drawing_name
from audit.target.commit import commit_of
from audit.target.digest import tree_digest
from audit.target.target_file import Target

Journal = Mapping[str, Any]
_MASK = "***"


def stale(
    path: Path, journal: Journal, target: Target | None, signers: Path | None = None, *, past: bool = False
) -> list[str]:
    """One English line a thing that is not what the journal says; for one of the `past`, whatever the tool is now."""
    lines = [*_files(path, journal), *(() if past else _tool(journal)), *_signature(path, signers)]
    return (
        lines
        if target is None
        else [*lines, *_tree(journal, target), *_excerpts(journal, target), *_soak(journal, target)]
    )


def _files(path: Path, journal: Journal) -> Iterator[str]:
    wanted = {path.with_suffix(".md"): render_markdown(journal), path.with_suffix(".html"): None}
    if drawing_name(journal):
        wanted[path.with_name(drawing_name(journal))] = draw_run(journal)
    for file, text in wanted.items():
        if not file.is_file():
            if file.suffix == ".md":
                yield f"{file.name}: no report stands beside the journal"
        elif file.read_text(encoding="utf-8") != (render_html(journal) if text is None else text):
            yield f"{file.name}: is not what the journal renders"


def _tool(journal: Journal) -> Iterator[str]:
    judged, now = journal["volatile"].get("tool_digest", ""), harness_digest()
    if not judged:
        yield "tool: the journal does not say which tool judged it"
    elif judged != now:
        yield f"tool: judged by {judged[:12]}, this one is {now[:12]}"


def _tree(journal: Journal, target: Target) -> Iterator[str]:
    audited, now = journal["target"]["digest"], tree_digest(target.root, target.exclude)
    if audited == now:
        return
    commit, head = journal["volatile"].get("commit", ""), commit_of(target.root)
    since = f"; see what changed by: git log --oneline {commit[:12]}..{head[:12]}" if commit and head != commit else ""
    yield f"tree: audited {audited[:12]}, now {now[:12]}{since}"


def _excerpts(journal: Journal, target: Target) -> Iterator[str]:
    for excerpt in _quoted(journal):
        place = f"{excerpt['path']}:{excerpt['first_line']}"
        file = (target.root / excerpt["path"]).resolve()
        if not file.is_relative_to(target.root) or not file.is_file():
            yield f"excerpt {place}: no such file"
            continue
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        there = "\n".join(lines[excerpt["first_line"] - 1 : excerpt["last_line"]])
        if there != excerpt["text"] and _MASK not in excerpt["text"]:
            yield f"excerpt {place}: the lines are not these any more"


def _quoted(journal: Journal) -> list[Journal]:
    every = [e for r in journal["requirements"] for e in r["excerpts"]]
    every += [e for p in journal["problems"] for e in p["situation"]]
    return list({(e["path"], e["first_line"], e["last_line"]): e for e in every}.values())


def _soak(journal: Journal, target: Target) -> Iterator[str]:
    """The soak that the journal shows is still among the target's evidence, with the same strikes, and counts again."""
    if "soak" not in journal:
        return
    for file in target.evidence:
        try:
            found = read(file)
        except EvidenceFileError as error:
            if file.name == journal["soak"]["path"]:
                yield f"evidence: {error}"
                return
            continue
        if (
            isinstance(found, Soak)
            and [vars(row) for row in rows(found.document["strikes"])] == journal["soak"]["rows"]
            and found.digest == journal["target"]["digest"]
        ):
            return
    yield f"evidence: {journal['soak']['path']} is not there any more, or says something else"


def _signature(path: Path, signers: Path | None) -> Iterator[str]:
    if not signature.beside(path).exists() and signers is None:
        return
    try:
        signature.read(path, signers)
    except signature.SignatureError as error:
        yield f"signature: {error}"
