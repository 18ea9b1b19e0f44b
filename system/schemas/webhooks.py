"""Answers of the webhook."""

from pydantic import BaseModel, ConfigDict


class Received(BaseModel):
    """How many events were stored; those known before are not counted."""

    model_config = ConfigDict(frozen=True)

    received: int
