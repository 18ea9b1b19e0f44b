import socket
from typing import Any

import pytest

from audit.importing.inside.network_guard import refusal


@pytest.mark.parametrize(
    ("event", "argument", "destination"),
    [
        ("socket.connect", ("127.0.0.1", 6379), "127.0.0.1:6379"),
        ("socket.connect", ("::1", 6379, 0, 0), "::1:6379"),
        ("socket.connect", "/run/db.sock", "/run/db.sock"),
        ("socket.connect", b"\x00abstract", "\x00abstract"),
        ("socket.sendto", ("192.0.2.1", 53), "192.0.2.1:53"),
    ],
)
def test_whatever_would_leave_is_refused_as_an_unreachable_network(event: str, argument: Any, destination: str) -> None:
    refused = refusal(event, (None, argument))
    assert refused is not None
    assert refused[0] == destination
    assert isinstance(refused[1], OSError)


@pytest.mark.parametrize("host", ["broker.example", b"broker.example"])
def test_names_are_not_asked_for(host: Any) -> None:
    refused = refusal("socket.getaddrinfo", (host, 6379, 0, 0, 0))
    assert refused is not None
    assert refused[0] == "broker.example"
    assert isinstance(refused[1], socket.gaierror)


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("socket.getaddrinfo", (None, 80, 0, 0, 0)),
        ("socket.getaddrinfo", ("localhost", 80, 0, 0, 0)),
        ("socket.getaddrinfo", (b"10.0.0.1", 80, 0, 0, 0)),
        ("socket.gethostbyname", (socket.gethostname(),)),
        ("socket.sendmsg", (None, None)),
        ("socket.bind", (None, ("127.0.0.1", 0))),
    ],
)
def test_what_stays_in_the_process_is_let_through(event: str, arguments: tuple[Any, ...]) -> None:
    assert refusal(event, arguments) is None
