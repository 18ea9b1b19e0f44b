"""Imports contacts from a CSV file or a workbook, in batches: nothing is lost, and a second run changes nothing."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, islice
from typing import BinaryIO, cast

from system.clock import utc_now
from system.db import action_log, contacts, imports, suppressions
from system.db.connection import Db
from system.db.database import Database
from system.db.imports import Import
from system.domain.contact_header import FileFault, Header, HeaderError, is_known, shown
from system.domain.contact_rows import Columns, ContactRow
from system.domain.csv_records import LONGEST_LINE, Record, delimiter_of, numbered_lines, read_records
from system.domain.erasure import ErasureKey
from system.domain.phone import PhoneNumber
from system.domain.rejections import Reason, Rejection, RowError
from system.services.people import honour_erasures
from system.services.ports import Clock
from system.services.workbooks import DELIMITER, LONGEST_HEAD, is_workbook, workbook_records

BATCH = 500
_SEPARATOR_LINE = re.compile(r"sep=(.)\s*", re.IGNORECASE)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Source:
    """Where contacts come from. `consent` says how those without a date of their own have opted in; None: they have not."""

    name: str
    actor: str
    region: str = "FR"
    consent: str | None = None
    category: str | None = None


class _Rest:
    """A stream whose beginning was looked at."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head, self._stream = head, stream

    def read(self, size: int = -1) -> bytes:
        head, self._head = self._head, b""
        return head + self._stream.read(size)


class _Reader:
    """Turns the records of one file into rows and rejections."""

    def __init__(self, stream: BinaryIO, source: Source, now: datetime) -> None:
        self._source, self._now = source, now
        self._seen: dict[str, int] = {}
        head = stream.read(LONGEST_HEAD)
        whole = cast("BinaryIO", _Rest(head, stream))
        records = self._of_workbook(whole) if is_workbook(head) else self._of_text(whole)
        first = next(records, None)
        if first is None:
            raise HeaderError(FileFault.EMPTY)
        self.header = first.raw
        self.columns = self._understood(first.fields or ())
        self._records = records if self.header else chain([first], records)

    def _of_workbook(self, stream: BinaryIO) -> Iterator[Record]:
        self.delimiter = DELIMITER
        return workbook_records(stream)

    def _of_text(self, stream: BinaryIO) -> Iterator[Record]:
        lines = numbered_lines(stream)
        written = (line for line in lines if line[1].strip())
        number, header = next(written, (1, ""))
        said = _SEPARATOR_LINE.fullmatch(header)
        if said:
            number, header = next(written, (2, ""))
        self.delimiter = said.group(1) if said else delimiter_of(header)
        return read_records(stream, self.delimiter, lines=chain([(number, header)], lines))

    def _understood(self, fields: tuple[str, ...]) -> Columns:
        try:
            return Columns.of_header(fields)
        except HeaderError:
            numbers = [field for field in fields if self._is_number(field)]
            if len(fields) > 1 and numbers:
                raise HeaderError(FileFault.NO_HEADER, shown(numbers[0])) from None
            # A list of numbers and nothing else needs no header.
            if len(fields) != 1 or is_known(fields[0]):
                raise
            if not numbers:
                raise HeaderError(FileFault.NOT_A_NUMBER, shown(fields[0])) from None
            self.header = ""
            return Columns(Header({"phone": 0}), 1)

    def _is_number(self, text: str) -> bool:
        try:
            PhoneNumber.from_person(text, region=self._source.region)
        except ValueError:
            return False
        return True

    def __iter__(self) -> Iterator[ContactRow | Rejection]:
        for record in self._records:
            try:
                yield self._row(record)
            except RowError as error:
                raw = _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", record.raw)
                yield Rejection(record.line, error.reason, error.detail, raw)

    def _row(self, record: Record) -> ContactRow:
        if len(record.raw) >= LONGEST_LINE:
            raise RowError(Reason.TOO_LONG, f"{LONGEST_LINE}")
        if record.fields is None:
            raise RowError(Reason.QUOTES)
        row = self.columns.row(record.fields, region=self._source.region, now=self._now)
        first = self._seen.setdefault(min(row.phone.forms), record.line)
        if first != record.line:
            raise RowError(Reason.DUPLICATE, str(first))
        return completed(row, self._source, self._now)


