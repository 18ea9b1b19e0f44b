"""For each rule, edits of a sound application that must make it answer otherwise. One entry = one case anyone can add."""

from tests.acceptance.reference_copy import Edit
from tests.rules.case import Case, established, fails, not_concerned, undetermined
from tests.rules.restart_cases import RESTARTS

APP, SEND = "app/tasks/celery_app.py", "app/tasks/message_tasks.py"
HOOK, RETRY, START = "app/routers/webhooks.py", "app/services/retry.py", "start.sh"

# What December lacked: a restart loop, the same concurrency, no deprecated class.
SOUND = (
    Edit(START, "celery -A app.tasks.celery_app worker", "while true; do celery -A app.tasks.celery_app worker"),
    Edit(START, "--concurrency=1", "--concurrency=4"),
    Edit(START, "messages_high,retry,verification &", "messages_high,retry,verification || true; sleep 5; done &"),
    Edit(
        "app/config.py",
        'class Config:\n        env_file = ".env"\n        extra = "ignore"',
        'model_config = {"extra": "ignore"}',
    ),
)


def _absent(rule: str, task: str) -> Case:
    gone = f'"task": "app.tasks.periodic_tasks.{task}"'
    other = Edit(APP, gone, '"task": "app.tasks.periodic_tasks.other"')
    return fails(rule, "absent", "n'est pas dans le planning de beat", other)


_RETRY_CALL = 'raise self.retry(exc=failure, countdown=calculate_retry_delay(self.request.retries), queue="retry")'

_SENDER_TASK = "@celery_app.task(bind=True, max_retries=MAX_RETRIES)"
_CAMPAIGN_TASK = "@celery_app.task(bind=True)\ndef send_campaign_messages"
_HEAD = Edit(SEND, "import logging\n", "import contextlib\nimport logging\n")
_RECOVERY = '"task": "app.tasks.periodic_tasks.recover_interrupted_campaigns"'
_HOOK_IMPORT = Edit(
    HOOK, "from app.database import get_db", "from app.auth import get_current_user\nfrom app.database import get_db"
)


def _retried(name: str, *lines: str) -> tuple[str, str, Edit]:
    """The retry of the sender inside other lines; `RETRY` stands for it."""
    body = "\n".join(f"    {line}" for line in lines).replace("RETRY", _RETRY_CALL.removeprefix("raise "))
    return "retry-not-swallowed", name, Edit(SEND, f"    {_RETRY_CALL}", body)


def _swallowed(name: str, *lines: str) -> Case:
    rule, name, edit = _retried(name, *lines)
    return fails(rule, name, "rattrapée", edit, _HEAD)


def _handed_on(name: str, *lines: str) -> Case:
    rule, name, edit = _retried(name, *lines)
    return established(rule, name, "Rien n'attrape", edit, _HEAD)


OWN_OPTIONS = (
    fails(
        "late-acknowledgement",
        "task's own option",
        "`send_single_message` est déclarée avec `acks_late=False`",
        Edit(SEND, _SENDER_TASK, _SENDER_TASK.replace(")", ", acks_late=False)")),
    ),
    fails(
        "reject-on-worker-lost",
        "campaign task's own option",
        "`send_campaign_messages` est déclarée avec `reject_on_worker_lost=False`",
        Edit(SEND, _CAMPAIGN_TASK, _CAMPAIGN_TASK.replace("=True", "=True, reject_on_worker_lost=False")),
    ),
    fails(
        "late-acknowledgement",
        "annotation of every task",
        "`acks_late=False`",
        Edit(APP, "    # Limites", '    task_annotations={"*": {"acks_late": False}},'),
    ),
    fails(
        "late-acknowledgement",
        "annotation over the option",
        "`send_single_message` est déclarée avec `acks_late=False`",
        Edit(SEND, _SENDER_TASK, _SENDER_TASK.replace(")", ", acks_late=True)")),
        Edit(
            APP,
            "    # Limites",
            '    task_annotations={"app.tasks.message_tasks.send_single_message": {"acks_late": False}},',
        ),
    ),
    undetermined(
        "late-acknowledgement",
        "annotations out of reach",
        "ne se lit pas dans le code",
        Edit(APP, "    # Limites", "    task_annotations=load(),"),
    ),
    undetermined(
        "late-acknowledgement",
        "option out of reach",
        "ne se lit pas dans le code",
        Edit(SEND, _SENDER_TASK, _SENDER_TASK.replace(")", ", acks_late=bool(open('x').read()))")),
    ),
    undetermined(
        "late-acknowledgement",
        "base class",
        "base=",
        Edit(SEND, _SENDER_TASK, _SENDER_TASK.replace(")", ", base=Mine)")),
    ),
)

