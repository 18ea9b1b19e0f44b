"""The name that a setting was meant to have."""

import pytest

from audit.rules.unknown_settings import misspelled


@pytest.mark.parametrize(
    ("name", "beside", "told"),
    [
        ("task_ack_late", (), " au lieu de `task_acks_late`"),
        ("broker_backend_transport_options", ("result_backend_transport_options",), " au lieu de `broker_transport_options`"),
        ("worker_task_soft_time_limit", (), " au lieu de `task_soft_time_limit`"),
        ("task_send_events", (), " au lieu de `worker_send_task_events`"),
        ("task_acks_lates", ("task_acks_late",), ", que Celery ne lit pas"),
        ("task_acks_late", (), ""),
        ("redis_url", (), ""),
        ("broker_url_internal", (), ""),
    ],
)  # fmt: skip
def test_the_meant_name(name: str, beside: tuple[str, ...], told: str) -> None:
    assert misspelled(name, beside) == told