def completed(row: ContactRow, source: Source, now: datetime) -> ContactRow:
    """The row with what its source says of all its rows: the category, and the consent of those without a date."""
    if source.category is not None and source.category not in row.categories:
        row = replace(row, categories=(*row.categories, source.category))
    if row.opted_in_at is not None:
        return replace(row, opt_in_source=row.opt_in_source or source.consent or f"file {source.name}")
    if source.consent is None:
        return replace(row, opt_in_source=None)
    return replace(row, opted_in_at=now, opt_in_source=row.opt_in_source or source.consent)


def take(connection: Db, rows: Sequence[ContactRow], key: ErasureKey | None) -> int:
    """Stores these people, and bars whoever was erased; returns how many are new."""
    created = contacts.upsert(connection, rows) if rows else 0
    honour_erasures(connection, key, [row.phone for row in rows])
    return created


@dataclass(frozen=True)
class Begun:
    """An import that is recorded, and what is left of its file."""

    import_id: int
    items: Iterator[ContactRow | Rejection]


def import_contacts(db: Database, stream: BinaryIO, source: Source, *, clock: Clock = utc_now) -> Import:
    """Takes every line that can be taken, batch by batch; what cannot is kept with its reason.

    Raises:
        HeaderError: when no column holds phone numbers, or it is no table; nothing is recorded then.

    """
    return finish_import(db, begin_import(db, stream, source, clock=clock))


def begin_import(db: Database, stream: BinaryIO, source: Source, *, clock: Clock = utc_now) -> Begun:
    """Reads the head of the file, and records the import. Raises HeaderError as `import_contacts` does."""
    reader = _Reader(stream, source, clock())
    with db.transaction() as connection:
        import_id = imports.begin(
            connection,
            source.name,
            source.actor,
            header=reader.header,
            delimiter=reader.delimiter,
            columns=reader.columns.header,
        )
        action_log.record(connection, source.actor, "import", {"import": import_id, "file": source.name})
    return Begun(import_id, iter(reader))


def finish_import(db: Database, begun: Begun) -> Import:
    """Takes the lines of the file, whose stream is still open."""
    import_id = begun.import_id
    while batch := list(islice(begun.items, BATCH)):
        rows = [item for item in batch if isinstance(item, ContactRow)]
        rejected = [item for item in batch if isinstance(item, Rejection)]
        with db.transaction() as connection:
            created = take(connection, rows, db.erasure_key)
            doubtful = [form for row in rows if row.opted_in_at is None for form in row.phone.forms]
            without = contacts.without_consent(connection, doubtful) if doubtful else 0
            known = len(rows) - created
            refused = suppressions.how_many(connection, [row.phone.forms for row in rows]) if rows else 0
            imports.add(
                connection,
                import_id,
                created=created,
                known=known,
                without_consent=without,
                opted_out=refused,
                rejections=rejected,
            )
    with db.transaction() as connection:
        imports.finish(connection, import_id)
    return find_import(db, import_id)


class UnknownImportError(LookupError):
    """There is no such import."""


def find_import(db: Database, import_id: int) -> Import:
    """The import.

    Raises:
        UnknownImportError: when there is none of this id.

    """
    with db.transaction() as connection:
        found = imports.by_id(connection, import_id)
    if found is None:
        raise UnknownImportError(f"no import {import_id}")
    return found


def rejected_lines(db: Database, import_id: int, *, page: int = 500) -> Iterator[Rejection]:
    """Every line not taken, in the file's order, read page by page."""
    after = 0
    while True:
        with db.transaction() as connection:
            found = imports.rejections(connection, import_id, after=after, limit=page)
        yield from found
        if len(found) < page:
            return
        after = found[-1].line
