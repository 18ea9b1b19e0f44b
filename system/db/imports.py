"""Imports of contacts, and the lines they did not take."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from system.db.connection import Db
from system.domain.contact_header import Header
from system.domain.rejections import Reason, Rejection


@dataclass(frozen=True)
class Import:
    """One file: lines `created`, `known` before, and `rejected`; `finished_at` (UTC) is None while it runs, or was cut.

    `without_consent` and `opted_out`: contacts of the file, new or known, to whom nothing will be sent. `phone_column` is the column that was read
    for the numbers, empty where the file is a list of them; `other_phone_columns` and `ignored_columns` were not read.
    """

    id: int
    name: str
    actor: str
    started_at: datetime
    finished_at: datetime | None
    created: int
    known: int
    rejected: int
    header: str
    delimiter: str
    phone_column: str
    other_phone_columns: list[str]
    ignored_columns: list[str]
    without_consent: int
    opted_out: int


def begin(db: Db, name: str, actor: str, *, header: str, delimiter: str, columns: Header) -> int:
    """A new import; returns its id."""
    row = db.execute(
        """INSERT INTO imports (name, actor, header, delimiter, phone_column, other_phone_columns, ignored_columns)
           VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id""",
        [name, actor, header, delimiter, columns.phone, list(columns.other_phones), list(columns.ignored)],
    ).fetchone()
    assert row is not None  # noqa: S101 (RETURNING of an INSERT)
    return int(row["id"])


def add(
    db: Db,
    import_id: int,
    *,
    created: int,
    known: int,
    without_consent: int,
    opted_out: int,
    rejections: Sequence[Rejection],
) -> None:
    """Counts a batch, and keeps its rejected lines."""
    db.execute(
        """UPDATE imports SET created = created + %s, known = known + %s, rejected = rejected + %s,
               without_consent = without_consent + %s, opted_out = opted_out + %s WHERE id = %s""",
        [created, known, len(rejections), without_consent, opted_out, import_id],
    )
    with db.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO import_rejections (import_id, line, reason, detail, raw) VALUES (%s, %s, %s, %s, %s)",
            [(import_id, r.line, r.reason.value, r.detail, r.raw) for r in rejections],
        )


def finish(db: Db, import_id: int) -> None:
    """The file was read to its end."""
    db.execute("UPDATE imports SET finished_at = now() WHERE id = %s", [import_id])


def by_id(db: Db, import_id: int) -> Import | None:
    """The import, or None."""
    row = db.execute("SELECT * FROM imports WHERE id = %s", [import_id]).fetchone()
    return None if row is None else Import(**row)


def latest(db: Db, *, most: int) -> list[Import]:
    """The newest imports."""
    return [Import(**row) for row in db.execute("SELECT * FROM imports ORDER BY id DESC LIMIT %s", [most]).fetchall()]


def rejections(db: Db, import_id: int, *, after: int, limit: int) -> list[Rejection]:
    """The lines not taken, in the file's order, from the one behind line `after`."""
    rows = db.execute(
        """SELECT line, reason, detail, raw FROM import_rejections
           WHERE import_id = %s AND line > %s ORDER BY line LIMIT %s""",
        [import_id, after, limit],
    ).fetchall()
    return [Rejection(**row | {"reason": Reason(row["reason"])}) for row in rows]
