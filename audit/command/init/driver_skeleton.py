"""Writes the skeleton of a driver from what the source says: it imports at once, and says what is left to write."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from audit.command.init.inference import Inferred
from audit.command.init.target_file_writer import put_in_place
from audit.command.terminal import shown
from audit.model.facts import Facts, Process
from audit.target.target_file import TargetError

NAME = "audit_driver.py"
SYMBOL = "audit_driver:ProjectDriver"
_ROLES = ("worker", "beat", "web")
_MOST_TASKS = 10
_HEAD = '''"""How the harness starts {name}, makes it send, and counts (`audit run --level execution`).

Written by `audit init --driver` from the source. What is left to write is marked TODO: until then, the requirements that
need it are INDÉTERMINÉ. `audit/experiments/DRIVER.md` writes a whole one for a small shop.
"""

from audit.experiments.process_driver import ProcessDriver, unwritten


class ProjectDriver(ProcessDriver):
    # TODO: what production runs, one command a role, from the project's root; its supervision included.
    commands = {{
'''
_REST = '''
    # TODO: the variable that holds the gateway's address, and those of servers that are not production's.
    environment = {{
        # "GATEWAY_URL": "{{gateway}}",
    }}
    # TODO: the shipped file that starts a dead worker again.
    deployment_file = {deployment}

    def start(self):
        """Start every command."""
        # TODO: check that no variable leads to production's servers, then remove this method.
        raise unwritten("start")

    def launch(self, contacts):
        """Ask for so many messages; one key for each that must be accepted exactly once."""
        # TODO: publish them as the project does, and return their keys.
{tasks}
        # keys = [f"audit-{{n}}" for n in self.new_numbers(contacts)]
        # self.python({publish}, *keys)
        # return frozenset(keys)
        raise unwritten("launch")

    def key(self, body):
        """The key of what the gateway was sent."""
        # TODO: read it in the body of the request, as `body["reference"]`.
        raise unwritten("key")
'''


def skeleton(name: str, facts: Facts, inferred: Inferred) -> str:
    """The text of the driver. Raises TargetError where the source has no Celery application."""
    if not inferred.celery_app:
        raise TargetError(f"{shown(name)}: no Celery application in the source: there is no worker to drive")
    lines = [_HEAD.format(name=_comment(name).replace('"""', "'''").replace("\\", "/"))]
    found = {role: processes for role in _ROLES if (processes := _processes(facts, role))}
    for role, (first, *others) in found.items():
        lines.append(f"        {role!r}: {_shipped(first) or first.command!r},  # {_place(first)}\n")
        lines += [f"        # or {_place(other)}: {_comment(other.command)}\n" for other in others]
    if "worker" not in found:
        module = inferred.celery_app[0].value.partition(":")[0]
        lines.append(
            f"        'worker': {f'celery -A {module} worker'!r},  # no shipped file that starts it was found\n"
        )
    lines.append("    }\n")
    deployment = repr(found["worker"][0].excerpt.path) if "worker" in found else '""'
    task = next((task.symbol for task in facts.tasks), "tasks:send")
    module, _, function = task.partition(":")
    publish = repr(
        f"import sys\nfrom {module} import {function}\nfor key in sys.argv[1:]:\n    {function}.delay(key)\n"
    )
    tasks = "\n".join(f"        # {line}" for line in _tasks(facts))
    lines.append(_REST.format(deployment=deployment, tasks=tasks, publish=publish))
    return "".join(lines)


def write_driver(directory: Path, text: str) -> Path:
    """Put it in `directory`. Raises TargetError when something has its name: it may be a driver that somebody wrote."""
    path = directory / NAME
    if os.path.lexists(path):
        raise TargetError(f"{path}: already there, and no option replaces it")
    put_in_place(path, text)
    return path


def _processes(facts: Facts, role: str) -> list[Process]:
    """What starts this role: first a file that runs as it is, and what is brought back."""
    playing = [process for process in facts.processes if role in process.role.split("+")]
    return sorted(playing, key=lambda process: (not _shipped(process), not process.restart))


def _shipped(process: Process) -> str:
    """The command that runs the shipped file itself; empty where another program reads it."""
    path = shlex.quote(process.excerpt.path)
    if process.excerpt.path.endswith((".sh", ".bash")):
        return f"bash {path}"
    return f"supervisord --nodaemon --configuration {path}" if process.restart == "supervisor" else ""


def _tasks(facts: Facts) -> Iterator[str]:
    if not facts.tasks:
        yield "No task was found in the source."
    for task in facts.tasks[:_MOST_TASKS]:
        yield f"Task: {_comment(task.symbol)}"
    if len(facts.tasks) > _MOST_TASKS:
        yield f"… and {len(facts.tasks) - _MOST_TASKS} more"


def _place(process: Process) -> str:
    return _comment(f"{process.excerpt.path}:{process.excerpt.first_line}")


def _comment(text: str) -> str:
    """On one line, whatever the project's names hold."""
    return " ".join(shown(text).split())
