"""What a Celery application really is once imported: settings, tasks, periodic tasks. No broker is needed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from .json_lines import Report
from .loading import LoadingError, cause, load
from .plain import crontab_text, plain
from .signatures import signature

_DELIVERY = ("acks_late", "acks_on_failure_or_timeout", "reject_on_worker_lost", "queue", "routing_key", "priority")
_RETRIES = ("autoretry_for", "default_retry_delay", "max_retries", "retry_backoff", "retry_backoff_max", "retry_jitter")
_LIMITS = ("expires", "rate_limit", "soft_time_limit", "time_limit")
_OPTIONS = (*_DELIVERY, *_RETRIES, *_LIMITS, "retry_kwargs", "ignore_result", "serializer", "track_started")
_SCHEDULERS_IN_THE_CONFIGURATION = frozenset(
    f"celery.beat{separator}{name}" for separator in ".:" for name in ("PersistentScheduler", "Scheduler")
)


def report_celery(name: str, root: Path, report: Report) -> None:
    """Report settings, tasks and beat of the application; a part that fails is a `failure` record and the rest goes on.

    Raises LoadingError when there is no application to read.
    """
    report.stage(f"L'import de « {name.partition(':')[0]} »")
    app = load(name, "target.celery_app", root)
    try:
        from celery import Celery  # noqa: PLC0415 - the target comes first, and may have no Celery
    except ImportError as error:
        raise LoadingError(f"Celery ne s'importe pas dans l'interpréteur de la cible : {cause(error, root)}.") from None
    if not isinstance(app, Celery):
        raise LoadingError(f"« {name} » est de type {type(app).__name__}, ce n'est pas une application Celery.")
    report.stage("La lecture des réglages Celery")
    try:
        # The length makes Celery read it all, without the silence `finalize()` keeps about a KeyError. After a first
        # reading that failed, Celery would go on with half a configuration.
        len(app.conf)
    except BaseException as error:  # noqa: BLE001 - the target's code
        raise LoadingError(f"La lecture des réglages Celery a échoué : {cause(error, root)}.") from None
    _import_task_modules(app, root, report)
    for doing, act in (
        ("La lecture des réglages Celery", _report_settings),
        ("La lecture des tâches Celery", _report_tasks),
        ("La lecture des tâches périodiques", _report_beat),
    ):
        _attempt(doing, partial(act, app, report), root, report)


def _attempt(doing: str, act: Callable[[], Any], root: Path, report: Report) -> None:
    """Do one part; what it raises becomes a `failure` record, and the other parts go on."""
    report.stage(doing)
    try:
        act()
    except BaseException as error:  # noqa: BLE001 - the target's code runs here too
        report.write("failure", text=f"{doing} a échoué : {cause(error, root)}.")


def _import_task_modules(app: Any, root: Path, report: Report) -> None:
    """As `app.loader.import_default_modules()`, except that one module which fails does not hide the others."""

    def discover() -> None:
        from celery import signals  # noqa: PLC0415

        for _, response in signals.import_modules.send(sender=app):
            if isinstance(response, BaseException):
                raise response

    _attempt("La découverte des modules de tâches", discover, root, report)
    for module in app.loader.default_modules:
        _attempt(f"L'import de « {module} »", partial(app.loader.import_task_module, module), root, report)


def _report_settings(app: Any, report: Report) -> None:
    from celery.app.defaults import DEFAULTS  # noqa: PLC0415

    app.finalize()
    # Attributes, not items: the environment wins over the configuration for the URLs.
    written = app.conf.table(with_defaults=False, censored=False)
    # Celery reads a few settings that its table of defaults does not declare.
    others = {
        name
        for name, value in written.items()
        if name.islower() and not callable(value) and not inspect.ismodule(value)
    }
    report.write(
        "settings", values={name: plain(getattr(app.conf, name, None)) for name in sorted({*DEFAULTS, *others})}
    )


def _report_tasks(app: Any, report: Report) -> None:
    for name, task in sorted(app.tasks.items()):
        if name.startswith("celery."):
            continue
        function = getattr(task, "_orig_run", task.run)
        function = inspect.unwrap(getattr(function, "__func__", function))
        options = {option: plain(getattr(task, option, None)) for option in _OPTIONS}
        options["bind"] = not isinstance(inspect.getattr_static(type(task), "run", None), staticmethod)
        options["queue"] = _queue(app, task)
        report.write("task", name=name, options=options, function=signature(function))


def _queue(app: Any, task: Any) -> str:
    """Queue that a plain `delay()` publishes to, after routes and defaults."""
    options = {"queue": task.queue} if getattr(task, "queue", None) else {}
    queue = app.amqp.router.route(options, task.name).get("queue")
    return str(getattr(queue, "name", queue or app.conf.task_default_queue))


def _report_beat(app: Any, report: Report) -> None:
    unclear = []
    entries = []
    for name, entry in (app.conf.beat_schedule or {}).items():
        timing = _timing(entry.get("schedule"))
        if timing is None:
            unclear.append(f"la périodicité de « {name} » n'est ni un intervalle ni un crontab")
        task = str(entry.get("task") or "")
        entries.append(
            {"name": str(name), "task": task, "options": plain(entry.get("options") or {}), **(timing or {})}
        )
    scheduler = str(plain(app.conf.beat_scheduler))
    if scheduler not in _SCHEDULERS_IN_THE_CONFIGURATION:
        unclear.append(f"beat utilise « {scheduler} », qui peut tenir ses tâches ailleurs que dans la configuration")
    report.write("beat", entries=entries, known=not unclear)
    for reason in unclear:
        report.write("failure", text=f"Les tâches périodiques ne sont pas toutes connues : {reason}.")


def _timing(schedule: Any) -> Mapping[str, Any] | None:
    from celery import schedules  # noqa: PLC0415

    if isinstance(schedule, bool):
        return None
    if isinstance(schedule, (int, float)):
        return {"seconds": float(schedule)}
    if isinstance(schedule, timedelta):
        return {"seconds": schedule.total_seconds()}
    if isinstance(schedule, schedules.crontab):
        return {"crontab": crontab_text(schedule)}
    if isinstance(schedule, schedules.schedule):
        return {"seconds": schedule.run_every.total_seconds()}
    return None
