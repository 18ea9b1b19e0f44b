"""What every page of somebody who is logged in has around it."""

from datetime import timedelta
from typing import Any

from fastapi.responses import HTMLResponse

from system.clock import utc_now
from system.config import get_settings
from system.db import gateway_breaker, heartbeats
from system.db.access_tokens import Holder
from system.db.database import get_db
from system.domain.daily_limit import DailyLimit
from system.domain.rejections import RowError
from system.domain.roles import Role
from system.page.rendering import rendered
from system.routers.identity import get_access
from system.services.diagnosis import MISSED_BEATS
from system.services.waiting import reasons

# What an address may say has just been done, and what the page then says.
DONE = {
    "created": "Le brouillon est créé.",
    "duplicated": "La copie est créée : relisez-la avant de la lancer.",
    "deleted": "Le brouillon est supprimé.",
    "edited": "Les changements sont enregistrés.",
    "start": "La campagne est lancée.",
    "pause": "La campagne est en pause.",
    "resume": "La campagne reprend.",
    "resume-failed": "Les échecs sont renvoyés.",
    "resume-all": "La campagne reprend, échecs compris.",
    "cancel": "La campagne est annulée.",
    "scheduled": "La campagne est planifiée.",
    "unschedule": "La campagne est de nouveau un brouillon.",
    "tried": "Le message d’essai part dans un instant.",
    "tried-later": "La limite du jour est atteinte : le message d’essai partira demain.",
    "contact": "Le contact est enregistré.",
    "contact-added": "Le contact est ajouté.",
    "contact-added-opted-out": "Le contact est ajouté, mais cette personne s’est désinscrite : elle ne recevra rien.",
    "contact-known": "Ce numéro était déjà connu : sa fiche est complétée.",
    "contact-known-opted-out": "Ce numéro était déjà connu, et cette personne s’est désinscrite : elle ne recevra rien.",
    "consent": "Le consentement est enregistré.",
    "opted-out": "Cette personne ne recevra plus rien.",
    "user-added": "Le compte est créé.",
    "user-disabled": "Le compte est fermé, et ses connexions avec lui.",
    "user-enabled": "Le compte est rouvert.",
    "user-password": "Le mot de passe est changé, et les connexions du compte sont fermées.",
    "replied": "La réponse est arrivée, comme si le contact l’avait envoyée.",
    "acknowledged": "L’accusé est arrivé, comme si WhatsApp l’avait envoyé.",
}


def around(holder: Holder, *, section: str = "", flash: str | None = None) -> dict[str, Any]:
    """What the frame of a page shows: who is there, what they may do, where they are and what was done."""
    return {
        "holder": holder,
        "form_token": get_access().form_token(holder),
        "may_act": holder.role.covers(Role.OPERATOR),
        "section": section,
        "flash": DONE.get(flash or ""),
    }


def pace() -> dict[str, Any]:
    """What campaigns in progress are shown with: the limit of the day, a gateway that refuses all, and why each waits."""
    settings = get_settings()
    limit = DailyLimit(settings.daily_message_limit)
    with get_db().transaction() as connection:
        held = gateway_breaker.hold(connection)
        silence = heartbeats.youngest_seconds(connection, heartbeats.WORKER)
    # As `doctor` sees it: no worker, or no broker to reach one by.
    silent = silence is not None and silence > MISSED_BEATS * settings.heartbeat_seconds
    silent_since = utc_now() - timedelta(seconds=silence) if silence is not None and silent else None
    return {
        "now": utc_now(),
        "limit": limit,
        "held": held,
        "silent_since": silent_since,
        "why": reasons(get_db(), held, limit=limit, hours=settings.hours),
    }


def shown(
    template: str, holder: Holder, *, status: int = 200, section: str = "", flash: str | None = None, **values: Any
) -> HTMLResponse:
    """The page of this template."""
    return HTMLResponse(
        rendered(template, **around(holder, section=section, flash=flash), **values), status_code=status
    )


def sentence(error: RowError) -> str:
    """Why something typed cannot be taken."""
    return f"{error.french[0].upper()}{error.french[1:]}."
