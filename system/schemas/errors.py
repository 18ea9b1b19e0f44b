"""Answers that say why something was not done."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Problem(BaseModel):
    """What went wrong, in one sentence."""

    model_config = ConfigDict(frozen=True)

    detail: str


class Fault(BaseModel):
    """One part of the request that cannot be taken: where, and why. What was sent is never repeated."""

    model_config = ConfigDict(frozen=True)

    where: str
    why: str


class Faults(BaseModel):
    """Every part of the request that cannot be taken."""

    model_config = ConfigDict(frozen=True)

    detail: list[Fault]


DESCRIPTIONS = {
    400: "The request cannot be read.",
    401: "Nobody is logged in: no token, or one that is expired or revoked.",
    403: "The role, or the form's token, does not allow it.",
    404: "There is no such thing.",
    409: "The present state does not allow it.",
    413: "The body is too long.",
    415: "The body is of another type than asked for.",
    429: "Too many attempts; `Retry-After` says for how many seconds.",
    503: "The database is away, or the administration is not configured: try again later.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route that may answer with these; 422 is every route's that takes parameters."""
    answers: dict[int | str, dict[str, Any]] = {
        status: {"model": Problem, "description": DESCRIPTIONS[status]} for status in statuses
    }
    return answers | {422: {"model": Faults, "description": "A part of the request cannot be taken."}}
