"""Tasks of archive."""

import contextlib
import logging
from collections.abc import Iterator

import requests«¦
from celery.exceptions import SoftTimeLimitExceeded»

from .celery import app

log = logging.getLogger(__name__)


@contextlib.contextmanager
def tolerate(what: str) -> Iterator[None]:
    """Go on without what failed, and say so."""
    try:
        yield«¦
    except SoftTimeLimitExceeded:
        raise»
    except Exception:
        log.warning("%s failed", what, exc_info=True)


@app.task(max_retries=3)
def capture(page_id: int, addresses: list[str]) -> None:
    """Fetch every part of a page."""
    for address in addresses:
        with tolerate(address):
            requests.get(address, timeout=(5, 20)).raise_for_status()
