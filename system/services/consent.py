"""Who asked to receive nothing more receives nothing more: what waits for them ends at once. Only a new consent undoes it."""

import logging
from datetime import datetime

from system.clock import utc_now
from system.db import action_log, audience, contacts, people, suppressions
from system.db.connection import Db
from system.db.database import Database
from system.domain.masking import masked_text
from system.domain.phone import PhoneNumber
from system.services.ports import Clock

logger = logging.getLogger(__name__)


class ConsentError(ValueError):
    """The consent given proves nothing."""


def opt_out(db: Database, phone: str, *, source: str, actor: str | None = None) -> int:
    """Suppresses a number, as `actor` asks; returns how many waiting messages it ended.

    Raises:
        ValueError: when it is not an E.164 number.

    """
    number = PhoneNumber.parse(phone)
    with db.transaction() as connection:
        ended = withdraw_consent(connection, number, source=source, actor=actor)
        if actor is not None:
            action_log.record(connection, actor, "opt-out", _shown(number) | {"ended_messages": ended})
        return ended


def withdraw_consent(
    connection: Db, phone: PhoneNumber, *, source: str, said: str | None = None, actor: str | None = None
) -> int:
    """The same within the caller's transaction, for every form of the number; harmless when it is repeated."""
    new, ended = False, 0
    for form in phone.forms:
        new |= suppressions.suppress(connection, form, source=source, said=said, actor=actor)
        ended += suppressions.withdraw(connection, form)
    if new or ended:
        logger.info("opted_out", extra={"event": "opted_out", "source": source, "ended_messages": ended})
    return ended


def consent_again(
    db: Database, phone: str, *, proof: str, given_at: datetime, actor: str, clock: Clock = utc_now
) -> bool:
    """The person has consented anew, after any refusal; returns whether there was a refusal to undo.

    What the refusal ended stays ended.

    Raises:
        ValueError: when it is not an E.164 number.
        ConsentError: without a proof, or when it is not later than the refusal, or is in the future.

    """
    number, proof = PhoneNumber.parse(phone), " ".join(proof.split())
    if len(proof) < 5:
        raise ConsentError("say how the person consented, and where that can be read again")
    if given_at > clock():
        raise ConsentError("a consent cannot be of the future")
    with db.transaction() as connection:
        refused_at = suppressions.since(connection, number.forms)
        if refused_at is not None and given_at <= refused_at:
            raise ConsentError(
                f"the person refused later, on {refused_at:%Y-%m-%d %H:%M} UTC: a newer consent is needed"
            )
        undone = suppressions.lift(connection, number.forms)
        if db.erasure_key is not None:
            undone |= people.unmark(connection, db.erasure_key.mark(number))
        audience.record_consent(connection, number, at=given_at, source=proof)
        contact_id = contacts.id_of(connection, number.forms)
        said = _shown(number) | {"undone": undone, "contact_id": contact_id}
        action_log.record(connection, actor, "consent given again", said)
    return undone


def _shown(number: PhoneNumber) -> dict[str, object]:
    # Enough to recognise it beside the contact, and nothing that an erasure would have to find.
    return {"number": masked_text(number)}
