"""Contacts' rows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from system.db.connection import Db
from system.domain.contact_rows import ContactRow


@dataclass(frozen=True)
class Contact:
    """A person as shown: `whatsapp_status` is `unknown`, `valid` or `invalid`; times are UTC."""

    id: int
    phone: str
    name: str | None
    opted_in_at: datetime | None
    whatsapp_status: str
    categories: tuple[str, ...]
    suppressed: bool


def upsert(db: Db, rows: Sequence[ContactRow]) -> int:
    """Adds those that are new, completes those that are known; returns how many are new.

    A consent once recorded keeps its date and source, and a name is replaced only by another name. Of one person, one row; who
    is known under the other form of the number stays so, or would be written to twice.
    """
    # Always in the same order: two imports at once must not wait for each other in a circle.
    ordered = sorted(_as_known(db, rows), key=lambda row: row.phone)
    added = db.execute(
        """INSERT INTO contacts AS c (phone, name, first_name, last_name, opted_in_at, opt_in_source)
           SELECT * FROM json_to_recordset(%(rows)s) AS given (p text, n text, f text, l text, d timestamptz, s text)
           ON CONFLICT (phone) DO UPDATE SET
               name = coalesce(excluded.name, c.name),
               first_name = CASE WHEN excluded.name IS NULL OR excluded.name = c.name
                   THEN coalesce(excluded.first_name, c.first_name) ELSE excluded.first_name END,
               last_name = CASE WHEN excluded.name IS NULL OR excluded.name = c.name
                   THEN coalesce(excluded.last_name, c.last_name) ELSE excluded.last_name END,
               opted_in_at = coalesce(c.opted_in_at, excluded.opted_in_at),
               opt_in_source = coalesce(c.opt_in_source, excluded.opt_in_source)
           WHERE (excluded.name, excluded.first_name, excluded.last_name)
                   IS DISTINCT FROM (c.name, c.first_name, c.last_name) OR c.opted_in_at IS NULL
           RETURNING xmax = 0 AS created""",
        {"rows": json.dumps([_document(row) for row in ordered])},
    ).fetchall()
    categorise(db, [(str(row.phone), name) for row in ordered for name in row.categories])
    return sum(row["created"] for row in added)


def _document(row: ContactRow) -> dict[str, str | None]:
    # One document: arrays are written element by element.
    opted_in_at = None if row.opted_in_at is None else row.opted_in_at.isoformat()
    names = {"n": row.name, "f": row.first_name, "l": row.last_name}
    return {"p": row.phone, "d": opted_in_at, "s": row.opt_in_source} | names


def _as_known(db: Db, rows: Sequence[ContactRow]) -> list[ContactRow]:
    others = {other: row.phone for row in rows for other in row.phone.forms[1:]}
    numbers = [str(phone) for pair in others.items() for phone in pair]
    found = db.execute("SELECT phone FROM contacts WHERE phone = ANY(%s)", [numbers]).fetchall() if numbers else []
    stored = {row["phone"] for row in found}
    known = {own: other for other, own in others.items() if other in stored and own not in stored}
    return [replace(row, phone=known.get(row.phone, row.phone)) for row in rows]


def categorise(db: Db, pairs: Sequence[tuple[str, str]]) -> None:
    """Puts each number's contact into the category beside it, which is made where it is new."""
    if not pairs:
        return
    spelled = _as_spelled(db, [name for _, name in pairs])
    pairs = [(phone, spelled[name]) for phone, name in pairs]
    names = sorted(set(spelled.values()))
    db.execute("INSERT INTO categories (name) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING", [names])
    db.execute(
        """INSERT INTO contact_categories (category_id, contact_id)
           SELECT k.id, c.id FROM json_to_recordset(%s) AS given (p text, n text)
           JOIN contacts AS c ON c.phone = given.p JOIN categories AS k ON k.name = given.n
           ON CONFLICT DO NOTHING""",
        [json.dumps([{"p": phone, "n": name} for phone, name in pairs])],
    )


def _as_spelled(db: Db, names: Sequence[str]) -> dict[str, str]:
    """The category that each name means: case does not count, unless two categories differ by nothing else."""
    stored = {row["name"] for row in db.execute("SELECT name FROM categories").fetchall()}
    meant: dict[str, str] = {}
    for name in (*sorted(stored), *names):
        meant.setdefault(name.casefold(), name)
    return {name: name if name in stored else meant[name.casefold()] for name in names}


