from pydoc import locate

from celery import Celery

from system.services.uptime import APPLICATION


def test_the_application_named_by_an_export_is_the_one_that_workers_run() -> None:
    assert isinstance(locate(APPLICATION.replace(":", ".")), Celery)
