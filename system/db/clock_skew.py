"""How far this machine's clock is from the database's."""

from datetime import datetime

from system.db.connection import Db


def seconds(db: Db, now: datetime) -> float:
    """Positive when `now` (UTC) is ahead of the database's clock."""
    row = db.execute("SELECT extract(epoch FROM %s::timestamptz - clock_timestamp()) AS ahead", [now]).fetchone()
    return 0.0 if row is None else float(row["ahead"])
