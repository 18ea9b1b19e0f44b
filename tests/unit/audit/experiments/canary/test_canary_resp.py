"""The few words of the Redis protocol, against a server that answers what it is told to."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from audit.experiments.canary.held_messages import MessageTexts
from audit.experiments.canary.resp import Resp, ServerSilentError, held_messages


@contextmanager
def _answering(*answers: bytes) -> Iterator[Resp]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                for answer in answers:
                    connection.recv(4096)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        client = Resp(server.getsockname()[1])
        try:
            yield client
        finally:
            client.close()
            thread.join(5)


def test_every_kind_of_reply_is_read() -> None:
    with _answering(b"+PONG\r\n", b":3\r\n", b"$-1\r\n", b"*2\r\n$1\r\na\r\n:1\r\n") as ask:
        assert [ask("X"), ask("X"), ask("X"), ask("X")] == [b"PONG", 3, None, [b"a", 1]]


def test_an_error_and_a_closed_connection_are_a_silent_server() -> None:
    with _answering(b"-ERR no\r\n", b"") as ask:
        for _ in range(2):
            with pytest.raises(ServerSilentError):
                ask("X")


def test_a_port_nobody_listens_on_is_a_silent_server() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(ServerSilentError):
            Resp(held.getsockname()[1])


def test_queued_and_unacknowledged_messages_are_told_apart() -> None:
    answers = (
        b"*4\r\n$1\r\nq\r\n$7\r\nunacked\r\n$1\r\nz\r\n$1\r\nr\r\n",
        b"+list\r\n",
        b"*1\r\n$2\r\nm1\r\n",
        b"+hash\r\n",
        b"*1\r\n$2\r\nm2\r\n",
        b"+zset\r\n",
        # The results of `rpc://`, which hold the ids of the tasks: no queue.
        b"+list\r\n",
    )
    with _answering(*answers) as ask:
        assert held_messages(ask, "q") == MessageTexts(b"m1", b"m2")
