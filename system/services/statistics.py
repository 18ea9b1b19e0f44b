"""A campaign's statistics, without reading its messages: totals and the changes since, or what its closing has frozen."""

from dataclasses import dataclass

from system.db import campaign_counts, campaign_list
from system.db.campaign_list import Campaign
from system.db.database import Database
from system.domain.campaign_statistics import CampaignStatistics
from system.services.transitions import UnknownCampaignError

MOST_CHANGES = 50_000


@dataclass(frozen=True)
class Shown:
    """A campaign and its statistics, `frozen` once it is closed. `set_aside`: contacts who opted out before anything left."""

    campaign: Campaign
    statistics: CampaignStatistics
    frozen: bool
    set_aside: int


def show(db: Database, campaign_id: int) -> Shown:
    """The campaign and its statistics as of now.

    Raises:
        UnknownCampaignError: when there is no such campaign.

    """
    with db.transaction() as connection:
        campaign = campaign_list.by_id(connection, campaign_id)
        if campaign is None:
            raise UnknownCampaignError(f"there is no campaign {campaign_id}")
        counts, kept = campaign_counts.counts(connection, campaign_id), campaign.final_statistics
    found = CampaignStatistics.of(counts) if kept is None else CampaignStatistics(**kept)
    return Shown(campaign, found, kept is not None, counts.get("message_1.opted_out", 0))


def fold(db: Database) -> int:
    """Folds the changes into the totals; returns how many totals moved."""
    with db.transaction() as connection:
        return campaign_counts.fold(connection, most=MOST_CHANGES)
