"""What a journal must not hold for a build to pass: from which severity on, beyond what a baseline already held."""

from collections.abc import Mapping
from typing import Any

from audit.journal.fingerprints import fingerprints, known
from audit.journal.recorded_findings import left_open

Journal = Mapping[str, Any]
# Each includes those before it. A refused requirement never passes: what refuses it is major at least.
THRESHOLDS = ("critique", "majeur", "mineur", "indéterminé")


def failing(journal: Journal, threshold: str, baseline: Journal | None = None) -> list[str]:
    """One line a reason to fail; none when the build may pass.

    A problem that is accepted, or whose every place the baseline held, is no reason; neither is a requirement that only
    such problems refuse, or that the baseline already had refused.
    """
    before = known(baseline) if baseline else frozenset()
    ranks = THRESHOLDS.index(threshold)
    fresh = [p for p in journal["problems"] if "waived" not in p and not before.issuperset(fingerprints(p))]
    reasons = [f"{p['severity']}: {p['title']}" for p in fresh if THRESHOLDS.index(p["severity"]) <= ranks]
    refused = {r["id"] for r in baseline["requirements"] if r["verdict"] == "NON CONFORME"} if baseline else set()
    for entry in journal["requirements"]:
        own = [p for p in journal["problems"] if entry["id"] in p["requirements"]]
        excused = entry["id"] in refused or (own and all("waived" in p for p in own))
        if entry["verdict"] == "NON CONFORME" and not excused:
            reasons.append(f"{entry['id']}: NON CONFORME")
    return reasons + (_open(journal, baseline) if threshold == "indéterminé" else [])


def _open(journal: Journal, baseline: Journal | None) -> list[str]:
    before = _undetermined(baseline) if baseline else set()
    return [f"indéterminé: {rule}" for rule in sorted(_undetermined(journal) - before)]


def _undetermined(journal: Journal) -> set[str]:
    open_ids = {r["id"] for r in journal["requirements"] if r["verdict"] == "INDÉTERMINÉ"}
    return open_ids | {f["rule"] for f in left_open(journal)}
