"""Settings, read from the environment once, when first asked for."""

from functools import lru_cache
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from system.domain.lease import Lease

WHERE = "set it in the environment of the process (see the README, Settings)"


class SettingsError(Exception):
    """A setting is missing or wrong; the message is one line naming the variable and where to set it."""


class Settings(BaseSettings):
    """What the environment decides. Times are seconds."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: SecretStr
    redis_url: SecretStr
    wassenger_api_key: SecretStr
    wassenger_device: Annotated[str, Field(pattern=r"^[0-9a-f]{24}$")]
    wassenger_base_url: str = "https://api.wassenger.com/v1"
    gateway_timeout_seconds: Annotated[float, Field(gt=0, le=50)] = 10.0
    send_lease_seconds: Annotated[float, Field(gt=0)] = 30.0
    wassenger_webhook_secret: SecretStr | None = None
    supabase_url: str | None = None
    supabase_service_role_key: SecretStr | None = None
    daily_message_limit: Annotated[int, Field(ge=0)] = 1000
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    dispatch_batch_size: Annotated[int, Field(ge=1, le=10_000)] = 100
    alert_webhook_url: str | None = None

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, url: SecretStr) -> SecretStr:
        return _with_scheme(url, {"postgresql", "postgres"})

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, url: SecretStr) -> SecretStr:
        return _with_scheme(url, {"redis", "rediss"})

    @field_validator("wassenger_base_url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        return _with_scheme(SecretStr(url), {"http", "https"}).get_secret_value().rstrip("/")

    @model_validator(mode="after")
    def _lease_outlives_the_gateway(self) -> Self:
        if self.lease.time_to_prepare <= 0:
            raise ValueError(f"it must exceed {self.lease.longest_request:g} s, the longest a request may last")
        return self

    @property
    def lease(self) -> Lease:
        return Lease(self.send_lease_seconds, self.gateway_timeout_seconds)


def _with_scheme(url: SecretStr, allowed: set[str]) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    # A PostgreSQL URL may name a socket by its query instead of a host.
    if parts.scheme not in allowed or not (parts.netloc or parts.query):
        raise ValueError(f"must be a URL starting with {' or '.join(f'{scheme}://' for scheme in sorted(allowed))}")
    return url


def read_settings() -> Settings:
    """Reads the environment.

    Raises:
        SettingsError: for the first setting that is missing or wrong. A value is never repeated: it may be a secret.

    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        # The only check over several fields is that of the lease.
        name = str(first["loc"][0]).upper() if first["loc"] else "SEND_LEASE_SECONDS"
        if first["type"] == "missing":
            raise SettingsError(f"{name} is missing: {WHERE}") from None
        raise SettingsError(f"{name} is wrong ({first['msg'].removeprefix('Value error, ')}): {WHERE}") from None


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        SettingsError: as `read_settings`.

    """
    return read_settings()


def settings_or_exit() -> Settings:
    """The settings, or the end of this process: one line on standard error and exit code 1, without a traceback."""
    try:
        return get_settings()
    except SettingsError as error:
        raise SystemExit(str(error)) from None
