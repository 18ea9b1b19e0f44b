"""Typed client of the Wassenger double's control API, for the demo, the tests and the audit driver."""

from types import TracebackType
from typing import Self

import httpx
from pydantic import TypeAdapter

from system.sandbox.gateway_protocol import Behaviour, Counts, LedgerEntry, ReceivedAlert

_ENTRIES = TypeAdapter(list[LedgerEntry])
_ALERTS = TypeAdapter(list[ReceivedAlert])


class GatewayControl:
    """Reads the ledger of a double and decides how it answers.

    Every method raises `httpx.HTTPError` when the double cannot be reached or refuses what is asked.
    """

    def __init__(self, root_url: str, *, timeout_seconds: float = 10.0) -> None:
        """`root_url` is the address without `/v1`, as in http://127.0.0.1:18000."""
        self.root_url = root_url.rstrip("/")
        self.api_url = f"{self.root_url}/v1"
        self.alerts_url = f"{self.root_url}/_sandbox/alerts"
        self._client = httpx.Client(base_url=f"{self.root_url}/_sandbox", timeout=timeout_seconds, trust_env=False)

    def _call(self, method: str, path: str, content: str | None = None) -> httpx.Response:
        return self._client.request(method, path, content=content).raise_for_status()

    def ledger(self, *, since: int = 0) -> list[LedgerEntry]:
        """Messages accepted after number `since`, in order of acceptance."""
        return _ENTRIES.validate_json(self._call("GET", f"/ledger?since={since}").content)

    def alerts(self) -> list[ReceivedAlert]:
        """Every alert posted to `alerts_url` since the double started, in order, with those it refused."""
        return _ALERTS.validate_json(self._call("GET", "/alerts").content)

    def counts(self) -> Counts:
        """How many sends were accepted, are being handled, are held, were given up."""
        return Counts.model_validate_json(self._call("GET", "/counts").content)

    def behaviour(self) -> Behaviour:
        """How the double answers at present."""
        return Behaviour.model_validate_json(self._call("GET", "/behaviour").content)

    def behave(self, behaviour: Behaviour) -> None:
        """Replaces the whole behaviour; rules start counting again, and held sends go on unless it holds too."""
        self._call("PUT", "/behaviour", behaviour.model_dump_json())

    def release(self) -> int:
        """Lets the held sends go on and holds no more; returns how many there were."""
        return int(self._call("POST", "/release").json()["released"])

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()
