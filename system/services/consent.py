"""Who asked to receive nothing more receives nothing more: what waits for them ends at once."""

import logging

from system.db import suppressions
from system.db.connection import Db
from system.db.database import Database
from system.domain.phone import PhoneNumber

logger = logging.getLogger(__name__)


def opt_out(db: Database, phone: str, *, source: str) -> int:
    """Suppresses a number, as an operator asks; returns how many waiting messages it ended.

    Raises:
        ValueError: when it is not an E.164 number.

    """
    number = PhoneNumber.parse(phone)
    with db.transaction() as connection:
        return withdraw_consent(connection, number, source=source)


def withdraw_consent(connection: Db, phone: PhoneNumber, *, source: str, said: str | None = None) -> int:
    """The same within the caller's transaction, for every form of the number; harmless when it is repeated."""
    new, ended = False, 0
    for form in phone.forms:
        new |= suppressions.suppress(connection, form, source=source, said=said)
        ended += suppressions.withdraw(connection, form)
    if new or ended:
        logger.info("opted_out", extra={"event": "opted_out", "source": source, "ended_messages": ended})
    return ended
