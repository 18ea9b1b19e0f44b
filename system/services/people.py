"""One person's data: shown whole, erased, corrected."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from system.db import action_log, people, person_export, suppressions
from system.db.connection import Db
from system.db.database import Database
from system.db.people import Named
from system.domain.erasure import ErasureKey, spellings
from system.domain.phone import PhoneNumber
from system.services.consent import withdraw_consent

logger = logging.getLogger(__name__)


class NoErasureKeyError(Exception):
    """Marks of erased numbers cannot be made or read."""

    def __init__(self) -> None:
        super().__init__(
            "neither ERASURE_SECRET nor ADMIN_TOKEN_SECRET is set: an erased number could not be recognised"
        )


class StillSendingError(Exception):
    """A message is in a sender's hands: what becomes of it has to be known first. Nothing more will leave."""


@dataclass(frozen=True)
class Erased:
    """How many `contacts` were erased, and the columns (`table.column`) that still name the number, with how many rows."""

    contacts: int
    left: dict[str, int]


def _named(connection: Db, number: PhoneNumber, names: Iterable[str | None] = ()) -> Named:
    # One short word would be in the lines of many others.
    words = tuple(word for name in names if name for word in name.split() if len(name.split()) > 1 or len(word) > 3)
    return Named(number.forms, people.lids(connection, number.forms), spellings(number), words)


def export_person(db: Database, phone: str, *, actor: str) -> dict[str, Any]:
    """Everything stored of the person with this number, of whatever form.

    Raises:
        ValueError: when it is not an E.164 number.

    """
    number = PhoneNumber.parse(phone)
    with db.transaction() as connection:
        found = person_export.everything(connection, _named(connection, number))
        action_log.record(connection, actor, "person exported", {"contacts": _ids(found)})
    return {"number": str(number), **found}


def _ids(found: dict[str, list[Any]]) -> list[int]:
    return [int(contact["id"]) for contact in found["contacts"]]


def knows_person(db: Database, phone: PhoneNumber) -> bool:
    """Whether anything is stored under this number, of whatever form."""
    with db.transaction() as connection:
        return any(person_export.everything(connection, _named(connection, phone)).values())


def erase_person(db: Database, phone: str, *, actor: str) -> Erased:
    """Erases the person with this number from every table; the statistics stay, and nothing will ever leave for the number again.

    Raises:
        ValueError: when it is not an E.164 number.
        NoErasureKeyError: when no key was given to the database.
        StillSendingError: when a message is being sent; the person has opted out, and the erasure is to be asked for again.

    """
    number = PhoneNumber.parse(phone)
    if db.erasure_key is None:
        raise NoErasureKeyError
    with db.transaction() as connection:
        # First and in any case: the messages that wait end here.
        withdraw_consent(connection, number, source="erasure", actor=actor)
    with db.transaction() as connection:
        contacts = people.lock_contacts(connection, number.forms)
        if people.in_flight(connection, tuple(contacts)):
            raise StillSendingError(
                "a message to this person is being sent: nothing more will leave, ask again in a minute"
            )
        erase_contacts(connection, db.erasure_key, {number: tuple(contacts)})
        people.forget(connection, _named(connection, number, contacts.values()))
        action_log.record(connection, actor, "person erased", {"contacts": list(contacts)})
    with db.transaction() as connection:
        left = people.named_elsewhere(connection, spellings(number))
    logger.info("person_erased", extra={"event": "person_erased", "contacts": len(contacts), "left": left})
    return Erased(len(contacts), left)


def erase_contacts(connection: Db, key: ErasureKey, contacts: Mapping[PhoneNumber, tuple[int, ...]]) -> None:
    """Makes these contacts nobody's and keeps the marks of their numbers; within the caller's transaction."""
    for number, ids in contacts.items():
        people.anonymise(connection, ids)
        people.mark(connection, key.mark(number), key_id=key.id)


def honour_erasures(connection: Db, key: ErasureKey | None, numbers: Iterable[PhoneNumber]) -> int:
    """Puts those of these numbers that were erased on the list of refusals, as they come in again; returns how many.

    Raises:
        NoErasureKeyError: when there are marks and no key to read them.

    """
    if not people.keys_of_marks(connection):
        return 0
    if key is None:
        raise NoErasureKeyError
    marks = {key.mark(number): number for number in numbers}
    found = people.marked(connection, tuple(marks))
    for mark in sorted(found):
        for form in marks[mark].forms:
            suppressions.suppress(connection, form, source="erasure")
            suppressions.withdraw(connection, form)
    return len(found)
