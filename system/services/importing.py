"""Imports contacts from a CSV file, in batches: nothing is lost, and a second run changes nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import BinaryIO

from system.clock import utc_now
from system.db import action_log, contacts, imports
from system.db.database import Database
from system.db.imports import Import
from system.domain.contact_rows import Columns, ContactRow, HeaderError
from system.domain.csv_records import LONGEST_LINE, Record, delimiter_of, numbered_lines, read_records
from system.domain.phone import PhoneNumber
from system.domain.rejections import Reason, Rejection, RowError
from system.services.people import honour_erasures
from system.services.ports import Clock

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


class _Reader:
    """Turns the records of one file into rows and rejections."""

    def __init__(self, stream: BinaryIO, source: Source, now: datetime) -> None:
        self._source, self._now = source, now
        self._seen: dict[str, int] = {}
        lines = numbered_lines(stream)
        number, header = next(lines, (1, ""))
        said = _SEPARATOR_LINE.fullmatch(header)
        if said:
            number, header = next(lines, (2, ""))
        self.delimiter = said.group(1) if said else delimiter_of(header)
        first = next(read_records(stream, self.delimiter, lines=iter([(number, header)])), None)
        fields = (first.fields if first else None) or ()
        self.header = header.rstrip("\r\n")
        self._columns = self._understood(fields)
        if self.header == "":
            lines = _again(number, header, lines)
        self._records = read_records(stream, self.delimiter, lines=lines)

    def _understood(self, fields: tuple[str, ...]) -> Columns:
        try:
            return Columns.of_header(fields)
        except HeaderError:
            # A list of numbers and nothing else needs no header.
            if len(fields) != 1:
                raise
            try:
                PhoneNumber.from_person(fields[0], region=self._source.region)
            except ValueError:
                raise HeaderError(f"the first line is neither a header nor a number: {fields[0][:40]!r}") from None
            self.header = ""
            return Columns({"phone": 0}, 1)

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
        row = self._columns.row(record.fields, region=self._source.region, now=self._now)
        first = self._seen.setdefault(min(row.phone.forms), record.line)
        if first != record.line:
            raise RowError(Reason.DUPLICATE, str(first))
        return self._completed(row)

    def _completed(self, row: ContactRow) -> ContactRow:
        source = self._source
        if source.category is not None and source.category not in row.categories:
            row = replace(row, categories=(*row.categories, source.category))
        if row.opted_in_at is not None:
            return replace(row, opt_in_source=row.opt_in_source or source.consent or f"file {source.name}")
        if source.consent is None:
            return replace(row, opt_in_source=None)
        return replace(row, opted_in_at=self._now, opt_in_source=row.opt_in_source or source.consent)


def _again(number: int, line: str, rest: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    yield number, line
    yield from rest


def import_contacts(db: Database, stream: BinaryIO, source: Source, *, clock: Clock = utc_now) -> Import:
    """Takes every line that can be taken, batch by batch; what cannot is kept with its reason.

    Raises:
        HeaderError: when no column holds phone numbers; nothing is recorded then.

    """
    reader = _Reader(stream, source, clock())
    with db.transaction() as connection:
        import_id = imports.begin(
            connection, source.name, source.actor, header=reader.header, delimiter=reader.delimiter
        )
        action_log.record(connection, source.actor, "import", {"import": import_id, "file": source.name})
    items = iter(reader)
    while batch := list(islice(items, BATCH)):
        rows = [item for item in batch if isinstance(item, ContactRow)]
        rejected = [item for item in batch if isinstance(item, Rejection)]
        with db.transaction() as connection:
            created = contacts.upsert(connection, rows) if rows else 0
            honour_erasures(connection, db.erasure_key, [row.phone for row in rows])
            imports.add(connection, import_id, created=created, known=len(rows) - created, rejections=rejected)
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
