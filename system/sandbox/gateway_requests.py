"""What the Wassenger double accepts as a send."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator

PHONE = re.compile(r"\+[1-9]\d{6,14}")
DEVICE = re.compile(r"[0-9a-f]{24}")


class SentMedia(BaseModel):
    """A file by its address: what the stack sends of the documented `media`."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, StringConstraints(pattern=r"^https://[^\s/]+\.[^\s/]+/\S+$", max_length=2048)]


class SentTemplate(BaseModel):
    """The documented `template`. WhatsApp itself refuses a value that is empty or has a line break."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1)]
    language: Annotated[str, StringConstraints(min_length=1)]
    body: list[Annotated[str, StringConstraints(pattern=r"^[^\r\n\t]*\S[^\r\n\t]*$")]] | None = None
    header: Any = None
    button: list[Any] | None = None


class SendRequest(BaseModel):
    """The documented body of `POST /v1/messages`; any other field is refused."""

    model_config = ConfigDict(extra="forbid")

    phone: str
    device: str | None = None
    message: Annotated[str, StringConstraints(max_length=4096)] | None = None
    media: SentMedia | None = None
    template: SentTemplate | None = None
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
