"""What the Wassenger double and its control client say to each other."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Outcome = Literal["status", "accept_then_status", "drop_before", "accept_then_drop", "accept_then_timeout"]


class Rule(BaseModel):
    """What happens to the sends to `phone` (any phone when None), for the next `times` of them (for ever when None).

    `status` and `accept_then_status` answer with `status`, before or after the message is accepted; `drop_before` and
    `accept_then_drop` cut the connection without an answer; `accept_then_timeout` accepts, then never answers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Outcome
    phone: str | None = None
    status: int | None = Field(default=None, ge=400, le=599)
    times: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _status_where_needed(self) -> Self:
        if ("status" in self.outcome) != (self.status is not None):
            raise ValueError("`status` goes with the outcomes `status` and `accept_then_status`, and only with them")
        return self


class Behaviour(BaseModel):
    """How the double answers. The first rule that matches a send applies; latencies and `hold` apply to every send."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    latency_before_ms: float = Field(default=0, ge=0)
    latency_after_ms: float = Field(default=0, ge=0)
    hold: Literal["before", "after"] | None = None
    rules: tuple[Rule, ...] = ()
    lookup_status: int | None = Field(default=None, ge=400, le=599)
    missing_numbers: frozenset[str] = frozenset()
    alert_status: int | None = Field(default=None, ge=400, le=599)


class LedgerEntry(BaseModel):
    """One message the double accepted; times are UTC."""

    model_config = ConfigDict(frozen=True)

    seq: int
    id: str
    waId: str  # noqa: N815 (Wassenger's own name)
    reference: str | None
    phone: str
    device: str | None
    message: str | None
    media: dict[str, Any] | None = None
    template: dict[str, Any] | None = None
    received_at: datetime
    accepted_at: datetime


class ReceivedAlert(BaseModel):
    """One alert that reached the double's sink, and the status it was answered with; the time is UTC."""

    model_config = ConfigDict(frozen=True)

    received_at: datetime
    answered: int
    body: dict[str, Any]


class Counts(BaseModel):
    """Where the sends are: accepted in the ledger, being handled, held, given up by their client before acceptance."""

    model_config = ConfigDict(frozen=True)

    accepted: int
    distinct_references: int
    in_flight: int
    held: int
    abandoned: int
    lookups: int
