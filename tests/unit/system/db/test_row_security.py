import pytest

from tests.unit.system.bench import Bench

pytestmark = pytest.mark.real


def test_no_table_is_open_to_supabase_s_public_key(bench: Bench) -> None:
    """A new table needs `ALTER TABLE … ENABLE ROW LEVEL SECURITY` in its migration (0010_users.sql says why)."""
    open_tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND NOT rowsecurity"
    assert bench.execute(open_tables) == []
