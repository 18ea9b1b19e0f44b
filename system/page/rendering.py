"""Fills the templates; every value is escaped."""

import re
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from system.config import get_settings

NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
STATUSES = {
    "draft": "brouillon",
    "scheduled": "planifiée",
    "sending": "en cours",
    "paused": "en pause",
    "completed": "terminée",
    "failed": "en échec",
    "cancelled": "annulée",
}
ROLES = {"reader": "lecture", "operator": "opérateur", "admin": "administrateur"}
LEVELS = {"ok": "normal", "attention": "attention", "danger": "danger", "blocked": "bloqué"}
# What a campaign may be asked, by its status: the deed of the address, and the word on the button.
DEEDS = {
    "draft": (("start", "Lancer"), ("cancel", "Annuler")),
    "scheduled": (("start", "Lancer maintenant"), ("cancel", "Annuler")),
    "sending": (("pause", "Mettre en pause"), ("cancel", "Annuler")),
    "paused": (
        ("resume", "Reprendre ce qui attend"),
        ("resume-failed", "Reprendre les échecs"),
        ("resume-all", "Reprendre tout"),
        ("cancel", "Annuler"),
    ),
    "completed": (("resume-failed", "Renvoyer les échecs"),),
}
# Why a campaign stopped, as the system says it, and in French.
REASONS = (
    (r"paused by hand", "mise en pause à la main"),
    (r"(\d+) messages failed for now", r"\1 messages n’ont pas pu partir, la passerelle les a refusés pour le moment"),
    (r"(\d+) of its last (\d+) messages failed", r"\1 de ses \2 derniers messages ont échoué"),
    (r"the gateway refuses the account: (.*)", r"la passerelle refuse le compte (\1)"),
    (r"its time was missed \((.*)\)", r"l’heure prévue est passée depuis trop longtemps (\1)"),
    (r"campaign \d+ has nobody to write to", "aucun contact ne peut recevoir de message"),
)


def number(value: int) -> str:
    """With French thousands."""
    return f"{value:,}".replace(",", NARROW_SPACE)


def moment(value: datetime, zone: ZoneInfo | None = None) -> str:
    """Day and minute in the installation's zone, which is what the daily limit counts by."""
    zone = zone or get_settings().hours.zone
    return f"{value.astimezone(zone):%d/%m/%Y à %H:%M} ({zone.key})"


def reason(said: str) -> str:
    """Why a campaign stopped, in French where the words are known."""
    for pattern, french in REASONS:
        if re.fullmatch(pattern, said):
            return re.sub(pattern, french, said)
    return said


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("system.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "moment": moment, "reason": reason}
    environment.globals |= {"statuses": STATUSES, "roles": ROLES, "levels": LEVELS, "deeds": DEEDS}
    return environment


def rendered(template: str, **values: Any) -> str:
    """The template (its name without suffixes), filled.

    Raises:
        jinja2.UndefinedError: when a value is missing.

    """
    return _environment().get_template(f"{template}.html.j2").render(**values)
