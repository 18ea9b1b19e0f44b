"""Starts a command that may write below one directory only; run by the audit's own interpreter."""

from __future__ import annotations

import json
import os
import sys

from _audit_inside.landlock import confine

REFUSED = 71


def main(arguments: str) -> None:
    """Become the command, or end with `REFUSED` where the system has no Landlock."""
    wanted = json.loads(arguments)
    if not confine(wanted["writable"]):
        sys.exit(REFUSED)
    os.execvpe(wanted["words"][0], wanted["words"], wanted["environ"])  # noqa: S606  no shell but the shipped one
