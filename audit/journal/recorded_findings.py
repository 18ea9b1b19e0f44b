"""The findings that a journal holds, in the order of its report."""

from collections.abc import Mapping
from typing import Any

Journal = Mapping[str, Any]


def every_finding(journal: Journal) -> list[Mapping[str, Any]]:
    """Those of its requirements, then those of none."""
    return [*(f for r in journal["requirements"] for f in r["findings"]), *journal["unattached"]]


def left_open(journal: Journal) -> list[Mapping[str, Any]]:
    """Those that are not settled."""
    return [f for f in every_finding(journal) if f["outcome"] == "indéterminé"]
