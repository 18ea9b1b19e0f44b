"""For each rule, edits of a sound application that must make it answer otherwise. One entry = one case anyone can add."""

from tests.acceptance.reference_copy import Edit
from tests.rules.case import Answer, Case, Table, established, fails, not_concerned, undetermined
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
    return Case(rule, "absent", *fails("n'est pas dans le planning de beat", other))


_RETRY_CALL = 'raise self.retry(exc=failure, countdown=calculate_retry_delay(self.request.retries), queue="retry")'

_SENDER_TASK = "@celery_app.task(bind=True, max_retries=MAX_RETRIES)"
_CAMPAIGN_TASK = "@celery_app.task(bind=True)\ndef send_campaign_messages"
_HEAD = Edit(SEND, "import logging\n", "import contextlib\nimport logging\n")
_RECOVERY = '"task": "app.tasks.periodic_tasks.recover_interrupted_campaigns"'
_HOOK_IMPORT = Edit(
    HOOK, "from app.database import get_db", "from app.auth import get_current_user\nfrom app.database import get_db"
)


def _retried(*lines: str) -> Edit:
    """The retry of the sender inside other lines; `RETRY` stands for it."""
    body = "\n".join(f"    {line}" for line in lines).replace("RETRY", _RETRY_CALL.removeprefix("raise "))
    return Edit(SEND, f"    {_RETRY_CALL}", body)


def _swallowed(*lines: str) -> Answer:
    return fails("rattrapée", _retried(*lines), _HEAD)


def _handed_on(*lines: str) -> Answer:
    return established("Rien n'attrape", _retried(*lines), _HEAD)


