"""The checkpoints that the output directory already holds, for comparison and for the state of the other phases."""

import logging
import stat
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from audit.journal import journal_file as journal
from audit.journal.corrections import Previous
from audit.journal.signature import SIGNATURE
from audit.judging.examination import Examination

_logger = logging.getLogger(__name__)
# A journal of a whole family takes some hundred kilobytes.
_LARGEST_JOURNAL_BYTES = 20 << 20
_MOST_A_DAY = 1000


def free_stem(out: Path, stem: str) -> str:
    """This name, or with the first number after which no checkpoint of the day bears it: none is overwritten."""
    names = (stem, *(f"{stem}-{n}" for n in range(2, _MOST_A_DAY)))
    return next((n for n in names if not any((out / f"{n}{end}").exists() for end in (".md", ".json"))), stem)


def dated(folder: Path, target: str, profile: str, tell: Callable[[str], None]) -> list[Previous]:
    """Every journal of this target and profile in a folder, the oldest first."""
    of = (target, profile)
    return [p for p in readable(folder, tell) if (p.journal["target"]["name"], p.journal["profile"]) == of]


def readable(folder: Path, tell: Callable[[str], None]) -> list[Previous]:
    """Every journal in a folder, the oldest first; `tell` is told of what looks like one and cannot be read."""
    found = []
    for path in sorted(folder.glob("*.json")):
        if path.name.endswith(SIGNATURE):
            continue
        try:
            found.append(Previous(path, _earlier(path)))
        except (journal.JournalError, OSError) as error:
            tell(f"Not compared with {path.name}: {' '.join(str(error).split())[:200]}")
    return sorted(found, key=lambda p: _moment(p.journal))


def newest_by_family(examination: Examination, out: Path, stem: str) -> dict[str, Previous]:
    """The newest journal in `out` of the same target and profile, by family, other than the one about to be written."""
    earlier = dated(out, examination.target.name, examination.profile.name, examination.tell)
    newest = {p.journal["family"]: p for p in earlier if p.path.stem != stem}
    for family, previous in newest.items():
        _logger.debug("family %s: the newest earlier journal is %s", family, previous.path)
    return newest


def finished(newest: Mapping[str, Previous], digest: str) -> frozenset[str]:
    """Families whose newest checkpoint bears on this very tree, is validated and leaves nothing open nor under reserve."""
    return frozenset(
        family
        for family, previous in newest.items()
        if previous.journal["target"]["digest"] == digest and _closed(previous.journal["verdict"])
    )


def elsewhere(newest: Mapping[str, Previous], digest: str) -> dict[str, str]:
    """By family, the date of a checkpoint that validated another tree."""
    return {
        family: previous.journal["volatile"]["date"]
        for family, previous in newest.items()
        if previous.journal["target"]["digest"] != digest and _closed(previous.journal["verdict"])
    }


def _closed(verdict: Mapping[str, Any]) -> bool:
    return bool(verdict["validated"] and verdict["complete"] and not verdict.get("open_critical"))


def _earlier(path: Path) -> dict[str, Any]:
    """A journal of the past. Raises JournalError or OSError for anything else, without waiting nor filling the memory."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise journal.JournalError("not a regular file")
    if found.st_size > _LARGEST_JOURNAL_BYTES:
        raise journal.JournalError(f"larger than {_LARGEST_JOURNAL_BYTES >> 20} MB")
    document = journal.read(path)
    if _moment(document) > datetime.now(UTC):
        raise journal.JournalError(f"dated in the future ({document['volatile']['generated_at']})")
    return document


def _moment(document: Mapping[str, Any]) -> datetime:
    moment = datetime.fromisoformat(document["volatile"]["generated_at"])
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
