"""The waivers of a target file: a fault that somebody accepts, for a reason and until a day."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

RULE_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_KEYS = ("rule", "path", "reason", "who", "until")
SHORTEST_REASON = 10


class WaiverError(ValueError):
    """A waiver does not say what it must; the message names the key."""


@dataclass(frozen=True)
class Waiver:
    """`who` accepts the faults of one rule, in the files that `path` matches (all of them when empty), until that day included.

    With a `line`, only what is at fault on that line of that very file: a comment says so there.
    """

    rule: str
    path: str
    reason: str
    who: str
    until: date
    line: int = 0

    @property
    def place(self) -> str:
        """Where it accepts, as reports name a place."""
        return f"{self.path}:{self.line}" if self.line else self.path

    def covers(self, rule: str, place: str) -> bool:
        """Whether a fault of this rule at this `path:line` is accepted."""
        if rule != self.rule:
            return False
        return place == self.place if self.line else not self.path or fnmatchcase(place.rpartition(":")[0], self.path)


def read_waivers(entries: object) -> tuple[Waiver, ...]:
    """The `[[waiver]]` tables of a target file. Raises WaiverError."""
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise WaiverError("waiver must be an array of tables: [[waiver]]")
    return tuple(_waiver(number, entry) for number, entry in enumerate(entries, 1))


def _waiver(number: int, entry: Mapping[str, Any]) -> Waiver:
    where = f"waiver {number}"
    if unknown := sorted(entry.keys() - set(_KEYS)):
        raise WaiverError(f"{where}: unknown key {unknown[0]} (known: {', '.join(_KEYS)})")
    texts = {key: _text(where, entry, key) for key in ("rule", "reason", "who")}
    if not RULE_ID.fullmatch(texts["rule"]):
        raise WaiverError(
            f"{where}: rule must be the id of one rule, as `late-acknowledgement`, and not {texts['rule']!r}"
        )
    if len(texts["reason"]) < SHORTEST_REASON:
        raise WaiverError(f"{where}: reason must say why, in a few words")
    path = entry.get("path", "")
    if not isinstance(path, str) or (path and not path.strip("*/?")):
        raise WaiverError(f"{where}: path must name files; leave it out for the whole rule")
    return Waiver(texts["rule"], path, texts["reason"], texts["who"], _day(where, entry.get("until")))


def _text(where: str, entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise WaiverError(f"{where}: {key} is required")
    return value.strip()


def _day(where: str, value: object) -> date:
    if type(value) is date:
        return value
    msg = f"{where}: until must be a day, as 2027-03-31"
    if not isinstance(value, str):
        raise WaiverError(msg)
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise WaiverError(msg) from error
