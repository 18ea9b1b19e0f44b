"""Settings, read from the environment once, when first asked for."""

import math
import re
from functools import lru_cache
from typing import Annotated, Literal, Self
from urllib.parse import parse_qs, urlsplit

import phonenumbers
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from system.domain.erasure import ErasureKey
from system.domain.gateway_breaker import BreakerPolicy
from system.domain.lease import Lease
from system.domain.sending_hours import SendingHours, named_zone
from system.domain.webhook_key import standard_key

# Beat shows itself when it publishes, every 5 s.
SHORTEST_ALERT_SECONDS = 10.0
# HMAC-SHA256 asks for a key as long as its output (RFC 7518, 3.2).
SHORTEST_TOKEN_SECRET = 32
# What the sandbox gives its own stack; the double takes any.
SANDBOX_KEY = "sandbox"
WHERE = "set it in the environment of the process (see the README, Settings)"


class SettingsError(Exception):
    """A setting is missing or wrong; the message is one line naming the variable and where to set it."""


class Settings(BaseSettings):
    """What the environment decides. Times are seconds."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: SecretStr
    redis_url: SecretStr
    broker_url: SecretStr | None = None
    wassenger_api_key: SecretStr
    wassenger_device: Annotated[str, Field(pattern=r"^[0-9a-f]{24}$")]
    wassenger_base_url: str = "https://api.wassenger.com/v1"
    gateway_timeout_seconds: Annotated[float, Field(gt=0, le=50)] = 10.0
    send_lease_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
    inbox_wait_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
    wassenger_webhook_secret: SecretStr | None = None
    wassenger_webhook_proof: Literal["signature", "header", "standard", "none"] | None = None
    supabase_url: str | None = None
    supabase_service_role_key: Annotated[SecretStr | None, Field(validate_default=True)] = None
    admin_token_secret: SecretStr | None = None
    # Reads the marks of erased numbers; the key of the tokens does, where it is not set. Whoever loses it forgets who was erased.
    erasure_secret: SecretStr | None = None
    contact_retention_days: Annotated[int, Field(ge=30)] = 1095
    text_retention_days: Annotated[int, Field(ge=8)] = 365
    inbox_retention_days: Annotated[int, Field(ge=8)] = 90
    log_retention_days: Annotated[int, Field(ge=30)] = 1095
    admin_token_minutes: Annotated[int, Field(ge=1, le=1440)] = 30
    default_region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "FR"
    daily_message_limit: Annotated[int, Field(ge=0)] = 1000
    # Without these the gateway's own queue sets the pace.
    device_messages_per_minute: Annotated[float, Field(gt=0, le=6000)] | None = None
    device_burst: Annotated[float, Field(ge=1)] = 1.0
    sending_zone: str = "Europe/Paris"
    # Of a Message 1; after the zone, with which it is read.
    sending_hours: str = "08:00-20:00"
    schedule_lateness_seconds: Annotated[float, Field(ge=60)] = 3600.0
    batch_pause_every: Annotated[int, Field(ge=1)] | None = None
    batch_pause_seconds: Annotated[float, Field(gt=0)] = 60.0
    gateway_refusals_before_hold: Annotated[int, Field(ge=1)] = 5
    gateway_probe_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    dispatch_batch_size: Annotated[int, Field(ge=1, le=10_000)] = 100
    metrics_token: SecretStr | None = None
    alert_webhook_url: SecretStr | None = None
    alert_after_seconds: Annotated[float, Field(ge=SHORTEST_ALERT_SECONDS)] = 300.0
    watchdog_period_seconds: Annotated[float, Field(gt=0)] | None = None

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, url: SecretStr) -> SecretStr:
        return _with_scheme(url, {"postgresql", "postgres"})

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, url: SecretStr) -> SecretStr:
        return _verifying(_with_scheme(_one_redis(url), {"redis", "rediss"}))

    @field_validator("broker_url")
    @classmethod
    def _is_a_broker(cls, url: SecretStr | None) -> SecretStr | None:
        return url and _verifying(_with_scheme(_one_redis(url), {"amqp", "amqps", "redis", "rediss"}))

    @field_validator("alert_webhook_url")
    @classmethod
    def _is_a_webhook(cls, url: SecretStr | None) -> SecretStr | None:
        return url and _with_scheme(url, {"http", "https"})

    @field_validator("watchdog_period_seconds")
    @classmethod
    def _looks_often_enough(cls, period: float | None, info: ValidationInfo) -> float | None:
        longest = info.data.get("alert_after_seconds", math.inf) / 5
        if period is not None and period > longest:
            raise ValueError(f"must be at most {longest:g} s, a fifth of ALERT_AFTER_SECONDS")
        return period

    @field_validator("wassenger_webhook_secret")
    @classmethod
    def _is_a_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not secret.get_secret_value().strip():
            raise ValueError("must not be blank")
        return secret

    @field_validator("default_region")
    @classmethod
    def _is_a_region(cls, region: str) -> str:
        if region not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError("must be a country whose numbers are known, such as FR")
        return region

    @field_validator("sending_zone")
    @classmethod
    def _is_a_zone(cls, zone: str) -> str:
        return named_zone(zone).key

    @field_validator("sending_hours")
    @classmethod
    def _are_hours(cls, hours: str) -> str:
        SendingHours.parse(hours, "UTC")
        return hours

    @field_validator("admin_token_secret", "erasure_secret")
    @classmethod
    def _is_long(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value().encode()) < SHORTEST_TOKEN_SECRET:
            raise ValueError(f"must have {SHORTEST_TOKEN_SECRET} bytes at least")
        return secret

    @field_validator("wassenger_webhook_proof")
    @classmethod
    def _has_a_secret(cls, proof: str | None, info: ValidationInfo) -> str | None:
        has_secret = info.data.get("wassenger_webhook_secret") is not None
        if proof == "none" and has_secret:
            raise ValueError("WASSENGER_WEBHOOK_SECRET is set, which nothing would ask for")
        if proof not in {None, "none"} and not has_secret:
            raise ValueError("WASSENGER_WEBHOOK_SECRET must be set too")
        if proof == "standard":
            standard_key(info.data["wassenger_webhook_secret"].get_secret_value())
        return proof

    @field_validator("supabase_url")
    @classmethod
    def _is_a_project(cls, url: str | None) -> str | None:
        return url and _with_scheme(SecretStr(url), {"http", "https"}).get_secret_value().rstrip("/")

    @field_validator("supabase_service_role_key")
    @classmethod
    def _goes_with_the_project(cls, key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if key is None and info.data.get("supabase_url"):
            raise ValueError("SUPABASE_URL is set, which needs it")
        return key

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
    def webhooks_refused(self) -> bool:
        """Whether no webhook can prove where it comes from, and nobody has said that none has to."""
        return self.wassenger_webhook_secret is None and self.wassenger_webhook_proof != "none"

    @property
    def lease(self) -> Lease:
        return Lease(self.send_lease_seconds, self.gateway_timeout_seconds)

    @property
    def hours(self) -> SendingHours:
        """When a Message 1 may leave, unless its campaign says otherwise; the daily limit counts by the days of this zone."""
        return SendingHours.parse(self.sending_hours, self.sending_zone)

    @property
    def erasure_key(self) -> ErasureKey | None:
        """What recognises an erased number when it comes again."""
        secret = self.erasure_secret or self.admin_token_secret
        return None if secret is None else ErasureKey(secret.get_secret_value())

    @property
    def breaker(self) -> BreakerPolicy:
        """When sending is held because the gateway refuses everybody."""
        return BreakerPolicy(self.gateway_refusals_before_hold, self.gateway_probe_seconds)

    @property
    def broker(self) -> SecretStr:
        """Where Celery's messages go: BROKER_URL, such as RabbitMQ's, else the Redis of the locks."""
        return self.broker_url or self.redis_url

    @property
    def sandboxed(self) -> bool:
        """Whether the gateway is the sandbox's double, on this machine: what it would say may then be played."""
        local = urlsplit(self.wassenger_base_url).hostname in {"127.0.0.1", "localhost", "::1"}
        return local and self.wassenger_api_key.get_secret_value() == SANDBOX_KEY

    @property
    def heartbeat_seconds(self) -> float:
        """How often a process shows that it works: many times within the silence that raises an alert."""
        return min(15.0, self.alert_after_seconds / 10)

    @property
    def look_seconds(self) -> float:
        """How often the watchdog looks: WATCHDOG_PERIOD_SECONDS, else 10 s or as often as a shorter delay asks."""
        return self.watchdog_period_seconds or min(10.0, self.alert_after_seconds / 20)


def _one_redis(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    several = parts.scheme.startswith("redis") and re.search(r"[;,]", parts.netloc.rpartition("@")[2])
    if several or "sentinel" in parts.scheme:
        raise ValueError(
            "must name one server: Redis Sentinel and lists of servers are not supported."
            " Give the address of the primary, or one that always leads to it"
        )
    return url


def _with_scheme(url: SecretStr, allowed: set[str]) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    # A PostgreSQL URL may name a socket by its query instead of a host.
    if parts.scheme not in allowed or not (parts.netloc or parts.query):
        raise ValueError(f"must be a URL starting with {' or '.join(f'{scheme}://' for scheme in sorted(allowed))}")
    return url


def _verifying(url: SecretStr) -> SecretStr:
    asked = parse_qs(urlsplit(url.get_secret_value()).query).get("ssl_cert_reqs", ["required"])
    if any(word.lower() not in {"required", "cert_required"} for word in asked):
        raise ValueError("must not turn the verification of certificates off (ssl_cert_reqs)")
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
