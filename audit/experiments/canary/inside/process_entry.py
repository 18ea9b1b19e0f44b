"""How a process of the canary begins inside the target's interpreter."""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _audit_inside.json_lines import Report
from _audit_inside.loading import LoadingError

from .private_application import AstrayError, broker_kind, check_addresses, load_application, redirect

if TYPE_CHECKING:
    from collections.abc import Callable

MODULE = "_audit_canary_tasks"
_MAX_FILE_BYTES = 64 << 20


def begin(arguments: str, wait: Callable[[Report, str], None] | None = None) -> tuple[dict[str, Any], Any, Report]:
    """What was asked, the redirected application and the report. Ends the process, with the reason reported, when it cannot.

    `wait`, where given, is told which kind of broker the application speaks to, before anything connects.
    """
    wanted = json.loads(arguments)
    report = Report(os.open(wanted["report"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    soft = _MAX_FILE_BYTES if hard == resource.RLIM_INFINITY else min(hard, _MAX_FILE_BYTES)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    sys.argv = ["celery"]
    root = Path(wanted["root"])
    sys.path[:] = [str(root), *(entry for entry in sys.path if entry)]
    try:
        app = load_application(wanted["celery_app"], root, report)
        kind = broker_kind(app)
        if wait:
            wait(report, kind)
        wanted["kind"], wanted["broker"] = kind, wanted["brokers"][kind]
        redirect(app, wanted["broker"], wanted["backend"])
        sys.modules[MODULE] = importlib.import_module("_audit_canary.canary_tasks")
        check_addresses(app, wanted["broker"], wanted["backend"])
    except (LoadingError, AstrayError) as error:
        report.write("failure", text=str(error))
        sys.exit(70)
    return wanted, app, report
