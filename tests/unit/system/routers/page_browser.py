"""Somebody in front of the page, without a socket."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from system.db.database import Database
from system.main import create_app
from tests.unit.system.administration import PASSWORD, TOKEN_SECRET, add_everybody
from tests.unit.system.environment import stack_environment
from tests.unit.system.routers.client import Client


class Browser(Client):
    """Fills the page's forms."""

    def log_in(self, name: str = "operator", password: str = PASSWORD, **headers: str) -> httpx.Response:
        data = {"name": name, "password": password}
        return self.request("POST", "/page/login", data=data, headers=headers)

    def token(self) -> str:
        found = re.search(r'name="form_token" value="(\w+)"', self.request("GET", "/").text)
        return found.group(1) if found else ""

    def submit(
        self, path: str, *, token: str | None = None, file: bytes | str | None = None, **data: Any
    ) -> httpx.Response:
        data["form_token"] = self.token() if token is None else token
        files = None if file is None else {"file": ("f<i>.csv", file, "text/csv")}
        return self.request("POST", path, data=data, files=files)

    def confirm(self, campaign_id: int, deed: str, **over: str) -> httpx.Response:
        """Presses the button of the page that asks first; `over` replaces what its form holds."""
        asked = self.request("GET", f"/page/campaigns/{campaign_id}/confirm/{deed}").text
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="(\w*)"', asked))
        return self.submit(
            f"/page/campaigns/{campaign_id}/{deed}", token=hidden.pop("form_token", None), **hidden | over
        )


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch, postgres_url: str, redis_url: str, db: Database) -> Iterator[Browser]:
    monkeypatch.setenv("ADMIN_TOKEN_SECRET", TOKEN_SECRET)
    add_everybody(db)
    with stack_environment(monkeypatch, postgres_url, redis_url):
        yield Browser(create_app())
