"""Whether the database can still write: a full disk refuses nothing that fits into pages it already has."""

from system.db.connection import Db

# Beyond the smallest `work_mem`: what does not fit goes to a temporary file beside the data, half a megabyte here.
_ROWS = 20_000


def writes(db: Db) -> bool:
    """Whether transactions may write; the question itself writes half a megabyte of a temporary file.

    Raises:
        psycopg.Error: DiskFull when there is no room for it.

    """
    db.execute("SELECT set_config('work_mem', '64kB', true)")
    row = db.execute(
        "SELECT current_setting('transaction_read_only') AS read_only, count(*) AS rows FROM generate_series(1, %s)",
        [_ROWS],
    ).fetchone()
    return row is not None and row["read_only"] == "off"
