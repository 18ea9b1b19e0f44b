"""What a webhook brings: received once, processed until it is finished or has failed too often."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import date

import psycopg

from system import correlation
from system.db import acknowledgements, inbox, interactions, lids, monitoring
from system.db.acknowledgements import Told
from system.db.connection import Db
from system.db.database import Database
from system.db.inbox import InboxEntry, Received
from system.db.interactions import Addressee
from system.domain.consent import is_opt_out
from system.domain.phone import PhoneNumber
from system.domain.statuses import DELIVERY_ORDER, MessageKind, MessageStatus
from system.domain.wakeups import SendMessage
from system.gateway.acknowledgements import Acknowledgement, acknowledgement
from system.gateway.inbound import Interaction, interaction
from system.gateway.webhooks import Event
from system.services.consent import withdraw_consent
from system.services.interactions import open_follow_up

logger = logging.getLogger(__name__)

# Until the second attempt, as the settings say; then twice that, four times, eight times.
WAIT_SECONDS = 30.0
MOST_ATTEMPTS = 5
# What waits for something to be known is never counted further than this, so that it is looked at every two minutes.
PATIENT_ATTEMPTS = 2
MOST_ENTRIES = 100


def receive(db: Database, requests: Sequence[Sequence[Event]]) -> list[list[InboxEntry]]:
    """Stores the events of requests that came together, all or none.

    Returns for each request those that are new: the caller processes them, and the sweep does `WAIT_SECONDS` later if it has not.

    Raises:
        psycopg.Error: when they could not be stored.

    """
    with db.statement() as connection:
        stored = inbox.insert(
            connection,
            (
                Received(event.dedup_key, event.payload, event.ignored, event.correlation_id)
                for events in requests
                for event in events
            ),
        )
    # Popped: an event that two requests bring is the first one's.
    new = [[stored.pop(event.dedup_key, None) for event in events] for events in requests]
    return [[entry for entry in found if entry is not None] for found in new]


def acknowledge(db: Database, entries: Sequence[InboxEntry]) -> list[InboxEntry]:
    """Records the acknowledgements among the entries together; returns what is left to be registered one by one.

    Never raises: when they cannot be recorded together, all are left.
    """
    found = [(entry, acknowledgement(entry.payload)) for entry in entries if interaction(entry.payload) is None]
    acknowledged = [(entry, said) for entry, said in found if said is not None]
    if not acknowledged:
        return list(entries)
    try:
        with db.transaction() as connection:
            _acknowledge(connection, acknowledged)
    except psycopg.Error:
        logger.exception("acknowledgements could not be recorded together")
        return list(entries)
    done = {entry.id for entry, _ in acknowledged}
    return [entry for entry in entries if entry.id not in done]


def register(db: Database, entry: InboxEntry) -> Addressee | None:
    """Records what the entry says; returns whose interaction it is, when it is one: the caller then has to finish it.

    An acknowledgement, an opt-out, and whatever is not for us, is finished here. An acknowledgement of a message nobody knows is left to
    a later attempt: it may be here before the sender has recorded the gateway's answer.
    """
    with db.transaction() as connection:
        interacted = interaction(entry.payload)
        if interacted is not None:
            return _record(connection, entry, interacted)
        acknowledged = acknowledgement(entry.payload)
        if acknowledged is None:
            inbox.finish(connection, entry.id, error="ignored: neither an interaction nor an acknowledgement")
        else:
            _acknowledge(connection, [(entry, acknowledged)])
        return None


def _record(connection: Db, entry: InboxEntry, found: Interaction) -> Addressee | None:
    opted_out = is_opt_out(found.content)
    phone = _number(connection, entry, found, opted_out=opted_out)
    if phone is None:
        # An acknowledgement of our message, or a later word, may name it.
        why = "the number of this chat is not known yet"
        inbox.keep_waiting(connection, entry.id, most_attempts=PATIENT_ATTEMPTS, error=why)
        return None
    if opted_out:
        withdraw_consent(connection, phone, source="message", said=found.content)
    to = interactions.addressee(connection, phone, received_at=entry.received_at)
    if to is None:
        if interactions.may_have_got_message_1(connection, phone):
            # The gateway's answer is lost or on its way: a later attempt will know.
            why = "whether a message was sent to this number is not known yet"
            inbox.keep_waiting(connection, entry.id, most_attempts=PATIENT_ATTEMPTS, error=why)
        else:
            inbox.finish(connection, entry.id, error="ignored: no message was sent to this number")
        return None
    interactions.record(
        connection,
        to,
        inbox_id=entry.id,
        type_=found.type,
        content=found.content,
        wa_id=found.wa_id,
        received_at=entry.received_at,
    )
    interactions.note_inbound(connection, to.contact_id, received_at=entry.received_at)
    if opted_out:
        # It earns no Message 2.
        inbox.finish(connection, entry.id)
        return None
    return to


def _number(connection: Db, entry: InboxEntry, found: Interaction, *, opted_out: bool) -> PhoneNumber | None:
    """Whose words these are; a refusal of somebody who is not known yet is kept."""
    if found.lid is None:
        return found.phone
    if found.phone is not None:
        _join(connection, found.lid, found.phone)
        return found.phone
    phone = lids.phone_of(connection, found.lid)
    if phone is None and opted_out:
        lids.keep_refusal(connection, found.lid, said=found.content, received_at=entry.received_at)
        logger.warning("a refusal waits for the number of its chat", extra={"event": "refusal_without_number"})
    return phone


def _join(connection: Db, lid: str, phone: PhoneNumber) -> None:
    refused = lids.join(connection, lid, phone)
    if refused is not None:
        withdraw_consent(connection, phone, source="message", said=refused)


def _acknowledge(connection: Db, found: Sequence[tuple[InboxEntry, Acknowledgement]]) -> None:
    named: set[int] = set()
    # In the order of the deliveries, and failures by the day they are counted in.
    by_status: dict[tuple[int, date], list[Told]] = defaultdict(list)
    for entry, said in found:
        key = DELIVERY_ORDER.index(said.status), entry.received_at.date()
        by_status[key].append(Told(entry.id, said.gateway_id, said.wa_id))
    for (rank, day), told in sorted(by_status.items()):
        advanced = acknowledgements.advance(connection, DELIVERY_ORDER[rank], told)
        named |= advanced.named
        if DELIVERY_ORDER[rank] is MessageStatus.FAILED and advanced.moved:
            monitoring.count_errors(connection, day, advanced.moved)
    for _, said in found:
        if said.lid is not None:
            phone = lids.phone_of_message(connection, gateway_id=said.gateway_id, wa_id=said.wa_id)
            if phone is not None:
                _join(connection, said.lid, phone)
    inbox.finish(connection, *sorted(named))
    if unknown := sorted({entry.id for entry, _ in found} - named):
        why = "no message has this identifier"
        if acknowledgements.may_name_one_in_doubt(connection):
            inbox.keep_waiting(connection, *unknown, most_attempts=PATIENT_ATTEMPTS, error=why)
        else:
            inbox.record_error(connection, *unknown, error=why)


def finish(db: Database, entry: InboxEntry) -> None:
    """Marks an entry as processed."""
    with db.transaction() as connection:
        inbox.finish(connection, entry.id)


def record_failure(db: Database, entry: InboxEntry, error: Exception) -> None:
    """Logs and keeps why an attempt failed. Never raises: the attempt is counted already."""
    logger.error("inbox entry %s, attempt %s failed", entry.id, entry.attempts, exc_info=error)
    try:
        with db.transaction() as connection:
            inbox.record_error(connection, entry.id, error=f"{type(error).__name__}: {error}")
    except psycopg.Error:
        logger.exception("inbox entry %s: the failure could not be recorded", entry.id)


def process_left_behind(db: Database, *, wait_seconds: float = WAIT_SECONDS) -> list[SendMessage]:
    """Processes what dead or failing processes left; returns what the caller has to publish."""
    with db.transaction() as connection:
        lost = inbox.give_up(connection, most_attempts=MOST_ATTEMPTS)
    if lost:
        logger.error("inbox entries given up: %s", list(lost))
    wake_ups: list[SendMessage] = []
    for _ in range(MOST_ENTRIES):
        # One at a time: what kills this process must not be counted against the entries behind it.
        with db.transaction() as connection:
            entry = inbox.begin_left_behind(connection, wait_seconds=wait_seconds, most_attempts=MOST_ATTEMPTS)
        if entry is None:
            break
        try:
            with correlation.correlated(entry.correlation_id):
                wake_ups += _process(db, entry)
        except Exception as error:  # noqa: BLE001 (recorded with its entry; the others have to go on)
            record_failure(db, entry, error)
    return wake_ups


def _process(db: Database, entry: InboxEntry) -> list[SendMessage]:
    to = register(db, entry)
    if to is None:
        return []
    message_id = open_follow_up(db, to.campaign_id, to.contact_id, received_at=entry.received_at)
    finish(db, entry)
    if message_id is None:
        return []
    return [SendMessage(message_id, MessageKind.MESSAGE_2, correlation_id=entry.correlation_id)]
