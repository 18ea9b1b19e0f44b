"""A campaign's results as a file for spreadsheets, in French as the page is."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import datetime

from system.db import results
from system.db.database import Database
from system.db.results import Result

PAGE = 1000
HEADER = ("numéro", "nom", "Message 1", "envoyé le", "réponse le", "Message 2", "issue", "dernière erreur")
Words = Callable[[str | None], str]


def results_file(db: Database, campaign_id: int, *, words: Words, moment: Callable[[datetime], str]) -> Iterator[str]:
    """The file's lines, read as they are asked for. `words` says states and outcomes, `moment` says times."""
    # The mark makes spreadsheets read UTF-8.
    yield "\ufeff" + _line(HEADER)
    after = 0
    while True:
        with db.transaction() as connection:
            found = results.by_contact(connection, campaign_id, outcome=None, after=after, limit=PAGE)
        yield from (_line(_fields(result, words, moment)) for result in found)
        if len(found) < PAGE:
            return
        after = found[-1].message_id


def _fields(result: Result, words: Words, moment: Callable[[datetime], str]) -> tuple[str, ...]:
    times = [moment(at) if at else "" for at in (result.sent_at, result.answered_at)]
    return (
        result.phone,
        _harmless(result.name or ""),
        words(result.status),
        *times,
        words(result.follow_up_status),
        words(result.outcome),
        _harmless(result.last_error or ""),
    )


def _harmless(text: str) -> str:
    # A spreadsheet would run a name that begins as a formula does.
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _line(fields: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerow(fields)
    return text.getvalue()
