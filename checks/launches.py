"""Campaigns launched with the tree's own code, to numbers that nobody answers."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, islice

from checks import messages
from checks.driver_errors import require
from checks.gateway import Gateway
from checks.stack import Stack
from system.sandbox.gateway_protocol import Behaviour, Rule

# The blocks that the French regulator keeps for fiction: nobody answers there.
_FICTION = ("+3363998", "+3319900", "+3326191", "+3335301", "+3346571", "+3353649")
_REFUSED_FOR_GOOD, _REFUSED_FOR_NOW = 400, 429
_REFUSED = """
    SELECT m.status, m.failures, extract(epoch FROM m.next_attempt_at - now()), m.id
    FROM messages m JOIN contacts c ON c.id = m.contact_id WHERE c.phone = %s
"""
_DUE_NOW = "UPDATE messages SET next_attempt_at = now() WHERE id = %s"
_TWO_FORMS = {
    "Brésil": ("+5511987650001", "+551187650001"),
    "Mexique": ("+5215512340001", "+525512340001"),
    "Argentine": ("+5491123450001", "+541123450001"),
}
_TAKEN_UP = """
    SELECT coalesce(sum(m.attempts), 0) FROM messages m JOIN contacts c ON c.id = m.contact_id WHERE c.phone = ANY(%s)
"""
_HASTEN = """
    UPDATE messages SET next_attempt_at = now(), published_at = now() - interval '1 hour'
    WHERE status IN ('pending', 'unknown') AND next_attempt_at > now()
