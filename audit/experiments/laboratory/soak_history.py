"""The kept ledger of a laboratory session: every send with what the gateway answered, every strike, every webhook, as plain values.

As a file: JSON lines compressed by xz, so that `xzcat` shows it. Times are microseconds since the session began.
"""

import json
import lzma
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

FORMAT = "soak-ledger/1"
LARGEST_BYTES = 64 << 20
_MEMORY_BYTES = 256 << 20
_MOST_MICROSECONDS = 10**13
# What a journal says too: a ledger kept beside another journal is not its own.
BOUND = ("session", "seed", "generated_at")


class HistoryError(ValueError):
    """A ledger that cannot be read; the message is a French phrase for the report."""


@dataclass(frozen=True)
class StrikeRow:
    """One fault that was tried. `at` is when it struck, None when it did not; `counted` is False for an attempt that was put off.

    `resumed` says whether the session saw sending resume; `back` is the time in which the web or beat process was back.
    """

    fault: str
    counted: bool = True
    at: int | None = None
    resumed: bool = False
    back: int | None = None
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True)
class SendRow:
    """One send: `at` is when the gateway accepted it, each time, and `ids` the ends of the identifiers it answered with.

    `status` is the database's last word. `strikes` and `in_flight` number the faults that put it at stake, and those at
    which it was in flight; `refusals` counts the faults after which it was open. `asked` is when a probe was asked for.
    """

    key: str
    expected: bool = True
    status: str = ""
    refusals: int = 0
    at: tuple[int, ...] = ()
    ids: tuple[str, ...] = ()
    strikes: tuple[int, ...] = ()
    in_flight: tuple[int, ...] = ()
    asked: int | None = None


@dataclass(frozen=True)
class WebhookRow:
    """One inbound message: whether a genuine webhook brought it, whether it was answered, how many times it is recorded."""

    webhook: str
    delivered: bool = False
    acknowledged: bool = False
    recorded: int = 0


@dataclass(frozen=True)
class History:
    """Everything that the account of a session rests on. `deadline` is that of the probes."""

    strikes: tuple[StrikeRow, ...] = ()
    sends: tuple[SendRow, ...] = ()
    webhooks: tuple[WebhookRow, ...] = ()
    deadline: int | None = None


Row = StrikeRow | SendRow | WebhookRow
_FIRST: dict[str, type[Row]] = {"fault": StrikeRow, "key": SendRow, "webhook": WebhookRow}


def packed(history: History, journal: Mapping[str, Any]) -> bytes:
    """The file of this history, bound to its journal; the same bytes for the same history."""
    head = {"format": FORMAT, "target": journal["target"]["digest"]} | {name: journal[name] for name in BOUND}
    lines = [head | {"deadline": history.deadline}]
    rows: list[Row] = [*history.strikes, *history.webhooks, *history.sends]
    lines += map(_written, rows)
    text = "".join(json.dumps(line, ensure_ascii=True, separators=(",", ":")) + "\n" for line in lines)
    return lzma.compress(text.encode(), preset=6)


def _written(row: Row) -> dict[str, Any]:
    """Its name, and what is not as it is by default."""
    first, *others = fields(row)
    told = {first.name: getattr(row, first.name)}
    return told | {f.name: v for f in others if (v := getattr(row, f.name)) != f.default}


def unpacked(content: bytes, journal: Mapping[str, Any]) -> History:
    """The history in this file. Raises HistoryError when it is no ledger, or that of another journal."""
    try:
        head, *lines = [json.loads(line, parse_constant=_no_number) for line in _text(content).splitlines()]
    except (lzma.LZMAError, EOFError, ValueError, RecursionError) as error:
        raise HistoryError("ce n'est pas un registre") from error
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise HistoryError(f"son format n'est pas `{FORMAT}`")
    if head.get("target") != journal["target"]["digest"] or any(head.get(name) != journal[name] for name in BOUND):
        raise HistoryError("c'est celui d'un autre journal")
    if not _SHAPES[int | None](head.get("deadline")):
        raise HistoryError("sa ligne 1 n'a pas la forme attendue")
    rows = [_read(line, number) for number, line in enumerate(lines, 2)]
    history = History(
        tuple(row for row in rows if isinstance(row, StrikeRow)),
        tuple(row for row in rows if isinstance(row, SendRow)),
        tuple(row for row in rows if isinstance(row, WebhookRow)),
        head.get("deadline"),
    )
    _check_numbers(history)
    return history


def _text(content: bytes) -> str:
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY_BYTES)
    text = unpacker.decompress(content, LARGEST_BYTES)
    if not unpacker.eof or unpacker.unused_data:
        msg = "cut short, too large, or with something behind it"
        raise ValueError(msg)
    return text.decode("ascii")


def _no_number(text: str) -> float:
    msg = f"{text} is no JSON"
    raise ValueError(msg)


def _number(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _MOST_MICROSECONDS


def _all(value: Any, of: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and all(map(of, value))


def _text_like(value: Any) -> bool:
    return isinstance(value, str)


# What stands in a field of each type, as JSON has it.
_SHAPES: dict[Any, Callable[[Any], bool]] = {
    str: _text_like,
    bool: lambda value: isinstance(value, bool),
    int: _number,
    int | None: lambda value: value is None or _number(value),
    tuple[str, ...]: lambda value: _all(value, _text_like),
    tuple[int, ...]: lambda value: _all(value, _number),
}


def _read(line: Any, number: int) -> Row:
    made = next((_FIRST[name] for name in _FIRST if isinstance(line, dict) and name in line), None)
    types = {f.name: f.type for f in fields(made)} if made else {}
    if made is None or any(name not in types or not _SHAPES[types[name]](value) for name, value in line.items()):
        raise HistoryError(f"sa ligne {number} n'a pas la forme attendue")
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in line.items()}
    return made(**values)


def _check_numbers(history: History) -> None:
    """A send or a webhook stands once, and every fault that a send names is there."""
    for names in ([row.key for row in history.sends], [row.webhook for row in history.webhooks]):
        if len(set(names)) < len(names):
            raise HistoryError("un envoi ou un webhook y figure sur deux lignes")
    last = max((n for row in history.sends for n in (*row.strikes, *row.in_flight)), default=-1)
    if last >= len(history.strikes):
        raise HistoryError("un envoi y nomme une faute qui n'y est pas")
