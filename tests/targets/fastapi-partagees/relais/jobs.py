import httpx
from celery import shared_task

from relais.store import claim, forgotten, release


class DeliveryRefused(Exception):
    pass


@shared_task(name="relais.deliver", bind=True, max_retries=6, ignore_result=True)
def deliver(self, letter_id: int) -> None:
    if not claim(letter_id):
        return
    try:
        post(letter_id)
    except DeliveryRefused as refused:
        release(letter_id)
        raise self.retry(exc=refused, countdown=15 * 2**self.request.retries) from refused


@shared_task(name="relais.resend_forgotten", ignore_result=True)
def resend_forgotten() -> None:
    for letter_id in forgotten(limit=200):
        deliver.apply_async(args=(letter_id,), countdown=5, expires=1800)


def post(letter_id: int) -> None:
    answer = httpx.post("https://letters.internal/send", json={"letter": letter_id}, timeout=10.0)
    if answer.status_code >= 500:
        raise DeliveryRefused(answer.status_code)
