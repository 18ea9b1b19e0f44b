"""Liveness and readiness, for orchestrators."""

from fastapi import APIRouter, Response, status

from system.config import get_settings
from system.locks import get_locks
from system.schemas.health import Readiness
from system.services.readiness import answers, database_answers

router = APIRouter(prefix="/health")

# Below the 5 s after which Render, for one, stops waiting.
DEADLINE_SECONDS = 3.0


@router.get("/live")
async def live() -> dict[str, bool]:
    """Answers as long as the process does."""
    return {"live": True}


@router.get("/ready", responses={503: {"model": Readiness, "description": "One of them does not answer."}})
async def ready(response: Response) -> Readiness:
    """200 when the database and Redis answer, else 503; in any case within 3 s."""
    database_url = get_settings().database_url.get_secret_value()
    found = await answers(
        {"database": lambda: database_answers(database_url), "redis": get_locks().ping}, seconds=DEADLINE_SECONDS
    )
    if not all(found.values()):
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return Readiness(**found)
