"""What a driver must do, besides `Driver`, for the experiments of families 4 to 7 and 9.

One protocol a subject, so that a driver stays as short as what its owner wants to have judged: a criterion whose protocol
the driver lacks is undetermined, with the names of the methods that are missing. Times are seconds since the epoch.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from audit.experiments.driver import Driver


@dataclass(frozen=True)
class Send:
    """What the database says of one message: a status as in `Driver.recorded`, and when it was sent, if it was."""

    status: str
    sent_at: float | None


@dataclass(frozen=True)
class Said:
    """An interaction whose webhook was answered with success: when it was handed over, and what it contained."""

    identifier: str
    content: str
    at: float


@dataclass(frozen=True)
class Heard:
    """An interaction as the database holds it."""

    identifier: str
    key: str
    campaign: str
    kind: str
    content: str
    at: float


@dataclass(frozen=True)
class LockSeen:
    """A lock that exists: who holds it, as the lock's own value says, and in how many seconds it ends by itself."""

    owner: str
    ttl_seconds: float


@dataclass(frozen=True)
class CampaignSeen:
    """A campaign: its status, where each of its contacts ended (one of `FINAL_STATES`, or empty), its kept statistics."""

    status: str
    contacts: Mapping[str, str]
    kept: Mapping[str, float] | None = None


FINAL_STATES = ("message_2_sent", "late_interaction", "no_interaction", "failed", "opted_out")


@dataclass(frozen=True)
class Statistics:
    """What the statistics' address answered, under the names of `STATISTICS`; `rates` are between 0 and 1.

    `sent` counts what the gateway accepted of both kinds of message, and `delivered` includes what was read.
    """

    values: Mapping[str, float]
    seconds: float
    rates: Mapping[str, float] = field(default_factory=dict)


# By name, as a report says them.
STATISTICS = {
    "contacts": "contacts",
    "sent": "envoyés",
    "delivered": "délivrés",
    "read": "lus",
    "interactions": "interactions",
    "failed": "échecs",
    "pending": "en attente",
}


class SendBook(Driver, Protocol):
    """Sends as the stack keeps them (4.1, 4.2, 4.5)."""

    def sends(self) -> Mapping[str, Send]:
        """Every message, by key."""
        ...

    def traces(self, keys: Sequence[str]) -> Mapping[str, int]:
        """How many structured records of the log tell that each of these keys was sent."""
        ...

    def launch_again(self, keys: Sequence[str], new: int = 0) -> Mapping[str, str]:
        """Launch another campaign over the same contacts and new ones; the key that each one's Message 1 must have in it."""
        ...

    def lose_wake_ups(self) -> None:
        """The broker loses everything that it was given."""
        ...

    def launched_ago(self, key: str, seconds: float) -> None:
        """Move the launch of this message's campaign to so many seconds ago."""
        ...


class AskedWorker(Driver, Protocol):
    """What the workers in service answer (8.4)."""

    def worker_answers(self) -> Mapping[str, Mapping[str, Any]]:
        """As `audit.experiments.asked_workers.ask_workers` gives it, in the environment of the workers."""
        ...


class NumberForms(Driver, Protocol):
    """Numbers that are written in two ways (4.8)."""

    def launch_both_forms(self) -> Mapping[str, frozenset[str]]:
        """Launch a campaign whose list has some persons under two forms of number each; their keys, by a name (French)."""
        ...


class WorkerAbsence(Driver, Protocol):
    """Workers that are not there (8.6)."""

    def absent(self, role: str) -> AbstractContextManager[None]:
        """Stop the processes of this role in order; nothing starts them again while the block lasts."""
        ...


class Conversation(Driver, Protocol):
    """What contacts do, and when their Message 1 left (4.3, 5.1 to 5.4, 5.6)."""

    def say(self, key: str, kind: str = "text", content: str | None = "") -> Said:
        """One interaction of the contact whose Message 1 has this key, delivered by webhook. Raises DriverError when refused.

        `kind` is text, emoji, reaction, voice, audio, image, video or document; a document has a file name beside its words.
        `content`: what it says, the driver's choice when empty, nothing at all when None: a voice message has no words.
        """
        ...

    def heard(self) -> Sequence[Heard]:
        """Every recorded interaction, under the kinds above."""
        ...

    def sent_ago(self, ages: Mapping[str, float]) -> Mapping[str, float]:
        """Move the sending of these Message 1 to so many seconds ago; returns when they were sent, now."""
        ...

    def campaign_of(self, key: str) -> str:
        """The campaign of this message."""
        ...


class PausedConversation(Conversation, Protocol):
    """Contacts who answer while their campaign is paused (5.2)."""

    def pause(self, campaign: str) -> None:
        """Pause it as an administrator does."""
        ...

    def resume(self, campaign: str) -> None:
        """Resume it as an administrator does."""
        ...


