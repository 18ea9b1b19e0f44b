"""How many retries a task really has: what its call, its options, a write or an annotation says over its decorator."""

from tests.acceptance.reference_copy import Edit
from tests.rules.case import Case, Table, established, fails, undetermined

APP, SEND = "app/tasks/celery_app.py", "app/tasks/message_tasks.py"
_RULE, _NAME = "retry-limit", "app.tasks.message_tasks.send_single_message"
_DECORATOR = "@celery_app.task(bind=True, max_retries=MAX_RETRIES)"
_OPEN = Edit(SEND, "    if attempt >= MAX_RETRIES:", "    if attempt >= 999:")
_SOUND = "3 reprises au plus"
_UNREAD = "`max_retries` ne se calcule pas"


def _asks(limit: str) -> Edit:
    return Edit(SEND, 'queue="retry")', f'queue="retry", {limit})')


def _after(line: str) -> Edit:
    return Edit(SEND, "\n\ndef _deliver(", f"\n\n{line}\n\n\ndef _deliver(")


def _annotated(text: str) -> Edit:
    return Edit(APP, "    # Limites", f"    task_annotations={text},")


def _beyond(name: str, words: str, edit: Edit) -> Case:
    return Case(_RULE, name, *fails(words, _OPEN, edit))


TABLE: Table = {
    _RULE: {
        "its call asks for the task's own": established(_SOUND, _OPEN, _asks("max_retries=None")),
        "its call asks for three": established(_SOUND, _OPEN, _asks("max_retries=3")),
        "its code stops before": established(_SOUND, _asks("max_retries=99")),
        "another task is annotated": established(_SOUND, _OPEN, _annotated('{"app.other": {"max_retries": None}}')),
        "options spread": established(
            _SOUND, _OPEN, Edit(SEND, _DECORATOR, "O = {'max_retries': 3}\n\n\n@celery_app.task(bind=True, **O)")
        ),
        "its call asks for something out of reach": undetermined(
            _UNREAD, _OPEN, _asks("max_retries=int(open('x').read())")
        ),
        "annotations out of reach": undetermined(_UNREAD, _OPEN, _annotated("open('x')")),
        "one annotation out of reach": undetermined(_UNREAD, _OPEN, _annotated(f'{{"{_NAME}": open("x")}}')),
        "options out of reach": undetermined(
            _UNREAD, _OPEN, Edit(SEND, _DECORATOR, "@celery_app.task(bind=True, **open('x'))")
        ),
    }
}
CASES = (
    _beyond("its call asks for more", "réessayé 99 fois", _asks("max_retries=99")),
    _beyond("its call spreads more", "réessayé 99 fois", _asks("**{'max_retries': 99}")),
    _beyond("written on the task", "sans limite", _after("send_single_message.max_retries = None")),
    _beyond("annotated", "sans limite", _annotated(f'{{"{_NAME}": {{"max_retries": None}}}}')),
    _beyond("annotated with every task", "réessayé 50 fois", _annotated('{"*": {"max_retries": 50}}')),
    _beyond(
        "annotated with every task, whatever its own annotation",
        "réessayé 50 fois",
        _annotated(f'{{"{_NAME}": {{"max_retries": 3}}, "*": {{"max_retries": 50}}}}'),
    ),
    _beyond(
        "changed while it runs",
        "réessayé 99 fois",
        Edit(SEND, "    attempt = self.request", "    self.max_retries = 99\n    attempt = self.request"),
    ),
)
