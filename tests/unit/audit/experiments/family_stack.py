"""A stack that follows every protocol of families 4 to 7 and 9, with switches for each way of not doing it."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Literal

from audit.experiments.abilities import CampaignSeen, Heard, LockSeen, Said, Send, Statistics
from audit.experiments.driver import Accepted
from audit.experiments.gateway_outage import ACCOUNT_STATUS
from audit.experiments.opting_out import WORDS
from tests.unit.audit.experiments.fake_stack import StackWithAbsence

WINDOW = 86_400.0
ON_ITS_WAY_SECONDS = 0.1
MANY = 6
SOUND_LOCK = LockSeen("me", 290.0)


@dataclass
class FamilyStack(StackWithAbsence):
    """Works, unless a switch says otherwise."""

    unstamped: bool = False
    stamp_shift: float = 0.0
    silent_log: bool = False
    silent_replies: bool = False
    shipped_limit: int = 1000
    overflows: bool = False
    starves: bool = False
    fails_beyond: bool = False
    forgets_next_day: bool = False
    shipped_share_of: int = 800
    overflows_common: bool = False
    overflows_replies: bool = False
    loses_again: bool = False
    loses_in_outage: bool = False
    forgets_after_outage: bool = False
    retries_final: bool = False
    drops_passing: bool = False
    sends_unheard_again: bool = False
    denies_unheard: bool = False
    drops_busy_replies: bool = False
    fails_with_account: bool = False
    forgets_account: bool = False
    pauses_account: bool = False
    loses_unrecorded: bool = False
    records_later_twice: bool = False
    lends_lock: bool = False
    confuses_unreachable: bool = False
    ignores_paused: bool = False
    counts_cancelled: bool = False
    forgets_exhausted: bool = False
    closes_exhausted: bool = False
    ends_exhausted: bool = False
    keeps_paused_open: bool = False
    cancels_waiting: bool = False
    stops_many_failures: bool = False
    keeps_many_open: bool = False
    closes_before: float = 0.0
    ignores_resumption: bool = False
    hides_pending: bool = False
    falls_back: bool = False
    alters_words: bool = False
    writes_to_opted_out: bool = False
    knows_one_form: bool = False
    deaf_person: bool = False
    sends_overtaken: bool = False
    sleeps_through: bool = False
    window: float = WINDOW
    replies_early: bool = False
    replies_in_flight: bool = False
    replies_late: bool = False
    never_replies: bool = False
    replies_twice: bool = False
    deaf: frozenset[str] = frozenset()
    deaf_to_the_wordless: bool = False
    deaf_while_paused: bool = False
    mislabels: bool = False
    loses_words: frozenset[str] = frozenset()
    reply_seconds: float = 0.1
    crowd_left: int = 10_000
    one_reply_for_all: bool = False
    constraint: str = "messages_unique"
    silent_duplicates: bool = False
    lock: LockSeen | None = SOUND_LOCK
    releases_foreign: bool = False
    closes: bool = True
    closes_early: bool = False
    keeps_unsent_open: bool = False
    keeps: bool = True
    miscounts: bool = False
    expires: bool = True
    confuses: bool = False
    silent_closing: bool = False
    longest: float = 2 * WINDOW
    misreports: bool = False
    answer_seconds: float = 0.01
    rows_an_answer: int = 3
    omits: str = ""
    stale: bool = False
    thaws: bool = False
    ignores_acknowledgements: bool = False
    runs_otherwise: bool = False
    mute: bool = False
    _sent_at: dict[str, float] = field(default_factory=dict)
    _status: dict[str, str] = field(default_factory=dict)
    _campaigns: dict[str, str] = field(default_factory=dict)
    _heard: list[Heard] = field(default_factory=list)
    _waiting_for_tomorrow: list[str] = field(default_factory=list)
    _paused_sends: list[str] = field(default_factory=list)
    _room: int | None = None
    _replies_left: int | None = None
    _point: str = "before"
    # Replies on their way, and until when.
    _fresh: dict[str, float] = field(default_factory=dict)
    _limited: bool = False
    _outage: bool = False
    _refusing: int = 0
    _refused: set[str] = field(default_factory=set)
    _resumed_at: dict[str, float] = field(default_factory=dict)
    _really_resumed: set[str] = field(default_factory=set)
    _held_at_launch: set[str] = field(default_factory=set)
    _replied: set[str] = field(default_factory=set)
    _duplicates: dict[str, int] = field(default_factory=dict)
    _opted_out: set[str] = field(default_factory=set)
    _expired: bool = False
    _paused: set[str] = field(default_factory=set)
    _exhausted: set[str] = field(default_factory=set)
    _rows: int = 0
    _loaded: int = 0
    _frozen: dict[str, Statistics] = field(default_factory=dict)
    _names: count = field(default_factory=lambda: count(1))  # type: ignore[type-arg]

    def worker_answers(self) -> Mapping[str, Mapping[str, Any]]:
        late = not self.runs_otherwise
        return {"node": {} if self.mute else {"conf": {"task_acks_late": [True, late]}, "tasks": {}}}

    def launch(self, contacts: int) -> frozenset[str]:
        before = len(self._ledger)
        keys = super().launch(contacts)
        campaign = f"c{next(self._names)}"
        now = time.time()
        self._ledger[before:] = [replace(a, at=now) for a in self._ledger[before:]]
        for key in keys:
            self._campaigns[key] = campaign
            self._sent_at[key] = now + self.stamp_shift
        if self._holding:
            self._held_at_launch |= keys
        if self._outage:
            self._waiting_for_tomorrow = sorted(keys)
            self._ledger[before:] = []
            fails = self.fails_with_account if self._refusing == ACCOUNT_STATUS else self.loses_in_outage
            self._status |= dict.fromkeys(keys, "failed") if fails else {}
        if self._room is not None and not self.overflows:
            allowed = set(sorted(keys)[: self._room - self.starves])
            self._waiting_for_tomorrow = [k for k in sorted(keys) if k not in allowed]
            self._ledger[before:] = [a for a in self._ledger[before:] if a.key in allowed]
            self._status |= dict.fromkeys(self._waiting_for_tomorrow, "failed" if self.fails_beyond else "pending")
        return keys

    def accepted(self) -> Sequence[Accepted]:
        return [a for a in self._ledger if not self._on_its_way(a.key)]

    def _on_its_way(self, key: str) -> bool:
        return time.time() < self._fresh.get(key, 0.0)

    def recorded(self) -> Mapping[str, str]:
        replies = {key: "pending" if self._on_its_way(key) else "sent" for key in self._replied}
        # One is held at the gateway, and the others wait for it.
        waiting = dict.fromkeys(self._held_at_launch - {self._in_flight}, "pending")
        return {**super().recorded(), **replies, **waiting, **self._status}

    @property
    def _in_flight(self) -> str:
        return min(self._held_at_launch, default="")

    def sends(self) -> Mapping[str, Send]:
        stamp = {} if self.unstamped else self._sent_at
        return {key: Send(status, stamp.get(key)) for key, status in self.recorded().items()}

    def traces(self, keys: Sequence[str]) -> Mapping[str, int]:
        told = [key for key in keys if key not in self._replied or not self.silent_replies]
        return {} if self.silent_log else dict.fromkeys(told, 1)

    def shipped_daily_limit(self) -> int:
        return self.shipped_limit

    def shipped_share(self) -> int:
        return self.shipped_share_of

    @contextmanager
    def today(self, first: int, second: int) -> Iterator[None]:
        common = self.shipped_limit - first - second + (2 if self.overflows_common else 0)
        self._room = min(self.shipped_share_of - first, common)
        self._replies_left = 99 if self.overflows_replies else self.shipped_limit - first - second
        self._waiting_for_tomorrow = []
        yield
        self._room = self._replies_left = None
        self._status = {key: status for key, status in self._status.items() if status != "pending"}
        if not self.forgets_next_day:
            self._ledger += [Accepted(key, f"id-{key}", time.time()) for key in self._waiting_for_tomorrow]

    def launched_ago(self, key: str, seconds: float) -> None: ...

    @contextmanager
    def refuse_everybody(self, status: int) -> Iterator[None]:
        self._outage, self._refusing = True, status
        yield
        self._outage = False
        if status == ACCOUNT_STATUS and (self.forgets_account or self.pauses_account):
            self._paused_sends, self._waiting_for_tomorrow = self._waiting_for_tomorrow, []

    def launch_answered(self, statuses: Mapping[int, int]) -> Mapping[int, str]:
        keys = dict(zip(statuses, sorted(self.launch(len(statuses))), strict=True))
        for status, key in keys.items():
            final = 400 <= status < 500 and status != 429
            if (final and not self.retries_final) or (not final and self.drops_passing):
                self._ledger[:] = [a for a in self._ledger if a.key != key]
                self._status[key] = "failed"
        return keys

    def launch_unanswered(self, contacts: int) -> frozenset[str]:
        keys = self.launch(contacts)
        first = min(keys)
        self._ledger += [a for a in self._ledger if a.key == first and self.sends_unheard_again]
        self._status |= {first: "failed"} if self.denies_unheard else {}
        return keys

    def launch_both_forms(self) -> Mapping[str, frozenset[str]]:
        one, other = sorted(self.launch(2))
        self._ledger[:] = [a for a in self._ledger if a.key != other or self.knows_one_form]
        self._ledger[:] = [a for a in self._ledger if not self.deaf_person]
        return {"Brésil": frozenset({one, other})}

    def taken_up(self, keys: Collection[str]) -> int:
        return 0 if self.sleeps_through else 9 * len(keys) + len(self._heard)

    def hasten(self) -> None:
        if not self._outage and not self.forgets_after_outage:
            self._ledger += [Accepted(key, f"id-{key}", time.time()) for key in self._waiting_for_tomorrow]
            self._waiting_for_tomorrow = []

    def say(self, key: str, kind: str = "text", content: str | None = "") -> Said:
        deaf = content is None and self.deaf_to_the_wordless
        at, identifier = time.time(), f"s{next(self._inbound)}"
        content = "" if content is None else content or f"un {kind}"
        if identifier not in self.loses_words:
            campaign = self._campaigns[key]
            kept = "text" if self.mislabels else kind
            words = content.strip() if self.alters_words else content
            self._heard.append(Heard(identifier, key, campaign, kept, words, at))
        reply = self.follow_up_key(key)
        open_window = at < self._sent_at[key] + self.window or self.replies_late
        early = self._holding and not (self._point == "after" and not self.loses_unrecorded)
        deaf = deaf or (self.deaf_while_paused and self._campaigns[key] in self._paused)
        crossed = early and key == self._in_flight
        early = early and not (self.replies_in_flight if crossed else self.replies_early)
        answers = not deaf and kind not in self.deaf and not early and not self.never_replies
        if content in WORDS:
            self._opted_out.add(key)
            if not self.writes_to_opted_out:
                gone = {reply, f"{key} again"}
                self._waiting_for_tomorrow = [k for k in self._waiting_for_tomorrow if k not in gone]
        elif key in self._refused or (self._outage and self.drops_busy_replies):
            self._status[reply] = "failed"
        elif self._replies_left == 0:
            self._waiting_for_tomorrow.append(reply)
            self._status[reply] = "pending"
        elif reply in self._replied and not self.replies_twice:
            self._duplicates[key] = self._duplicates.get(key, 0) + 1
        elif open_window and answers and not (self.one_reply_for_all and "again" in key):
            if self._replies_left is not None:
                self._replies_left -= 1
            self._replied.add(reply)
            alone = list(self._campaigns.values()).count(self._campaigns[key]) == 1
            if (alone and not self._holding) or crossed:
                self._fresh[reply] = at + ON_ITS_WAY_SECONDS
            self._ledger.append(Accepted(reply, f"id-{reply}", at + self.reply_seconds))
        return Said(identifier, content, at)

    def heard(self) -> Sequence[Heard]:
        return self._heard

    def interactions(self) -> Sequence[str]:
        return [*super().interactions(), *(h.identifier for h in self._heard)]

    def sent_ago(self, ages: Mapping[str, float]) -> Mapping[str, float]:
        moved = {key: time.time() - age for key, age in ages.items()}
        self._sent_at |= moved
        for reply in (self.follow_up_key(key) for key, age in ages.items() if age >= WINDOW):
            if self._on_its_way(reply) and not self.sends_overtaken:
                self._ledger[:] = [a for a in self._ledger if a.key != reply]
        return moved

    def campaign_of(self, key: str) -> str:
        return self._campaigns[key]

    @contextmanager
    def slow_gateway(self, seconds: float) -> Iterator[None]:
        ahead, super_launch = self.crowd_left, self.launch

        def crowded(contacts: int) -> frozenset[str]:
            keys = super_launch(contacts)
            late = set(sorted(keys)[1 : ahead + 1])
            self._ledger[:] = [a for a in self._ledger if a.key not in late]
            self._waiting_for_tomorrow = sorted(late)
            return keys

        self.launch = crowded  # type: ignore[method-assign]
        yield
        self.launch = super_launch  # type: ignore[method-assign]
        self._ledger += [Accepted(key, f"id-{key}", time.time()) for key in self._waiting_for_tomorrow]

    def say_at_once(self, key: str, times: int) -> Sequence[str]:
        return [self.say(key).identifier for _ in range(times)]

    def hold(self, point: Literal["before", "after"]) -> None:
        self._point = point
        super().hold(point)

    def release(self) -> None:
        self._held_at_launch = set()
        super().release()

    def deliver_later(self, identifiers: Sequence[str]) -> None:
        if self.records_later_twice:
            self._heard += [h for h in self._heard if h.identifier in set(identifiers)]

    def lose_wake_ups(self) -> None: ...

    def launch_again(self, keys: Sequence[str], new: int = 0) -> Mapping[str, str]:
        again = {key: f"{key} again" for key in keys} | {key: key for key in sorted(self.launch(new))}
        for key in (key for key in again.values() if "again" in key):
            self._keys.append(key)
            self._campaigns[key] = f"c{next(self._names)}"
            self._sent_at[key] = time.time()
            refused = key.removesuffix(" again") in self._opted_out and not self.writes_to_opted_out
            if self._room == 0:
                self._waiting_for_tomorrow.append(key)
            elif not self.loses_again and not refused:
                self._ledger.append(Accepted(key, f"id-{key}", time.time()))
        return again

    def second_reply_refusal(self, key: str) -> str:
        return self.constraint

    def duplicate_traces(self, key: str) -> int:
        return 0 if self.silent_duplicates else self._duplicates.get(key, 0)

    def lock_of(self, key: str) -> LockSeen | None:
        usurped = self.lock is not None and self.lock.owner.startswith("audit:")
        return None if usurped and self.releases_foreign else self.lock

    def wake(self, key: str) -> None:
        if self.lends_lock:
            self.lock = LockSeen("second", 300.0)

    def usurp(self, key: str, owner: str) -> None:
        self.lock = LockSeen(owner, 300.0)

    def launch_refusing(self, contacts: int, refused: int) -> Sequence[str]:
        keys = sorted(self.launch(contacts))
        gone = set(keys[contacts - refused :])
        self._ledger[:] = [a for a in self._ledger if a.key not in gone]
        self._status |= dict.fromkeys(gone, "failed")
        return keys

    def launch_exhausted(self) -> str:
        (key,) = self.launch_refusing(1, 1)
        self._exhausted |= {self._campaigns[key]} if not self.closes_exhausted else set()
        return key

    def resume_failed(self, campaign: str) -> None:
        self._really_resumed.add(campaign)
        again = [key for key, of in self._campaigns.items() if of == campaign and not self.forgets_exhausted]
        self._ledger += [Accepted(key, f"id-{key}", time.time()) for key in again]

    def campaign(self, campaign: str) -> CampaignSeen:
        contacts = {key: self._state(key) for key, of in self._campaigns.items() if of == campaign}
        ages = [time.time() - self._sent_at[key] for key in contacts if self._status.get(key) != "pending"]
        if campaign in self._resumed_at and not self.ignores_resumption:
            ages.append(time.time() - self._resumed_at[campaign])
        too_long = min(ages, default=0.0) >= self.longest - self.closes_before
        unsent = not any(a.key in contacts for a in self._ledger)
        if campaign in self._exhausted:
            return CampaignSeen("paused", contacts if self.ends_exhausted else dict.fromkeys(contacts, ""), None)
        if campaign in self._paused and self.keeps_paused_open and "failed" in contacts.values():
            return CampaignSeen("paused", contacts, None)
        if unsent and len(contacts) >= MANY and (self.stops_many_failures or self.keeps_many_open):
            return CampaignSeen("paused" if self.stops_many_failures else "sending", contacts, None)
        if unsent and self.keeps_unsent_open:
            return CampaignSeen("sending", contacts, None)
        over = all(contacts.values()) or (self._expired and too_long)
        status = "completed" if self.closes_early or (over and self.closes) else "sending"
        if status == "sending" and campaign in self._paused:
            status = "paused"
        values = dict(self.statistics(campaign).values) | ({"failed": 0} if self.miscounts else {})
        return CampaignSeen(status, contacts, values if self.keeps and status == "completed" else None)

    def _state(self, key: str) -> str:
        if (status := self._status.get(key)) in {"failed", "pending"}:
            waiting = "cancelled" if self.cancels_waiting and self._expired else ""
            return "failed" if status == "failed" else waiting
        if self._status.get(self.follow_up_key(key)) == "failed":
            return "message_2_sent" if self.confuses_unreachable else "failed"
        if self.ignores_paused and self._campaigns[key] in self._paused:
            return ""
        if self.follow_up_key(key) in self._replied:
            return "no_interaction" if self.confuses else "message_2_sent"
        if not self._expired or not self.expires or time.time() - self._sent_at[key] < WINDOW:
            return ""
        if key in self._opted_out:
            return "opted_out"
        return "late_interaction" if any(h.key == key for h in self._heard) else "no_interaction"

    def pause(self, campaign: str) -> None:
        self._paused.add(campaign)

    def resume(self, campaign: str) -> None:
        self._paused.discard(campaign)
        if not self.forgets_account:
            self._ledger += [Accepted(key, f"id-{key}", time.time()) for key in self._paused_sends]
            self._paused_sends = []

    def resumed_ago(self, campaign: str, seconds: float) -> None:
        if campaign in self._really_resumed:
            self._resumed_at[campaign] = time.time() - seconds

    def refuse(self, keys: Sequence[str]) -> None:
        self._refused |= {*keys}

    def launch_and_pause(self) -> tuple[Sequence[str], Sequence[str]]:
        keys = sorted(self.launch(4))
        self._status |= dict.fromkeys(keys[2:], "pending")
        self._ledger[:] = [a for a in self._ledger if a.key not in keys[2:]]
        self.pause(self._campaigns[keys[0]])
        return keys[:2], keys[2:]

    def without_periodic_tasks(self) -> AbstractContextManager[None]:
        return nullcontext()

    def run_expiry(self) -> None:
        self._expired = True

    def closing_traces(self, campaign: str) -> Sequence[Mapping[str, float]]:
        return [] if self.silent_closing else [{} if self.misreports else dict(self.campaign(campaign).kept or {})]

    def load(self, contacts: int) -> str:
        self._loaded = contacts
        return "big"

    def statistics(self, campaign: str) -> Statistics:
        self._rows += self.rows_an_answer
        if campaign == "big":
            return Statistics({"contacts": self._loaded}, self.answer_seconds)
        if campaign in self._frozen:
            return self._frozen[campaign]
        keys = {key for key, of in self._campaigns.items() if of == campaign}
        every = keys | {self.follow_up_key(key) for key in keys}
        statuses = [self._status.get(key, "") for key in every]
        sent = sum(a.key in every - self._held_at_launch for a in self._ledger)
        values: dict[str, float] = {
            "contacts": len(keys),
            "sent": 0 if self.stale else sent,
            "delivered": sum(s in {"delivered", "read"} for s in statuses),
            "read": statuses.count("read"),
            "interactions": sum(h.key in keys for h in self._heard),
            "failed": statuses.count("failed") + self.counts_cancelled * statuses.count("pending"),
            "pending": 0 if self.hides_pending else len(keys & self._held_at_launch),
        }
        values.pop(self.omits, None)
        found = Statistics(values, self.answer_seconds, {} if self.omits == "rates" else {"delivery": 0.5})
        if self._expired and not self.thaws:
            self._frozen[campaign] = found
        return found

    def rows_read(self) -> int:
        return self._rows

    def acknowledge(self, key: str, status: str) -> None:
        if not self.ignores_acknowledgements and (self.falls_back or self._status.get(key) != "read"):
            self._status[key] = status
