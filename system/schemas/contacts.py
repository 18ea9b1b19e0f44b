"""Contacts and their imports."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict


class ContactShown(BaseModel):
    """A person; `opted_in_at` is UTC, null without a recorded consent."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    phone: str
    name: str | None
    opted_in_at: datetime | None
    whatsapp_status: Literal["unknown", "valid", "invalid"]
    categories: tuple[str, ...]
    suppressed: bool


class ContactPage(BaseModel):
    """Contacts by id; `next_after` is what `after` has to be for the following ones, null at the end."""

    model_config = ConfigDict(frozen=True)

    contacts: list[ContactShown]
    next_after: int | None


class RejectedLine(BaseModel):
    """A line that was not taken, as it stands in the file, and why."""

    model_config = ConfigDict(frozen=True)

    line: int
    reason: str
    raw: str


class ImportShown(BaseModel):
    """What became of a file; `finished_at` (UTC) is null while it is read.

    `without_consent`: contacts of the file to whom nothing will be sent. Numbers are those of `phone_column`; the other columns of
    numbers, and `ignored_columns`, were not read.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    name: str
    started_at: datetime
    finished_at: datetime | None
    created: int
    known: int
    rejected: int
    without_consent: int
    phone_column: str
    other_phone_columns: list[str]
    ignored_columns: list[str]


class RejectionPage(BaseModel):
    """Lines not taken, in the file's order; `next_after` is what `after` has to be for the following ones, null at the end."""

    model_config = ConfigDict(frozen=True)

    rejections: list[RejectedLine]
    next_after: int | None


class Asked(BaseModel):
    """The workers were asked."""

    model_config = ConfigDict(frozen=True)

    asked: Literal[True] = True
