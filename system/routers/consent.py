"""Numbers that must receive nothing more, as an operator says, and what alone undoes that."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, status

from system.db.access_tokens import Holder
from system.db.database import get_db
from system.domain.roles import Role
from system.routers.identity import allowed
from system.schemas.consent import Suppressed, Suppression
from system.schemas.errors import problems
from system.schemas.people import ConsentRecorded, NewConsent
from system.services.consent import ConsentError, consent_again, opt_out

router = APIRouter(tags=["consent"])
Operator = Annotated[Holder, allowed(Role.OPERATOR)]


@router.post(
    "/suppressions",
    status_code=201,
    responses=problems(400, 401, 403, 413, 503),
)
def suppress(asked: Suppression, holder: Operator) -> Suppressed:
    """Nothing more leaves for this number, whatever waits for it. 422 when it is not E.164."""
    try:
        ended = opt_out(get_db(), asked.phone, source="operator", actor=holder.name)
    except ValueError as error:
        raise HTTPException(422, [{"where": "body.phone", "why": str(error)}]) from error
    return Suppressed(ended_messages=ended)


@router.post("/consents", status_code=201, responses=problems(400, 401, 403, 409, 413, 503))
def consent(asked: NewConsent, holder: Operator) -> ConsentRecorded:
    """Records a new consent, which alone undoes a refusal. 409 when it is not newer than the refusal, or proves nothing."""
    try:
        undone = consent_again(get_db(), asked.phone, proof=asked.proof, given_at=asked.given_at, actor=holder.name)
    except ConsentError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from error
    except ValueError as error:
        raise HTTPException(422, [{"where": "body.phone", "why": str(error)}]) from error
    return ConsentRecorded(undone=undone)
