"""The reference stack's sends: keys over several campaigns, times, traces, and the day's limit."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from audit.experiments.abilities import Send
from audit.experiments.driver import Accepted, DriverError
from checks.driver import ReferenceDriver, _in_words
from checks.stack_log import StackLog
from system.sandbox.gateway_protocol import LedgerEntry
from system.sandbox.stack import run_python

_KEY = re.compile(r"(?P<phone>\+\d+)(?: \(campagne (?P<turn>\d+)\))?(?P<reply> \(Message 2\))?")
# A contact's campaigns are numbered in order; the first needs no number in its keys.
_ROWS = """
    SELECT * FROM (
        SELECT m.id, m.reference, m.kind, m.status, extract(epoch FROM m.sent_at)::float8, m.campaign_id, m.contact_id, m.wa_id, c.phone,
               dense_rank() OVER (PARTITION BY m.contact_id ORDER BY m.campaign_id) AS turn
        FROM messages m JOIN contacts c ON c.id = m.contact_id WHERE c.phone LIKE '+3363998%%' AND {where}
    ) AS numbered
"""
_ADD_TO_DAY = """
    INSERT INTO daily_counters AS d (day, message_1) VALUES ((now() AT TIME ZONE 'UTC')::date, %s)
    ON CONFLICT (day) DO UPDATE SET message_1 = d.message_1 + %s RETURNING 1
"""
_COUNTED = "SELECT message_1 FROM daily_counters WHERE day = (now() AT TIME ZONE 'UTC')::date"
_TOMORROW_IS_HERE = """
    UPDATE messages SET next_attempt_at = now() WHERE status = 'pending' AND next_attempt_at > now() RETURNING id
"""
_MOST_MESSAGE_1 = "from system.domain.daily_limit import DailyLimit; print(DailyLimit({limit}).most_message_1)"
_SHIPPED = "from system.config import Settings; print(Settings.model_fields['daily_message_limit'].default)"


class Sends(ReferenceDriver):
    """Keys are phones, marked for a contact's later campaigns and for Message 2."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._entries: list[LedgerEntry] = []
        self._known: dict[str, str] = {}
        self._log: StackLog | None = None

    @property
    def log(self) -> StackLog:
        """The programs' logs."""
        if self._log is None:
            self._log = StackLog(self._stack.logs)
        return self._log

    def _messages(self, where: str = "true", *parameters: Any) -> dict[str, tuple[Any, ...]]:
        """Rows of messages by key; `where` narrows contacts, not campaigns, or the numbering would change."""
        return {_key(row): row for row in self._rows(_ROWS.format(where=where), *parameters)}

    def _message(self, key: str) -> tuple[Any, ...]:
        found = _KEY.fullmatch(key)
        rows = self._messages("c.phone = %s", found["phone"]) if found else {}
        if key not in rows:
            msg = f"aucun message n'a la clé {key}"
            raise DriverError(msg)
        return rows[key]

    @_in_words
    def accepted(self) -> Sequence[Accepted]:
        """The double's ledger, read as it grows; an entry without a message of ours keeps its phone."""
        self._entries += self._stack.gateway.ledger(since=len(self._entries))
        unknown = sorted({e.phone for e in self._entries if (e.reference or "") not in self._known})
        if unknown:
            rows = self._messages("c.phone = ANY(%s)", unknown)
            self._known |= {str(row[1]): key for key, row in rows.items()}
        return [
            Accepted(self._known.get(e.reference or "", e.phone), e.id, e.accepted_at.timestamp())
            for e in self._entries
        ]

    @_in_words
    def recorded(self) -> Mapping[str, str]:
        """Status of each message, by key."""
        return {key: str(row[3]) for key, row in self._messages().items()}

    @_in_words
    def sends(self) -> Mapping[str, Send]:
        """Status and time of sending of each message, by key."""
        return {key: Send(str(row[3]), row[4]) for key, row in self._messages().items()}

    @_in_words
    def traces(self, keys: Sequence[str]) -> Mapping[str, int]:
        """Structured records that name the message by its number."""
        rows = self._messages()
        told = [record.get("message_id") for record in self.log.records()]
        return {key: told.count(rows[key][0]) for key in keys if key in rows}

    @_in_words
    def shipped_daily_limit(self) -> int:
        """The default of the tree's own settings."""
        return int(self._python(_SHIPPED))

    @contextmanager
    def leave_today(self, messages: int) -> Iterator[None]:
        """Move the day's counter near the part of the limit that Message 1 may use; then give the place back, and what waited its turn."""
        most = int(self._python(_MOST_MESSAGE_1.format(limit=self._stack.env["DAILY_MESSAGE_LIMIT"])))
        counted = self._rows(_COUNTED)
        added = most - messages - (int(counted[0][0]) if counted else 0)
        self._rows(_ADD_TO_DAY, added, added)
        try:
            yield
        finally:
            self._rows(_ADD_TO_DAY, 0, -added)
            self._rows(_TOMORROW_IS_HERE)

    def _python(self, code: str, *arguments: str) -> str:
        return run_python(self._root, self._stack.env, self._stack.logs, "-c", code, *arguments).strip()


def _key(row: tuple[Any, ...]) -> str:
    kind, phone, turn = row[2], row[8], row[9]
    return f"{phone}{f' (campagne {turn})' if turn > 1 else ''}{' (Message 2)' if kind == 'message_2' else ''}"
