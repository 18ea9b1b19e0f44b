"""Liveness and readiness, for orchestrators."""

import psycopg
from fastapi import APIRouter, Response, status

from system.db.database import get_db
from system.locks import get_locks
from system.schemas.health import Readiness

router = APIRouter(prefix="/health")


@router.get("/live")
async def live() -> dict[str, bool]:
    """Answers as long as the process does."""
    return {"live": True}


@router.get("/ready")
def ready(response: Response) -> Readiness:
    """200 when the database and Redis answer, else 503."""
    try:
        with get_db().transaction() as connection:
            connection.execute("SELECT 1")
        database = True
    except psycopg.Error:
        database = False
    answer = Readiness(database=database, redis=get_locks().ping())
    if not (answer.database and answer.redis):
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return answer
