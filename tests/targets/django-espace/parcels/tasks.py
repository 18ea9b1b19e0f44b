import requests
from celery import shared_task
from celery.utils.log import get_task_logger
from django.db.models import F
from django.utils import timezone

from parcels.models import Parcel

logger = get_task_logger(__name__)


@shared_task(bind=True, max_retries=5, ignore_result=True)
def notify_recipient(self, parcel_id):
    claimed = Parcel.objects.filter(pk=parcel_id, notified_at__isnull=True).update(
        notified_at=timezone.now(), attempts=F("attempts") + 1
    )
    if not claimed:
        return
    try:
        requests.post("https://sms.internal/send", json={"parcel": parcel_id}, timeout=10).raise_for_status()
    except requests.RequestException as error:
        Parcel.objects.filter(pk=parcel_id).update(notified_at=None)
        raise self.retry(exc=error, countdown=min(30 * 2**self.request.retries, 600))


@shared_task(autoretry_for=(requests.ConnectionError,), retry_backoff=True, max_retries=3, ignore_result=True)
def poll_carriers():
    answer = requests.get("https://carrier.internal/parcels", timeout=30)
    answer.raise_for_status()
    for reference in answer.json():
        parcel, created = Parcel.objects.get_or_create(reference=reference, defaults={"status": "new"})
        if created:
            logger.info("parcel %s is new", reference)
            notify_recipient.delay(parcel.pk)
