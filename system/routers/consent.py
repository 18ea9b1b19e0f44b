"""Numbers that must receive nothing more, as an operator says."""

from fastapi import APIRouter, HTTPException

from system.db.database import get_db
from system.domain.roles import Role
from system.routers.identity import allowed
from system.schemas.consent import Suppressed, Suppression
from system.schemas.errors import problems
from system.services.consent import opt_out

router = APIRouter(tags=["consent"])


@router.post(
    "/suppressions",
    status_code=201,
    responses=problems(400, 401, 403, 413, 503),
    dependencies=[allowed(Role.OPERATOR)],
)
def suppress(asked: Suppression) -> Suppressed:
    """Nothing more leaves for this number, whatever waits for it. 422 when it is not E.164."""
    try:
        return Suppressed(ended_messages=opt_out(get_db(), asked.phone, source="operator"))
    except ValueError as error:
        raise HTTPException(422, [{"where": "body.phone", "why": str(error)}]) from error
