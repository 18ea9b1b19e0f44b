"""Contacts, as the page lists and corrects them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from system.db.connection import Db
from system.db.plain_words import holds_words, words_of


class Which(StrEnum):
    """Whom a list shows: everybody, those without a recorded consent, those who opted out, those not on WhatsApp."""

    ALL = "all"
    WITHOUT_CONSENT = "without-consent"
    OPTED_OUT = "opted-out"
    INVALID = "invalid"


@dataclass(frozen=True)
class Listed:
    """A person as the page shows them; times are UTC."""

    id: int
    phone: str
    name: str | None
    first_name: str | None
    last_name: str | None
    opted_in_at: datetime | None
    opt_in_source: str | None
    whatsapp_status: str
    suppressed_at: datetime | None
    refusal_source: str | None
    categories: tuple[str, ...]


_READ = """SELECT c.id, c.phone, c.name, c.first_name, c.last_name, c.opted_in_at, c.opt_in_source, c.whatsapp_status,
    s.suppressed_at, s.source AS refusal_source,
    ARRAY(SELECT k.name FROM contact_categories AS cc JOIN categories AS k ON k.id = cc.category_id
          WHERE cc.contact_id = c.id ORDER BY k.name) AS categories
FROM contacts AS c LEFT JOIN suppressions AS s ON s.phone = c.phone
WHERE c.erased_at IS NULL"""
_CONDITIONS = {
    Which.ALL: "true",
    Which.WITHOUT_CONSENT: "c.opted_in_at IS NULL AND s.phone IS NULL",
    Which.OPTED_OUT: "s.phone IS NOT NULL",
    Which.INVALID: "c.whatsapp_status = 'invalid'",
}


def _listed(row: dict[str, object]) -> Listed:
    return Listed(**row | {"categories": tuple(row["categories"])})  # type: ignore[arg-type]


_WANTED = f"""({holds_words("c.name")} OR (%(digits)s <> '' AND c.phone LIKE '%%' || %(digits)s || '%%'))
    AND (%(category)s = '' OR EXISTS (
        SELECT 1 FROM contact_categories AS cc JOIN categories AS k ON k.id = cc.category_id
        WHERE cc.contact_id = c.id AND k.name = %(category)s))"""  # noqa: S608 (constants only)


@dataclass(frozen=True)
class Wanted:
    """Whose number holds these digits, or whose name holds these words; of this category, where one is named.

    Neither accents, nor case, nor the order of the words count. A text with letters is looked for in names alone.
    """

    text: str = ""
    which: Which = Which.ALL
    category: str = ""

    @property
    def values(self) -> dict[str, object]:
        """What the condition is filled with."""
        letters = any(character.isalpha() for character in self.text)
        digits = "" if letters else "".join(character for character in self.text if character.isdecimal()).lstrip("0")
        return words_of(self.text) | {"digits": digits, "category": self.category}


def page(db: Db, wanted: Wanted, *, after: int, limit: int) -> list[Listed]:
    """These contacts by id, from the one behind `after`."""
    rows = db.execute(
        f"{_READ} AND c.id > %(after)s AND {_CONDITIONS[wanted.which]} AND {_WANTED} ORDER BY c.id LIMIT %(limit)s".encode(),
        wanted.values | {"after": after, "limit": limit},
    ).fetchall()
    return [_listed(row) for row in rows]


def count(db: Db, wanted: Wanted) -> int:
    """How many they are."""
    row = db.execute(
        f"""SELECT count(*) FROM contacts AS c LEFT JOIN suppressions AS s ON s.phone = c.phone
            WHERE c.erased_at IS NULL AND {_CONDITIONS[wanted.which]} AND {_WANTED}""".encode(),  # noqa: S608 (constants only)
        wanted.values,
    ).fetchone()
    return 0 if row is None else int(row["count"])


def by_id(db: Db, contact_id: int) -> Listed | None:
    """The contact, or None."""
    row = db.execute(f"{_READ} AND c.id = %s".encode(), [contact_id]).fetchone()
    return None if row is None else _listed(row)


def rename(db: Db, contact_id: int, *, first_name: str | None, last_name: str | None) -> bool:
    """Gives a contact another name; False when there is no such contact."""
    whole = " ".join(filter(None, (first_name, last_name))) or None
    cursor = db.execute(
        "UPDATE contacts SET name = %s, first_name = %s, last_name = %s WHERE id = %s AND erased_at IS NULL",
        [whole, first_name, last_name if first_name else None, contact_id],
    )
    return cursor.rowcount == 1


def record_first_consent(db: Db, contact_id: int, *, at: datetime, source: str) -> bool:
    """Records the consent (UTC) of a contact who has none and did not opt out; False otherwise."""
    cursor = db.execute(
        """UPDATE contacts AS c SET opted_in_at = %s, opt_in_source = %s
           WHERE id = %s AND erased_at IS NULL AND opted_in_at IS NULL AND NOT EXISTS (SELECT 1 FROM suppressions AS s WHERE s.phone = c.phone)""",
        [at, source, contact_id],
    )
    return cursor.rowcount == 1


def remove_category(db: Db, contact_id: int, name: str) -> bool:
    """Takes the contact out of the category; False when it is not in it."""
    cursor = db.execute(
        """DELETE FROM contact_categories USING categories AS k, contacts AS c
           WHERE k.id = category_id AND k.name = %s AND c.id = contact_id AND c.id = %s AND c.erased_at IS NULL""",
        [name, contact_id],
    )
    return cursor.rowcount == 1
