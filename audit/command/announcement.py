"""The first line of an audit at level execution: what will be played, or why nothing will."""

from collections.abc import Iterator

from audit.importing.configuration_probe import interpreter
from audit.judging.examination import Examination
from audit.judging.suppositions import no_application
from audit.model.findings import Level


def announcement(examination: Examination, *, refused: bool = False) -> str:
    """What will be played, in English; empty below level execution. `refused`: nobody allows the worker to be started."""
    if examination.level < Level.EXECUTION:
        return ""
    if examination.observed is not None and not examination.target.driver:
        return f"Nothing will be played: what the canary saw is read in {examination.observed.path}."
    if why := next(_obstacles(examination, refused=refused), ""):
        return f"Nothing will be played: {why}."
    if not examination.starts_worker:
        return f"To play: {_count(examination.scenarios)} on the stack that {examination.target.driver} starts."
    app, python = examination.completed.celery_app, interpreter(examination.completed)
    return f"To play: {_count(examination.canary_scenarios)} of the canary on the worker of {app}, with {python}."


def _obstacles(examination: Examination, *, refused: bool) -> Iterator[str]:
    if not examination.asks_for_processes:
        yield "no question of this profile and family needs a running process"
    if examination.target.driver:
        return
    if not examination.canary_scenarios:
        yield "this family needs a driver, and the target file names none (`target.driver`)"
    if not examination.completed.celery_app:
        why = no_application(examination.known.source)
        yield f"{why}; name it: `target.celery_app` in audit.toml, which `audit init` writes"
    if not interpreter(examination.completed):
        yield f"{examination.completed.python} is no interpreter that can be started"
    if failure := examination.not_imported:
        app, python = examination.completed.celery_app, interpreter(examination.completed)
        yield f"{app} could not be imported with {python} ({failure.rstrip('.')}); --python names another"
    if refused:
        yield "nobody can be asked here whether the worker may be started; --yes allows it"


def _count(number: int) -> str:
    return f"{number} scenario{'s' if number > 1 else ''}"
