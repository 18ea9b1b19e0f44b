"""Imports of contacts, and the lines they did not take."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from system.db.connection import Db
from system.domain.rejections import Reason, Rejection


@dataclass(frozen=True)
class Import:
    """One file: lines `created`, `known` before, and `rejected`; `finished_at` (UTC) is None while it runs, or was cut."""

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


def begin(db: Db, name: str, actor: str, *, header: str, delimiter: str) -> int:
    """A new import; returns its id."""
    row = db.execute(
        "INSERT INTO imports (name, actor, header, delimiter) VALUES (%s, %s, %s, %s) RETURNING id",
        [name, actor, header, delimiter],
    ).fetchone()
    assert row is not None  # noqa: S101 (RETURNING of an INSERT)
    return int(row["id"])


def add(db: Db, import_id: int, *, created: int, known: int, rejections: Sequence[Rejection]) -> None:
    """Counts a batch, and keeps its rejected lines."""
    db.execute(
        "UPDATE imports SET created = created + %s, known = known + %s, rejected = rejected + %s WHERE id = %s",
        [created, known, len(rejections), import_id],
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


def rejections(db: Db, import_id: int, *, after: int, limit: int) -> list[Rejection]:
    """The lines not taken, in the file's order, from the one behind line `after`."""
    rows = db.execute(
        """SELECT line, reason, detail, raw FROM import_rejections
           WHERE import_id = %s AND line > %s ORDER BY line LIMIT %s""",
        [import_id, after, limit],
    ).fetchall()
    return [Rejection(**row | {"reason": Reason(row["reason"])}) for row in rows]
