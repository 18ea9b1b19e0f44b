"""Publishes what a service decided, after its transaction is committed."""

from collections.abc import Iterable
from typing import Any

from system import correlation
from system.domain.statuses import MessageKind
from system.domain.wakeups import DispatchCampaign, SendMessage, WakeUp
from system.tasks.celery_app import celery_app

SENDER = "system.tasks.message_tasks.send_single_message"
DISPATCHER = "system.tasks.message_tasks.send_campaign_messages"


def publish(wake_ups: Iterable[WakeUp]) -> None:
    """Publishes each; what is not published because the broker is away is found by the recovery.

    Raises:
        kombu.exceptions.OperationalError: when the broker is away; the rest is not published then.

    """
    with celery_app.producer_or_acquire() as producer:
        for wake_up in wake_ups:
            match wake_up:
                case SendMessage():
                    celery_app.send_task(
                        SENDER,
                        args=[wake_up.message_id],
                        kwargs=_named(wake_up),
                        queue=_queue(wake_up),
                        headers={correlation.TASK_HEADER: wake_up.correlation_id} if wake_up.correlation_id else None,
                        producer=producer,
                        ignore_result=True,
                    )
                case DispatchCampaign(campaign_id):
                    # Behind the messages of a running campaign, a dispatcher would seem silent.
                    celery_app.send_task(
                        DISPATCHER, args=[campaign_id], queue="default", producer=producer, ignore_result=True
                    )


def _named(wake_up: SendMessage) -> dict[str, Any]:
    named: dict[str, Any] = {"is_template": wake_up.kind is MessageKind.MESSAGE_1, "template_name": None}
    return named | {"then": wake_up.then} if wake_up.then else named


def _queue(wake_up: SendMessage) -> str:
    if wake_up.kind is MessageKind.MESSAGE_2:
        return "messages_high"
    return "retry" if wake_up.resumed else "messages"
