"""The client of the Wassenger API."""

from datetime import UTC, datetime
from typing import Any, Self

import httpx
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from system import correlation
from system.config import Settings, get_settings
from system.domain.lease import CONNECT_SHARE, WRITE_SHARE
from system.gateway.outcomes import (
    Accepted,
    AccountStopped,
    LookupOutcome,
    NotFound,
    NumberChecked,
    NumberOutcome,
    Outgoing,
    PostOutcome,
    Refused,
    Uncertain,
)
from system.process_local import ProcessLocal

ACCOUNT_STATUSES = frozenset({401, 402, 403})
# Nothing was written: the gateway cannot have the message.
NEVER_WRITTEN = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

# A list as long as this may have a next page.
SHORT_PAGE = 20


class _Known(BaseModel):
    """The part of a message of the API that is used."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(min_length=1)
    wa_id: str | None = Field(default=None, alias="waId")
    reference: str | None = None
    created_at: datetime | None = Field(default=None, alias="createdAt")

    def accepted(self) -> Accepted:
        at = self.created_at
        return Accepted(self.id, self.wa_id, at.astimezone(UTC) if at and at.tzinfo else None)


class _Existence(BaseModel):
    """The part of an answer about a number that is used."""

    model_config = ConfigDict(frozen=True, strict=True)

    exists: bool


_LISTED = TypeAdapter(list[_Known])


class WassengerGateway:
    """Sends, and asks what was sent. Its methods never raise for what the network or the gateway does."""

    def __init__(self, base_url: str, api_key: str, device: str, *, timeout_seconds: float) -> None:
        self._device = device
        timeout = httpx.Timeout(
            timeout_seconds, connect=timeout_seconds * CONNECT_SHARE, write=timeout_seconds * WRITE_SHARE
        )
        # A connection idle for longer may be closed by the other side just as it is used again.
        limits = httpx.Limits(max_connections=8, keepalive_expiry=3.0)
        self._client = httpx.Client(headers={"Token": api_key}, timeout=timeout, limits=limits, trust_env=False)
        # Read once: joining a path to a base URL at every request cost a tenth of the processor time of a send.
        self._messages, self._existence = httpx.URL(f"{base_url}/messages"), httpx.URL(f"{base_url}/numbers/exists")

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """A client for the account and device of the settings."""
        return cls(
            settings.wassenger_base_url,
            settings.wassenger_api_key.get_secret_value(),
            settings.wassenger_device,
            timeout_seconds=settings.gateway_timeout_seconds,
        )

    def post(self, message: Outgoing) -> PostOutcome:
        """Hands one message over, once: no retry in here."""
        body: dict[str, Any] = {"phone": message.phone, "device": self._device, "reference": message.reference}
        if message.template_name is not None:
            body["template"] = {"name": message.template_name, "language": "fr"}
        elif message.content:
            body |= message.content
        if "template" not in body:
            body["message"] = message.body
        try:
            response = self._client.post(self._messages, json=body, headers=correlation.headers())
        except NEVER_WRITTEN as error:
            return Refused(_described(error), retryable=True)
        except httpx.HTTPError as error:
            return Uncertain(_described(error))
        return _judge(response)

    def find_by_reference(self, reference: str) -> LookupOutcome:
        """Whether the gateway has accepted a message with this reference; `Uncertain` when it cannot be asked."""
        try:
            response = self._client.get(self._messages, params={"reference": reference}, headers=correlation.headers())
        except httpx.HTTPError as error:
            return Uncertain(_described(error))
        if response.status_code != httpx.codes.OK:
            return Uncertain(f"lookup: HTTP {response.status_code}")
        try:
            listed = _LISTED.validate_json(response.content)
        except ValidationError:
            return Uncertain("lookup: not a list of messages")
        # The filter is the gateway's: only an exact match counts.
        same = [message for message in listed if message.reference == reference]
        if same:
            return same[0].accepted()
        # Anything else in the list, or a list that may go on: what we ask about may be behind it.
        alike = all(message.reference and message.reference.startswith(reference) for message in listed)
        return NotFound() if alike and len(listed) < SHORT_PAGE else Uncertain("lookup: the filter is not honoured")

    def number_exists(self, phone: str) -> NumberOutcome:
        """Whether the number (E.164) is on WhatsApp; `Uncertain` when the answer says nothing."""
        try:
            response = self._client.post(self._existence, json={"phone": phone})
        except httpx.HTTPError as error:
            return Uncertain(_described(error))
        if response.status_code in ACCOUNT_STATUSES:
            return AccountStopped(f"HTTP {response.status_code}")
        if not response.is_success:
            return Uncertain(f"HTTP {response.status_code}")
        try:
            return NumberChecked(_Existence.model_validate_json(response.content).exists)
        except ValidationError:
            return Uncertain("not an answer about a number")

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def _judge(response: httpx.Response) -> PostOutcome:
    status, reason = response.status_code, f"HTTP {response.status_code}"
    if response.is_success:
        try:
            return _Known.model_validate_json(response.content).accepted()
        except ValidationError:
            return Uncertain(f"{reason} without an id")
    if status in ACCOUNT_STATUSES:
        return AccountStopped(reason)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return Refused(reason, retryable=True)
    if status == httpx.codes.REQUEST_TIMEOUT or not response.is_client_error:
        return Uncertain(reason)
    return Refused(reason, retryable=False)


_gateway: ProcessLocal[WassengerGateway] = ProcessLocal(
    lambda: WassengerGateway.from_settings(get_settings()), WassengerGateway.close
)


def get_gateway() -> WassengerGateway:
    """The client of this process, made at first use.

    Raises:
        SettingsError: when a setting is missing or wrong.

    """
    return _gateway.get()


def close_gateway() -> None:
    """Closes what `get_gateway` made in this process."""
    _gateway.close()
