"""Asks every worker that listens to the target's own broker; run beside a driver's stack, in the environment of its workers."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from _audit_inside.json_lines import Report
from _audit_inside.loading import LoadingError

from .inspection import ask
from .private_application import load_application

_PING_SECONDS = 3.0
_TIMES = 4


def main(arguments: str) -> None:
    """Report the answers of each node, or why the application could not be imported."""
    wanted = json.loads(arguments)
    report = Report(os.open(wanted["report"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
    root = Path(wanted["root"])
    sys.argv = ["celery"]
    sys.path[:] = [str(root), *(entry for entry in sys.path if entry)]
    try:
        app = load_application(wanted["celery_app"], root, report)
    except LoadingError as error:
        report.write("failure", text=str(error))
        sys.exit(70)
    app.finalize()
    app.loader.import_default_modules()
    answers: dict[str, dict[str, Any]] = {}
    # A worker that has just been started, or that is busy, may miss a question.
    for _ in range(_TIMES):
        nodes = sorted(app.control.inspect(timeout=_PING_SECONDS).ping() or {})
        answers = {node: ask(app, node) for node in nodes}
        if answers and all(answers.values()):
            break
    report.write("asked", nodes=answers)
