"""Chats that WhatsApp does not name by a number, whose they are, and what was refused in them before that was known."""

from datetime import datetime

from system.db.connection import Db
from system.domain.phone import PhoneNumber


def phone_of(db: Db, lid: str) -> PhoneNumber | None:
    """The number of the person behind the chat, if something has told it."""
    row = db.execute("SELECT phone FROM contact_lids WHERE lid = %s", [lid]).fetchone()
    return None if row is None else PhoneNumber(row["phone"])


def join(db: Db, lid: str, phone: str) -> str | None:
    """The chat is this number's. Returns what was refused in it before that was known, once."""
    db.execute(
        """INSERT INTO contact_lids (lid, phone) VALUES (%s, %s)
           ON CONFLICT (lid) DO UPDATE SET phone = excluded.phone WHERE contact_lids.phone <> excluded.phone""",
        [lid, phone],
    )
    row = db.execute("DELETE FROM lid_refusals WHERE lid = %s RETURNING said", [lid]).fetchone()
    return None if row is None else str(row["said"])


def phone_of_message(db: Db, *, gateway_id: str | None, wa_id: str | None) -> PhoneNumber | None:
    """The number that got this message of ours."""
    row = db.execute(
        """SELECT p.phone FROM messages AS m JOIN contacts AS p ON p.id = m.contact_id
           WHERE m.gateway_id = %s OR m.wa_id = %s LIMIT 1""",
        [gateway_id, wa_id],
    ).fetchone()
    return None if row is None else PhoneNumber(row["phone"])


def keep_refusal(db: Db, lid: str, *, said: str, received_at: datetime) -> None:
    """Somebody refused whose number is not known."""
    db.execute(
        "INSERT INTO lid_refusals (lid, said, received_at) VALUES (%s, %s, %s) ON CONFLICT (lid) DO NOTHING",
        [lid, said, received_at],
    )


def waiting_refusals(db: Db) -> int:
    """How many refusals wait for a number."""
    row = db.execute("SELECT count(*) FROM lid_refusals").fetchone()
    return 0 if row is None else int(row["count"])
