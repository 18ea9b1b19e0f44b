"""The bench of the stack's own tests: a sender on a real, embedded PostgreSQL, and a gateway with a ledger."""

from tests.unit.system.bench import bench, db

__all__ = ["bench", "db"]
