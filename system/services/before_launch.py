"""What a launch would do at this moment: to whom, what they would read, and why it would be refused."""

from dataclasses import dataclass

from system.db import audience, campaigns
from system.db.audience import Audience, Lacking, Sample, TooLong
from system.db.connection import Db
from system.domain.variables import needed
from system.services.campaigns import MOST_NAMED


@dataclass(frozen=True)
class BeforeLaunch:
    """`needed`: the variables without a default. `sample`: what one contact would read, None when nobody would read anything."""

    audience: Audience
    needed: tuple[str, ...]
    lacking: Lacking | None
    too_long: TooLong | None
    sample: Sample | None

    @property
    def ready(self) -> bool:
        """Whether a launch would be let through."""
        return self.audience.recipients > 0 and self.lacking is None and self.too_long is None


def before_launch(connection: Db, campaign_id: int, *, preview: int = 0) -> BeforeLaunch:
    """As of now; the sample is the first contact behind `preview`, else the first of all."""
    texts = campaigns.texts(connection, campaign_id)
    names = needed(*texts.every)
    sample = audience.sample(connection, campaign_id, after=preview) or audience.sample(connection, campaign_id)
    return BeforeLaunch(
        audience.audience(connection, campaign_id),
        names,
        audience.lacking(connection, campaign_id, names, named=MOST_NAMED),
        audience.too_long(connection, campaign_id, texts, named=MOST_NAMED),
        sample,
    )
