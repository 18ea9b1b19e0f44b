"""Options that tasks have for themselves: all of them instead of the application, or one against it."""

from tests.acceptance.reference_copy import Edit
from tests.rules.case import Case, Table, established, fails, undetermined

APP, SEND = "app/tasks/celery_app.py", "app/tasks/message_tasks.py"
_EARLY = Edit(APP, "    task_acks_late=True,\n", "")
_LOSES = Edit(APP, "    task_reject_on_worker_lost=True,\n", "")
_DECORATOR = "@celery_app.task(bind=True, max_retries=MAX_RETRIES)"
_EVERY = "Chaque tâche a `acks_late=True`"
_AGAINST = "`send_single_message` est déclarée avec `acks_late=False`"
_UNREAD = "ne se lit pas dans le code"


def _decorated(new: str, before: str = "") -> Edit:
    return Edit(SEND, _DECORATOR, before + new)


def _after(*lines: str) -> Edit:
    """Statements of the sender's own module, after the sender."""
    text = "\n".join(lines)
    return Edit(SEND, "\n\ndef _deliver(", f"\n\n{text}\n\n\ndef _deliver(")


def _in_the_application(*lines: str) -> Edit:
    text = "\n".join(lines)
    return Edit(
        APP, "celery_app.conf.update(\n    beat_schedule", f"{text}\ncelery_app.conf.update(\n    beat_schedule"
    )


_LATE_CLASS = (
    "from celery import Celery, Task\n\n\nclass Late(Task):\n    acks_late = True\n    reject_on_worker_lost = True\n\n"
)


TABLE: Table = {
    "late-acknowledgement": {
        "annotation of every task": established(
            _EVERY, _EARLY, Edit(APP, "    # Limites", '    task_annotations={"*": {"acks_late": True}},')
        ),
        "class of every task": established(
            _EVERY,
            _EARLY,
            Edit(APP, "from celery import Celery\n", _LATE_CLASS),
            Edit(APP, '    "app",\n', '    "app",\n    task_cls=Late,\n'),
        ),
        "written on the class of every task": established(
            _EVERY, _EARLY, _in_the_application("celery_app.Task.acks_late = True")
        ),
        "only one task": fails(
            "`acks_late=True` vaut pour `send_single_message`",
            _EARLY,
            _decorated(_DECORATOR.replace(")", ", acks_late=True)")),
        ),
        "annotations of every task, and a file that cannot be read": fails(
            "`acks_late=True` vaut pour",
            _EARLY,
            Edit(APP, "    # Limites", '    task_annotations={"*": {"acks_late": True}},'),
            Edit("app/other.py", "", "@task\ndef f(:\n"),
        ),
        "spread options": fails(
            _AGAINST,
            _decorated("@celery_app.task(bind=True, max_retries=MAX_RETRIES, **O)", 'O = {"acks_late": False}\n\n\n'),
        ),
        "spread options out of reach": undetermined(
            _UNREAD, _decorated("@celery_app.task(bind=True, max_retries=MAX_RETRIES, **open('x'))")
        ),
        "spread options that say nothing of it": established(
            "Acknowledge", _decorated("@celery_app.task(bind=True, **O)", 'O = {"max_retries": MAX_RETRIES}\n\n\n')
        ),
        "partial decorator": fails(
            _AGAINST,
            Edit(SEND, "import logging\n", "import logging\nfrom functools import partial\n"),
            _decorated("@task(bind=True)", "task = partial(celery_app.task, acks_late=False)\n\n\n"),
        ),
        "decorator of the project's own": fails(
            _AGAINST,
            _decorated(
                "@job(bind=True)",
                "def job(**k):\n    k.setdefault('acks_late', False)\n    return celery_app.task(**k)\n\n\n",
            ),
        ),
        "written on the task": fails(_AGAINST, _after("send_single_message.acks_late = False")),
        "set on the task": fails(_AGAINST, _after("setattr(send_single_message, 'acks_late', False)")),
        "set under a name out of reach": undetermined(
            _UNREAD, _after("setattr(send_single_message, open('x').read(), False)")
        ),
        "written on the registered task": undetermined(
            _UNREAD, _after("celery_app.tasks['app.tasks.message_tasks.send_single_message'].acks_late = False")
        ),
        "written in a function": undetermined(_UNREAD, _after("def early(task):", "    task.acks_late = False")),
        "written in another module": undetermined(
            _UNREAD,
            Edit(
                "app/early.py",
                "",
                f"from {SEND[:-3].replace('/', '.')} import send_single_message as s\n\ns.acks_late = False\n",
            ),
        ),
        "written by a test": established(
            "Acknowledge",
            Edit(
                "tests/test_a.py",
                "",
                f"from {SEND[:-3].replace('/', '.')} import send_single_message as s\n\ns.acks_late = False\n",
            ),
        ),
    },
    "reject-on-worker-lost": {
        "class of every task": established(
            "Chaque tâche a `reject_on_worker_lost=True`",
            _LOSES,
            Edit(APP, "from celery import Celery\n", _LATE_CLASS),
            Edit(APP, '    "app",\n', '    "app",\n    task_cls=Late,\n'),
        )
    },
}
ONE_AGAINST = (
    Case(
        "late-acknowledgement",
        "written on the class of every task",
        *fails(_AGAINST, _in_the_application("celery_app.Task.acks_late = False")),
    ),
)

CASES = (*ONE_AGAINST,)
