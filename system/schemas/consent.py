"""Opt-outs, as an operator records them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Suppression(BaseModel):
    """A number (E.164) that must receive nothing more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    phone: Annotated[str, Field(max_length=40)]


class Suppressed(BaseModel):
    """How many messages that waited for this number were ended."""

    model_config = ConfigDict(frozen=True)

    ended_messages: int
