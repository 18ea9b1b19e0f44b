"""Sends messages and dispatches campaigns."""

import logging
from collections.abc import Sequence
from typing import Any

from system.config import get_settings
from system.db.database import get_db
from system.domain.retry_policy import Retry, RetryPolicy
from system.domain.wakeups import SendMessage
from system.gateway.wassenger import get_gateway
from system.locks import get_locks
from system.services import campaigns
from system.services.sending import Sender, TransientFailure
from system.tasks.celery_app import celery_app
from system.tasks.pace import device_pace, limits
from system.tasks.publishing import publish

logger = logging.getLogger(__name__)

RETRY_POLICY = RetryPolicy(delays_seconds=(60, 120, 240))


def _sender() -> Sender:
    settings = get_settings()
    return Sender(
        get_db(),
        get_gateway(),
        get_locks(),
        RETRY_POLICY,
        settings.lease,
        daily_limit=settings.daily_message_limit,
        pace=device_pace(),
        breaker=settings.breaker,
        hours=settings.hours,
    )


# Without a limit of Celery's own: the failures counted in the database are the only ones.
@celery_app.task(bind=True, max_retries=None, ignore_result=True)  # type: ignore[untyped-decorator]
def send_single_message(
    self: Any, message_id: int, is_template: bool = True, template_name: str | None = None, then: Sequence[int] = ()
) -> None:
    """Brings one message a step further, and others in turn; harmless when it runs twice, or where nothing is needed."""
    sender = _sender()
    template = template_name if is_template else None
    if then:
        turn = sender.send_in_turn([message_id, *then], template)
        outcome = turn.outcome
        publish([SendMessage(turn.rest[0], then=turn.rest[1:])] if turn.rest else [])
    else:
        outcome = sender.send(message_id, template)
    if not isinstance(outcome, TransientFailure):
        return
    failed_id = outcome.claim.id
    decision = RETRY_POLICY.decide(outcome.failures)
    if isinstance(decision, Retry):
        logger.warning("message %s: %s, again in %s s", failed_id, outcome.reason, decision.delay_seconds)
        if not sender.postpone(outcome, decision.delay_seconds):
            return
        named = {"is_template": is_template, "template_name": template_name}
        raise self.retry(args=[failed_id], kwargs=named, countdown=decision.delay_seconds, queue="retry")
    logger.error("message %s: %s, no attempt left", failed_id, outcome.reason)
    sender.give_up(outcome)


@celery_app.task(bind=True, ignore_result=True)  # type: ignore[untyped-decorator]
def send_campaign_messages(self: Any, campaign_id: int) -> None:
    """One turn of a campaign's dispatcher, which schedules its next turn while messages wait to be taken."""
    batch_size = get_settings().dispatch_batch_size
    turn = campaigns.dispatch(get_db(), get_locks(), campaign_id, batch_size=batch_size, limits=limits())
    if turn.again_in is not None:
        # The chain first: it must survive a broker that goes away in the middle of the batch.
        self.apply_async(args=[campaign_id], countdown=turn.again_in, queue="default")
    publish(turn.wake_ups)
