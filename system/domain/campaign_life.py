"""What may become of a campaign."""

from datetime import datetime, timedelta
from enum import StrEnum

from system.domain.statuses import CampaignStatus as S

_NEXT = {
    S.DRAFT: frozenset({S.SCHEDULED, S.SENDING, S.CANCELLED}),
    # Scheduled again: at another time. A draft again: its time was missed.
    S.SCHEDULED: frozenset({S.DRAFT, S.SCHEDULED, S.SENDING, S.CANCELLED, S.FAILED}),
    S.SENDING: frozenset({S.PAUSED, S.COMPLETED, S.CANCELLED, S.FAILED}),
    S.PAUSED: frozenset({S.SENDING, S.COMPLETED, S.CANCELLED, S.FAILED}),
    # What failed is sent again.
    S.COMPLETED: frozenset({S.SENDING}),
    S.CANCELLED: frozenset[S](),
    S.FAILED: frozenset[S](),
}


# A later day is a typing mistake.
MOST_AHEAD = timedelta(days=366)


class ScheduleError(ValueError):
    """A campaign cannot start at that moment; `french` says it for the page."""

    def __init__(self, english: str, french: str) -> None:
        super().__init__(english)
        self.french = french


def check_start(at: datetime, now: datetime) -> None:
    """Raises ScheduleError unless a campaign may be scheduled `now` for `at`: later, in a year at most, with its time zone."""
    if at.tzinfo is None or at <= now:
        raise ScheduleError(
            "a campaign is scheduled for a later time, with its time zone",
            "Ce moment est déjà passé : choisissez un moment à venir.",
        )
    if at > now + MOST_AHEAD:
        raise ScheduleError(
            "a campaign is scheduled for a time within a year: see whether its year is right",
            "Ce moment est dans plus d’un an : vérifiez l’année.",
        )


class Resume(StrEnum):
    """Which unsent messages a resumed campaign sends: those that `pending`, those that `failed`, or `all`.

    What the gateway has ever accepted is never among them.
    """

    PENDING = "pending"
    FAILED = "failed"
    ALL = "all"


def may_become(now: S, then: S) -> bool:
    """Whether this transition is legal."""
    return then in _NEXT[now]
