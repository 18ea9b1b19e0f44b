"""The two shipped ways of starting web, worker and beat, as values."""

import configparser
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CONFIGURATION = Path("system/deploy/supervisord.conf")
SCRIPT = Path("system/deploy/start.sh")


@dataclass(frozen=True)
class Starter:
    """A way of starting: its command line, and the programs it declares, both for the tree at a given root."""

    name: str
    command: Callable[[Path, Path], list[str]]
    """From the root and a directory for its own files."""
    programs: Callable[[Path], tuple[str, ...]]
    migrates: bool


def _supervisord_command(root: Path, data: Path) -> list[str]:
    command = [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(root / CONFIGURATION)]
    return [*command, "--pidfile", str(data / "supervisord.pid")]


def _supervisord_programs(root: Path) -> tuple[str, ...]:
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";",))
    parser.read(root / CONFIGURATION)
    return tuple(name.partition(":")[2] for name in parser.sections() if name.startswith("program:"))


def _script_command(root: Path, _data: Path) -> list[str]:
    return ["bash", str(root / SCRIPT)]


def _script_programs(root: Path) -> tuple[str, ...]:
    return tuple(re.findall(r"^keep_running (\w+) ", (root / SCRIPT).read_text(), flags=re.MULTILINE))


SUPERVISORD = Starter("supervisord", _supervisord_command, _supervisord_programs, migrates=False)
START_SCRIPT = Starter("start.sh", _script_command, _script_programs, migrates=True)
