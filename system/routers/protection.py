"""What surrounds every request: a longest body, headers that keep browsers out of trouble, errors without secrets."""

import logging
from collections.abc import Mapping

import psycopg
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from kombu.exceptions import OperationalError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from system.services.people import NoErasureKeyError

logger = logging.getLogger(__name__)

MOST_BYTES = 65_536
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
    """Refuses (413) bodies longer than `most_bytes`; a path in `others` has a limit of its own, None when it counts itself."""

    def __init__(self, app: ASGIApp, *, most_bytes: int = MOST_BYTES, others: Mapping[str, int | None]) -> None:
        self._app, self._most, self._others = app, most_bytes, others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        most = self._others.get(scope.get("path", ""), self._most) if scope["type"] == "http" else None
        if most is None:
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > most:
            await JSONResponse({"detail": f"more than {most} bytes"}, status_code=413)(scope, receive, send)
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


def describe_errors(app: FastAPI) -> None:
    """Gives `app` its answers to what a handler could not deal with."""

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        # Never the input: it may be a password, or text that no encoding knows.
        faults = [
            {"where": _plain(".".join(map(str, fault["loc"]))), "why": _plain(fault["msg"])} for fault in error.errors()
        ]
        return JSONResponse({"detail": faults}, status_code=422)

    @app.exception_handler(NoErasureKeyError)
    async def unrecognised(_request: Request, error: NoErasureKeyError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=503)

    @app.exception_handler(psycopg.DataError)
    async def unstorable(_request: Request, error: psycopg.DataError) -> JSONResponse:
        logger.warning("a value was refused by the database: %s", type(error).__name__)
        return JSONResponse({"detail": [{"where": "request", "why": "a value cannot be stored"}]}, status_code=422)

    @app.exception_handler(psycopg.Error)
    async def unusable(_request: Request, error: psycopg.Error) -> JSONResponse:
        logger.error("the database cannot be used: %s", type(error).__name__, exc_info=error)
        return JSONResponse({"detail": "the database cannot be used"}, status_code=503, headers={"Retry-After": "10"})

    @app.exception_handler(OperationalError)
    async def unpublished(_request: Request, error: OperationalError) -> JSONResponse:
        logger.error("the broker is away: %s", error)
        return JSONResponse({"detail": "the broker is away"}, status_code=503, headers={"Retry-After": "10"})


def _plain(text: str) -> str:
    return text.encode(errors="replace").decode()[:300]
