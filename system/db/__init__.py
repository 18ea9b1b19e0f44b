"""PostgreSQL: the truth about every message."""
