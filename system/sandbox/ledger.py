"""The double's memory: every message it accepted, in a file that survives it."""

import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from system.sandbox.gateway_protocol import LedgerEntry


class Ledger:
    """An append-only JSON-lines file, read back at start; one writer at a time."""

    def __init__(self, path: Path) -> None:
        self._entries: list[LedgerEntry] = []
        self._by_reference: dict[str, list[LedgerEntry]] = {}
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        content = path.read_bytes()
        complete = content[: content.rfind(b"\n") + 1]
        # A line cut short by a SIGKILL was never answered for: the next one must not be glued to it.
        os.ftruncate(self._file, len(complete))
        for line in complete.splitlines():
            self._remember(LedgerEntry.model_validate_json(line))

    def _remember(self, entry: LedgerEntry) -> None:
        self._entries.append(entry)
        if entry.reference is not None:
            self._by_reference.setdefault(entry.reference, []).append(entry)

    def accept(
        self,
        *,
        phone: str,
        device: str | None,
        message: str | None,
        reference: str | None,
        received_at: datetime,
        media: dict[str, Any] | None = None,
        template: dict[str, Any] | None = None,
    ) -> LedgerEntry:
        """Records one message; it is in the file when this returns."""
        entry = LedgerEntry(
            seq=len(self._entries) + 1,
            id=secrets.token_hex(12),
            waId=f"3EB0{secrets.token_hex(9).upper()}",
            reference=reference,
            phone=phone,
            device=device,
            message=message,
            media=media,
            template=template,
            received_at=received_at,
            accepted_at=datetime.now(UTC),
        )
        os.write(self._file, entry.model_dump_json().encode() + b"\n")
        self._remember(entry)
        return entry

    def since(self, seq: int = 0) -> Sequence[LedgerEntry]:
        """Entries after number `seq`, in order of acceptance."""
        return self._entries[seq:]

    def with_reference(self, reference: str) -> Sequence[LedgerEntry]:
        """Entries that carry this reference, oldest first."""
        return self._by_reference.get(reference, [])

    @property
    def distinct_references(self) -> int:
        return len(self._by_reference)

    def __len__(self) -> int:
        return len(self._entries)

    def close(self) -> None:
        """Gives the file back."""
        os.close(self._file)
