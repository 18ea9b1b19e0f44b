"""Tries a campaign's text on somebody who asked for it, before everybody gets it."""

from datetime import timedelta

from system.clock import utc_now
from system.db import action_log, audience, campaign_list, campaigns, trials
from system.db.database import Database
from system.domain.phone import PhoneNumber
from system.domain.wakeups import WakeUp
from system.services.campaigns import launch
from system.services.people import honour_erasures
from system.services.ports import Clock
from system.services.sending import ALWAYS
from system.services.transitions import UnknownCampaignError, locked

# The second click of a double one asks for nothing more.
SAME_CLICK = timedelta(seconds=10)


def try_campaign(
    db: Database, campaign_id: int, phone: PhoneNumber, *, actor: str, clock: Clock = utc_now
) -> list[WakeUp]:
    """Sends both texts to this number, as the campaign's first contact would read them; returns what to publish.

    It is a campaign by itself: it leaves by the same path, once, counts in the day, and never reaches who opted out.
    No consent is recorded by it: no other campaign reaches the number for that.
    The same texts to the same number within `SAME_CLICK` are one test.

    Raises:
        UnknownCampaignError: when there is no such campaign.
        TextError: when a text cannot be filled, or is then too long; nothing has changed then, nor in the next case.
        NobodyToWriteToError: when the number may not be written to.

    """
    with db.transaction() as connection:
        # One test of a campaign at a time: the other sees it.
        locked(connection, campaign_id)
        campaign = campaign_list.by_id(connection, campaign_id)
        if campaign is None:
            raise UnknownCampaignError(f"there is no campaign {campaign_id}")
        read = audience.sample(connection, campaign_id) or campaign
        texts = campaigns.Texts(read.message, read.follow_up, read.content)
        if trials.just_made(connection, campaign_id, phone, texts, within=SAME_CLICK):
            return []
        trial = campaigns.insert(connection, campaign.name, read.message, read.follow_up)
        campaigns.set_content(connection, trial, read.content.stored if read.content else None)
        campaigns.set_test_of(connection, trial, campaign_id)
        campaigns.set_hours(connection, trial, ALWAYS)
        audience.add_tester(connection, trial, phone)
        honour_erasures(connection, db.erasure_key, [phone])
        action_log.record(connection, actor, "campaign tried", {"campaign_id": campaign_id, "test": trial})
        return launch(connection, trial, at=clock())
