"""Campaigns under any order of launches, pauses, deaths, duplicates, opt-outs and moves of the clock.

The model is written from shared/facts/exigences.md: what was accepted is the gateway's ledger; who is owed what follows from
what people and operators did, as this module remembers it. Nothing of the model is read from the code under test.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from system.db.database import Database
from system.domain.campaign_life import Resume
from system.domain.retry_policy import Retry
from system.domain.sending_hours import SendingHours
from system.domain.wakeups import SendMessage, WakeUp
from system.gateway.outcomes import PostOutcome, Refused, Uncertain
from system.gateway.webhooks import Event
from system.services import inbox
from system.services.campaigns import Limits, create_campaign, dispatch, launch_campaign
from system.services.cancelling import cancel_campaign
from system.services.closing import close_finished_campaigns, expire
from system.services.pausing import NothingToSendError, pause_campaign, resume_campaign
from system.services.recovery import RecoveryPlan, recover
from system.services.sending import QUIET_HOURS, Sender, TransientFailure
from system.services.statistics import fold
from tests.criteria.inbound import acknowledged, deliver, from_person, phone
from tests.criteria.ledger import Key, LedgerGateway
from tests.unit.system.bench import Bench

ANSWERS: list[PostOutcome | str] = [
    "accept",
    "lose the answer",
    "accept",
    "lose the answer",
    Uncertain("HTTP 500"),
    Refused("HTTP 429", retryable=True),
    Refused("HTTP 400", retryable=False),
]
DAY = timedelta(hours=24)
# Of the campaigns that keep hours; the clock of the trial is UTC.
HOURS = SendingHours.parse("08:00-20:00", "UTC")
CONTACTS = 4
MOST_CAMPAIGNS = 3
# How far an accepted message has come (statuses only move forward).
RANK = {"sent": 0, "failed": 1, "delivered": 2, "read": 3}


@dataclass
class Promise:
    """A launched campaign as its operator knows it."""

    label: int
    phones: tuple[str, ...]
    keeps_hours: bool = False
    paused: bool = False
    cancelled: bool = False
    # More than 48 h went by after its last message (7.5).
    overdue: bool = False
    last_sent: datetime | None = None

    def key(self, kind: int, number: str) -> Key:
        return f"M{kind} {self.label}", number


@dataclass(frozen=True)
class Parts:
    """What a sabotaged variant replaces."""

    create: Callable[..., int] = create_campaign
    resume: Callable[..., list[WakeUp]] = resume_campaign
    recover: Callable[..., RecoveryPlan] = recover


@dataclass
class Model:
    """What people did, and what was seen of it."""

    promises: dict[int, Promise] = field(default_factory=dict)
    opted_out: set[str] = field(default_factory=set)
    inbound: dict[str, datetime] = field(default_factory=dict)
    ranks: dict[int, int] = field(default_factory=dict)


class Campaigns(RuleBasedStateMachine):
    """Real services on a real PostgreSQL; wake-ups are delivered by hand, twice, or never."""

    db: ClassVar[Database]
    parts: ClassVar[Parts] = Parts()
    steps: ClassVar[int] = 0

    @initialize()
    def begin(self) -> None:
        self.bench = Bench(self.db)
        self.bench.execute(
            "TRUNCATE campaigns, contacts, messages, daily_counters, suppressions, webhook_inbox CASCADE"
        )
        self.bench.execute("TRUNCATE campaign_changes")
        self.bench.execute("UPDATE gateway_breaker SET refusals = 0, open_since = NULL, probe_at = NULL")
        self.gateway = LedgerGateway(self.bench.clock.utc)
        self.model = Model()
        self.seen: list[Event] = []
        self.launch(0, CONTACTS, keeps_hours=False)

    # What operators do.

    @precondition(lambda self: len(self.model.promises) < MOST_CAMPAIGNS)
    @rule(first=st.integers(0, CONTACTS - 2), count=st.integers(2, CONTACTS), keeps_hours=st.booleans())
    def launch(self, first: int, count: int, keeps_hours: bool) -> None:
        label = len(self.model.promises)
        phones = tuple(phone(number) for number in range(first, min(CONTACTS, first + count)))
        hours = HOURS if keeps_hours else None
        made = self.parts.create(self.db, "name", f"M1 {label}", phones, f"M2 {label}", hours=hours)
        launch_campaign(self.db, made, clock=self.bench.clock.utc)
        self.model.promises[made] = Promise(label, phones, keeps_hours)

    def _chosen(self, number: int, *, paused: bool) -> int | None:
        open_ = [
            made
            for made, promise in self.model.promises.items()
            if not promise.cancelled and promise.paused is paused and self._is_open(made)
        ]
        return open_[number % len(open_)] if open_ else None

    def _is_open(self, campaign_id: int) -> bool:
        return self._status(campaign_id) in {"sending", "paused"}

    def _status(self, campaign_id: int) -> str:
        (row,) = self.bench.execute("SELECT status FROM campaigns WHERE id = %s", campaign_id)
        return str(row["status"])

    def _close(self) -> None:
        close_finished_campaigns(self.db, self.bench.clock.utc)
        for made, promise in self.model.promises.items():
            # Paused by itself, which its operator sees: some of its messages were refused for now.
            promise.paused = promise.paused or self._status(made) == "paused"

    @rule(number=st.integers(0, 9))
    def pause(self, number: int) -> None:
        if (chosen := self._chosen(number, paused=False)) is not None:
            pause_campaign(self.db, chosen, clock=self.bench.clock.utc)
            self.model.promises[chosen].paused = True

    @rule(number=st.integers(0, 9), which=st.sampled_from(Resume))
    def resume(self, number: int, which: Resume) -> None:
        if (chosen := self._chosen(number, paused=True)) is not None:
            self._resume(chosen, which)

    def _resume(self, chosen: int, which: Resume) -> None:
        try:
            self.parts.resume(self.db, chosen, which=which, clock=self.bench.clock.utc)
        except NothingToSendError:
            return
        self.model.promises[chosen].paused = False

    @rule(number=st.integers(0, 9), which=st.sampled_from([Resume.FAILED, Resume.ALL]))
    def send_what_failed_in_an_ended_campaign_again(self, number: int, which: Resume) -> None:
        ended = [made for made, promise in self.model.promises.items() if not promise.cancelled]
        chosen = ended[number % len(ended)] if ended else None
        if chosen is not None and self._status(chosen) == "completed":
            self._resume(chosen, which)

    @rule(number=st.integers(0, 9), which=st.sampled_from(Resume))
    def pause_and_resume_at_once(self, number: int, which: Resume) -> None:
        self.pause(number)
        self.resume(number, which)

    @rule(number=st.integers(0, 9), sure=st.integers(0, 7))
    def cancel(self, number: int, sure: int) -> None:
        if sure == 0 and (chosen := self._chosen(number, paused=False)) is not None:
            cancel_campaign(self.db, chosen, clock=self.bench.clock.utc)
            self.model.promises[chosen].cancelled = True

    # What processes do, and how they die.

    def _sender(self) -> Sender:
        bench = self.bench
        return Sender(
            self.db,
            self.gateway,
            bench.locks,
            bench.policy,
            bench.sender().lease,
            1000,
            clock=bench.clock.utc,
            monotonic=bench.clock.monotonic,
        )

    def _send(self, message_id: int, *, recorded: bool = True) -> None:
        before = len(self.gateway.entries)
        outcome = self._sender().send(message_id)
        self._date_what_waits_for_its_hours()
        self._note_accepted(before)
        if isinstance(outcome, TransientFailure) and recorded:
            decision = self.bench.policy.decide(outcome.failures)
            if isinstance(decision, Retry):
                self._sender().postpone(outcome, decision.delay_seconds)
            else:
                self._sender().give_up(outcome)

    def _date_what_waits_for_its_hours(self) -> None:
        """The sender dates an opening by the clock of the trial, and the database compares it with its own."""
        self.bench.execute(
            """UPDATE messages SET next_attempt_at = now() + (next_attempt_at - %s), last_error = 'waits for its hours'
               WHERE status = 'pending' AND last_error = %s""",
            self.bench.clock.now,
            QUIET_HOURS,
        )

    def _dispatch(self, campaign_id: int, batch_size: int) -> tuple[WakeUp, ...]:
        limits = Limits(clock=self.bench.clock.utc)
        return dispatch(self.db, self.bench.locks, campaign_id, batch_size=batch_size, limits=limits).wake_ups

    def _note_accepted(self, before: int) -> None:
        for entry in self.gateway.entries[before:]:
            assert entry.phone not in self.model.opted_out, f"{entry.key} left after the opt-out"
            (promise,) = [p for p in self.model.promises.values() if entry.body.endswith(f" {p.label}")]
            assert not promise.cancelled, f"{entry.key} left after the cancellation"
            assert not promise.paused, f"{entry.key} left during the pause"
            late = promise.keeps_hours and not 8 <= entry.at.hour < 20
            assert not (late and entry.body.startswith("M1")), f"{entry.key} left at night"
            promise.last_sent = entry.at
            if entry.body.startswith("M2"):
                (opened,) = [e.at for e in self.gateway.entries if e.key == promise.key(1, entry.phone)]
                assert entry.at < opened + DAY, f"{entry.key} left out of its window"
                assert entry.at < self.model.inbound[entry.phone] + DAY, f"{entry.key} left out of WhatsApp's window"

    @rule(answers=st.lists(st.sampled_from(ANSWERS), max_size=3), size=st.integers(1, 3))
    def a_turn_of_every_dispatcher(self, answers: list[PostOutcome | str], size: int) -> None:
        # Two turns are never closer.
        self._pass(1)
        self.gateway.answers.extend(answers)
        for campaign_id in self.model.promises:
            self._deliver(self._dispatch(campaign_id, size))
        self.gateway.answers.clear()

    def _deliver(self, wake_ups: tuple[WakeUp, ...]) -> None:
        for wake_up in wake_ups:
            if isinstance(wake_up, SendMessage):
                for message_id in wake_up.message_ids:
                    self._send(message_id)
            else:
                self._deliver(self._dispatch(wake_up.campaign_id, 10))

    @rule(sends=st.integers(5, 8), answer=st.sampled_from([Refused("HTTP 429", retryable=True), Uncertain("HTTP 500")]))
    def an_outage(self, sends: int, answer: PostOutcome) -> None:
        """So many refusals in a row that sending is held; nothing that is held loses an attempt."""
        self.gateway.answers.extend([answer] * sends)
        rows = self.bench.execute("SELECT id FROM messages ORDER BY id")
        for number in range(sends if rows else 0):
            self._send(int(str(rows[number % len(rows)]["id"])))
        self.gateway.answers.clear()
        if not self.bench.execute("SELECT 1 FROM gateway_breaker WHERE open_since IS NOT NULL AND probe_at > now()"):
            return
        before = self.bench.execute("SELECT id, failures FROM messages ORDER BY id")
        accepted = len(self.gateway.entries)
        for row in rows:
            self._sender().send(int(str(row["id"])))
        self._date_what_waits_for_its_hours()
        assert len(self.gateway.entries) == accepted, "sent although sending is held"
        assert self.bench.execute("SELECT id, failures FROM messages ORDER BY id") == before, "an attempt was burnt"

    def _message(self, number: int) -> int | None:
        rows = self.bench.execute("SELECT id FROM messages ORDER BY id")
        return int(str(rows[number % len(rows)]["id"])) if rows else None

    @rule(number=st.integers(0, 99), answer=st.sampled_from(ANSWERS), recorded=st.booleans())
    def a_wake_up_too_many(self, number: int, answer: PostOutcome | str, recorded: bool) -> None:
        """For any message, as a redelivery; the process may die before it records what came of it."""
        if (message_id := self._message(number)) is not None:
            self.gateway.answers.append(answer)
            self._send(message_id, recorded=recorded)
            self.gateway.answers.clear()

    @rule(number=st.integers(0, 99))
    def die_between_claim_and_post(self, number: int) -> None:
        if (message_id := self._message(number)) is None:
            return

        def die() -> None:
            raise KeyboardInterrupt

        self.gateway.before_post = die
        try:
            self._sender().send(message_id)
        except KeyboardInterrupt:
            return
        finally:
            self.gateway.before_post = lambda: None

    @rule()
    def lost_turns(self) -> None:
        """Published, and the broker loses them."""
        for campaign_id in self.model.promises:
            self._dispatch(campaign_id, 2)

    @rule()
    def sweep(self) -> None:
        self._deliver(self.parts.recover(self.db, lease_seconds=30).wake_ups)
        self._deliver(tuple(inbox.process_left_behind(self.db)))
        fold(self.db)
        self._close()

    @rule()
    def hourly(self) -> None:
        expire(self.db, self.bench.clock.utc)
        self._close()

    # What people and the gateway do.

    @rule(number=st.integers(0, CONTACTS - 1), times=st.integers(1, 3))
    def interact(self, number: int, times: int) -> None:
        owed = self._owed_a_message_2(phone(number))
        event = from_person(number)
        self._say(event, number)
        for _ in range(times - 1):
            assert deliver(self.bench, event, at=self.bench.clock.now) == []
        for promise in owed:
            rows = self.bench.execute("SELECT body FROM messages AS m JOIN contacts AS p ON p.id = m.contact_id "
                                      "WHERE m.kind = 'message_2' AND p.phone = %s", phone(number))  # fmt: skip
            assert promise.key(2, "")[0] in [row["body"] for row in rows], "an interaction in the window was forgotten"

    def _say(self, event: Event, number: int) -> None:
        self.seen.append(event)
        self.model.inbound[phone(number)] = self.bench.clock.now
        deliver(self.bench, event, at=self.bench.clock.now)

    def _owed_a_message_2(self, number: str) -> list[Promise]:
        """The campaign whose Message 1 this answers, where that is beyond doubt: the only one, known to its sender, and open."""
        wrote = [
            (e, p) for e in self.gateway.entries for p in self.model.promises.values() if e.key == p.key(1, number)
        ]
        if len(wrote) != 1 or number in self.model.opted_out:
            return []
        ((entry, promise),) = wrote
        unsure = entry.key in self.gateway.lost or promise.cancelled or promise.overdue
        return [] if unsure or self.bench.clock.now >= entry.at + DAY else [promise]

    @rule(
        number=st.integers(0, CONTACTS - 1),
        word=st.sampled_from(["STOP", "Arrêt !", "me désinscrire"]),
        rare=st.integers(0, 5),
    )
    def opt_out(self, number: int, word: str, rare: int) -> None:
        if rare == 0:
            self._say(from_person(number, word), number)
            self.model.opted_out.add(phone(number))

    @rule(number=st.integers(0, CONTACTS - 1))
    def die_while_processing(self, number: int) -> None:
        event = from_person(number)
        ((entry,),) = inbox.receive(self.db, [[event]])
        self.bench.execute("UPDATE webhook_inbox SET received_at = %s WHERE id = %s", self.bench.clock.now, entry.id)
        self.model.inbound[phone(number)] = self.bench.clock.now
        inbox.register(self.db, replace(entry, received_at=self.bench.clock.now))

    @precondition(lambda self: self.seen)
    @rule(number=st.integers(0, 99))
    def an_old_webhook_again(self, number: int) -> None:
        assert deliver(self.bench, self.seen[number % len(self.seen)], at=self.bench.clock.now) == []

    @precondition(lambda self: self.gateway.entries)
    @rule(number=st.integers(0, 99), words=st.permutations(["delivered", "read", "failed"]), api=st.booleans())
    def acknowledgements_in_any_order(self, number: int, words: list[str], api: bool) -> None:
        index = number % len(self.gateway.entries)
        for word in words[: 1 + number % 3]:
            named: dict[str, Any] = {"gateway_id": f"api-{index}"} if api else {"wa_id": f"wa-{index}"}
            deliver(self.bench, acknowledged(word=word, **named))

    @rule(seconds=st.sampled_from([1, 31, 61, 241, 3600]))
    def time_passes(self, seconds: int) -> None:
        self._pass(seconds)

    @rule(hours=st.sampled_from([12, 25, 49]), rare=st.integers(0, 3))
    def days_pass(self, hours: int, rare: int) -> None:
        """Seldom: it ends what could still happen."""
        if rare == 0:
            self._pass(hours * 3600)

    def _pass(self, seconds: int) -> None:
        self.bench.age(seconds)
        self.bench.execute(
            "UPDATE webhook_inbox SET next_attempt_at = next_attempt_at - make_interval(secs => %s)", seconds
        )
        self.bench.clock.now += timedelta(seconds=seconds)
        for promise in self.model.promises.values():
            if promise.last_sent is not None and self.bench.clock.now >= promise.last_sent + 2 * DAY:
                promise.overdue = True

    @rule(reachable=st.booleans())
    def lookups(self, reachable: bool) -> None:
        self.gateway.reachable = reachable

    # What must always hold, and what must hold at the end.

    @invariant()
    def nothing_is_accepted_twice(self) -> None:
        type(self).steps += 1
        keys = [entry.key for entry in self.gateway.entries] if hasattr(self, "gateway") else []
        assert len(keys) == len(set(keys)), f"accepted twice: {sorted({key for key in keys if keys.count(key) > 1})}"

    @invariant()
    def statuses_only_move_forward(self) -> None:
        if not hasattr(self, "bench"):
            return
        for row in self.bench.execute("SELECT id, status FROM messages WHERE gateway_id IS NOT NULL"):
            message_id, rank = int(str(row["id"])), RANK[str(row["status"])]
            assert rank >= self.model.ranks.get(message_id, 0), f"message {message_id} fell back to {row['status']}"
            self.model.ranks[message_id] = rank

    def teardown(self) -> None:
        """With a gateway that works again, sweeps alone bring everybody to an end, and the end is what people did."""
        if not hasattr(self, "gateway"):
            return
        self.gateway.reachable = True
        self._wait_for_the_morning()
        for made, promise in self.model.promises.items():
            if not promise.cancelled and self._is_open(made):
                # What an earlier resumption set aside is taken back by another.
                if not promise.paused:
                    pause_campaign(self.db, made, clock=self.bench.clock.utc)
                self._resume(made, Resume.ALL)
        self._settle()
        # What could not leave before, or failed as the gateway came back, is sent again by the operator.
        for made, promise in self.model.promises.items():
            if not promise.cancelled and self._status(made) in {"paused", "completed"}:
                self._resume(made, Resume.ALL)
        self._settle()
        self.hourly()
        self._pass(24 * 3600)
        self.hourly()
        self.nothing_is_accepted_twice()
        self._nobody_is_forgotten()

    def _wait_for_the_morning(self) -> None:
        """An hour at which everybody may be written to, and early enough to settle twice."""
        hour = self.bench.clock.now.hour
        self._pass(3600 * (0 if 8 <= hour < 16 else (8 - hour) % 24))

    def _settle(self) -> None:
        for _ in range(14):
            self._pass(301)
            self.sweep()

    def _nobody_is_forgotten(self) -> None:
        accepted = {entry.key for entry in self.gateway.entries}
        open_ = self.bench.execute("SELECT id FROM messages WHERE status IN ('pending', 'sending', 'unknown')")
        assert open_ == [], "messages wait for ever"
        for made, promise in self.model.promises.items():
            for number in promise.phones:
                key = promise.key(1, number)
                excused = promise.cancelled or promise.overdue or number in self.model.opted_out
                assert key in accepted or excused, f"{key} was forgotten"
            (row,) = self.bench.execute("SELECT status, final_statistics FROM campaigns WHERE id = %s", made)
            assert row["status"] == ("cancelled" if promise.cancelled else "completed")
            kept = row["final_statistics"]
            assert isinstance(kept, dict)
            assert sum(kept["outcomes"].values()) == kept["contacts"] == len(promise.phones)
