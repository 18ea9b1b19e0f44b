"""Settings, options and requests that must agree with one another."""

from tests.acceptance.reference_copy import Edit
from tests.rules.case import Table, established, fails, not_concerned, undetermined, warns

CONF, TASKS, START = "shop/celery_config.py", "shop/tasks.py", "start.sh"
_LIMITS = "task_soft_time_limit = 60\ntask_time_limit = 90\n"
_MAILS, _RETRY = "-Q mails,default --concurrency=4", "-Q retry --concurrency=2"
_TIMEOUT, _DELAYED = "timeout=(5, 30)", "countdown=10)"
_OPTIONS = "--soft-time-limit={} --time-limit={}"


def _campaign(delay: str, over: str = "i, row in enumerate(rows)", before: str = "pass", after: str = "pass") -> Edit:
    """A function that publishes a task for each row, later and later."""
    text = f"""
import random
from itertools import count
from shop.tasks import send_mail


def campaign(rows, pace):
    {before}
    for {over}:
        send_mail.apply_async((row,), countdown={delay})
        {after}
"""
    return Edit("shop/campaign.py", "", text)


def _on_start_lines(mails: str, retry: str) -> tuple[Edit, Edit]:
    return Edit(START, _MAILS, f"{_MAILS} {mails}"), Edit(START, _RETRY, f"{_RETRY} {retry}")


_GROWING = "visibility-timeout"


def _resent(decorator: str, body: str) -> Edit:
    """A task of its own that expires and is retried."""
    parameters = "self" if "bind=True" in decorator else ""
    text = f"from shop.celery_app import app\n\n\n{decorator}\ndef resend({parameters}):\n    {body}\n"
    return Edit("shop/resending.py", "", text)


TABLE: Table = {
    _GROWING: {
        "by rank": warns("croît de 1 min à chaque rang : il atteint 2 h au rang 121", _campaign("i * 60")),
        "by rank, with a base": warns("au rang 120", _campaign("i * 60 + 60")),
        "by rank, from one": warns("au rang 120", _campaign("i * 60", "i, row in enumerate(rows, start=1)")),
        "by rank, at random": warns("croît de 6 s", _campaign("i * 6 + random.uniform(0, 2)")),
        "by a sum": warns("croît de 7 s", _campaign("late", "row in rows", "late = 0", "late += 7")),
        "by batches": warns("croît de 6 s", _campaign("i // 10 * 60")),
        "by a counter": warns("croît de 6 s", _campaign("i * 6", "i, row in zip(count(), rows)")),
        "by rank, bounded": established("2 h", _campaign("min(i * 60, 600)")),
        "by rank, of a slice": established("2 h", _campaign("i * 60", "i, row in enumerate(rows[:100])")),
        "by rank, of a range": established("2 h", _campaign("row * 60", "row in range(100)")),
        "by rank, of a long range": fails("`countdown` de", _campaign("row * 60", "row in range(1000)")),
        "by rank, at a pace": undetermined("ne se lit pas", _campaign("i * pace")),
    },
    "expires-after-delay": {
        "before the delay": fails(
            "`send_mail` attend 10 s et expire après 5 s", Edit(TASKS, _DELAYED, "countdown=10, expires=5)")
        ),
        "the task's own": fails(
            "`send_mail` attend 10 s et expire après 5 s",
            Edit(TASKS, "@app.task(bind=True, max_retries=5)", "@app.task(bind=True, max_retries=5, expires=5)"),
        ),
        "before the delay of some rank": warns(
            "croît de 1 min à chaque rang, et atteint `expires` au rang 61", _campaign("i * 60, expires=3600")
        ),
        "out of reach": undetermined(
            "son délai ou son `expires` ne se lit pas",
            Edit(TASKS, _DELAYED, "countdown=10, expires=float(open('x').read()))"),
        ),
        "after the delay": established("2 messages", Edit(TASKS, _DELAYED, "countdown=10, expires=86_400)")),
        "a retry by default, after three minutes": fails(
            "la reprise 1 de `resend`, attentes ajoutées, attend 3 min et expire après 30 s",
            _resent("@app.task(bind=True, max_retries=2, expires=30)", "raise self.retry()"),
        ),
        "automatic retries that add up": fails(
            "la reprise 4 de `resend`, attentes ajoutées, attend 45 s et expire après 30 s",
            _resent(
                "@app.task(autoretry_for=(OSError,), max_retries=5, retry_backoff=3, retry_backoff_max=30, "
                "retry_jitter=False, expires=30)",
                "open('x')",
            ),
        ),
        "retries that are over before": established(
            "1 message",
            _resent("@app.task(bind=True, max_retries=2, default_retry_delay=10, expires=30)", "raise self.retry()"),
        ),
        "none": not_concerned("aucun message différé n'a d'expiration"),
    },
    "request-within-limit": {
        "over the hard limit": fails("`deliver` attend 90 s, limite dure de 90 s", Edit(TASKS, _TIMEOUT, "timeout=90")),
        "over the soft limit": warns(
            "`deliver` attend 75 s, limite souple de 60 s", Edit(TASKS, _TIMEOUT, "timeout=(3, 75)")
        ),
        "out of reach": undetermined("`deliver`", Edit(TASKS, _TIMEOUT, "timeout=float(open('x').read())")),
        "without limits": not_concerned("aucune tâche qui envoie une requête", Edit(CONF, _LIMITS, "")),
    },
    "time-limits": {
        "of one start line": fails(
            "les 3 tâches : limite souple de 300 s, dure de 90 s",
            *_on_start_lines(_OPTIONS.format(300, 90), _OPTIONS.format(60, 90)),
        ),
        "of one option over a setting": fails("limite souple de 60 s", *_on_start_lines("--time-limit=30", "")),
        "of a start line out of reach": undetermined("ne se lisent pas", *_on_start_lines("--time-limit=$X", "")),
    },
}
