"""A browser's side of the application, without a socket."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from tests.unit.system.administration import PASSWORD


class Client:
    """Each request is whole: it ends with its background tasks. Cookies are kept."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.cookies = httpx.Cookies()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._request(method, path, options))

    async def _request(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with (
            self.app.router.lifespan_context(self.app),
            httpx.AsyncClient(transport=transport, base_url="http://test", cookies=self.cookies) as client,
        ):
            answer = await client.request(method, path, **options)
        self.cookies = client.cookies
        return answer

    def bearer(self, name: str) -> dict[str, str]:
        """The header of somebody who logs in now."""
        answer = self.request("POST", "/login", json={"name": name, "password": PASSWORD})
        return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}


def every_route(routes: list[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Method and path of every route, those of included routers too; an unknown kind of route is an error."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from every_route(inner.routes, prefix + route.include_context.prefix)  # type: ignore[attr-defined]
        else:
            assert isinstance(route, APIRoute), f"{route!r}: a kind of route this test does not know"
            yield from ((method, prefix + route.path) for method in sorted(route.methods or ()))
