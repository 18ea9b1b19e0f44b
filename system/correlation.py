"""One identifier for all that follows from a request: it goes from the web to tasks, from task to task, and to the gateway."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "X-Correlation-ID"
_NAME = HEADER.lower().encode()
# In the headers of a task's message.
TASK_HEADER = "x_correlation_id"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
_current: ContextVar[str | None] = ContextVar("correlation_id", default=None)


def current() -> str | None:
    """The identifier of what is being done; None outside of any."""
    return _current.get()


def accepted(given: object) -> str:
    """The identifier somebody else gave, when it can be one; else a new one."""
    return given if isinstance(given, str) and _ACCEPTABLE.fullmatch(given) else str(uuid4())


@contextmanager
def correlated(given: object) -> Iterator[str]:
    """Everything in the block belongs to the identifier given, or to a new one."""
    identifier = accepted(given)
    token = _current.set(identifier)
    try:
        yield identifier
    finally:
        _current.reset(token)


def headers() -> Mapping[str, str]:
    """What a request to somebody else carries."""
    identifier = current()
    return {} if identifier is None else {HEADER: identifier}


class CorrelationMiddleware:
    """Takes the caller's identifier, or gives one, and answers with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with correlated(_given(scope)) as identifier:

            async def answer(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = [*message.get("headers", ()), (_NAME, identifier.encode())]
                await send(message)

            await self._app(scope, receive, answer)


def _given(scope: Scope) -> str | None:
    # Not through `Headers`: this is on the way of every request.
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == _NAME), None)
