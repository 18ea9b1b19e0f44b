"""Corrects a contact's name and categories, and records a consent that was missing."""

from collections.abc import Sequence
from datetime import datetime

from system.db import action_log, contact_list, contacts
from system.db.database import Database
from system.domain.phone import PhoneNumber
from system.services.consent import withdraw_consent


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


def add_categories(db: Database, contact_id: int, names: Sequence[str], *, actor: str) -> None:
    """Puts the contact into these categories as well; campaigns that are launched already keep their contacts.

    Raises:
        UnknownContactError: when there is no such contact.

    """
    with db.transaction() as connection:
        found = contact_list.by_id(connection, contact_id)
        if found is None:
            raise UnknownContactError(f"there is no contact {contact_id}")
        contacts.categorise(connection, [(found.phone, name) for name in names])
        action_log.record(connection, actor, "contact categories added", {"contact_id": contact_id})


def remove_category(db: Database, contact_id: int, name: str, *, actor: str) -> None:
    """Takes the contact out of the category; nothing changes where it is not in it.

    Raises:
        UnknownContactError: when there is no such contact.

    """
    with db.transaction() as connection:
        if contact_list.by_id(connection, contact_id) is None:
            raise UnknownContactError(f"there is no contact {contact_id}")
        if contact_list.remove_category(connection, contact_id, name):
            action_log.record(connection, actor, "contact category removed", {"contact_id": contact_id})


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


def record_consent(db: Database, contact_id: int, *, source: str, given_at: datetime, actor: str) -> None:
    """Records that somebody who had not consented has, from `given_at` (UTC) on.

    Raises:
        ConsentNotNeededError: when they have already, or have opted out, or there is no such contact.

    """
    with db.transaction() as connection:
        if not contact_list.record_first_consent(connection, contact_id, at=given_at, source=source):
            raise ConsentNotNeededError(f"contact {contact_id} has consented already, has opted out, or does not exist")
        action_log.record(connection, actor, "consent recorded", {"contact_id": contact_id})
