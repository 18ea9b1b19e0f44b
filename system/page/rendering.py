"""Fills the templates; every value is escaped."""

import re
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from system.config import get_settings
from system.domain.content import MOST_CAPTION, MOST_MEGABYTES, MOST_TEXT

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
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
# Which campaigns the home page lists.
LISTED = {
    "current": "Non terminées",
    "draft": "Brouillons",
    "scheduled": "Planifiées",
    "sending": "En cours",
    "paused": "En pause",
    "completed": "Terminées",
    "failed": "En échec",
    "cancelled": "Annulées",
    "all": "Toutes",
}
ROLES = {"reader": "lecture", "operator": "opérateur", "admin": "administrateur"}
LEVELS = {"ok": "normal", "attention": "attention", "danger": "danger", "blocked": "bloqué"}
# What a campaign may be asked, by its status: the deed of the address, and the word on the button.
DEEDS = {
    "draft": (("start", "Lancer"), ("delete", "Supprimer")),
    "scheduled": (("start", "Lancer maintenant"), ("unschedule", "Revenir au brouillon"), ("cancel", "Annuler")),
    "sending": (("pause", "Mettre en pause"), ("cancel", "Annuler")),
    "paused": (
        ("resume", "Reprendre ce qui attend"),
        ("resume-failed", "Reprendre les échecs"),
        ("resume-all", "Reprendre tout"),
        ("cancel", "Annuler"),
    ),
    "completed": (("resume-failed", "Renvoyer les échecs"),),
}
MESSAGES = {
    "pending": "en attente",
    "sending": "en cours d’envoi",
    "sent": "envoyé",
    "delivered": "remis",
    "read": "lu",
    "failed": "en échec",
    "cancelled": "annulé",
    "opted_out": "désinscrit",
    "unknown": "à vérifier auprès de la passerelle",
}
OUTCOMES = {
    "open": "en cours",
    "message_2_sent": "Message 2 envoyé",
    "late_interaction": "réponse après 24 h",
    "no_interaction": "sans réponse",
    "failed": "échec",
    "opted_out": "désinscription",
    "cancelled": "annulé",
}
KINDS = {
    "text": "texte",
    "emoji": "emoji",
    "reaction": "réaction",
    "voice": "message vocal",
    "audio": "son",
    "image": "image",
    "video": "vidéo",
    "document": "document",
}
# Of forms, what a person has typed and by which name they know it.
FIELDS = {
    "name": "Nom",
    "category": "Catégorie",
    "consent": "Origine du consentement",
    "message": "Message 1",
    "follow_up": "Message 2",
    "media_url": "Adresse du fichier",
    "template_name": "Nom du modèle",
    "template_values": "Valeurs du modèle",
    "phone": "Numéro",
    "date": "Jour",
    "time": "Heure",
    "first_name": "Prénom",
    "last_name": "Nom",
    "categories": "Catégories",
    "opt_in_source": "Origine du consentement",
    "source": "Consentement",
    "given_on": "Date du consentement",
    "text": "Texte",
}
# Proposed; any other that exists may be typed.
ZONES = (
    "Europe/Paris",
    "Europe/Brussels",
    "Europe/Zurich",
    "Europe/London",
    "America/Guadeloupe",
    "America/Cayenne",
    "America/Toronto",
    "Indian/Reunion",
    "Pacific/Noumea",
    "Pacific/Tahiti",
    "Africa/Abidjan",
    "Africa/Algiers",
    "Africa/Casablanca",
    "Africa/Dakar",
    "Africa/Tunis",
    "UTC",
)
NUMBERS = {"unknown": "non vérifié", "valid": "sur WhatsApp", "invalid": "pas sur WhatsApp"}
# Of one person or one message, the French is another.
REASONS_OF_ONE = (
    (r"1 messages failed for now", "1 message n’a pas pu partir, la passerelle l’a refusé pour le moment"),
    (
        r"1 contacts have no value for (.*), which has no default",
        r"1 contact n’a pas de valeur pour \1, qui n’a pas de valeur par défaut",
    ),
    (r"1 contacts would read more than (\d+) characters", r"1 contact lirait plus de \1 caractères"),
)
# Why a campaign stopped, as the system says it, and in French.
REASONS = (
    (r"paused by hand", "mise en pause à la main"),
    (r"(\d+) messages failed for now", r"\1 messages n’ont pas pu partir, la passerelle les a refusés pour le moment"),
    (r"(\d+) of its last (\d+) messages failed", r"\1 de ses \2 derniers messages ont échoué"),
    (r"the gateway refuses the account: (.*)", r"la passerelle refuse le compte (\1)"),
    (r"its time was missed \((.*)\)", r"l’heure prévue est passée depuis trop longtemps (\1)"),
    (
        r"(\d+) contacts have no value for (.*), which has no default",
        r"\1 contacts n’ont pas de valeur pour \2, qui n’a pas de valeur par défaut",
    ),
    (r"(\d+) contacts would read more than (\d+) characters", r"\1 contacts liraient plus de \2 caractères"),
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
    for pattern, french in (*REASONS_OF_ONE, *REASONS):
        if re.fullmatch(pattern, said):
            return re.sub(pattern, french, said)
    return said


def outcome_words(word: str | None) -> str:
    """A message's state, or where a contact ended, in French."""
    return MESSAGES.get(word or "", OUTCOMES.get(word or "", ""))


def day_and_time(value: datetime) -> str:
    """Day and minute in the installation's zone, for a table."""
    return f"{value.astimezone(get_settings().hours.zone):%d/%m/%Y %H:%M}"


def day(value: datetime) -> str:
    """The day in the installation's zone."""
    return f"{value.astimezone(get_settings().hours.zone):%d/%m/%Y}"


def clock(value: datetime) -> str:
    """The time of day in the installation's zone, to the second."""
    return f"{value.astimezone(get_settings().hours.zone):%H:%M:%S}"


def clock_time(minutes: int) -> str:
    """Minutes of a day, as the French write an hour."""
    return f"{minutes // 60}{NO_BREAK_SPACE}h" + (f"{NO_BREAK_SPACE}{minutes % 60:02}" if minutes % 60 else "")


def _simulates() -> bool:
    return get_settings().sandboxed


def consent_source(stored: str) -> str:
    """Where a consent comes from: what was written by hand as it is, and what the system writes in French."""
    return re.sub(
        r"\Afile (?=.)", "fichier ", re.sub(r"\Alist of campaign (\d+)\Z", r"liste de la campagne \1", stored)
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("system.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "moment": moment, "reason": reason, "clock_time": clock_time}
    environment.filters |= {"day": day, "day_and_time": day_and_time, "consent_source": consent_source, "clock": clock}
    environment.globals |= {"statuses": STATUSES, "roles": ROLES, "levels": LEVELS, "deeds": DEEDS, "kinds": KINDS}
    environment.globals |= {"messages": MESSAGES, "outcomes": OUTCOMES, "numbers": NUMBERS, "simulates": _simulates}
    environment.globals |= {"zones": ZONES, "most_text": MOST_TEXT, "most_caption": MOST_CAPTION}
    environment.globals |= {"most_megabytes": MOST_MEGABYTES, "listed": LISTED}
    return environment


def rendered(template: str, **values: Any) -> str:
    """The template (its name without suffixes), filled.

    Raises:
        jinja2.UndefinedError: when a value is missing.

    """
    return _environment().get_template(f"{template}.html.j2").render(**values)