BEAT_NAMES = (
    fails(
        "recovery",
        "bare name",
        "n'est pas une tâche enregistrée",
        Edit(APP, _RECOVERY, '"task": "recover_interrupted_campaigns"'),
    ),
    fails(
        "recovery",
        "renamed task",
        "n'est pas une tâche enregistrée",
        Edit(
            "app/tasks/periodic_tasks.py",
            "@celery_app.task\ndef recover",
            '@celery_app.task(name="ops.recover")\ndef recover',
        ),
    ),
    undetermined(
        "recovery",
        "name out of reach",
        "n'a pas pu être lu",
        Edit(
            "app/tasks/periodic_tasks.py",
            "@celery_app.task\ndef recover",
            "@celery_app.task(name=open('x').read())\ndef recover",
        ),
    ),
    established(
        "health-check-period",
        "twice, once at its period",
        "Health check",
        Edit(
            APP,
            '        "system-health-check": {',
            '        "nightly": {"task": "app.tasks.periodic_tasks.system_health_check", "schedule": 86400.0},\n'
            '        "system-health-check": {',
        ),
    ),
    established(
        "recovery", "crontab", "Récupération", Edit(APP, '"schedule": 300.0', '"schedule": crontab(minute="*/5")')
    ),
    fails(
        "recovery",
        "crontab of another period",
        "« 10 min » au lieu de « 5 min »",
        Edit(APP, '"schedule": 300.0', '"schedule": crontab(minute="*/10")'),
    ),
    fails(
        "recovery",
        "crontab of uneven periods",
        "crontab `*/7",
        Edit(APP, '"schedule": 300.0', '"schedule": crontab(minute="*/7")'),
    ),
    fails(
        "monitoring-reset-period",
        "another zone",
        "« 00:00 Europe/Paris » au lieu de « 00:00 UTC »",
        Edit(APP, 'timezone="UTC"', 'timezone="Europe/Paris"'),
    ),
    undetermined(
        "monitoring-reset-period",
        "the machine's zone",
        "fuseau horaire",
        Edit(APP, 'timezone="UTC"', "timezone=None"),
        Edit(APP, "enable_utc=True", "enable_utc=False"),
    ),
    undetermined(
        "monitoring-reset-period",
        "zone out of reach",
        "fuseau horaire",
        Edit(APP, 'timezone="UTC"', "timezone=open('x').read()"),
    ),
)

PEOPLE = (
    fails(
        "sender-no-user",
        "session of a user",
        "`get_user`",
        Edit(
            SEND,
            "    message = db.get",
            "    if client.auth.get_user() is None:\n        return None\n    message = db.get",
        ),
    ),
    established(
        "sender-no-user",
        "a user only logged",
        "ni `user_id`",
        Edit(SEND, 'extra={"message_id": message_id, "attempt": attempt}', 'extra={"user_id": message["created_by"]}'),
    ),
    fails(
        "sender-no-user",
        "in a function with a role of its own",
        "`acquire_idempotency_lock`, appelée par `send_single_message`, filtre",
        Edit(
            "app/services/locks.py",
            '    token = uuid.uuid4().hex\n    key = f"idempotency',
            '    if current_user() is None:\n        return None\n    token = uuid.uuid4().hex\n    key = f"idempotency',
        ),
    ),
    fails(
        "campaign-sender-no-user",
        "filter",
        "`send_campaign_messages` filtre par utilisateur",
        Edit(
            SEND,
            "    with campaign_lock",
            '    if db.get_campaign_by_id(campaign_id)["user_id"] != current_user.id:\n        return\n    with campaign_lock',
        ),
    ),
    fails(
        "follow-up-no-user",
        "filter",
        "`_schedule_message_2_wassenger` filtre par utilisateur",
        Edit(
            HOOK,
            "    campaign = db.get_campaign_by_id(campaign_id)",
            "    if current_user is None:\n        return None\n    campaign = db.get_campaign_by_id(campaign_id)",
        ),
    ),
    undetermined(
        "follow-up-no-user",
        "another task",
        "ne publie la tâche d'envoi",
        Edit(HOOK, "send_single_message.apply_async(", "refresh_stats.apply_async("),
    ),
    established(
        "follow-up-no-user",
        "sent by name",
        "send_task",
        Edit(
            HOOK,
            "    send_single_message.apply_async(",
            '    celery_app.send_task(\n        "app.tasks.message_tasks.send_single_message",',
        ),
    ),
    undetermined(
        "follow-up-no-user",
        "another task by name",
        "ne publie la tâche d'envoi",
        Edit(HOOK, "    send_single_message.apply_async(", '    celery_app.send_task(\n        "app.tasks.stats",'),
    ),
    fails(
        "webhook-no-user",
        "asked in the endpoint",
        "`receive_wassenger_webhook` consulte un utilisateur (`get_current_user`)",
        _HOOK_IMPORT,
        Edit(
            HOOK,
            "    payload = await request.json()",
            '    who = get_current_user(request.headers["authorization"])\n    payload = await request.json()',
        ),
    ),
    fails(
        "webhook-no-user",
        "asked in a dependency with a neutral name",
        "`guard` consulte un utilisateur",
        _HOOK_IMPORT,
        Edit(HOOK, "BackgroundTasks, Request", "BackgroundTasks, Depends, Request"),
        Edit(
            HOOK,
            "router = APIRouter()",
            "def guard(request: Request):\n    return get_current_user(request.headers)\n"
            "router = APIRouter(dependencies=[Depends(guard)])",
        ),
    ),
    fails(
        "webhook-no-user",
        "session in a dependency",
        "`request.session`",
        Edit(HOOK, "BackgroundTasks, Request", "BackgroundTasks, Depends, Request"),
        Edit(
            HOOK,
            "router = APIRouter()",
            'def guard(request: Request):\n    return request.session["account"]\n'
            "router = APIRouter(dependencies=[Depends(guard)])",
        ),
    ),
)

