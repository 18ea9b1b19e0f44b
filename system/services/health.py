"""Whether the parts of the system answer, and whether its work gets through."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import psycopg

from system.clock import utc_now
from system.db import gateway_breaker, lids, monitoring
from system.db.database import Database
from system.db.gateway_breaker import Hold
from system.domain.counters import DayCounters
from system.gateway.outcomes import Uncertain
from system.locks import Locks
from system.services.ports import Clock, Gateway

logger = logging.getLogger(__name__)

HEALTH_REFERENCE = "health-check"
# Below so many messages a rate says nothing.
FEWEST_MESSAGES = 20
HIGHEST_ERROR_RATE = 0.1


def health(
    db: Database,
    locks: Locks,
    gateway: Gateway,
    queue_lengths: Callable[[], Mapping[str, int] | None],
    clock: Clock = utc_now,
) -> dict[str, Any]:
    """What answers, how much waits, today's error rate (0 to 1), and `problems` in words; they are logged too.

    `queue_lengths` tells how many wake-ups wait by queue, or None when the broker is away.
    """
    waiting, today, held, refusals = _database(db, clock)
    queues = queue_lengths()
    found: dict[str, Any] = {
        "database": waiting is not None,
        "redis": locks.ping(),
        "broker": queues is not None,
        "gateway": not isinstance(gateway.find_by_reference(HEALTH_REFERENCE), Uncertain),
    }
    problems = [f"{part} does not answer" for part, answers in found.items() if not answers]
    if today is not None and sum(today.values.values()) >= FEWEST_MESSAGES and today.error_rate > HIGHEST_ERROR_RATE:
        problems.append(f"{today.error_rate:.0%} of today's messages failed")
    if refusals:
        problems.append(f"{refusals} refusals came from chats whose number is not known: they wait for it")
    if held is not None:
        problems.append(
            f"sending is held since {held.open_since:%H:%M} UTC: the gateway refuses everything ({held.reason})"
        )
    for problem in problems:
        logger.error("health: %s", problem)
    return found | {
        "open_messages": waiting or {},
        "queues": dict(queues or {}),
        "today": today.values if today else {},
        "error_rate": round(today.error_rate, 4) if today else None,
        "held_since": held.open_since.isoformat() if held else None,
        "problems": problems,
    }


def _database(db: Database, clock: Clock) -> tuple[dict[str, int] | None, DayCounters | None, Hold | None, int]:
    try:
        with db.transaction() as connection:
            days = monitoring.counters(connection, since=clock().date())
            held = gateway_breaker.hold(connection)
            return (
                monitoring.open_messages(connection),
                days[0] if days else None,
                held,
                lids.waiting_refusals(connection),
            )
    except psycopg.Error:
        return None, None, None, 0
