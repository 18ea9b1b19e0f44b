"""Asks the workers of a driver's stack, from a process of the target's interpreter beside them."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audit.experiments.canary.target_processes import Launch, TargetError, TargetProcess
from audit.experiments.driver import DriverError

_SECONDS = 60.0


def ask_workers(
    python: str, root: Path, celery_app: str, environ: Mapping[str, str]
) -> Mapping[str, Mapping[str, Any]]:
    """What each worker answers (`inspect`), by node, in the environment that the driver gives its workers.

    Of `conf` and `tasks`, each name has what an import in that environment holds, then what the worker says; empty for a node
    that answers to `ping` alone. Raises DriverError.
    """
    with tempfile.TemporaryDirectory(prefix="audit-asked-") as name:
        directory = Path(name)
        (directory / "cwd").mkdir()
        launch = Launch(python, str(root.resolve()), celery_app, dict(environ), directory)
        process = TargetProcess(launch, "asker", "asker")
        try:
            answers: Mapping[str, Mapping[str, Any]] = process.record("asked", _SECONDS)["nodes"]
        except TargetError as error:
            raise DriverError(str(error).rstrip(".")) from error
        finally:
            if process.process.poll() is None:
                process.process.kill()
            process.process.communicate()
    return answers