RETRIES = (
    _swallowed("passed over", "try:", "    RETRY", "except Retry:", "    pass"),
    _swallowed("replaced", "try:", "    RETRY", "except Retry as again:", "    raise ValueError from again"),
    _swallowed("suppressed", "with contextlib.suppress(Exception):", "    RETRY"),
    _swallowed("return in finally", "try:", "    RETRY", "finally:", "    return None"),
    _swallowed("break in finally", "while True:", "    try:", "        RETRY", "    finally:", "        break"),
    _swallowed(
        "return in the finally of a handler", "try:", "    x()", "except E:", "    RETRY", "finally:", "    return 1"
    ),
    _handed_on("logged and raised", "try:", "    RETRY", "except Exception:", '    logger.info("x")', "    raise"),
    _handed_on(
        "raised by name",
        "try:",
        "    RETRY",
        "except Retry as again:",
        "    raise again",
        "except Exception:",
        "    x()",
    ),
    _handed_on("other errors only", "try:", "    RETRY", "except (ValueError, celery.Other):", "    pass"),
    _handed_on("loop in finally", "try:", "    RETRY", "finally:", "    for i in (1,):", "        break"),
    _handed_on("suppressing another", "with contextlib.suppress(KeyError):", "    RETRY"),
    _handed_on("text at the margin", 'text = """\nmargin\n"""', "RETRY"),
    undetermined(
        *_retried(
            "raised under a condition", "try:", "    RETRY", "except Exception as e:", "    if e:", "        raise"
        )[:2],
        "que dans certains cas",
        _retried("", "try:", "    RETRY", "except Exception as e:", "    if e:", "        raise", "    x()")[2],
    ),
    undetermined(*_retried("retried by another function")[:2], "elle-même", _retried("", "again(self, failure)")[2]),
)

WORKERS = (
    undetermined("concurrency", "autoscale", "--autoscale=10,1", Edit(START, "--concurrency=4", "--autoscale=10,1")),
    undetermined(
        "concurrency", "pool", "--pool=gevent", Edit(START, "--concurrency=4", "--concurrency=4 --pool=gevent")
    ),
    established(
        "concurrency",
        "default pool",
        "worker_concurrency=4",
        Edit(START, "--concurrency=4", "--concurrency=4 --pool=prefork"),
    ),
    undetermined(
        "concurrency",
        "worker of another application",
        "aucun fichier de démarrage",
        Edit(START, "celery -A app.tasks.celery_app worker", "celery -A legacy.tasks worker"),
    ),
    undetermined(
        "supervision",
        "worker of another application",
        "aucun fichier de démarrage",
        Edit(START, "celery -A app.tasks.celery_app worker", "celery -A legacy.tasks worker"),
    ),
)

