"""Campaigns as a table for a terminal."""

from collections.abc import Iterable, Iterator

from rich.cells import cell_len, set_cell_size

from system.db import campaign_list
from system.db.database import Database
from system.domain.statuses import CampaignStatus
from system.services import statistics
from system.services.statistics import Shown

TITLES = ("ID", "STATE", "CONTACTS", "SENT", "REPLIES", "MESSAGE 2", "FAILED", "NAME")
LONGEST_NAME = 40
_WORDS = ("STATE", "NAME")


def campaign_table(
    db: Database, *, statuses: Iterable[CampaignStatus], before: int | None, limit: int
) -> Iterator[str]:
    """The newest of these campaigns, one a line, under a line of titles; a long name is cut."""
    with db.transaction() as connection:
        found = campaign_list.page(connection, before=before, limit=limit, statuses=statuses)
    rows = [TITLES, *(_cells(statistics.show(db, campaign.id)) for campaign in found)]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(TITLES, row, widths, strict=True)
        yield "  ".join(_aligned(title, cell, width) for title, cell, width in cells).rstrip()


def _cells(shown: Shown) -> tuple[str, ...]:
    campaign, counts = shown.campaign, shown.statistics
    numbers = (counts.contacts, counts.sent_message_1, counts.answered, counts.sent_message_2, counts.failed)
    return (str(campaign.id), campaign.status.value, *map(str, numbers), _short(campaign.name))


def _short(name: str) -> str:
    # One line a campaign, whatever its name holds.
    printable = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return printable if cell_len(printable) <= LONGEST_NAME else set_cell_size(printable, LONGEST_NAME - 1) + "…"


def _aligned(title: str, cell: str, width: int) -> str:
    blanks = " " * (width - cell_len(cell))
    return cell + blanks if title in _WORDS else blanks + cell
