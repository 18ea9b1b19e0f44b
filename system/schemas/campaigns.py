"""Campaigns, asked for and shown."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from system.config import get_settings
from system.domain import content
from system.domain.campaign_life import Resume
from system.domain.content import Content
from system.domain.sending_hours import SendingHours
from system.domain.statuses import CampaignStatus
from system.services.drafts import Changes

# NUL cannot be stored, and surrogates cannot be written.
Text = Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=r"^[^\x00]*\S[^\x00]*$")]
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")
]
Phone = Annotated[str, StringConstraints(max_length=40)]
Phones = Annotated[tuple[Phone, ...], Field(max_length=2000)]
Categories = Annotated[tuple[Name, ...], Field(max_length=100)]
Zone = Annotated[str, StringConstraints(max_length=60)]
Hours = Annotated[str, StringConstraints(pattern=r"^\d\d:\d\d-\d\d:\d\d$")]
Frozen = ConfigDict(frozen=True, extra="forbid")
Seen = ConfigDict(frozen=True, extra="forbid", from_attributes=True)


class Media(BaseModel):
    """A file that the gateway fetches, over https; the message's text, of at most 1024 characters then, stands under it.

    An image (JPEG, PNG) of at most 5 MB, or a document of at most 100 MB: WhatsApp refuses a larger one, and nothing here fetches it.
    """

    model_config = Seen

    url: Annotated[str, StringConstraints(min_length=1, max_length=content.MOST_URL)]


class Template(BaseModel):
    """A template that WhatsApp has approved. `values` stand for its {{1}}, {{2}}…, and may hold variables such as {{prénom}}.

    The message's text is not sent then: it shows what the template says.
    """

    model_config = Seen

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$", max_length=content.MOST_NAME)]
    language: Annotated[
        str, StringConstraints(pattern=r"^[a-z]{2,3}(_[A-Z]{2})?$", max_length=content.MOST_LANGUAGE)
    ] = "fr"
    values: Annotated[
        tuple[
            Annotated[
                str, StringConstraints(min_length=1, max_length=content.MOST_VALUE, pattern=r"^[^\x00]*\S[^\x00]*$")
            ],
            ...,
        ],
        Field(max_length=content.MOST_VALUES),
    ] = ()


class NewCampaign(BaseModel):
    """A draft for these numbers (E.164), who have opted in, and for the contacts of these categories.

    Its Message 1 leave at `sending_hours`, such as 08:00-20:00, of `sending_zone`, such as Europe/Paris.
    """

    model_config = Frozen

    name: Name
    message: Text
    follow_up: Text | None = None
    phones: Phones = ()
    categories: Categories = ()
    sending_zone: Zone | None = None
    sending_hours: Hours | None = None
    media: Media | None = None
    template: Template | None = None

    @property
    def content(self) -> Content | None:
        """Its file or its template. Raises ValueError for both, and for what cannot be sent."""
        return _content(self.media, self.template)

    @property
    def hours(self) -> SendingHours | None:
        """The campaign's own hours, if it asks for some; what it does not say is the installation's. Raises ValueError."""
        return _hours(self.sending_hours, self.sending_zone)


class DraftChanges(BaseModel):
    """What a draft is to have; what is left out stays as it is. null takes its own hours, its file or its template away."""

    model_config = Frozen

    name: Name | None = None
    message: Text | None = None
    follow_up: Text | None = None
    phones: Phones | None = None
    categories: Categories | None = None
    sending_zone: Zone | None = None
    sending_hours: Hours | None = None
    media: Media | None = None
    template: Template | None = None

    @property
    def changes(self) -> Changes:
        """What is to be changed. Raises ValueError for what cannot be."""
        said, found = self.model_fields_set, Changes()
        if self.name is not None:
            found["name"] = self.name
        if self.message is not None:
            found["body"] = self.message
        if self.follow_up is not None:
            found["follow_up"] = self.follow_up
        if self.phones is not None:
            found["phones"] = self.phones
        if self.categories is not None:
            found["categories"] = self.categories
        if said & {"sending_zone", "sending_hours"}:
            found["hours"] = _hours(self.sending_hours, self.sending_zone)
        if said & {"media", "template"}:
            found["content"] = _content(self.media, self.template)
        return found


def _hours(hours: str | None, zone: str | None) -> SendingHours | None:
    if hours is None and zone is None:
        return None
    settings = get_settings()
    return SendingHours.parse(hours or settings.sending_hours, zone or settings.sending_zone)


def _content(media: Media | None, template: Template | None) -> Content | None:
    if media and template:
        raise ValueError("a Message 1 has a file or a template, not both")
    if media:
        return content.Media.parse(media.url)
    return content.Template.parse(template.name, template.language, template.values) if template else None


class Schedule(BaseModel):
    """When the campaign is to start, with its time zone."""

    model_config = Frozen

    at: AwareDatetime


class Resumption(BaseModel):
    """Which unsent messages leave: those that wait, those that failed, or all of them."""

    model_config = Frozen

    which: Resume = Resume.PENDING


class CampaignStatisticsShown(BaseModel):
    """Messages of both kinds, contacts by where they ended, and rates between 0 and 1 (null of nothing)."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    contacts: int
    sent: int
    sent_message_1: int
    sent_message_2: int
    delivered: int
    read: int
    interactions: int
    answered: int
    failed: int
    pending: int
    opted_out: int
    cancelled: int
    outcomes: dict[str, int]
    delivery_rate: float | None
    read_rate: float | None
    answer_rate: float | None
    failure_rate: float | None


class CampaignShown(BaseModel):
    """A campaign; times are UTC. `resumes_at`: when sending goes on, while something holds it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    name: str
    message: str
    follow_up: str
    media: Media | None
    template: Template | None
    status: CampaignStatus
    stop_reason: str | None
    created_at: datetime
    scheduled_at: datetime | None
    launched_at: datetime | None
    paused_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    resumes_at: datetime | None


class CampaignWithStatistics(BaseModel):
    """A campaign and its statistics; `frozen` once they are those of its closing."""

    model_config = ConfigDict(frozen=True)

    campaign: CampaignShown
    statistics: CampaignStatisticsShown
    frozen: bool
