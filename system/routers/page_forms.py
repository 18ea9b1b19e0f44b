"""The forms of a campaign: what was typed, what it means, and what is wrong with it, field by field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from starlette.datastructures import FormData

from system.config import get_settings
from system.db.campaign_list import Campaign
from system.domain.sending_hours import SendingHours
from system.domain.variables import VariableError, written
from system.routers.page_identity import text_of

LONGEST = {"name": 200, "category": 60, "message": 4096, "follow_up": 4096, "opens": 5, "closes": 5, "zone": 60}
MISSING = {
    "name": "Donnez un nom à la campagne.",
    "category": "Choisissez une catégorie de contacts.",
    "message": "Écrivez le Message 1.",
    "follow_up": "Écrivez le Message 2.",
    "opens": "Choisissez l’heure de début.",
    "closes": "Choisissez l’heure de fin.",
    "zone": "Choisissez un fuseau horaire.",
}
WRONG_ZONE = "Ce fuseau horaire n’est pas connu : écrivez par exemple Europe/Paris."


@dataclass
class CampaignForm:
    """`values` as they were typed; `problems` says, by field, what has to be changed."""

    values: dict[str, str]
    problems: dict[str, str] = field(default_factory=dict)
    hours: SendingHours | None = None

    @classmethod
    def empty(cls) -> Self:
        """For a new campaign: the hours are the installation's."""
        return cls(dict.fromkeys(LONGEST, "") | _hours(get_settings().hours))

    @classmethod
    def of(cls, campaign: Campaign, categories: list[str]) -> Self:
        """What a draft holds; several categories, which only the API gives, are left as they are."""
        values = {"name": campaign.name, "message": campaign.message, "follow_up": campaign.follow_up}
        values["category"] = categories[0] if len(categories) == 1 else ""
        return cls(values | _hours(campaign.hours or get_settings().hours))

    @classmethod
    def read(cls, form: FormData, *, optional: tuple[str, ...] = ()) -> Self:
        """What was sent, and every problem that can be told without the database."""
        given = {name: text_of(form, name).replace("\r\n", "\n") for name in LONGEST}
        # Who does not ask for hours of its own gets the installation's.
        found = cls(given | {name: given[name] or text for name, text in _hours(get_settings().hours).items()})
        for name, longest in LONGEST.items():
            if not found.values[name] and name not in optional:
                found.problems[name] = MISSING[name]
            elif len(found.values[name]) > longest:
                found.problems[name] = f"Ce champ est trop long : {longest} caractères au plus."
        for name in ("message", "follow_up"):
            if name not in found.problems:
                found._check_variables(name)
        found._read_hours()
        return found

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


def _hours(hours: SendingHours) -> dict[str, str]:
    return {"opens": clock_time(hours.opens), "closes": clock_time(hours.closes), "zone": hours.zone.key}


def clock_time(minutes: int) -> str:
    """Minutes of a day as they are written."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def schedule_of(values: Mapping[str, str], hours: SendingHours, now: datetime) -> datetime | str:
    """When a campaign is to start, in the zone of its hours; or what is wrong, in French."""
    try:
        at = datetime.fromisoformat(f"{values['date']}T{values['time']}")
    except ValueError:
        return "Choisissez un jour et une heure."
    if at.tzinfo is not None:
        return "Choisissez un jour et une heure."
    at = at.replace(tzinfo=hours.zone)
    return at if at > now else "Ce moment est déjà passé : choisissez un moment à venir."
