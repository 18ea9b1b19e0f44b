"""What may become of a campaign."""

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
