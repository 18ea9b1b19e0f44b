"""Names of settings, checked against Celery's own tables."""

from celery.app.defaults import _TO_OLD_KEY, DEFAULTS

from audit.reading.old_setting_names import in_namespace, is_setting, modern


def test_every_setting_of_celery_is_known() -> None:
    unknown = [name for name in DEFAULTS if not is_setting(name)]
    assert unknown == []


def test_every_old_name_gives_the_name_celery_gives_it() -> None:
    wrong = {old: (modern(old), new) for new, old in _TO_OLD_KEY.items() if modern(old) != new}
    assert wrong == {}


def test_other_names_are_no_settings() -> None:
    assert modern("DEBUG") == ""
    assert in_namespace("TASK_ACKS_LATE", "CELERY") == ""
    assert in_namespace("CELERY_TASK_ACKS_LATE", "CELERY") == "task_acks_late"
    assert in_namespace("CELERY_ACKS_LATE", "CELERY") == ""
    assert in_namespace("CELERYD_MAX_TASKS_PER_CHILD", "CELERY") == ""
