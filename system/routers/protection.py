"""What surrounds every request: a longest body, headers that keep browsers out of trouble, errors without secrets."""

import logging
from collections.abc import Awaitable, Callable, Mapping

import psycopg
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from kombu.exceptions import OperationalError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from system.services.people import NoErasureKeyError

logger = logging.getLogger(__name__)

PageAnswer = Callable[[Request, int], Awaitable[Response]]
AGAIN = {"Retry-After": "10"}

MOST_BYTES = 65_536
# Three texts of 4096 characters as browsers write them, and what is beside them.
MOST_FORM_BYTES = 262_144
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_ALWAYS = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
_ALWAYS.append((b"cache-control", b"no-store"))
_OVER_TLS = [*_ALWAYS, (b"strict-transport-security", b"max-age=31536000")]


class BodyLimit:
    """Refuses (413) bodies longer than `most_bytes`; a path in `others` has a limit of its own, None when it counts itself.

    Forms of the page may be longer, and `of_the_page` answers what is too long there.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        most_bytes: int = MOST_BYTES,
        others: Mapping[str, int | None],
        of_the_page: PageAnswer | None = None,
    ) -> None:
        self._app, self._most, self._others, self._of_the_page = app, most_bytes, others, of_the_page

    def _limit(self, path: str) -> int | None:
        if path in self._others:
            return self._others[path]
        return MOST_FORM_BYTES if path.startswith("/page/") else self._most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        most = self._limit(scope.get("path", "")) if scope["type"] == "http" else None
        if most is None:
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > most:
            answer: Response = JSONResponse({"detail": f"more than {most} bytes"}, status_code=413)
            if self._of_the_page is not None and scope["path"].startswith("/page/"):
                answer = await self._of_the_page(Request(scope), 413)
            await answer(scope, receive, send)
            return
        await self._app(scope, _counted(receive, most), send)


def _counted(receive: Receive, most: int) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise HTTPException(413, f"more than {most} bytes")
        return message

    return counted


class SecurityHeaders:
    """Adds the headers to every answer; nothing is kept by caches but what says so itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                # As bytes, made once: each look for one name reads all that are there.
                headers = list(message.get("headers", ()))
                there = {name for name, _ in headers}
                added = _OVER_TLS if scope["scheme"] == "https" else _ALWAYS
                message["headers"] = headers + [header for header in added if header[0] not in there]
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


def is_of_the_page(request: Request) -> bool:
    """Whether a person reads the answer, not a program."""
    path = request.url.path
    return path in {"/", "/page"} or path.startswith("/page/")


def describe_errors(app: FastAPI, of_the_page: PageAnswer) -> None:
    """Gives `app` its answers to what a handler could not deal with; those of the page are `of_the_page`'s."""

    async def told(request: Request, status: int, detail: object, **headers: str) -> Response:
        if is_of_the_page(request):
            return await of_the_page(request, status)
        return JSONResponse({"detail": detail}, status_code=status, headers=headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        # Never the input: it may be a password, or text that no encoding knows.
        faults = [
            {"where": _plain(".".join(map(str, fault["loc"]))), "why": _plain(fault["msg"])} for fault in error.errors()
        ]
        return await told(request, 422, faults)

    @app.exception_handler(NoErasureKeyError)
    async def unrecognised(request: Request, error: NoErasureKeyError) -> Response:
        return await told(request, 503, str(error))

    @app.exception_handler(psycopg.DataError)
    async def unstorable(request: Request, error: psycopg.DataError) -> Response:
        logger.warning("a value was refused by the database: %s", type(error).__name__)
        return await told(request, 422, [{"where": "request", "why": "a value cannot be stored"}])

    @app.exception_handler(psycopg.Error)
    async def unusable(request: Request, error: psycopg.Error) -> Response:
        logger.error("the database cannot be used: %s", type(error).__name__, exc_info=error)
        return await told(request, 503, "the database cannot be used", **AGAIN)

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, _error: Exception) -> Response:
        # Its traceback is the server's to log: it is raised again once this has left, outside of every middleware.
        answer = await told(request, 500, "an error of the server")
        answer.headers.update(SECURITY_HEADERS | {"Cache-Control": "no-store"})
        return answer

    @app.exception_handler(OperationalError)
    async def unpublished(request: Request, error: OperationalError) -> Response:
        logger.error("the broker is away: %s", error)
        return await told(request, 503, "the broker is away", **AGAIN)


def _plain(text: str) -> str:
    return text.encode(errors="replace").decode()[:300]