"""
_MOST_REFUSALS = 6
_REFUSAL_SECONDS = 15.0


@dataclass
class Launches:
    """Launches whose keys are phones, never used before."""

    stack: Stack
    gateway: Gateway
    _numbers: Iterator[int] = field(init=False, default_factory=lambda: count(1))

    def launch(self, contacts: int) -> frozenset[str]:
        """Launch a campaign to new contacts."""
        return frozenset(self.launch_to(self.new_phones(contacts)))

    def new_phones(self, contacts: int) -> list[str]:
        """That many of them."""
        return [f"{_FICTION[n // 10_000]}{n % 10_000:04d}" for n in islice(self._numbers, contacts)]

    def launch_to(self, phones: Sequence[str]) -> Sequence[str]:
        """Launch a campaign to these phones."""
        self.stack.running.launch_campaign("Audit", "Bonjour", phones)
        return phones

    def launch_refusing(self, contacts: int, refused: int) -> Sequence[str]:
        """The double refuses these phones (400), which no retry changes."""
        phones = self.new_phones(contacts)
        rules = (Rule(outcome="status", status=_REFUSED_FOR_GOOD, phone=p) for p in phones[contacts - refused :])
        self.gateway.behave(Behaviour(rules=tuple(rules)))
        return self.launch_to(phones)

    def refuse(self, keys: Sequence[str], status: int = _REFUSED_FOR_GOOD, times: int | None = None) -> None:
        """The double answers the next sends to these phones so, and accepts all others."""
        rules = (Rule(outcome="status", status=status, phone=messages.phone_of(key), times=times) for key in keys)
        self.gateway.behave(Behaviour(rules=tuple(rules)))

    @contextmanager
    def refuse_everybody(self, status: int) -> Iterator[None]:
        """The double answers so whatever it is asked to send."""
        self.gateway.behave(Behaviour(rules=(Rule(outcome="status", status=status),)))
        try:
            yield
        finally:
            self.gateway.behave(Behaviour())

    def launch_answered(self, statuses: Mapping[int, int]) -> Mapping[int, str]:
        """A campaign of one contact a status, each of whom gets that answer as often as said; keys by status."""
        phones = dict(zip(statuses, self.new_phones(len(statuses)), strict=True))
        rules = (
            Rule(outcome="status", status=status, phone=phones[status], times=times)
            for status, times in statuses.items()
        )
        self.gateway.behave(Behaviour(rules=tuple(rules)))
        self.launch_to([*phones.values()])
        return phones

    def launch_unanswered(self, contacts: int) -> frozenset[str]:
        """The double accepts once, then cuts the connection of every other contact and answers 500 to the rest."""
        phones = self.new_phones(contacts)
        cut = [Rule(outcome="accept_then_drop", phone=phone, times=1) for phone in phones[::2]]
        failing = [Rule(outcome="accept_then_status", status=500, phone=phone, times=1) for phone in phones[1::2]]
        self.gateway.behave(Behaviour(rules=(*cut, *failing)))
        return frozenset(self.launch_to(phones))

    def launch_both_forms(self) -> Mapping[str, frozenset[str]]:
        """A mobile of Brazil, Mexico and Argentina, and a French number with the zero that is dialled at home."""
        (phone,) = self.new_phones(1)
        forms = {**_TWO_FORMS, "France": (phone, f"+33 (0){phone[3]} {phone[4:]}")}
        self.launch_to([form for both in forms.values() for form in both])
        return {name: frozenset(form for form in both if " " not in form) for name, both in forms.items()}

    def hasten(self) -> None:
        """What waits for another attempt is due now; the sweep wakes it."""
        self.stack.rows(_HASTEN)

    def taken_up(self, keys: Collection[str]) -> int:
        """Claims, as the rows count them."""
        ((times,),) = self.stack.rows(_TAKEN_UP, sorted(map(messages.phone_of, keys)))
        return int(times)

    def launch_again(self, keys: Sequence[str], new: int = 0) -> Mapping[str, str]:
        """A campaign for the same phones and new ones; by phone for these. Who gets no message has the key it would have."""
        again = [messages.phone_of(key) for key in keys]
        before = {phone: len({m.campaign_id for m in messages.first(self.stack, [phone])}) for phone in again}
        phones = [*again, *self.new_phones(new)]
        campaign = self.stack.running.launch_campaign("Audit, seconde campagne", "Bonjour", phones)
        launched = {m.phone: m.key for m in messages.first(self.stack, phones) if m.campaign_id == campaign}
        expected = {phone: messages.key_of(phone, before.get(phone, 0) + 1) for phone in phones}
        return {
            named: launched.get(phone, expected[phone])
            for named, phone in zip([*keys, *phones[len(again) :]], phones, strict=True)
        }

    def retry_delays(self) -> Sequence[float]:
        """One message is refused (429) again and again; only the waiting is skipped, by moving its due date to now."""
        delays, _ = self._exhaust()
        return delays

    def launch_exhausted(self) -> str:
        """The same, until the stack gives up."""
        _, phone = self._exhaust()
        return phone

    def _exhaust(self) -> tuple[list[float], str]:
        self.gateway.behave(Behaviour(rules=(Rule(outcome="status", status=_REFUSED_FOR_NOW),)))
        (phone,) = self.launch(1)
        delays: list[float] = []
        try:
            while len(delays) < _MOST_REFUSALS:
                delay, identifier = self._after_refusal(phone, len(delays) + 1)
                if delay is None:
                    break
                delays.append(delay)
                self.stack.rows(_DUE_NOW, identifier)
                messages.wake(self.stack, [identifier])
        finally:
            self.gateway.behave(Behaviour())
        return delays, phone

    def _after_refusal(self, phone: str, failures: int) -> tuple[float | None, int]:
        """Seconds to the next attempt once that many refusals are recorded (None: the stack gave up), and the message."""

        def recorded() -> bool:
            status, refusals, *_ = self.stack.rows(_REFUSED, phone)[0]
            return bool(status == "failed" or (status == "pending" and refusals == failures))

        require(recorded, _REFUSAL_SECONDS, f"le refus numéro {failures} de la passerelle n'a pas été enregistré")
        status, _, delay, identifier = self.stack.rows(_REFUSED, phone)[0]
        return None if status == "failed" else float(delay), int(identifier)
