"""What a row of a file of contacts says: columns by their usual names, numbers made E.164."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from system.domain.phone import PhoneNumber
from system.domain.rejections import Reason, RowError

# Accents, case and punctuation of a header do not count.
COLUMNS = {
    "phone": (
        "phone",
        "phone number",
        "mobile",
        "telephone",
        "tel",
        "numero",
        "numero de telephone",
        "portable",
        "whatsapp",
    ),
    "name": ("name", "full name", "nom", "nom complet", "contact"),
    "first_name": ("first name", "firstname", "prenom"),
    "categories": ("category", "categories", "categorie", "groupe", "groupes", "group", "groups", "tags"),
    "opted_in_at": (
        "opted in at",
        "opt in date",
        "opt in",
        "consent date",
        "date de consentement",
        "consentement",
        "date optin",
    ),
    "opt_in_source": ("opt in source", "consent source", "source du consentement", "source"),
}
LONGEST_NAME, LONGEST_CATEGORY, LONGEST_SOURCE = 200, 60, 200
_FRENCH_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)


class HeaderError(ValueError):
    """No column holds phone numbers."""


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

    positions: dict[str, int]
    count: int

    @classmethod
    def of_header(cls, header: Sequence[str]) -> "Columns":
        """Finds the known columns; others are ignored, and of two of one meaning the first counts.

        Raises:
            HeaderError: when none holds phone numbers.

        """
        meanings = {name: meaning for meaning, names in COLUMNS.items() for name in names}
        positions: dict[str, int] = {}
        for position, text in enumerate(header):
            meaning = meanings.get(_bare(text))
            if meaning is not None:
                positions.setdefault(meaning, position)
        if "phone" not in positions:
            raise HeaderError(f"no column is called {', '.join(COLUMNS['phone'])}")
        return cls(positions, len(header))

    def row(self, fields: Sequence[str], *, region: str, now: datetime) -> ContactRow:
        """What the fields say; a number without its country is one of `region`.

        Raises:
            RowError: when the row cannot be taken.

        """
        if len(fields) > self.count and any(fields[self.count :]):
            raise RowError(Reason.FIELDS, f"{len(fields)} > {self.count}")
        given = {name: fields[at] for name, at in self.positions.items() if at < len(fields)}
        if not given.get("phone"):
            raise RowError(Reason.NO_PHONE)
        try:
            phone = PhoneNumber.from_person(given["phone"], region=region)
        except ValueError as error:
            raise RowError(Reason.NOT_A_NUMBER, _shown(given["phone"])) from error
        names = (given.get("first_name", ""), given.get("name", ""))
        opted_in_at = _date(given.get("opted_in_at", ""), now)
        return ContactRow(
            phone,
            _text(" ".join(filter(None, names)), LONGEST_NAME) or None,
            _categories(given.get("categories", "")),
            opted_in_at,
            _text(given.get("opt_in_source", ""), LONGEST_SOURCE) or None,
            # What one column calls a name is a whole one, unless another has the first name.
            first_name=_text(names[0], LONGEST_NAME) or None,
            last_name=(_text(names[1], LONGEST_NAME) or None) if names[0] else None,
        )


def _bare(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"[a-z0-9]+", "".join(c for c in decomposed if not unicodedata.combining(c))))


def _shown(text: str) -> str:
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return printable if len(printable) <= 40 else printable[:39] + "…"


def _text(text: str, longest: int) -> str:
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if len(text) > longest:
        raise RowError(Reason.TOO_LONG, _shown(text))
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        raise RowError(Reason.CHARACTER, _shown(text))
    return text


def _categories(text: str) -> tuple[str, ...]:
    found = (_text(part, LONGEST_CATEGORY) for part in re.split(r"[,;|]", text))
    return tuple(dict.fromkeys(filter(None, found)))


def _date(text: str, now: datetime) -> datetime | None:
    if not text:
        return None
    french = _FRENCH_DATE.fullmatch(text)
    try:
        if french:
            day, month, year = map(int, french.groups())
            found = datetime(year, month, day, tzinfo=UTC)
        else:
            found = datetime.fromisoformat(text)
            found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise RowError(Reason.DATE, _shown(text)) from error
    if found > now:
        raise RowError(Reason.FUTURE, _shown(text))
    return found
