"""Creates and launches a campaign in the environment of a running stack.

    python -m system.sandbox.launch ORDER.json      {"name": "…", "body": "…", "phones": ["+336…"]}

Prints the campaign's id. A process of its own, so that a copy of the tree is driven by the copy's own code.
"""

import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from system.db.database import close_db, get_db
from system.services.campaigns import create_campaign, launch_campaign
from system.tasks.publishing import publish


class Order(BaseModel):
    """What is to be sent, and to whom (E.164)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    body: str
    phones: tuple[str, ...]


def launch(order: Order) -> int:
    """Creates and launches the campaign; returns its id.

    Raises:
        ValueError: for a number that is not E.164.

    """
    try:
        db = get_db()
        campaign_id = create_campaign(db, order.name, order.body, order.phones)
        publish(launch_campaign(db, campaign_id))
    finally:
        close_db()
    return campaign_id


if __name__ == "__main__":
    sys.stdout.write(f"{launch(Order.model_validate_json(Path(sys.argv[1]).read_bytes()))}\n")
