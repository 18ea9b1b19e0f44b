"""The rejected lines of an import, as a file that can be corrected and imported again."""

import csv
import io
from collections.abc import Iterator
from typing import Literal

from system.db.database import Database
from system.db.imports import Import
from system.services.importing import rejected_lines

Language = Literal["en", "fr"]
_HEADERS = {"en": ("line", "reason"), "fr": ("ligne", "motif")}


def rejected_file(db: Database, done: Import, *, language: Language) -> Iterator[str]:
    """The file's lines: those of the original as they stand, each with its number and the reason before it.

    The two added columns have names that an import ignores.
    """
    yield _joined(done, _HEADERS[language], done.header or "phone")
    for rejection in rejected_lines(db, done.id):
        reason = rejection.english if language == "en" else rejection.french
        yield _joined(done, (str(rejection.line), reason), rejection.raw)


def _joined(done: Import, added: tuple[str, ...], raw: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=done.delimiter, lineterminator="").writerow(added)
    return f"{text.getvalue()}{done.delimiter}{raw}\n"
