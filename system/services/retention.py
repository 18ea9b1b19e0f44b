"""Forgets what has been kept for long enough; the statistics stay."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from system.clock import utc_now
from system.db import people, retention, suppressions
from system.db.connection import Db
from system.db.database import Database
from system.domain.phone import PhoneNumber
from system.services.people import erase_contacts
from system.services.ports import Clock

BATCH = 1000
# A night forgets at most so much of each kind; the next goes on.
MOST_BATCHES = 20


@dataclass(frozen=True)
class Kept:
    """For how many days what is kept: contacts to whom nothing happens, texts, events received, and the log of actions."""

    contacts: int
    texts: int
    events: int
    actions: int


def forget_old_data(db: Database, kept: Kept, *, clock: Clock = utc_now) -> dict[str, int]:
    """Returns how many rows of each kind were forgotten; a batch is a transaction, and a second run finds nothing more."""
    now = clock()

    def before(days: int) -> datetime:
        return now - timedelta(days=days)

    return {
        "contacts": _in_batches(db, lambda it: _forget_contacts(db, it, before=before(kept.contacts))),
        "texts": _in_batches(db, lambda it: retention.forget_texts(it, before=before(kept.texts), most=BATCH)),
        "events": _in_batches(db, lambda it: retention.forget_events(it, before=before(kept.events), most=BATCH)),
        "actions": _in_batches(db, lambda it: retention.forget_actions(it, before=before(kept.actions), most=BATCH)),
    }


def _in_batches(db: Database, forget: Callable[[Db], int]) -> int:
    total = 0
    for _ in range(MOST_BATCHES):
        with db.transaction() as connection:
            found = forget(connection)
        total += found
        if not found:
            break
    return total


def _forget_contacts(db: Database, connection: Db, *, before: datetime) -> int:
    found = retention.inactive_contacts(connection, before=before, most=BATCH)
    key = db.erasure_key
    # Who refused stays refused: by a mark, or by the number itself where there is no key to make one.
    refused = {PhoneNumber(phone): (contact,) for contact, (phone, suppressed) in found.items() if suppressed and key}
    others = [contact for contact in found if (contact,) not in refused.values()]
    retention.forget_chats(connection, [phone for phone, _ in found.values()])
    people.anonymise(connection, others)
    if key is not None:
        erase_contacts(connection, key, refused)
        suppressions.lift(connection, [form for phone in refused for form in phone.forms])
    return len(found)
