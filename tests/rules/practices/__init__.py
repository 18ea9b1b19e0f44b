"""Cases of the good practices, by subject: edits of `tests/targets/bonnes-pratiques`."""

from tests.rules.practices import (
    connection,
    data,
    delivery,
    deployment,
    exposure,
    failures,
    inventory,
    limits,
    publishing,
    routing,
    schedule,
    security,
    waits,
)

CASES = (
    *delivery.CASES,
    *publishing.CASES,
    *limits.CASES,
    *waits.CASES,
    *failures.CASES,
    *data.CASES,
    *connection.CASES,
    *schedule.CASES,
    *routing.CASES,
    *security.CASES,
    *exposure.CASES,
    *deployment.CASES,
    *inventory.CASES,
)
