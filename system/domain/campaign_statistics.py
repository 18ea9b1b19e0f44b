"""What a campaign's counts say."""

from collections.abc import Mapping
from dataclasses import dataclass

_ACCEPTED = ("sent", "delivered", "read", "undelivered")
_OUTCOMES = ("message_2_sent", "late_interaction", "no_interaction", "failed", "opted_out", "cancelled")


@dataclass(frozen=True)
class CampaignStatistics:
    """Numbers of messages of both kinds unless they say otherwise; rates are between 0 and 1, None of nothing.

    `sent`: accepted by the gateway, whatever came of it. `delivered` includes those read. `failed` includes those the
    gateway accepted and could not deliver. `answered`: contacts who interacted. `outcomes`: contacts, by where they ended.
    """

    contacts: int
    sent: int
    sent_message_1: int
    sent_message_2: int
    delivered: int
    read: int
    interactions: int
    answered: int
    failed: int
    pending: int
    opted_out: int
    cancelled: int
    outcomes: Mapping[str, int]
    delivery_rate: float | None
    read_rate: float | None
    answer_rate: float | None
    failure_rate: float | None

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> "CampaignStatistics":
        """From counts named `<kind>.<status>`, `outcome.<outcome>`, `interactions` and `answered`; what is missing is 0."""

        def both(*states: str) -> int:
            return sum(counts.get(f"{kind}.{state}", 0) for kind in ("message_1", "message_2") for state in states)

        first = sum(counts.get(f"message_1.{state}", 0) for state in _ACCEPTED)
        sent, failed = both(*_ACCEPTED), both("failed", "undelivered")
        delivered, read, answered = both("delivered", "read"), both("read"), counts.get("answered", 0)
        return cls(
            contacts=sum(value for name, value in counts.items() if name.startswith("message_1.")),
            sent=sent,
            sent_message_1=first,
            sent_message_2=sent - first,
            delivered=delivered,
            read=read,
            interactions=counts.get("interactions", 0),
            answered=answered,
            failed=failed,
            pending=both("waiting"),
            opted_out=both("opted_out"),
            cancelled=both("cancelled"),
            outcomes={name: counts.get(f"outcome.{name}", 0) for name in _OUTCOMES},
            delivery_rate=_rate(delivered, sent),
            read_rate=_rate(read, sent),
            answer_rate=_rate(answered, first),
            failure_rate=_rate(failed, sent + both("failed")),
        )


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
