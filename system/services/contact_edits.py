"""Corrects a contact's name, and records a consent that was missing."""

from system.clock import utc_now
from system.db import action_log, contact_list
from system.db.database import Database
from system.domain.phone import PhoneNumber
from system.services.consent import withdraw_consent
from system.services.ports import Clock


class UnknownContactError(LookupError):
    """There is no such contact."""


class ConsentNotNeededError(Exception):
    """The contact has consented already, or has opted out, which this does not undo."""


def rename_contact(db: Database, contact_id: int, *, first_name: str, last_name: str, actor: str) -> None:
    """Gives the contact another name; messages that are stored already keep the old one.

    Raises:
        UnknownContactError: when there is none.

    """
    with db.transaction() as connection:
        if not contact_list.rename(connection, contact_id, first_name=first_name or None, last_name=last_name or None):
            raise UnknownContactError(f"there is no contact {contact_id}")
        # Not the name: the log outlives the contact.
        action_log.record(connection, actor, "contact renamed", {"contact_id": contact_id})


def take_off(db: Database, contact_id: int, *, actor: str) -> None:
    """Nothing more leaves for the contact, and what waits ends.

    Raises:
        UnknownContactError: when there is none.

    """
    with db.transaction() as connection:
        found = contact_list.by_id(connection, contact_id)
        if found is None:
            raise UnknownContactError(f"there is no contact {contact_id}")
        withdraw_consent(connection, PhoneNumber.parse(found.phone), source="operator", actor=actor)
        action_log.record(connection, actor, "contact opted out", {"contact_id": contact_id})


def record_consent(db: Database, contact_id: int, *, source: str, actor: str, clock: Clock = utc_now) -> None:
    """Records that somebody who had not consented has.

    Raises:
        ConsentNotNeededError: when they have already, or have opted out, or there is no such contact.

    """
    with db.transaction() as connection:
        if not contact_list.record_first_consent(connection, contact_id, at=clock(), source=source):
            raise ConsentNotNeededError(f"contact {contact_id} has consented already, has opted out, or does not exist")
        action_log.record(connection, actor, "consent recorded", {"contact_id": contact_id})
