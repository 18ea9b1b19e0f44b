"""Defects of the reference stack that only running shows, as edits of a copy."""

from tests.acceptance.reference_copy import Edit

LIVING_LEASE = """
      AND ((m.status IN ('pending', 'unknown') AND coalesce(m.next_attempt_at, '-infinity') <= now())
        OR (m.status = 'sending' AND m.lease_until < now()))
"""
UNCONDITIONAL_CLAIM = Edit("system/db/migrations/0060_message_functions.sql", LIVING_LEASE, "\n")
NO_RECONCILE = Edit("system/services/sending.py", "settled = self._reconcile(claim)", "settled = None")
NO_RECOVERY = (
    Edit("system/services/recovery.py", "return RecoveryPlan(messages, silent)", "return RecoveryPlan((), ())"),
)
NO_SUPERVISION = Edit(
    "system/deploy/supervisord.conf",
    "--concurrency=4 -Q default,messages,messages_high,retry,verification\nautostart=true\nautorestart=true",
    "--concurrency=4 -Q default,messages,messages_high,retry,verification\nautostart=true\nautorestart=false",
)
# Processing that keeps the event in memory until it may write, as BackgroundTasks without an inbox do.
NO_INBOX = (
    Edit(
        "system/routers/webhooks.py",
        "        new = await _storing.do(events)\n",
        "        new: list[InboxEntry] = []\n        for event in events:\n            background_tasks.add_task(_in_memory, event)\n",
    ),
    Edit(
        "system/routers/webhooks.py",
        "async def _authentic_events(",
        "def _in_memory(event: Event) -> None:\n"
        "    with get_db().transaction() as connection:\n"
        '        connection.execute("LOCK TABLE interactions IN ROW EXCLUSIVE MODE")\n'
        "    process_wassenger_message(*inbox.receive(get_db(), [[event]])[0])\n\n\n"
        "async def _authentic_events(",
    ),
)
NO_UNIQUE_MESSAGE = (
    Edit("system/db/migrations/0001_initial.sql", "    UNIQUE (campaign_id, contact_id, kind),\n", ""),
    Edit("system/db/interactions.py", "           ON CONFLICT (campaign_id, contact_id, kind) DO NOTHING\n", ""),
    Edit("system/db/campaigns.py", "\n           ON CONFLICT (campaign_id, contact_id, kind) DO NOTHING", ""),
)
