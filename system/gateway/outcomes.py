"""What a request to the gateway came to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Accepted:
    """The gateway has the message. `at` (UTC) is the gateway's own time when it says one."""

    gateway_id: str
    wa_id: str | None
    at: datetime | None = None


@dataclass(frozen=True)
class Refused:
    """The gateway surely has nothing of this attempt; `retryable` when another attempt may succeed."""

    reason: str
    retryable: bool


@dataclass(frozen=True)
class Uncertain:
    """The answer was lost or says nothing: the message may have left."""

    reason: str


@dataclass(frozen=True)
class AccountStopped:
    """The account itself is refused (key, payment, rights): no message of any contact can leave."""

    reason: str


@dataclass(frozen=True)
class NotFound:
    """The gateway knows no message with this reference."""


@dataclass(frozen=True)
class NumberChecked:
    """The gateway knows whether the number is on WhatsApp."""

    exists: bool


NumberOutcome = NumberChecked | AccountStopped | Uncertain
PostOutcome = Accepted | Refused | Uncertain | AccountStopped
LookupOutcome = Accepted | NotFound | Uncertain


@dataclass(frozen=True)
class Outgoing:
    """A message to hand over; `reference` is the same for all its attempts. `content`: its file or template, if it has one."""

    phone: str
    body: str
    reference: str
    template_name: str | None = None
    content: Mapping[str, Any] | None = None
