"""Dates as people write them: day before month, and months by their French or English names."""

import re
import unicodedata
from datetime import UTC, datetime

_NUMBERS = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?:[ T,]+(\d{1,2})[:h](\d{2})(?::\d{2})?)?", re.ASCII)
_WORDS = re.compile(
    r"(?:(?:le|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche) )*(\d{1,2})(?:er|st|nd|rd|th)? ([a-z]+)\.? (\d{4})"
)
_MONTHS = (
    ("janvier", "january", "janv", "jan"),
    ("fevrier", "february", "fevr", "fev", "feb"),
    ("mars", "march", "mar"),
    ("avril", "april", "avr", "apr"),
    ("mai", "may"),
    ("juin", "june", "jun"),
    ("juillet", "july", "juil", "jul"),
    ("aout", "august", "aug"),
    ("septembre", "september", "sept", "sep"),
    ("octobre", "october", "oct"),
    ("novembre", "november", "nov"),
    ("decembre", "december", "dec"),
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names}


def parse_date(text: str) -> datetime:
    """A date, or a date and a time, in UTC where it names no zone.

    Raises:
        ValueError: when it is none of the forms, or no day of the calendar.

    """
    numbers = _NUMBERS.fullmatch(text)
    if numbers:
        day, _, month, year, hour, minute = numbers.groups()
        whole_year = int(year) if len(year) == 4 else 2000 + int(year)
        return datetime(whole_year, int(month), int(day), int(hour or 0), int(minute or 0), tzinfo=UTC)
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    words = _WORDS.fullmatch(" ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split()))
    if words:
        day, name, year = words.groups()
        if name not in _MONTH:
            raise ValueError(f"no month: {name}")
        return datetime(int(year), _MONTH[name], int(day), tzinfo=UTC)
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