def search(db: Db, *, text: str | None, category: str | None, after: int, limit: int) -> list[Contact]:
    """Contacts whose number begins with, or whose name contains, the text; by id, from the one behind `after`."""
    like = (text or "").replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    rows = db.execute(
        """SELECT c.id, c.phone, c.name, c.opted_in_at, c.whatsapp_status,
               EXISTS (SELECT 1 FROM suppressions AS s WHERE s.phone = c.phone) AS suppressed,
               ARRAY(SELECT k.name FROM contact_categories AS cc JOIN categories AS k ON k.id = cc.category_id
                     WHERE cc.contact_id = c.id ORDER BY k.name) AS categories
           FROM contacts AS c
           WHERE c.id > %(after)s AND c.erased_at IS NULL
             AND (%(text)s::text IS NULL OR c.phone LIKE %(like)s || '%%' OR c.name ILIKE '%%' || %(like)s || '%%')
             AND (%(category)s::text IS NULL OR EXISTS (
                 SELECT 1 FROM contact_categories AS cc JOIN categories AS k ON k.id = cc.category_id
                 WHERE cc.contact_id = c.id AND k.name = %(category)s))
           ORDER BY c.id LIMIT %(limit)s""",
        {"after": after, "text": text, "like": like, "category": category, "limit": limit},
    ).fetchall()
    return [Contact(**row | {"categories": tuple(row["categories"])}) for row in rows]


def unverified(db: Db, *, after: int, category: str | None, limit: int) -> list[tuple[int, str]]:
    """Id and phone of contacts that nobody has asked WhatsApp about, by id, from the one behind `after`."""
    rows = db.execute(
        """SELECT c.id, c.phone FROM contacts AS c
           WHERE c.whatsapp_status = 'unknown' AND c.erased_at IS NULL AND c.id > %(after)s
             AND (%(category)s::text IS NULL OR EXISTS (
                 SELECT 1 FROM contact_categories AS cc JOIN categories AS k ON k.id = cc.category_id
                 WHERE cc.contact_id = c.id AND k.name = %(category)s))
           ORDER BY c.id LIMIT %(limit)s""",
        {"after": after, "category": category, "limit": limit},
    ).fetchall()
    return [(int(row["id"]), str(row["phone"])) for row in rows]


def phone_of(db: Db, contact_id: int) -> str | None:
    """The contact's number, or None."""
    row = db.execute("SELECT phone FROM contacts WHERE id = %s", [contact_id]).fetchone()
    return None if row is None else str(row["phone"])


def without_consent(db: Db, phones: Sequence[str]) -> int:
    """How many of the contacts with these numbers have no recorded consent."""
    row = db.execute(
        "SELECT count(*) FROM contacts WHERE phone = ANY(%s) AND opted_in_at IS NULL", [list(phones)]
    ).fetchone()
    return 0 if row is None else int(row["count"])


def id_of(db: Db, phones: Sequence[str]) -> int | None:
    """The contact with one of these numbers, or None."""
    row = db.execute("SELECT id FROM contacts WHERE phone = ANY(%s) ORDER BY id LIMIT 1", [list(phones)]).fetchone()
    return None if row is None else int(row["id"])


def others_with(db: Db, contact_id: int, phones: Sequence[str]) -> bool:
    """Whether another contact has one of these numbers."""
    found = db.execute("SELECT 1 FROM contacts WHERE phone = ANY(%s) AND id <> %s", [list(phones), contact_id])
    return found.fetchone() is not None


def correct(db: Db, contact_id: int, *, name: str | None, phone: str | None) -> bool:
    """Changes what is given; False when there is no such contact, or it was erased."""
    cursor = db.execute(
        """UPDATE contacts SET name = coalesce(%(name)s, name), phone = coalesce(%(phone)s, phone),
               whatsapp_status = CASE WHEN phone <> %(phone)s THEN 'unknown' ELSE whatsapp_status END,
               whatsapp_checked_at = CASE WHEN phone <> %(phone)s THEN NULL ELSE whatsapp_checked_at END
           WHERE id = %(id)s AND erased_at IS NULL""",
        {"id": contact_id, "name": name, "phone": phone},
    )
    return cursor.rowcount == 1


def verified(db: Db, contact_id: int, *, exists: bool, at: datetime) -> None:
    """Records what WhatsApp says of the number; an older word changes nothing."""
    db.execute(
        """UPDATE contacts SET whatsapp_status = %s, whatsapp_checked_at = %s
           WHERE id = %s AND coalesce(whatsapp_checked_at, '-infinity') <= %s""",
        ["valid" if exists else "invalid", at, contact_id, at],
    )


def categories(db: Db, *, most: int) -> list[str]:
    """The names of the first categories, in their order."""
    return [row["name"] for row in db.execute("SELECT name FROM categories ORDER BY name LIMIT %s", [most]).fetchall()]
