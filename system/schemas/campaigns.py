"""Campaigns, asked for and shown."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from system.config import get_settings
from system.domain.campaign_life import Resume
from system.domain.sending_hours import SendingHours
from system.domain.statuses import CampaignStatus

# NUL cannot be stored, and surrogates cannot be written.
Text = Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=r"^[^\x00]*\S[^\x00]*$")]
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")
]
Phone = Annotated[str, StringConstraints(max_length=40)]
Frozen = ConfigDict(frozen=True, extra="forbid")


class NewCampaign(BaseModel):
    """A draft for these numbers (E.164), who have opted in, and for the contacts of these categories.

    Its Message 1 leave at `sending_hours`, such as 08:00-20:00, of `sending_zone`, such as Europe/Paris.
    """

    model_config = Frozen

    name: Name
    message: Text
    follow_up: Text | None = None
    phones: Annotated[tuple[Phone, ...], Field(max_length=2000)] = ()
    categories: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    sending_zone: Annotated[str, StringConstraints(max_length=60)] | None = None
    sending_hours: Annotated[str, StringConstraints(pattern=r"^\d\d:\d\d-\d\d:\d\d$")] | None = None

    @property
    def hours(self) -> SendingHours | None:
        """The campaign's own hours, if it asks for some; what it does not say is the installation's. Raises ValueError."""
        if self.sending_zone is None and self.sending_hours is None:
            return None
        settings = get_settings()
        return SendingHours.parse(
            self.sending_hours or settings.sending_hours, self.sending_zone or settings.sending_zone
        )


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
