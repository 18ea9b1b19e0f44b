"""A contact's name or number, corrected by hand."""

from system.db import action_log, contacts
from system.db.database import Database
from system.domain.phone import PhoneNumber
from system.services.people import honour_erasures


class UnknownContactError(LookupError):
    """There is no such contact."""


class NumberTakenError(Exception):
    """Another contact has the number."""


def correct_contact(
    db: Database, contact_id: int, *, name: str | None = None, phone: str | None = None, actor: str
) -> None:
    """Changes what is given. A refusal of the new number holds for the contact, and WhatsApp is to be asked about it again.

    Raises:
        ValueError: when it is not an E.164 number.
        UnknownContactError: when there is no such contact.
        NumberTakenError: when another contact has the number, in either of its forms.

    """
    number = None if phone is None else PhoneNumber.parse(phone)
    with db.transaction() as connection:
        if number is not None and contacts.others_with(connection, contact_id, number.forms):
            raise NumberTakenError("another contact has this number")
        if not contacts.correct(connection, contact_id, name=name, phone=number):
            raise UnknownContactError(f"no contact {contact_id}")
        if number is not None:
            honour_erasures(connection, db.erasure_key, [number])
        # Neither the name nor the number: an erasure would have to find them.
        changed = [what for what, given in (("name", name), ("number", phone)) if given is not None]
        action_log.record(connection, actor, "contact corrected", {"contact": contact_id, "changed": changed})
