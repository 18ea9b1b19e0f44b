"""Looks at the signs of life in the database; what is decided is recorded there, so that several watchdogs alert once."""

from dataclasses import dataclass

from system.db import alarms, gateway_breaker, heartbeats
from system.db.connection import Db
from system.domain.alarm import AlarmPolicy, Recovered, Silent
from system.services.alerts import Alert

WATCHED = (heartbeats.WORKER, heartbeats.BEAT)
GATEWAY = "gateway"
# Of the silence that raises an alert: a gateway that refuses says so, it need not be waited for as long.
HELD_SHARE = 0.2


@dataclass(frozen=True)
class Change:
    """A component that has just fallen silent for too long, or has recovered."""

    component: str
    verdict: Silent | Recovered


def look(db: Db, policy: AlarmPolicy) -> list[Change]:
    """Looks at every component, and whether sending is held, and records what changed; of several watchdogs at once, one gets each change."""
    changes = []
    for component in WATCHED:
        seen = alarms.look(db, component)
        watch, verdict = policy.look(seen.watch, now=seen.now, beat_at=seen.beat_at)
        alarms.remember(db, component, watch)
        if verdict is None:
            continue
        changes.append(Change(component, verdict))
        # A silence may follow another before the component has worked steadily: each has an incident of its own.
        alarms.close_incident(db, component)
        if isinstance(verdict, Silent):
            alarms.open_incident(db, component, silent_since=verdict.since)
    return [*changes, *_look_at_sending(db, policy)]


def _look_at_sending(db: Db, policy: AlarmPolicy) -> list[Change]:
    held = gateway_breaker.hold(db)
    if held is None:
        closed = alarms.close_incident(db, GATEWAY)
        return [Change(GATEWAY, Recovered(gateway_breaker.now(db)))] if closed else []
    if gateway_breaker.now(db) - held.open_since < HELD_SHARE * policy.alert_after:
        return []
    opened = alarms.open_incident(db, GATEWAY, silent_since=held.open_since)
    return [Change(GATEWAY, Silent(held.open_since))] if opened else []


@dataclass(frozen=True)
class Claimed:
    """An alert this watchdog alone may deliver now."""

    id: int
    alert: Alert


def claim_alert(db: Db, *, seconds: float) -> Claimed | None:
    """The next alert to deliver; it comes up again after `seconds` unless `told` says that it arrived."""
    incident = alarms.claim_alert(db, seconds=seconds)
    if incident is None:
        return None
    name = f"{incident.component}-{incident.id}"
    alert = Alert(name, incident.component, incident.silent_since, incident.raised_at, incident.recovered_at)
    return Claimed(incident.id, alert)


def told(db: Db, claimed: Claimed) -> None:
    """The alert has arrived."""
    alarms.mark_notified(db, claimed.id)
