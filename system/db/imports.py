"""Imports of contacts, and the lines they did not take."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from system.db.connection import Db
from system.domain.contact_header import Header
from system.domain.rejections import Reason, Rejection

# Its last batch is an import's sign of life.
COMPONENT = "import"
# A batch takes less than a second: without a sign for so long, an import was cut.
SILENT_SECONDS = 60
_READ = f"""SELECT i.*, i.finished_at IS NULL AND h.beat_at IS NOT NULL
        AND h.beat_at > now() - interval '{SILENT_SECONDS} seconds' AS running
    FROM imports AS i LEFT JOIN heartbeats AS h ON h.component = '{COMPONENT}' AND h.instance = i.id::text"""  # noqa: S608 (constants only)


@dataclass(frozen=True)
class Import:
    """One file: lines `created`, `known` before, and `rejected`; `finished_at` (UTC) is None while it is `running`, or was cut.

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
    running: bool


def begin(db: Db, name: str, actor: str, *, header: str, delimiter: str, columns: Header) -> int:
    """A new import; returns its id."""
    row = db.execute(
        """INSERT INTO imports (name, actor, header, delimiter, phone_column, other_phone_columns, ignored_columns)
           VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id""",
        [name, actor, header, delimiter, columns.phone, list(columns.other_phones), list(columns.ignored)],
    ).fetchone()
    assert row is not None  # noqa: S101 (RETURNING of an INSERT)
    _sign(db, int(row["id"]))
    return int(row["id"])


def _sign(db: Db, import_id: int) -> None:
    db.execute(
        """INSERT INTO heartbeats (component, instance, beat_at) VALUES (%s, %s::text, clock_timestamp())
           ON CONFLICT (component, instance) DO UPDATE SET beat_at = excluded.beat_at""",
        [COMPONENT, import_id],
    )


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
    _sign(db, import_id)
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
    db.execute("DELETE FROM heartbeats WHERE component = %s AND instance = %s::text", [COMPONENT, import_id])


def by_id(db: Db, import_id: int) -> Import | None:
    """The import, or None."""
    row = db.execute(f"{_READ} WHERE i.id = %s".encode(), [import_id]).fetchone()
    return None if row is None else Import(**row)


def latest(db: Db, *, most: int) -> list[Import]:
    """The newest imports."""
    rows = db.execute(f"{_READ} ORDER BY i.id DESC LIMIT %s".encode(), [most]).fetchall()
    return [Import(**row) for row in rows]


def rejections(db: Db, import_id: int, *, after: int, limit: int) -> list[Rejection]:
    """The lines not taken, in the file's order, from the one behind line `after`."""
    rows = db.execute(
        """SELECT line, reason, detail, raw FROM import_rejections
           WHERE import_id = %s AND line > %s ORDER BY line LIMIT %s""",
        [import_id, after, limit],
    ).fetchall()
    return [Rejection(**row | {"reason": Reason(row["reason"])}) for row in rows]
