"""Section 4: what changed since the previous checkpoint of the same target, profile and family."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.journal.recorded_findings import left_open


@dataclass(frozen=True)
class Previous:
    """The checkpoint that this one is compared with."""

    path: Path
    journal: Mapping[str, Any]


def corrections(
    previous: Previous | None,
    requirements: Sequence[Mapping[str, Any]],
    problems: Sequence[Mapping[str, Any]],
    unattached: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Problems that went, problems that came (by rule and title), points settled and opened, and verdicts that changed."""
    if previous is None:
        return {"previous": None, "fixed": [], "new": [], "verdict_changes": []}
    journal = previous.journal
    was = {_key(p): p for p in journal["problems"]}
    now = {_key(p): p for p in problems}
    before = {r["id"]: r["verdict"] for r in journal["requirements"]}
    left, left_now = open_points(journal), open_points({"requirements": requirements, "unattached": unattached})
    return {
        "previous": {
            "date": journal["volatile"]["date"],
            "path": previous.path.name,
            "digest": journal["target"]["digest"],
            "tool": journal["volatile"].get("tool_digest", ""),
            "verdict": verdict_word(journal),
        },
        "fixed": [_line(p) for key, p in was.items() if key not in now],
        "new": [_line(p) for key, p in now.items() if key not in was],
        "settled": [line for rule, line in left.items() if rule not in left_now],
        "opened": [line for rule, line in left_now.items() if rule not in left],
        "verdict_changes": [
            {"requirement": r["id"], "before": before[r["id"]], "after": r["verdict"]}
            for r in requirements
            if r["id"] in before and before[r["id"]] != r["verdict"]
        ],
    }


def verdict_word(journal: Mapping[str, Any]) -> str:
    """The verdict of a journal in a word; that of December 2025 made none of a requirement that is partly met."""
    verdict = journal["verdict"]
    if not verdict["validated"]:
        return "refusée"
    if not verdict.get("judged", True):
        return "sans conclusion"
    if verdict["unverified"]:
        return "incomplète"
    if verdict.get("open_critical"):
        return "sous réserve"
    return "avec réserve" if verdict["partial"] and journal["profile"] != "checkpoint-2025" else "réussie"


def open_points(journal: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The points that are not settled, by rule."""
    return {f["rule"]: {"sentence": f["sentence"], "severity": f.get("severity", "")} for f in left_open(journal)}


def _key(problem: Mapping[str, Any]) -> tuple[str, str]:
    return problem["rule"], problem["title"]


def _line(problem: Mapping[str, Any]) -> dict[str, Any]:
    return {"title": problem["title"], "requirement": ", ".join(problem["requirements"])}
