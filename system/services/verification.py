"""Asks the gateway whether numbers are on WhatsApp."""

from dataclasses import dataclass, replace

from system.clock import utc_now
from system.db import contacts
from system.db.database import Database
from system.gateway.outcomes import AccountStopped, NumberChecked, NumberOutcome
from system.services.ports import Clock, Monotonic, NumberBook

BATCH = 20
# A gateway that says nothing so often in a row is away: whoever asks again later loses nothing.
MOST_SILENCES = 3


@dataclass(frozen=True)
class Verified:
    """What one turn found. `next_after` is where the next turn begins; None when there is no more, or `stopped` says why."""

    valid: int = 0
    invalid: int = 0
    undecided: int = 0
    next_after: int | None = None
    stopped: str | None = None


def verify_contact(db: Database, book: NumberBook, contact_id: int, *, clock: Clock = utc_now) -> NumberOutcome | None:
    """Asks about one contact, whatever is known of it; None when there is no such contact."""
    with db.transaction() as connection:
        phone = contacts.phone_of(connection, contact_id)
    return None if phone is None else _ask(db, book, contact_id, phone, clock)


def _ask(db: Database, book: NumberBook, contact_id: int, phone: str, clock: Clock) -> NumberOutcome:
    # Before the question: of two answers, the later question's counts.
    asked_at = clock()
    outcome = book.number_exists(phone)
    if isinstance(outcome, NumberChecked):
        with db.transaction() as connection:
            contacts.verified(connection, contact_id, exists=outcome.exists, at=asked_at)
    return outcome


def verify_some(
    db: Database,
    book: NumberBook,
    monotonic: Monotonic,
    *,
    after: int,
    category: str | None,
    seconds: float,
    clock: Clock = utc_now,
) -> Verified:
    """Asks about the next contacts nobody has asked about, for `seconds`; it ends early when the gateway is away."""
    with db.transaction() as connection:
        found = contacts.unverified(connection, after=after, category=category, limit=BATCH)
    until, silences, turn = monotonic() + seconds, 0, Verified()
    for contact_id, phone in found:
        outcome = _ask(db, book, contact_id, phone, clock)
        if isinstance(outcome, AccountStopped):
            return replace(turn, stopped=outcome.reason)
        if isinstance(outcome, NumberChecked):
            silences = 0
            valid, invalid = turn.valid + outcome.exists, turn.invalid + (not outcome.exists)
            turn = replace(turn, valid=valid, invalid=invalid)
        else:
            silences, turn = silences + 1, replace(turn, undecided=turn.undecided + 1)
            if silences == MOST_SILENCES:
                return replace(turn, stopped=outcome.reason)
        if monotonic() > until:
            return replace(turn, next_after=contact_id)
    return replace(turn, next_after=found[-1][0] if len(found) == BATCH else None)
