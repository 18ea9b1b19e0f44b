"""The journal of `audit fire` or `audit soak`: its summary again, and whether its ledger and what it speaks of still agree."""

import json
from collections.abc import Iterator
from pathlib import Path

from audit.command.judge_digest import harness_digest, witness_digest
from audit.experiments.evidence_files import EvidenceFileError, Soak, read
from audit.report.soak_summary import draw_soak, render_soak
from audit.target.digest import tree_digest
from audit.target.target_file import Target


def is_session(path: Path) -> bool:
    """Whether this file says that it is such a journal."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("format") == "soak/1"


def checked(path: Path) -> Soak:
    """This journal, counted again from its ledger. Raises EvidenceFileError."""
    found = read(path)
    if not isinstance(found, Soak):
        raise EvidenceFileError(f"`{path.name}` n'est pas le journal d'une séance")
    return found


def rendered(soak: Soak, path: Path) -> str:
    """Its summary."""
    return render_soak(soak.document, f"{path.stem}.svg")


def stale_session(path: Path, target: Target | None, *, past: bool = False) -> list[str]:
    """One line a thing that is not what the journal says; for one of the `past`, whatever the judge is now."""
    try:
        soak = checked(path)
    except EvidenceFileError as error:
        return [str(error)]
    return [*_files(soak, path), *(() if past else _judge(soak, target)), *_tree(soak, target)]


def _files(soak: Soak, path: Path) -> Iterator[str]:
    if "ledger" not in soak.document:
        yield "ledger: none is kept, nothing can be counted again"
    for file, text in (
        (path.with_suffix(".md"), rendered(soak, path)),
        (path.with_suffix(".svg"), draw_soak(soak.document)),
    ):
        if not file.is_file():
            yield f"{file.name}: does not stand beside the journal"
        elif file.read_text(encoding="utf-8") != text:
            yield f"{file.name}: is not what the journal renders"


def _judge(soak: Soak, target: Target | None) -> Iterator[str]:
    judge = soak.document.get("judge")
    if judge is None:
        yield "judge: the journal does not say who counted"
        return
    if judge["harness"] != (now := harness_digest()):
        yield f"judge: counted by {judge['harness'][:12]}, this one is {now[:12]}"
    for name, digest in judge["witnesses"].items():
        if target and digest != (now := witness_digest(target.root / name)):
            yield f"witness {name}: was {digest[:12]}, now {now[:12]}"


def _tree(soak: Soak, target: Target | None) -> Iterator[str]:
    if target and soak.digest != (now := tree_digest(target.root, target.exclude)):
        yield f"tree: audited {soak.digest[:12]}, now {now[:12]}"
