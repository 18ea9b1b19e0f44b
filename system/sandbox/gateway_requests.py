"""What the Wassenger double accepts as a send."""

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

PHONE = re.compile(r"\+[1-9]\d{6,14}")
DEVICE = re.compile(r"[0-9a-f]{24}")


class SendRequest(BaseModel):
    """The documented body of `POST /v1/messages`; any other field is refused."""

    model_config = ConfigDict(extra="forbid")

    phone: str
    device: str | None = None
    message: str | None = None
    media: dict[str, Any] | None = None
    template: dict[str, Any] | None = None
    priority: str | None = None
    reference: str | None = None
    label: str | None = None
    enqueue: str | None = None
    retries: int | None = None
    order: bool | None = None
    deliverAt: str | None = None  # noqa: N815
    schedule: dict[str, Any] | None = None
    expiration: dict[str, Any] | None = None

    @field_validator("phone")
    @classmethod
    def _is_e164(cls, phone: str) -> str:
        if not PHONE.fullmatch(phone):
            raise ValueError("must be in E.164 format")
        return phone

    @field_validator("device")
    @classmethod
    def _is_identifier(cls, device: str | None) -> str | None:
        if device is not None and not DEVICE.fullmatch(device):
            raise ValueError("must be 24 hexadecimal digits")
        return device
