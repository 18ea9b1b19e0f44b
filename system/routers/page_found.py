"""The campaign that an address of the page names."""

from system.db.database import get_db
from system.routers.page_identity import PageProblemError
from system.services import statistics
from system.services.statistics import Shown
from system.services.transitions import UnknownCampaignError

NO_CAMPAIGN = "Cette campagne n’existe pas."


def found_campaign(campaign_id: int) -> Shown:
    """The campaign as it is shown.

    Raises:
        PageProblemError: when there is none of this number.

    """
    if not 0 < campaign_id < 2**63:
        raise PageProblemError(404, NO_CAMPAIGN)
    try:
        return statistics.show(get_db(), campaign_id)
    except UnknownCampaignError as error:
        raise PageProblemError(404, NO_CAMPAIGN) from error
