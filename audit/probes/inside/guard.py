"""No connection leaves this interpreter: the second wall, and the only one where no network namespace can be had."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys
from typing import Any

_SENDING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_NAMING = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_MAX_REFUSALS = 50


def close_network(refusals: list[str]) -> None:
    """Refuse, for the rest of the process, every connection and name lookup made through Python; note each in `refusals`."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _SENDING and arguments[1] is not None:
            _note(refusals, _destination(arguments[1]))
            raise OSError(errno.ENETUNREACH, "the audit lets nothing out")
        if event in _NAMING and not _is_local(arguments[0]):
            _note(refusals, _destination((arguments[0],)))
            raise socket.gaierror(socket.EAI_AGAIN, "the audit lets nothing out")

    sys.addaudithook(hook)


def _note(refusals: list[str], destination: str) -> None:
    if destination not in refusals and len(refusals) < _MAX_REFUSALS:
        refusals.append(destination)


def _destination(address: Any) -> str:
    parts = address[:2] if isinstance(address, tuple) else (address,)
    return ":".join(os.fsdecode(part) if isinstance(part, bytes) else str(part) for part in parts)


def _is_local(host: Any) -> bool:
    """Whether naming this host asks nobody: no name, this machine, or a literal address."""
    name = os.fsdecode(host) if isinstance(host, bytes) else host
    if not name or name in {"localhost", socket.gethostname()}:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
