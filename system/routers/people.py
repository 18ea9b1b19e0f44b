"""One person's data: everything shown, erased, corrected."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, status

from system.db.access_tokens import Holder
from system.db.database import get_db
from system.domain.roles import Role
from system.routers.identity import allowed
from system.schemas.errors import problems
from system.schemas.people import Correction, Person, PersonErased, PersonExport
from system.services.correcting import NumberTakenError, UnknownContactError, correct_contact
from system.services.people import StillSendingError, erase_person, export_person

router = APIRouter(tags=["people"])
Admin = Annotated[Holder, allowed(Role.ADMIN)]


def _wrong_phone(error: ValueError) -> HTTPException:
    return HTTPException(422, [{"where": "body.phone", "why": str(error)}])


@router.post("/people/export", responses=problems(400, 401, 403, 413, 503))
def export(asked: Person, holder: Admin) -> PersonExport:
    """Everything stored of the person with this number."""
    try:
        return PersonExport.model_validate(export_person(get_db(), asked.phone, actor=holder.name))
    except ValueError as error:
        raise _wrong_phone(error) from error


@router.post("/people/erase", responses=problems(400, 401, 403, 409, 413, 503))
def erase(asked: Person, holder: Admin) -> PersonErased:
    """Erases the person with this number. 409 while a message is being sent: nothing more leaves, ask again in a minute."""
    try:
        return PersonErased.model_validate(erase_person(get_db(), asked.phone, actor=holder.name))
    except ValueError as error:
        raise _wrong_phone(error) from error
    except StillSendingError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from error


@router.patch("/contacts/{contact_id}", status_code=204, responses=problems(400, 401, 403, 404, 409, 413, 503))
def correct(
    contact_id: Annotated[int, Path(ge=1, le=2**63 - 1)],
    asked: Correction,
    holder: Annotated[Holder, allowed(Role.OPERATOR)],
) -> None:
    """Corrects the name or the number of a contact. 409 when somebody else has the number."""
    try:
        correct_contact(get_db(), contact_id, name=asked.name, phone=asked.phone, actor=holder.name)
    except ValueError as error:
        raise _wrong_phone(error) from error
    except UnknownContactError as error:
        raise HTTPException(status.HTTP_404_NOT_FOUND, str(error)) from error
    except NumberTakenError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from error
