"""Prometheus's metrics: public, as they name nobody, unless METRICS_TOKEN is set."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Response, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from system.config import get_settings
from system.db.database import get_db
from system.gateway.authenticity import same
from system.services.metrics import exposition
from system.tasks.queue_lengths import queue_lengths

router = APIRouter()
_bearer = HTTPBearer(auto_error=False, description="METRICS_TOKEN, when it is set.")


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus's text format."},
        401: {"description": "METRICS_TOKEN is set, and was not given."},
    },
)
def metrics(given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Response:
    """Read from PostgreSQL and the broker at each request; whatever process answers says the same."""
    settings = get_settings()
    token = settings.metrics_token
    if token is not None and not same(token.get_secret_value(), given.credentials if given else None):
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "a token is needed", headers={"WWW-Authenticate": "Bearer"})
    text = exposition(get_db(), queue_lengths(), daily_limit=settings.daily_message_limit)
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)
