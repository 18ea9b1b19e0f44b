from datetime import datetime, timedelta, timezone

from celery import shared_task
from sqlalchemy.exc import OperationalError

from comptoir.store import delete_carts


@shared_task(autoretry_for=(OperationalError,), retry_backoff=5, retry_jitter=True, max_retries=3, ignore_result=True)
def purge_carts():
    delete_carts(before=datetime.now(timezone.utc) - timedelta(days=2))
