"""A webhook, and a client that hands it to the application."""

import asyncio
import json
from collections.abc import AsyncIterable

import httpx
from fastapi import FastAPI

ANSWER = {"event": "message:in:new", "data": {"id": "wa-9", "fromNumber": "33639980000@c.us", "body": "Oui"}}
BODY = json.dumps(ANSWER).encode()


class Client:
    """Speaks to the application without a socket; a request ends with its background tasks."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return asyncio.run(self._request("GET", path, None, headers or {}))

    def post(
        self, path: str, content: bytes | AsyncIterable[bytes], headers: dict[str, str] | None = None
    ) -> httpx.Response:
        return asyncio.run(self._request("POST", path, content, headers or {}))

    async def _request(
        self, method: str, path: str, content: bytes | AsyncIterable[bytes] | None, headers: dict[str, str]
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with (
            self._app.router.lifespan_context(self._app),
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
        ):
            return await client.request(method, path, content=content, headers=headers)
