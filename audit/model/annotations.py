"""What the setting `task_annotations` gives to tasks, as Celery applies it."""

from collections.abc import Sequence

from audit.model.plain_value import REST, PlainValue

EVERY_TASK = "*"


def annotated(annotations: PlainValue, name: str) -> tuple[dict[str, PlainValue], bool]:
    """The options that annotations give to the task of this name, or to every task, and whether all of them were read.

    Of several, the first that names the task counts, then the first that names every task, which has the last word:
    https://github.com/celery/celery/blob/v5.6.3/celery/app/annotations.py
    """
    each = annotations if isinstance(annotations, list | tuple) else [annotations]
    found: dict[str, PlainValue] = {}
    whole = True
    for key in dict.fromkeys((name, EVERY_TASK)):
        given, read = _first([one for one in each if one is not None], key)
        found |= given
        whole = whole and read
    return found, whole


def _first(annotations: Sequence[PlainValue], key: str) -> tuple[dict[str, PlainValue], bool]:
    """What the first that has the key holds; those before it that could not be read may have it as well."""
    for one in annotations:
        if not isinstance(one, dict):
            return {}, False
        given = one.get(key)
        if isinstance(given, dict):
            return {k: v for k, v in given.items() if k != REST}, REST not in given
        if key in one or REST in one:
            return {}, False
    return {}, True
