"""HTTP connections that a request handler can cut, and the socket they come by."""

import asyncio
import socket

from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol


def listening_socket(port: int) -> socket.socket:
    """A socket that listens on 127.0.0.1, on a free port when `port` is 0; its connections send each answer at once."""
    listener = socket.create_server(("127.0.0.1", port), backlog=256)
    # Inherited by the accepted sockets. asyncio sets it only on those whose protocol is IPPROTO_TCP, and `create_server` leaves 0.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class CuttableProtocol(H11Protocol):
    """HTTP/1.1 whose connections can be cut from a request handler, which ASGI alone does not offer."""

    _open: dict[tuple[str, int], asyncio.Transport] = {}  # noqa: RUF012 (shared on purpose: one server a process)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._open[transport.get_extra_info("peername")[:2]] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.pop(self.transport.get_extra_info("peername")[:2], None)
        super().connection_lost(exc)

    @classmethod
    def cut(cls, request: Request) -> None:
        """Aborts the connection a request came by."""
        if request.client and (transport := cls._open.get((request.client.host, request.client.port))):
            transport.abort()
