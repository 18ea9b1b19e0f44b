"""The account of a session, from its history alone: the one place that counts what was lost, sent twice, or unexpected.

The session writes its journal from it, and whoever reads the journal counts again from the kept ledger.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.experiments.accounting import UNCERTAIN, Account, account
from audit.experiments.driver import Accepted
from audit.experiments.laboratory.fault_catalogue import FAULTS
from audit.experiments.laboratory.soak_history import History, SendRow, StrikeRow

MOST_ATTEMPTS = 4
# What the stack declares that it will not try again.
FAILED = "failed"
_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class StrikeCount:
    """What one fault put at stake, and what became of it. `recovery` is in seconds, None when it was not seen."""

    fault: str
    account: Account
    keys: int
    in_flight: int
    at: float
    recovery: float | None

    def told(self) -> dict[str, Any]:
        """As the journal writes it."""
        kinds = ("lost", "duplicated", "uncertain")
        return {
            "fault": self.fault,
            "at": self.at,
            "keys": self.keys,
            "in_flight": self.in_flight,
            "recovery": self.recovery,
            "wrong": sorted(set(self.account.unexpected)),
        } | {kind: list(getattr(self.account, kind)) for kind in kinds}


@dataclass(frozen=True)
class Result:
    """The whole account, one a fault that is in the journal, in order, and that of the webhooks; probes, and those in time."""

    sends: Account
    by_strike: tuple[StrikeCount, ...]
    webhooks: Account
    probes: int = 0
    in_time: int = 0
    deadline_seconds: float | None = None
    # From the asking of each accepted probe to its acceptance, in order (seconds).
    delays: tuple[float, ...] = ()

    @property
    def wrongs(self) -> dict[str, tuple[str, ...]]:
        """Identifiers of what went wrong, by the French name of the wrong; empty when nothing did."""
        named = {
            "envois perdus": self.sends.lost,
            "envois doublés": self.sends.duplicated,
            "envois inattendus": self.sends.unexpected,
            "webhooks perdus": self.webhooks.lost,
            "webhooks enregistrés deux fois": self.webhooks.duplicated,
            "webhooks inattendus": self.webhooks.unexpected,
        }
        return {name: keys for name, keys in named.items() if keys}

    def told(self) -> dict[str, Any]:
        """The parts of the journal that are counted."""
        return {
            "sends": account_told(self.sends),
            "webhooks": account_told(self.webhooks),
            "strikes": [one.told() for one in self.by_strike],
            "availability": {
                "probes": self.probes,
                "in_time": self.in_time,
                "deadline_seconds": self.deadline_seconds,
            },
        }


def account_told(one: Account) -> dict[str, Any]:
    """An account as the journal writes it."""
    kinds = ("lost", "duplicated", "unexpected", "uncertain")
    return {"expected": one.expected, "accepted": one.accepted} | {kind: list(getattr(one, kind)) for kind in kinds}


def recounted(history: History) -> Result:
    """Compare everything that was put at stake with all that the gateway accepted.

    A send that the stack declares failed, after the laboratory kept it from being answered as often as it may be tried, is
    uncertain and not lost.
    """
    sends = account(
        frozenset(row.key for row in history.sends if row.expected),
        (Accepted(row.key, "", at) for row in history.sends for at in row.at),
        {row.key: _status(row) for row in history.sends},
    )
    probes = [row for row in history.sends if row.asked is not None]
    return Result(
        sends,
        tuple(one for one, row in zip(_by_strike(history, sends), history.strikes, strict=True) if row.counted),
        _webhooks(history),
        len(probes),
        sum(_in_time(row, history.deadline) for row in probes),
        None if history.deadline is None else history.deadline / _MICROSECONDS,
        tuple(sorted(_delay(row) / _MICROSECONDS for row in probes if row.at)),
    )


def _status(row: SendRow) -> str:
    return UNCERTAIN if row.status == FAILED and row.refusals >= MOST_ATTEMPTS else row.status


def _in_time(probe: SendRow, deadline: int | None) -> bool:
    return bool(probe.at) and deadline is not None and _delay(probe) <= deadline


def _delay(probe: SendRow) -> int:
    return min(probe.at) - (probe.asked or 0)


def _webhooks(history: History) -> Account:
    answered = {row.webhook for row in history.webhooks if row.acknowledged}
    recorded = {row.webhook: row.recorded for row in history.webhooks if row.recorded}
    foreign = recorded.keys() - {row.webhook for row in history.webhooks if row.delivered}
    return Account(
        expected=len(answered),
        accepted=len(answered & recorded.keys()),
        lost=tuple(sorted(answered - recorded.keys())),
        duplicated=tuple(sorted(name for name, times in recorded.items() if times > 1)),
        unexpected=tuple(sorted({*foreign, *(wrong for row in history.strikes for wrong in row.wrong)})),
        uncertain=(),
    )


def _by_strike(history: History, whole: Account) -> Iterable[StrikeCount]:
    at_stake: Mapping[int, set[str]] = {number: set() for number in range(len(history.strikes))}
    in_flight: Mapping[int, set[str]] = {number: set() for number in range(len(history.strikes))}
    for send in history.sends:
        for named, sets in ((send.strikes, at_stake), (send.in_flight, in_flight)):
            for number in named:
                sets[number].add(send.key)
    accepted = sorted((at, send.key) for send in history.sends for at in send.at)
    for number, row in enumerate(history.strikes):
        keys, flying = at_stake[number], in_flight[number]
        recovery = _recovery(row, accepted, flying)
        yield StrikeCount(
            row.fault,
            _share(whole, keys, keys | flying, row.wrong),
            len(keys),
            len(flying),
            round((row.at or 0) / _MICROSECONDS, 1),
            None if recovery is None else round(recovery / _MICROSECONDS, 3),
        )


def _recovery(row: StrikeRow, accepted: Sequence[tuple[int, str]], in_flight: set[str]) -> int | None:
    fault = FAULTS.get(row.fault)
    if fault and fault.victim in {"web", "beat"}:
        return row.back
    return _resumed(accepted, row.at, in_flight) if row.resumed and row.at is not None else None


def _resumed(accepted: Sequence[tuple[int, str]], at: int, in_flight: set[str]) -> int | None:
    """How long after the fault the gateway accepted a send that was not in flight."""
    later = range(bisect_right(accepted, at, key=lambda entry: entry[0]), len(accepted))
    return next((accepted[n][0] - at for n in later if accepted[n][1] not in in_flight), None)


def _share(whole: Account, keys: set[str], concerned: set[str], wrong: tuple[str, ...]) -> Account:
    """The part of the account that concerns one fault's keys, and those in flight when it struck."""

    def among(named: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(key for key in named if key in concerned)

    lost, twice, uncertain = among(whole.lost), among(whole.duplicated), among(whole.uncertain)
    return Account(len(keys), len(keys) - len(lost) - len(uncertain), lost, twice, wrong, uncertain)


def disagreement(result: Result, journal: Mapping[str, Any]) -> str:
    """What a journal says otherwise than the account, as a French phrase; empty when they agree."""
    told, measured = result.told(), journal["availability"]
    for name, what in (("sends", "les envois"), ("webhooks", "les webhooks")):
        if wrong := [kind for kind, value in told[name].items() if journal[name][kind] != value]:
            return f"il compte autrement {what} (`{name}.{wrong[0]}`)"
    if len(journal["strikes"]) != len(told["strikes"]):
        return f"il a {len(told['strikes'])} fautes, et le journal {len(journal['strikes'])}"
    for number, (counted, written) in enumerate(zip(told["strikes"], journal["strikes"], strict=True)):
        if wrong := [name for name, value in counted.items() if written[name] != value]:
            return f"il compte autrement la faute {number + 1} (`{written['fault']}`, `{wrong[0]}`)"
    if measured and any(measured[name] != value for name, value in told["availability"].items()):
        return "il compte autrement les sondes"
    return "" if measured or not result.probes else "il a des sondes, et le journal n'en a pas"
