"""The routes of the reference stack that ask for a user."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from secrets import token_hex

import httpx

from checks.stack import Stack

SETTINGS = {"ADMIN_TOKEN_SECRET": token_hex(32)}
_NAME, _PASSWORD = "audit", f"audit-{token_hex(12)}"
_ADD_USER = """
import sys
from system.db.database import close_db, get_db
from system.domain.roles import Role
from system.services import users
from system.services.passwords import Passwords
users.add_user(get_db(), Passwords(), sys.argv[1], Role.OPERATOR, sys.argv[2])
close_db()
"""


@dataclass
class Administration:
    """Asks as the user of this run, whom the first request creates; a token does not live for ever."""

    stack: Stack
    _token: str = ""

    def prepare(self) -> None:
        """Create the user and log in, which takes longer than a request, unless it is done."""
        if not self._token:
            self.stack.python(_ADD_USER, _NAME, _PASSWORD)
            self._log_in()

    def ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> httpx.Response:
        """An answer with success. Raises httpx.HTTPError for any other."""
        self.prepare()
        answer = self._request(method, path, body)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._log_in()
            answer = self._request(method, path, body)
        return answer.raise_for_status()

    def _request(self, method: str, path: str, body: Mapping[str, str] | None) -> httpx.Response:
        return self._client.request(method, path, json=body, headers={"Authorization": f"Bearer {self._token}"})

    def _log_in(self) -> None:
        answer = self._client.post("/login", json={"name": _NAME, "password": _PASSWORD})
        self._token = str(answer.raise_for_status().json()["access_token"])

    @cached_property
    def _client(self) -> httpx.Client:
        client = httpx.Client(base_url=self.stack.running.web_url, timeout=20, trust_env=False)
        return self.stack.closing.enter_context(client)