class GatewayOutage(PausedConversation, Protocol):
    """A gateway that refuses, or whose answer is lost (4.1, 4.6, 4.7)."""

    def refuse_everybody(self, status: int) -> AbstractContextManager[None]:
        """While the block lasts, the gateway answers every send with this HTTP status."""
        ...

    def launch_answered(self, statuses: Mapping[int, int]) -> Mapping[int, str]:
        """Launch a campaign of one contact a status, whose first so many sends get it; the others are accepted. Keys by status."""
        ...

    def launch_unanswered(self, contacts: int) -> frozenset[str]:
        """Launch a campaign whose first send to each contact the gateway accepts without an answer that says so."""
        ...

    def hasten(self) -> None:
        """What waits for another attempt is due now."""
        ...

    def taken_up(self, keys: Collection[str]) -> int:
        """How many times senders have taken up these messages, whatever came of it."""
        ...


class Correspondence(SendBook, Conversation, Protocol):
    """Sends as the stack keeps them, and contacts who answer (4.1, 4.2, 4.5)."""


class DailyRoom(Correspondence, Protocol):
    """The daily limit (4.4)."""

    def shipped_daily_limit(self) -> int:
        """Messages a day, as shipped."""
        ...

    def shipped_share(self) -> int:
        """How many of them may be Message 1, as shipped."""
        ...

    def today(self, first: int, second: int) -> AbstractContextManager[None]:
        """While the block lasts, so many Message 1 and Message 2 count as sent today; its end is a new day."""
        ...


class Crowd(Conversation, Protocol):
    """Many sends that wait (5.5)."""

    def slow_gateway(self, seconds: float) -> AbstractContextManager[None]:
        """While the block lasts, each send takes the gateway this long."""
        ...


class ReplyGuard(Conversation, Protocol):
    """What keeps a second Message 2 from leaving (6.1, 6.2, 6.4, 6.5)."""

    def deliver_later(self, identifiers: Sequence[str]) -> None:
        """Deliver the webhooks of these interactions again, as if an hour had passed since they were received."""
        ...

    def say_at_once(self, key: str, times: int) -> Sequence[str]:
        """That many interactions of one contact, delivered at the same time; identifiers of those answered with success."""
        ...

    def launch_again(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Launch another campaign over the same contacts; the key of each contact's Message 1 in it."""
        ...

    def second_reply_refusal(self, key: str) -> str:
        """Try to write, in the database itself, a second Message 2 of this contact and undo it; what refused it, or nothing."""
        ...

    def duplicate_traces(self, key: str) -> int:
        """How many records of the log tell that this contact has a Message 2 already."""
        ...


class SendLocks(Driver, Protocol):
    """The lock around one message (6.3)."""

    def lock_of(self, key: str) -> LockSeen | None:
        """The lock of the message with this key; None when there is none."""
        ...

    def wake(self, key: str) -> None:
        """Have a second sender take up this message, its locks as they are."""
        ...

    def usurp(self, key: str, owner: str) -> None:
        """Give that lock to somebody else, as if it had ended and been taken."""
        ...


class CampaignBook(PausedConversation, Protocol):
    """The end of campaigns (7.1 to 7.6)."""

    def launch_refusing(self, contacts: int, refused: int) -> Sequence[str]:
        """Launch a campaign of which the gateway refuses the last `refused` contacts for good; keys in order."""
        ...

    def campaign(self, campaign: str) -> CampaignSeen:
        """The campaign as the database says."""
        ...

    def resumed_ago(self, campaign: str, seconds: float) -> None:
        """Move the last resumption of this paused campaign to so many seconds ago."""
        ...

    def refuse(self, keys: Sequence[str]) -> None:
        """From now on the gateway refuses whatever is sent to these contacts for good."""
        ...

    def launch_exhausted(self) -> str:
        """Launch a campaign of one contact whose every attempt the gateway refuses for now, until none is left; its key."""
        ...

    def resume_failed(self, campaign: str) -> None:
        """Resume it as an administrator does, for what failed in it."""
        ...

    def launch_and_pause(self) -> tuple[Sequence[str], Sequence[str]]:
        """Launch a campaign and pause it while some of its sends still wait; keys sent, and keys that wait."""
        ...

    def without_periodic_tasks(self) -> AbstractContextManager[None]:
        """While the block lasts, the stack itself runs no periodic task: what `run_expiry` does is seen alone."""
        ...

    def run_expiry(self) -> None:
        """Have a worker run the hourly task now, by its own name and queue, and wait for its end."""
        ...

    def closing_traces(self, campaign: str) -> Sequence[Mapping[str, float]]:
        """The statistics, under the names of `STATISTICS`, of each structured record of the log that tells its closing."""
        ...


class StatisticsDesk(CampaignBook, Protocol):
    """The statistics' address (9.1 to 9.5)."""

    def load(self, contacts: int) -> str:
        """A campaign of that many contacts, written in the database as if its Message 1 had all left; its id."""
        ...

    def statistics(self, campaign: str) -> Statistics:
        """One request, timed from its sending to the end of its answer."""
        ...

    def rows_read(self) -> int:
        """Rows that the database has read so far in the tables that have one row a contact or more."""
        ...

    def acknowledge(self, key: str, status: str) -> None:
        """The gateway's webhook says that this message is `delivered` or `read`."""
        ...
