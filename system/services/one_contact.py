"""Adds one contact, as a file of one line would."""

from collections.abc import Mapping
from dataclasses import dataclass

from system.clock import utc_now
from system.db import action_log, contacts, suppressions
from system.db.database import Database
from system.domain.contact_header import Header
from system.domain.contact_rows import Columns
from system.services.importing import Source, completed, take
from system.services.ports import Clock

# What may be said of a contact; "name" is the last name where the first is given.
FIELDS = ("phone", "first_name", "name", "categories", "opt_in_source")
_COLUMNS = Columns(Header({name: at for at, name in enumerate(FIELDS)}), len(FIELDS))


@dataclass(frozen=True)
class Added:
    """The contact; whether it is a new one, and whether it has opted out: it will receive nothing then."""

    contact_id: int
    new: bool
    opted_out: bool


def add_contact(db: Database, said: Mapping[str, str], *, region: str, actor: str, clock: Clock = utc_now) -> Added:
    """Takes what is said under `FIELDS` as an import takes a line: somebody known is completed, an opt-out stays.

    With a source (`opt_in_source`) the contact consents from now on; without one, nothing will be sent.

    Raises:
        RowError: when it cannot be taken.
        NoErasureKeyError: when it cannot be told whether the number was erased.

    """
    now = clock()
    row = _COLUMNS.row([said.get(name, "") for name in FIELDS], region=region, now=now)
    row = completed(row, Source("", actor, consent=row.opt_in_source), now)
    with db.transaction() as connection:
        new = take(connection, [row], db.erasure_key) == 1
        contact_id = contacts.id_of(connection, row.phone.forms)
        if contact_id is None:
            raise RuntimeError("a contact is not there in the transaction that stored it")
        action_log.record(connection, actor, "contact added", {"contact_id": contact_id, "new": new})
        refused = suppressions.how_many(connection, [row.phone.forms]) == 1
    return Added(contact_id, new, refused)