TABLE: Table = {
    "retry-not-swallowed": {
        "passed over": _swallowed("try:", "    RETRY", "except Retry:", "    pass"),
        "replaced": _swallowed("try:", "    RETRY", "except Retry as again:", "    raise ValueError from again"),
        "suppressed": _swallowed("with contextlib.suppress(Exception):", "    RETRY"),
        "return in finally": _swallowed("try:", "    RETRY", "finally:", "    return None"),
        "break in finally": _swallowed("while True:", "    try:", "        RETRY", "    finally:", "        break"),
        "return in the finally of a handler": _swallowed(
            "try:", "    x()", "except E:", "    RETRY", "finally:", "    return 1"
        ),
        "logged and raised": _handed_on("try:", "    RETRY", "except Exception:", '    logger.info("x")', "    raise"),
        "raised by name": _handed_on(
            "try:", "    RETRY", "except Retry as again:", "    raise again", "except Exception:", "    x()"
        ),
        "other errors only": _handed_on("try:", "    RETRY", "except (ValueError, celery.Other):", "    pass"),
        "loop in finally": _handed_on("try:", "    RETRY", "finally:", "    for i in (1,):", "        break"),
        "suppressing another": _handed_on("with contextlib.suppress(KeyError):", "    RETRY"),
        "text at the margin": _handed_on('text = """\nmargin\n"""', "RETRY"),
        "raised under a condition": undetermined(
            "que dans certains cas",
            _retried("try:", "    RETRY", "except Exception as e:", "    if e:", "        raise", "    x()"),
        ),
        "retried by another function": undetermined("elle-même", _retried("again(self, failure)")),
    },
    "late-acknowledgement": {
        "task's own option": fails(
            "`send_single_message` est déclarée avec `acks_late=False`",
            Edit(SEND, _SENDER_TASK, _SENDER_TASK.replace(")", ", acks_late=False)")),
        ),
        "annotation of every task": fails(
            "`acks_late=False`", Edit(APP, "    # Limites", '    task_annotations={"*": {"acks_late": False}},')
        ),
        "annotation over the option": fails(
            "`send_single_message` est déclarée avec `acks_late=False`",
            Edit(SEND, _SENDER_TASK, _SENDER_TASK.replace(")", ", acks_late=True)")),
            Edit(
                APP,
                "    # Limites",
                '    task_annotations={"app.tasks.message_tasks.send_single_message": {"acks_late": False}},',
            ),
        ),
        "annotations out of reach": undetermined(
            "ne se lit pas dans le code", Edit(APP, "    # Limites", "    task_annotations=load(),")
        ),
        "option out of reach": undetermined(
            "ne se lit pas dans le code",
            Edit(SEND, _SENDER_TASK, _SENDER_TASK.replace(")", ", acks_late=bool(open('x').read()))")),
        ),
        "base class": undetermined("base=", Edit(SEND, _SENDER_TASK, _SENDER_TASK.replace(")", ", base=Mine)"))),
        "false": fails("au lieu de `True`", Edit(APP, "task_acks_late=True", "task_acks_late=False")),
        "not set": fails("n'est pas réglé", Edit(APP, "    task_acks_late=True,\n", "")),
        "unreadable": undetermined(
            "ne se lit pas dans le code", Edit(APP, "task_acks_late=True", "task_acks_late=bool(open('x').read())")
        ),
        "settings out of reach": undetermined(
            "peut-être `task_acks_late`", Edit(APP, "    task_acks_late=True,\n", "    **load(),\n")
        ),
    },
    "reject-on-worker-lost": {
        "campaign task's own option": fails(
            "`send_campaign_messages` est déclarée avec `reject_on_worker_lost=False`",
            Edit(SEND, _CAMPAIGN_TASK, _CAMPAIGN_TASK.replace("=True", "=True, reject_on_worker_lost=False")),
        ),
        "false": fails("au lieu de", Edit(APP, "worker_lost=True", "worker_lost=False")),
    },
    "recovery": {
        "bare name": fails(
            "n'est pas une tâche enregistrée", Edit(APP, _RECOVERY, '"task": "recover_interrupted_campaigns"')
        ),
        "renamed task": fails(
            "n'est pas une tâche enregistrée",
            Edit(
                "app/tasks/periodic_tasks.py",
                "@celery_app.task\ndef recover",
                '@celery_app.task(name="ops.recover")\ndef recover',
            ),
        ),
        "name out of reach": undetermined(
            "n'a pas pu être lu",
            Edit(
                "app/tasks/periodic_tasks.py",
                "@celery_app.task\ndef recover",
                "@celery_app.task(name=open('x').read())\ndef recover",
            ),
        ),
        "crontab": established("Récupération", Edit(APP, '"schedule": 300.0', '"schedule": crontab(minute="*/5")')),
        "crontab of another period": fails(
            "« 10 min » au lieu de « 5 min »", Edit(APP, '"schedule": 300.0', '"schedule": crontab(minute="*/10")')
        ),
        "crontab of uneven periods": fails(
            "crontab `*/7", Edit(APP, '"schedule": 300.0', '"schedule": crontab(minute="*/7")')
        ),
        "schedule built at run time": undetermined(
            "n'a pas pu être lu", Edit(APP, "beat_schedule={", "beat_schedule={**load(), ")
        ),
    },
    "health-check-period": {
        "twice, once at its period": established(
            "Health check",
            Edit(
                APP,
                '        "system-health-check": {',
                '        "nightly": {"task": "app.tasks.periodic_tasks.system_health_check", "schedule": 86400.0},\n'
                '        "system-health-check": {',
            ),
        )
    },
    "monitoring-reset-period": {
        "another zone": fails(
            "« 00:00 Europe/Paris » au lieu de « 00:00 UTC »", Edit(APP, 'timezone="UTC"', 'timezone="Europe/Paris"')
        ),
        "the machine's zone": undetermined(
            "fuseau horaire",
            Edit(APP, 'timezone="UTC"', "timezone=None"),
            Edit(APP, "enable_utc=True", "enable_utc=False"),
        ),
        "zone out of reach": undetermined("fuseau horaire", Edit(APP, 'timezone="UTC"', "timezone=open('x').read()")),
    },
    "sender-no-user": {
        "session of a user": fails(
            "`get_user`",
            Edit(
                SEND,
                "    message = db.get",
                "    if client.auth.get_user() is None:\n        return None\n    message = db.get",
            ),
        ),
        "a user only logged": established(
            "ni `user_id`",
            Edit(
                SEND, 'extra={"message_id": message_id, "attempt": attempt}', 'extra={"user_id": message["created_by"]}'
            ),
        ),
        "in a function with a role of its own": fails(
            "`acquire_idempotency_lock`, appelée par `send_single_message`, filtre",
            Edit(
                "app/services/locks.py",
                '    token = uuid.uuid4().hex\n    key = f"idempotency',
                '    if current_user() is None:\n        return None\n    token = uuid.uuid4().hex\n    key = f"idempotency',
            ),
        ),
        "filter": fails(
            "filtre par utilisateur (`user_id`)",
            Edit(SEND, "db.get_message_by_id(message_id)", "db.get_message(message_id, user_id=session.get('u'))"),
        ),
        "not found": undetermined("aucune sonde n'a trouvé", Edit(SEND, "def send_single_message", "def send_one")),
    },
    "campaign-sender-no-user": {
        "filter": fails(
            "`send_campaign_messages` filtre par utilisateur",
            Edit(
                SEND,
                "    with campaign_lock",
                '    if db.get_campaign_by_id(campaign_id)["user_id"] != current_user.id:\n        return\n    with campaign_lock',
            ),
        ),
        "parameter": fails(
            "paramètre `current_user`", Edit(SEND, "campaign_id: int):", "campaign_id: int, current_user):")
        ),
        "role never called": undetermined(
            "n'a été suivi",
            Edit("audit.toml", "app.database:get_supabase_client, app.database:get_db", "app.database:get_service"),
        ),
    },
    "follow-up-no-user": {
        "filter": fails(
            "`_schedule_message_2_wassenger` filtre par utilisateur",
            Edit(
                HOOK,
                "    campaign = db.get_campaign_by_id(campaign_id)",
                "    if current_user is None:\n        return None\n    campaign = db.get_campaign_by_id(campaign_id)",
            ),
        ),
        "another task": undetermined(
            "ne publie la tâche d'envoi", Edit(HOOK, "send_single_message.apply_async(", "refresh_stats.apply_async(")
        ),
        "sent by name": established(
            "send_task",
            Edit(
                HOOK,
                "    send_single_message.apply_async(",
                '    celery_app.send_task(\n        "app.tasks.message_tasks.send_single_message",',
            ),
        ),
        "another task by name": undetermined(
            "ne publie la tâche d'envoi",
            Edit(HOOK, "    send_single_message.apply_async(", '    celery_app.send_task(\n        "app.tasks.stats",'),
        ),
        "countdown": undetermined("n'est pas écrit 2 (lu : `20`)", Edit(HOOK, "countdown=2,", "countdown=20,")),
        "not published": undetermined(
            "aucun appel à `apply_async`", Edit(HOOK, "send_single_message.apply_async(", "print(")
        ),
        "not triggered": undetermined(
            "aucun chemin d'appel",
            Edit(HOOK, '        _schedule_message_2_wassenger(campaign_id, contact["id"])', "        pass"),
        ),
    },
    "webhook-no-user": {
        "asked in the endpoint": fails(
            "`receive_wassenger_webhook` consulte un utilisateur (`get_current_user`)",
            _HOOK_IMPORT,
            Edit(
                HOOK,
                "    payload = await request.json()",
                '    who = get_current_user(request.headers["authorization"])\n    payload = await request.json()',
            ),
        ),
        "asked in a dependency with a neutral name": fails(
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
        "session in a dependency": fails(
            "`request.session`",
            Edit(HOOK, "BackgroundTasks, Request", "BackgroundTasks, Depends, Request"),
            Edit(
                HOOK,
                "router = APIRouter()",
                'def guard(request: Request):\n    return request.session["account"]\n'
                "router = APIRouter(dependencies=[Depends(guard)])",
            ),
        ),
        "dependency": fails(
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
        "dependency three deep": fails(
            "dépend d'un utilisateur : `get_current_user`",
            Edit(
                HOOK,
                "from app.database import get_db",
                "from fastapi import Depends\nfrom app.auth import get_current_user\nfrom app.database import get_db\n\n"
                "def third(u=Depends(get_current_user)): ...\ndef second(x=Depends(third)): ...\ndef first(x=Depends(second)): ...\n",
            ),
            Edit(
                HOOK,
                "background_tasks: BackgroundTasks):",
                "background_tasks: BackgroundTasks, tenant=Depends(first)):",
            ),
        ),
        "parameter": fails(
            "paramètre `user_id`",
            Edit(HOOK, "background_tasks: BackgroundTasks):", "background_tasks: BackgroundTasks, user_id: int):"),
        ),
        "not in background": undetermined(
            "n'a pas de paramètre `BackgroundTasks`",
            Edit(HOOK, "request: Request, background_tasks: BackgroundTasks", "request: Request"),
        ),
    },
    "concurrency": {
        "autoscale": undetermined("--autoscale=10,1", Edit(START, "--concurrency=4", "--autoscale=10,1")),
        "pool": undetermined("--pool=gevent", Edit(START, "--concurrency=4", "--concurrency=4 --pool=gevent")),
        "default pool": established(
            "worker_concurrency=4", Edit(START, "--concurrency=4", "--concurrency=4 --pool=prefork")
        ),
        "worker of another application": undetermined(
            "aucun fichier de démarrage",
            Edit(START, "celery -A app.tasks.celery_app worker", "celery -A legacy.tasks worker"),
        ),
        "short option": fails(
            "le script l'emporte (8 tâches à la fois, et non 4)", Edit(START, "--concurrency=4", "-c 8")
        ),
        "no setting": not_concerned("n'est pas réglé", Edit(APP, "    worker_concurrency=4,\n", "")),
        "no worker": undetermined(
            "aucun fichier de démarrage", Edit(START, "while true; do celery", "while true; do echo celery")
        ),
    },
    "supervision": {
        "worker of another application": undetermined(
            "aucun fichier de démarrage",
            Edit(START, "celery -A app.tasks.celery_app worker", "celery -A legacy.tasks worker"),
        ),
        "bare command": fails(
            "ne redémarre pas",
            Edit(START, "while true; do celery", "celery"),
            Edit(START, " || true; sleep 5; done &", " &"),
        ),
        "set -e ends the loop": fails("ne redémarre pas", Edit(START, " || true; sleep 5", "; sleep 5")),
        "loop that ends": fails("ne redémarre pas", Edit(START, "while true; do", "for i in 1; do")),
        "no worker": undetermined("aucun fichier de démarrage", Edit("audit.toml", '["start.sh"]', '["absent.sh"]')),
    },
    "startup-retry": {
        "not set": fails("Celery 5 suit alors", Edit(APP, "    broker_connection_retry_on_startup=True,\n", ""))
    },
    "webhook-processor-no-user": {
        "parameter": fails("paramètre `user`", Edit(HOOK, "(data: dict) -> None", "(data: dict, user) -> None")),
        "filter in SQL": fails(
            "filtre par utilisateur",
            Edit(
                HOOK,
                'contact = db.get_contact_by_phone(data["fromNumber"])',
                'contact = db.one("SELECT * FROM contacts WHERE user_id = 1")',
            ),
        ),
    },
    "idempotency": {
        "replaced by a memory of this process": fails(
            "ne l'appelle pas",
            Edit(
                SEND,
                "token = acquire_idempotency_lock(message_id, attempt)",
                "token = SEEN.setdefault(message_id, attempt)",
            ),
            Edit(SEND, "logger = logging.getLogger(__name__)\n", "logger = logging.getLogger(__name__)\nSEEN = {}\n"),
        ),
        "not found": undetermined(
            "aucune sonde", Edit("audit.toml", "locks:acquire_idempotency_lock", "locks:idempotent")
        ),
    },
    "campaign-lock": {
        "replaced by a check": fails(
            "ne l'appelle pas",
            Edit(
                SEND,
                "with campaign_lock(campaign_id) as acquired:",
                'with contextlib.nullcontext(db.get_campaign_by_id(campaign_id)["status"] != "sending") as acquired:',
            ),
            _HEAD,
        ),
        "no role": undetermined(
            "n'est pas renseigné", Edit("audit.toml", 'campaign_lock = "app.services.locks:campaign_lock"\n', "")
        ),
    },
    "beat-started": {
        "commented out": fails(
            "jamais beat", Edit(START, "celery -A app.tasks.celery_app beat", "# celery -A app.tasks.celery_app beat")
        ),
        "only said": fails(
            "jamais beat",
            Edit(START, "celery -A app.tasks.celery_app beat", "echo celery -A app.tasks.celery_app beat"),
        ),
        "no worker": undetermined("aucun fichier de démarrage", Edit("audit.toml", '["start.sh"]', '["absent.sh"]')),
    },
    "retry-limit": {
        "more": fails("réessayé 5 fois au plus, au lieu de 3", Edit(RETRY, "MAX_RETRIES = 3", "MAX_RETRIES = 5")),
        "none": fails("n'appelle jamais `self.retry()`", Edit(SEND, _RETRY_CALL, "raise failure")),
    },
    "retry-delays": {
        "base": fails("10 s, 20 s, 40 s", Edit(RETRY, "BASE_DELAY_SECONDS = 60", "BASE_DELAY_SECONDS = 10")),
        "unreadable": undetermined(
            "", Edit(SEND, "calculate_retry_delay(self.request.retries)", "int(open('x').read())")
        ),
    },
    "imports": {"nothing imported": undetermined("s'arrête à la lecture des fichiers")},
}
CASES = (
    *RESTARTS,
    _absent("recovery", "recover_interrupted_campaigns"),
    _absent("health-check-period", "system_health_check"),
    _absent("expiry-period", "check_expired_interactions"),
    _absent("lock-cleanup-period", "cleanup_expired_locks"),
    _absent("monitoring-sync-period", "sync_monitoring_to_supabase"),
    _absent("monitoring-reset-period", "reset_daily_monitoring"),
)
