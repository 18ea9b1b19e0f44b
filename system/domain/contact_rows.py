"""What a row of a file of contacts says: columns by their usual names, numbers made E.164."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from system.domain.consent_dates import parse_date
from system.domain.contact_header import Header, shown
from system.domain.phone import PhoneNumber
from system.domain.rejections import Reason, RowError

LONGEST_NAME, LONGEST_CATEGORY, LONGEST_SOURCE = 200, 60, 200


@dataclass(frozen=True)
class ContactRow:
    """One contact of a file; `opted_in_at` is UTC, None where the file says nothing of it."""

    phone: PhoneNumber
    name: str | None
    categories: tuple[str, ...]
    opted_in_at: datetime | None
    opt_in_source: str | None
    first_name: str | None = None
    last_name: str | None = None


@dataclass(frozen=True)
class Columns:
    """Where each known column stands, and how many there are."""

    header: Header
    count: int

    @classmethod
    def of_header(cls, names: Sequence[str]) -> "Columns":
        """Finds the known columns; others are ignored.

        Raises:
            HeaderError: when none holds phone numbers.

        """
        return cls(Header.of(names), len(names))

    def row(self, fields: Sequence[str], *, region: str, now: datetime) -> ContactRow:
        """What the fields say; a number without its country is one of `region`.

        Raises:
            RowError: when the row cannot be taken.

        """
        if len(fields) > self.count and any(fields[self.count :]):
            raise RowError(Reason.FIELDS, f"{len(fields)} > {self.count}")
        given = {name: fields[at] for name, at in self.header.positions.items() if at < len(fields)}
        if not given.get("phone"):
            raise RowError(Reason.NO_PHONE)
        try:
            # Google joins the numbers of a person so.
            phone = PhoneNumber.from_person(given["phone"].partition(" ::: ")[0], region=region)
        except ValueError as error:
            raise RowError(Reason.NOT_A_NUMBER, shown(given["phone"])) from error
        names = (given.get("first_name", ""), given.get("name", ""))
        opted_in_at = _date(given.get("opted_in_at", ""), now)
        return ContactRow(
            phone,
            _text(" ".join(filter(None, names)), LONGEST_NAME, "first_name" if names[0] else "name") or None,
            categories_of(given.get("categories", "")),
            opted_in_at,
            _text(given.get("opt_in_source", ""), LONGEST_SOURCE, "opt_in_source") or None,
            # What one column calls a name is a whole one, unless another has the first name.
            first_name=_text(names[0], LONGEST_NAME, "first_name") or None,
            last_name=(_text(names[1], LONGEST_NAME, "name") or None) if names[0] else None,
        )


def _text(text: str, longest: int, column: str) -> str:
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if len(text) > longest:
        raise RowError(Reason.TOO_LONG, shown(text), column=column)
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        raise RowError(Reason.CHARACTER, shown(text), column=column)
    return text


def categories_of(text: str) -> tuple[str, ...]:
    """The names of categories, which commas, semicolons or bars separate.

    Raises:
        RowError: when one is too long or cannot be stored.

    """
    found = (_text(part, LONGEST_CATEGORY, "categories") for part in re.split(r"[,;|]", text))
    return tuple(dict.fromkeys(filter(None, found)))


def _date(text: str, now: datetime) -> datetime | None:
    if not text:
        return None
    try:
        found = parse_date(text)
    except (ValueError, OverflowError) as error:
        raise RowError(Reason.DATE, shown(text), column="opted_in_at") from error
    if found > now:
        raise RowError(Reason.FUTURE, shown(text), column="opted_in_at")
    return found
