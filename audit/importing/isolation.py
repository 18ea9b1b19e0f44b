"""Where a target's interpreter may run: without network, its home and temporary files in a directory that goes away."""

import logging
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_logger = logging.getLogger(__name__)

_NAMESPACES = (
    ("--map-root-user", "--net", "--pid", "--fork", "--mount-proc", "--kill-child"),
    ("--map-root-user", "--net"),
)
_BEHAVIOUR = {"PYTHONWARNINGS", "PYTHONDEVMODE", "PYTHONINSPECT", "PYTHONSTARTUP"}
_PLACES = {"PYTHONHOME", "PYTHONPYCACHEPREFIX", "PYTHONPLATLIBDIR", "VIRTUAL_ENV"}
_DROPPED = frozenset(_BEHAVIOUR | _PLACES)


@dataclass(frozen=True)
class Isolation:
    """What to put before a command, and the words a report uses for it."""

    prefix: tuple[str, ...]
    name: str


SOCKET_GUARD = Isolation((), "garde de sockets")


def strongest_isolation(unshare: str = "unshare") -> Isolation:
    """A fresh network namespace (and a process namespace) where the system grants one, else the socket guard alone."""
    path = shutil.which(unshare)
    for options in _NAMESPACES if path else ():
        prefix = (str(path), *options, "--")
        try:
            tried = subprocess.run([*prefix, "true"], capture_output=True, check=False, timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if tried.returncode == 0:
            return Isolation(prefix, "espace de noms réseau")
        _logger.debug("%s is refused: %s", " ".join(prefix), tried.stderr.decode(errors="replace").strip())
    return SOCKET_GUARD


def inner_environment(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """The environment of the target's interpreter: the caller's, with everything that is written going below `home`."""
    kept = {k: v for k, v in environ.items() if k not in _DROPPED and not k.startswith("XDG_")}
    user_base = environ.get("PYTHONUSERBASE") or os.path.join(environ.get("HOME", ""), ".local")  # noqa: PTH118
    places = dict.fromkeys(("HOME", "TMPDIR", "TMP", "TEMP"), str(home))
    # Sets whose order changed at each start would give the same tree another digest of its facts.
    fixed = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
    return {**kept, **places, "PYTHONUSERBASE": user_base, **fixed}
