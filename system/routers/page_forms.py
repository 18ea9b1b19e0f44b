"""The forms of a campaign: what was typed, what it means, and what is wrong with it, field by field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from starlette.datastructures import FormData

from system.config import get_settings
from system.db.campaign_list import Campaign
from system.domain.campaign_life import ScheduleError, check_start
from system.domain.content import (
    MOST_CAPTION,
    MOST_LANGUAGE,
    MOST_NAME,
    MOST_TEXT,
    MOST_URL,
    Content,
    ContentError,
    Media,
    Template,
    most_text,
)
from system.domain.sending_hours import SendingHours
from system.domain.variables import VariableError, written
from system.routers.page_identity import text_of
from system.services.campaigns import TooLongError, UnknownCategoryError

LONGEST = {
    "name": 200,
    "category": 60,
    "message": MOST_TEXT,
    "follow_up": MOST_TEXT,
    "opens": 5,
    "closes": 5,
    "zone": 60,
    "media_url": MOST_URL,
    "template_name": MOST_NAME,
    "template_language": MOST_LANGUAGE,
    "template_values": MOST_TEXT,
}
# What a campaign may do without.
CONTENT = ("media_url", "template_name", "template_language", "template_values")
MISSING = {
    "name": "Donnez un nom à la campagne.",
    "category": "Choisissez une catégorie de contacts.",
    "message": "Écrivez le Message 1.",
    "follow_up": "Écrivez le Message 2.",
    "opens": "Choisissez l’heure de début.",
    "closes": "Choisissez l’heure de fin.",
    "zone": "Choisissez un fuseau horaire.",
}
WRONG_ZONE = "Ce fuseau horaire n’est pas connu : écrivez par exemple Europe/Paris."


@dataclass
class CampaignForm:
    """`values` as they were typed; `problems` says, by field, what has to be changed. `version`: of the draft they change."""

    values: dict[str, str]
    problems: dict[str, str] = field(default_factory=dict)
    hours: SendingHours | None = None
    content: Content | None = None
    version: str | None = None

    @classmethod
    def empty(cls) -> Self:
        """For a new campaign: the hours are the installation's."""
        return cls(dict.fromkeys(LONGEST, "") | _hours(get_settings().hours))

    @classmethod
    def of(cls, campaign: Campaign, categories: list[str]) -> Self:
        """What a draft holds; several categories, which only the API gives, are left as they are."""
        values = {"name": campaign.name, "message": campaign.message, "follow_up": campaign.follow_up}
        values["category"] = categories[0] if len(categories) == 1 else ""
        values |= dict.fromkeys(CONTENT, "")
        if campaign.media:
            values["media_url"] = campaign.media.url
        if template := campaign.template:
            values |= {"template_name": template.name, "template_language": template.language}
            values["template_values"] = "\n".join(template.values)
        return cls(values | _hours(campaign.hours or get_settings().hours))

    @classmethod
    def read(cls, form: FormData, *, optional: tuple[str, ...] = ()) -> Self:
        """What was sent, and every problem that can be told without the database."""
        given = {name: text_of(form, name).replace("\r\n", "\n") for name in LONGEST}
        # Who does not ask for hours of its own gets the installation's.
        found = cls(given | {name: given[name] or text for name, text in _hours(get_settings().hours).items()})
        found.version = text_of(form, "version") or None
        for name, longest in LONGEST.items():
            if not found.values[name] and name not in (*optional, *CONTENT):
                found.problems[name] = MISSING[name]
            elif len(found.values[name]) > longest:
                found.problems[name] = f"Ce champ est trop long : {longest} caractères au plus."
        for name in ("message", "follow_up"):
            if name not in found.problems:
                found._check_variables(name)
        found._read_content()
        found._read_hours()
        return found

    def refuse(self, error: UnknownCategoryError | TooLongError) -> None:
        """What only the database could tell, under the field to change."""
        if isinstance(error, UnknownCategoryError):
            self.problems["category"] = f"La catégorie « {self.values['category']} » n’existe pas."
        else:
            said = f"Une fois rempli, ce texte dépasse {error.most} caractères pour {error.names}."
            self.problems["message" if error.found.message else "follow_up"] = said

    def _read_content(self) -> None:
        url, name, language, values = (self.values[field].strip() for field in CONTENT)
        if self.problems.keys() & set(CONTENT):
            return
        try:
            self.content = _content(url, name, language, values)
        except ContentError as error:
            self.problems[error.field] = error.french
        except VariableError as error:
            self.problems["template_values"] = error.french
        if len(self.values["message"]) > most_text(self.content) and "message" not in self.problems:
            self.problems["message"] = f"Sous un fichier, le texte a {MOST_CAPTION} caractères au plus."

    def _check_variables(self, name: str) -> None:
        try:
            written(self.values[name])
        except VariableError as error:
            self.problems[name] = error.french

    def _read_hours(self) -> None:
        if self.problems.keys() & {"opens", "closes", "zone"}:
            return
        try:
            hours = SendingHours.parse(f"{self.values['opens']}-{self.values['closes']}", self.values["zone"])
        except ValueError as error:
            if "zone" in str(error):
                self.problems["zone"] = WRONG_ZONE
            else:
                self.problems["closes"] = "La fin doit venir après le début, le même jour, comme 08:00 et 20:00."
            return
        self.hours = None if hours == get_settings().hours else hours


def _content(url: str, name: str, language: str, values: str) -> Content | None:
    if url and (name or values):
        both = "Choisissez un fichier ou un modèle, pas les deux."
        raise ContentError("media_url", "a Message 1 has a file or a template, not both", both)
    if url:
        return Media.parse(url)
    if name or values:
        return Template.parse(name, language or "fr", [line for line in values.split("\n") if line.strip()])
    return None


def _hours(hours: SendingHours) -> dict[str, str]:
    return {"opens": clock_time(hours.opens), "closes": clock_time(hours.closes), "zone": hours.zone.key}


def clock_time(minutes: int) -> str:
    """Minutes of a day as they are written."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def schedule_of(values: Mapping[str, str], hours: SendingHours, now: datetime) -> datetime:
    """When a campaign is to start, in the zone of its hours. Raises ScheduleError when it cannot."""
    try:
        at = datetime.fromisoformat(f"{values['date']}T{values['time']}")
    except ValueError:
        at = None
    if at is None or at.tzinfo is not None:
        raise ScheduleError("no day and hour", "Choisissez un jour et une heure.")
    at = at.replace(tzinfo=hours.zone)
    check_start(at, now)
    return at


def typed_schedule(at: datetime | None, hours: SendingHours) -> dict[str, str]:
    """The day and hour at which a campaign is to start, as its form shows them."""
    local = at.astimezone(hours.zone) if at else None
    return {"date": f"{local:%Y-%m-%d}" if local else "", "time": f"{local:%H:%M}" if local else ""}
