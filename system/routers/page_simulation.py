"""What contacts and WhatsApp would say, played on the page of a stack whose gateway is the double."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from system.config import get_settings
from system.db import results
from system.db.access_tokens import Holder
from system.db.database import get_db
from system.db.results import Result
from system.domain.roles import Role
from system.gateway import simulated
from system.routers.page_identity import PageProblemError, page_form, page_user, text_of
from system.services import inbox
from system.webhook_processing import process_wassenger_message

router = APIRouter(include_in_schema=False, prefix="/page/simulation")

Operator = Annotated[Holder, page_user(Role.OPERATOR)]
CampaignId = Annotated[int, Path(ge=1, le=2**63 - 1)]
LONGEST = 1000


@router.post("/{campaign_id}")
async def play(request: Request, holder: Operator, campaign_id: CampaignId) -> Response:
    """A reply of one contact of the campaign, or how far its Message 1 has come; only where nobody real is written to."""
    async with page_form(request, holder) as form:
        who, what, text = (text_of(form, name) for name in ("message", "what", "text"))
    if not get_settings().sandboxed:
        raise PageProblemError(404, "Les réponses ne se simulent qu’avec la passerelle d’essai.")
    result = await run_in_threadpool(_sent, campaign_id, who)
    if what == "reply":
        if not 0 < len(text) <= LONGEST:
            raise PageProblemError(422, "Écrivez la réponse du contact, en 1000 caractères au plus.")
        bodies, done = [simulated.reply(result.phone, text)], "replied"
    elif what in {"delivered", "read"} and result.wa_id:
        bodies, done = (
            [simulated.acknowledgement(result.wa_id, "read" if what == "read" else "delivered")],
            "acknowledged",
        )
    else:
        raise PageProblemError(422, "Choisissez une réponse ou un accusé.")
    await run_in_threadpool(_receive, bodies)
    return RedirectResponse(f"/page/campaigns/{campaign_id}?done={done}", status_code=303)


def _sent(campaign_id: int, message: str) -> Result:
    number = int(message) if message.isascii() and message.isdecimal() and len(message) < 19 else 0
    with get_db().transaction() as connection:
        found = results.by_contact(connection, campaign_id, outcome=None, after=number - 1, limit=1) if number else []
    if not found or found[0].message_id != number or found[0].sent_at is None:
        raise PageProblemError(422, "Choisissez un contact à qui un message est parti.")
    return found[0]


def _receive(bodies: list[bytes]) -> None:
    (stored,) = inbox.receive(get_db(), [simulated.events(*bodies)])
    process_wassenger_message(*stored)
