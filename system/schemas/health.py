"""Answers of the health endpoints."""

from pydantic import BaseModel, ConfigDict


class Readiness(BaseModel):
    """Whether this process can do its work."""

    model_config = ConfigDict(frozen=True)

    database: bool
    redis: bool
