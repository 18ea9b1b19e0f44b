"""Cases of the good practices, by subject: edits of `tests/targets/bonnes-pratiques`."""

from tests.rules.practices import connection, delivery, limits, routing, schedule, security

CASES = (
    *delivery.CASES,
    *limits.CASES,
    *connection.CASES,
    *schedule.CASES,
    *routing.CASES,
    *security.CASES,
)