CASES = (
    *OWN_OPTIONS,
    *BEAT_NAMES,
    *PEOPLE,
    *RETRIES,
    *WORKERS,
    *RESTARTS,
    fails(
        "late-acknowledgement", "false", "au lieu de `True`", Edit(APP, "task_acks_late=True", "task_acks_late=False")
    ),
    fails("late-acknowledgement", "not set", "n'est pas réglé", Edit(APP, "    task_acks_late=True,\n", "")),
    undetermined(
        "late-acknowledgement",
        "unreadable",
        "ne se lit pas dans le code",
        Edit(APP, "task_acks_late=True", "task_acks_late=bool(open('x').read())"),
    ),
    undetermined(
        "late-acknowledgement",
        "settings out of reach",
        "peut-être `task_acks_late`",
        Edit(APP, "    task_acks_late=True,\n", "    **load(),\n"),
    ),
    fails("reject-on-worker-lost", "false", "au lieu de", Edit(APP, "worker_lost=True", "worker_lost=False")),
    fails(
        "startup-retry",
        "not set",
        "Celery 5 suit alors",
        Edit(APP, "    broker_connection_retry_on_startup=True,\n", ""),
    ),
    fails(
        "sender-no-user",
        "filter",
        "filtre par utilisateur (`user_id`)",
        Edit(SEND, "db.get_message_by_id(message_id)", "db.get_message(message_id, user_id=session.get('u'))"),
    ),
    undetermined(
        "sender-no-user", "not found", "aucune sonde n'a trouvé", Edit(SEND, "def send_single_message", "def send_one")
    ),
    fails(
        "campaign-sender-no-user",
        "parameter",
        "paramètre `current_user`",
        Edit(SEND, "campaign_id: int):", "campaign_id: int, current_user):"),
    ),
    undetermined(
        "campaign-sender-no-user",
        "role never called",
        "n'a été suivi",
        Edit("audit.toml", "app.database:get_supabase_client, app.database:get_db", "app.database:get_service"),
    ),
    fails(
        "webhook-no-user",
        "dependency",
        "dépend d'un utilisateur : `get_current_user`",
        Edit(
            HOOK,
            "from app.database import get_db",
            "from fastapi import Depends\nfrom app.auth import get_current_user\nfrom app.database import get_db",
        ),
        Edit(
            HOOK,
            "background_tasks: BackgroundTasks):",
            "background_tasks: BackgroundTasks, who=Depends(get_current_user)):",
        ),
    ),
    fails(
        "webhook-no-user",
        "dependency three deep",
        "dépend d'un utilisateur : `get_current_user`",
        Edit(
            HOOK,
            "from app.database import get_db",
            "from fastapi import Depends\nfrom app.auth import get_current_user\nfrom app.database import get_db\n\n"
            "def third(u=Depends(get_current_user)): ...\ndef second(x=Depends(third)): ...\ndef first(x=Depends(second)): ...\n",
        ),
        Edit(HOOK, "background_tasks: BackgroundTasks):", "background_tasks: BackgroundTasks, tenant=Depends(first)):"),
    ),
    fails(
        "webhook-no-user",
        "parameter",
        "paramètre `user_id`",
        Edit(HOOK, "background_tasks: BackgroundTasks):", "background_tasks: BackgroundTasks, user_id: int):"),
    ),
    undetermined(
        "webhook-no-user",
        "not in background",
        "n'a pas de paramètre `BackgroundTasks`",
        Edit(HOOK, "request: Request, background_tasks: BackgroundTasks", "request: Request"),
    ),
    fails(
        "webhook-processor-no-user",
        "parameter",
        "paramètre `user`",
        Edit(HOOK, "(data: dict) -> None", "(data: dict, user) -> None"),
    ),
    fails(
        "webhook-processor-no-user",
        "filter in SQL",
        "filtre par utilisateur",
        Edit(
            HOOK,
            'contact = db.get_contact_by_phone(data["fromNumber"])',
            'contact = db.one("SELECT * FROM contacts WHERE user_id = 1")',
        ),
    ),
    undetermined(
        "follow-up-no-user", "countdown", "n'est pas écrit 2 (lu : `20`)", Edit(HOOK, "countdown=2,", "countdown=20,")
    ),
    undetermined(
        "follow-up-no-user",
        "not published",
        "aucun appel à `apply_async`",
        Edit(HOOK, "send_single_message.apply_async(", "print("),
    ),
    undetermined(
        "follow-up-no-user",
        "not triggered",
        "aucun chemin d'appel",
        Edit(HOOK, '        _schedule_message_2_wassenger(campaign_id, contact["id"])', "        pass"),
    ),
    _absent("recovery", "recover_interrupted_campaigns"),
    _absent("health-check-period", "system_health_check"),
    _absent("expiry-period", "check_expired_interactions"),
    _absent("lock-cleanup-period", "cleanup_expired_locks"),
    _absent("monitoring-sync-period", "sync_monitoring_to_supabase"),
    _absent("monitoring-reset-period", "reset_daily_monitoring"),
    undetermined(
        "recovery",
        "schedule built at run time",
        "n'a pas pu être lu",
        Edit(APP, "beat_schedule={", "beat_schedule={**load(), "),
    ),
    fails(
        "idempotency",
        "replaced by a memory of this process",
        "ne l'appelle pas",
        Edit(
            SEND,
            "token = acquire_idempotency_lock(message_id, attempt)",
            "token = SEEN.setdefault(message_id, attempt)",
        ),
        Edit(SEND, "logger = logging.getLogger(__name__)\n", "logger = logging.getLogger(__name__)\nSEEN = {}\n"),
    ),
    undetermined(
        "idempotency",
        "not found",
        "aucune sonde",
        Edit("audit.toml", "locks:acquire_idempotency_lock", "locks:idempotent"),
    ),
    fails(
        "campaign-lock",
        "replaced by a check",
        "ne l'appelle pas",
        Edit(
            SEND,
            "with campaign_lock(campaign_id) as acquired:",
            'with contextlib.nullcontext(db.get_campaign_by_id(campaign_id)["status"] != "sending") as acquired:',
        ),
        _HEAD,
    ),
    undetermined(
        "campaign-lock",
        "no role",
        "n'est pas renseigné",
        Edit("audit.toml", 'campaign_lock = "app.services.locks:campaign_lock"\n', ""),
    ),
    fails("concurrency", "short option", "le script l'emporte", Edit(START, "--concurrency=4", "-c 8")),
    not_concerned("concurrency", "no setting", "n'est pas réglé", Edit(APP, "    worker_concurrency=4,\n", "")),
    undetermined(
        "concurrency",
        "no worker",
        "aucun fichier de démarrage",
        Edit(START, "while true; do celery", "while true; do echo celery"),
    ),
    fails(
        "supervision",
        "bare command",
        "ne redémarre pas",
        Edit(START, "while true; do celery", "celery"),
        Edit(START, " || true; sleep 5; done &", " &"),
    ),
    fails("supervision", "set -e ends the loop", "ne redémarre pas", Edit(START, " || true; sleep 5", "; sleep 5")),
    fails("supervision", "loop that ends", "ne redémarre pas", Edit(START, "while true; do", "for i in 1; do")),
    undetermined(
        "supervision", "no worker", "aucun fichier de démarrage", Edit("audit.toml", '["start.sh"]', '["absent.sh"]')
    ),
    fails(
        "beat-started",
        "commented out",
        "jamais beat",
        Edit(START, "celery -A app.tasks.celery_app beat", "# celery -A app.tasks.celery_app beat"),
    ),
    fails(
        "beat-started",
        "only said",
        "jamais beat",
        Edit(START, "celery -A app.tasks.celery_app beat", "echo celery -A app.tasks.celery_app beat"),
    ),
    undetermined(
        "beat-started", "no worker", "aucun fichier de démarrage", Edit("audit.toml", '["start.sh"]', '["absent.sh"]')
    ),
    fails(
        "retry-limit",
        "more",
        "réessayé 5 fois au plus, au lieu de 3",
        Edit(RETRY, "MAX_RETRIES = 3", "MAX_RETRIES = 5"),
    ),
    fails("retry-limit", "none", "n'appelle jamais `self.retry()`", Edit(SEND, _RETRY_CALL, "raise failure")),
    fails(
        "retry-delays", "base", "10 s, 20 s, 40 s", Edit(RETRY, "BASE_DELAY_SECONDS = 60", "BASE_DELAY_SECONDS = 10")
    ),
    undetermined(
        "retry-delays",
        "unreadable",
        "",
        Edit(SEND, "calculate_retry_delay(self.request.retries)", "int(open('x').read())"),
    ),
    undetermined("imports", "nothing imported", "s'arrête à la lecture des fichiers"),
)
