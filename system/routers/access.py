"""Login and logout of the API, and the log of what was done."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response, status

from system.db import action_log
from system.db.access_tokens import Holder
from system.db.database import get_db
from system.domain.roles import Role
from system.routers.identity import allowed, get_access
from system.schemas.access import Credentials, LoggedAction, Me, Token
from system.schemas.errors import problems
from system.services.access import LoginRefusedError, TooManyAttemptsError

router = APIRouter(tags=["access"])
MOST_ACTIONS = 100


def client_address(request: Request) -> str:
    """The address as Uvicorn knows it: the proxy's, unless FORWARDED_ALLOW_IPS names the proxy."""
    return request.client.host if request.client else "unknown"


@router.post("/login", responses=problems(400, 401, 413, 429, 503))
def log_in(request: Request, credentials: Credentials) -> Token:
    """A token against a name and a password."""
    try:
        issued = get_access().log_in(credentials.name, credentials.password.get_secret_value(), client_address(request))
    except LoginRefusedError as error:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "unknown user or wrong password") from error
    except TooManyAttemptsError as error:
        headers = {"Retry-After": str(error.retry_after)}
        raise HTTPException(status.HTTP_429_TOO_MANY_REQUESTS, str(error), headers=headers) from error
    return Token(access_token=issued.token, expires_in=issued.seconds)


@router.post("/logout", status_code=204, responses=problems(401, 503))
def log_out(holder: Annotated[Holder, allowed(Role.READER)]) -> Response:
    """Revokes the token."""
    get_access().log_out(holder)
    return Response(status_code=204)


@router.get("/me", responses=problems(401, 503))
def me(holder: Annotated[Holder, allowed(Role.READER)]) -> Me:
    """Whom the token stands for."""
    return Me(name=holder.name, role=holder.role)


@router.get("/actions", responses=problems(401, 403, 503), dependencies=[allowed(Role.ADMIN)])
def actions(
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="Only lines older than this one.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ACTIONS)] = MOST_ACTIONS,
) -> list[LoggedAction]:
    """What people did, newest first."""
    with get_db().transaction() as connection:
        found = action_log.page(connection, before=before, limit=limit)
    return [
        LoggedAction(id=line.id, done_at=line.done_at, actor=line.actor, action=line.action, detail=line.detail)
        for line in found
    ]
