"""Sends messages and dispatches campaigns."""

import logging
from typing import Any

from system.config import get_settings
from system.db.database import get_db
from system.domain.retry_policy import Retry, RetryPolicy
from system.gateway.wassenger import get_gateway
from system.locks import get_locks
from system.services import campaigns
from system.services.sending import Sender, TransientFailure
from system.tasks.celery_app import celery_app
from system.tasks.publishing import publish

logger = logging.getLogger(__name__)

RETRY_POLICY = RetryPolicy(delays_seconds=(60, 120, 240))


def _sender() -> Sender:
    settings = get_settings()
    return Sender(
        get_db(), get_gateway(), get_locks(), RETRY_POLICY, settings.lease, daily_limit=settings.daily_message_limit
    )


# Without a limit of Celery's own: the failures counted in the database are the only ones.
@celery_app.task(bind=True, max_retries=None, ignore_result=True)  # type: ignore[untyped-decorator]
def send_single_message(self: Any, message_id: int, is_template: bool = True, template_name: str | None = None) -> None:
    """Brings one message a step further; harmless when it runs twice, or for a message that needs nothing."""
    sender = _sender()
    outcome = sender.send(message_id, template_name if is_template else None)
    if not isinstance(outcome, TransientFailure):
        logger.info("message %s: %s", message_id, outcome.what)
        return
    decision = RETRY_POLICY.decide(outcome.failures)
    if isinstance(decision, Retry):
        logger.warning("message %s: %s, again in %s s", message_id, outcome.reason, decision.delay_seconds)
        if not sender.postpone(outcome, decision.delay_seconds):
            return
        raise self.retry(countdown=decision.delay_seconds, queue="retry")
    logger.error("message %s: %s, no attempt left", message_id, outcome.reason)
    sender.give_up(outcome)


@celery_app.task(bind=True, ignore_result=True)  # type: ignore[untyped-decorator]
def send_campaign_messages(self: Any, campaign_id: int) -> None:
    """One turn of a campaign's dispatcher, which schedules its next turn while messages wait to be taken."""
    turn = campaigns.dispatch(get_db(), get_locks(), campaign_id, batch_size=get_settings().dispatch_batch_size)
    if turn.again_in is not None:
        # The chain first: it must survive a broker that goes away in the middle of the batch.
        self.apply_async(args=[campaign_id], countdown=turn.again_in, queue="default")
    publish(turn.wake_ups)
