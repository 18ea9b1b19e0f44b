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
        if event.startswith("socket."):
            refused = refusal(event, arguments)
            if refused is not None:
                destination, error = refused
                if destination not in refusals and len(refusals) < _MAX_REFUSALS:
                    refusals.append(destination)
                raise error

    sys.addaudithook(hook)


def refusal(event: str, arguments: tuple[Any, ...]) -> tuple[str, OSError] | None:
    """Destination and error of an audit event that would reach another process or machine; None when it would not."""
    if event in _SENDING and arguments[1] is not None:
        return _shown(arguments[1]), OSError(errno.ENETUNREACH, "the audit lets nothing out")
    if event in _NAMING and not _is_local(_text(arguments[0])):
        return _text(arguments[0]), socket.gaierror(socket.EAI_AGAIN, "the audit lets nothing out")
    return None


def _shown(address: Any) -> str:
    parts = address[:2] if isinstance(address, tuple) else (address,)
    return ":".join(_text(part) for part in parts)


def _text(value: Any) -> str:
    return os.fsdecode(value) if isinstance(value, bytes) else str(value or "")


def _is_local(host: str) -> bool:
    """Whether naming this host asks nobody: no name, this machine, or a literal address."""
    if not host or host in {"localhost", socket.gethostname()}:
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
