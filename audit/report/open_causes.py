"""What leaves the most points of a report open, so that its reader sees first what to give the audit."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from audit.journal.recorded_findings import left_open

_TOLD, _OFTEN = 5, 3


def open_causes(journal: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """The reasons that several open points share, and how many points each leaves open, the most first."""
    points = {(f["rule"], f["missing"]) for f in left_open(journal)}
    causes = Counter(cause for _, missing in sorted(points) for cause in sorted({*_causes(missing)}))
    return tuple((cause, count) for cause, count in causes.most_common(_TOLD) if count >= _OFTEN)


def _causes(missing: str) -> Iterator[str]:
    """The reasons of one point, without what is its own: what was read, the setting that may be concerned, other places."""
    whole = re.sub(r" \(lu : .*\)$| \(et \d+ autres?(?: :[^)]*)?\)", "", missing.rstrip("."))
    for part in whole.split(" ; "):
        yield re.sub(r",? peut-être `[^`]*`$", "", part).strip()
