"""Liveness and readiness, for orchestrators."""

from fastapi import APIRouter, Response, status

from system.config import get_settings
from system.locks import get_locks
from system.schemas.health import Readiness
from system.services.readiness import answers, database_answers, database_writes

router = APIRouter(prefix="/health")

# Below the 5 s after which Render, for one, stops waiting.
DEADLINE_SECONDS = 3.0


@router.get("/live")
async def live() -> dict[str, bool]:
    """Answers as long as the process does."""
    return {"live": True}


@router.get(
    "/ready",
    responses={503: {"model": Readiness, "description": "One of them does not answer, or the database cannot write."}},
)
async def ready(response: Response) -> Readiness:
    """200 when the database and Redis answer and the database can write, else 503; in any case within 3 s."""
    database_url = get_settings().database_url.get_secret_value()
    questions = {
        "database": lambda: database_answers(database_url),
        "writes": lambda: database_writes(database_url),
        "redis": get_locks().ping,
    }
    found = await answers(questions, seconds=DEADLINE_SECONDS)
    if not all(found.values()):
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return Readiness(**found)
