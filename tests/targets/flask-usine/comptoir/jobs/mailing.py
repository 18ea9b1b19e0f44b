import requests
from celery import shared_task

from comptoir.store import claim_receipt, customers_awaiting_digest, mark_sent


@shared_task(bind=True, max_retries=4, ignore_result=True)
def send_receipt(self, order_id):
    if not claim_receipt(order_id):
        return
    try:
        response = requests.post("https://mail.internal/receipts", json={"order": order_id}, timeout=15)
        response.raise_for_status()
    except requests.RequestException as error:
        raise self.retry(exc=error, countdown=20 * 2 ** self.request.retries)
    mark_sent(order_id)


@shared_task(ignore_result=True)
def send_digest():
    for order_id in customers_awaiting_digest():
        send_receipt.delay(order_id)
