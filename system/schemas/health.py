"""Answers of the health endpoints."""

from pydantic import BaseModel, ConfigDict


class Readiness(BaseModel):
    """Whether this process can do its work."""

    model_config = ConfigDict(frozen=True)

    database: bool
    writes: bool
    """Whether the database can write: a full disk still answers."""
    redis: bool
