"""The few words of the Redis protocol that tell where a message is, without a Redis library in the audit's environment."""

import socket
from collections.abc import Callable, Sequence
from typing import BinaryIO

from audit.experiments.canary.held_messages import MessageTexts

Reply = bytes | int | list["Reply"] | None


class ServerSilentError(Exception):
    """The server does not answer, or answers with an error."""


class Resp:
    """One connection to a Redis-protocol server on 127.0.0.1. Every command may raise ServerSilentError."""

    def __init__(self, port: int, timeout_seconds: float = 2.0) -> None:
        try:
            self._socket = socket.create_connection(("127.0.0.1", port), timeout_seconds)
        except OSError as error:
            raise ServerSilentError(str(error)) from error
        self._stream: BinaryIO = self._socket.makefile("rb")

    def __call__(self, *words: str | bytes) -> Reply:
        parts = [word.encode() if isinstance(word, str) else word for word in words]
        command = b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)
        try:
            self._socket.sendall(command)
            return self._reply()
        except OSError as error:
            raise ServerSilentError(str(error)) from error

    def close(self) -> None:
        """Give the connection back."""
        self._stream.close()
        self._socket.close()

    def _reply(self) -> Reply:
        line = self._stream.readline()
        if not line.endswith(b"\r\n"):
            raise ServerSilentError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise ServerSilentError(rest.decode(errors="replace"))
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self._stream.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self._reply() for _ in range(int(rest))]
        return rest


def held_messages(command: Callable[..., Reply], queue: str) -> MessageTexts:
    """What waits in this queue, and everything delivered and not acknowledged, each as one text to search ids in.

    Other lists are none: the results of `rpc://` wait in one, under the ids of the tasks that gave them.
    """
    queued: list[bytes] = []
    unacked: list[bytes] = []
    for key in _items(command("KEYS", "*")):
        kind = command("TYPE", key)
        if kind == b"list" and queue.encode() in key and not key.endswith(b".pidbox"):
            queued += _items(command("LRANGE", key, "0", "-1"))
        elif kind == b"hash" and key.endswith(b"unacked"):
            unacked += _items(command("HVALS", key))
    return MessageTexts(b"\n".join(queued), b"\n".join(unacked))


def _items(reply: Reply) -> Sequence[bytes]:
    return [item for item in reply if isinstance(item, bytes)] if isinstance(reply, list) else []
