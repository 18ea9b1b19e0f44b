"""One environment a release, made by uv."""

import subprocess
import sys
from pathlib import Path

from tests.versions.cells import RELEASES

_VERSIONS = "import json, celery, kombu, redis, amqp; print(json.dumps({m.__name__: m.__version__ for m in (celery, kombu, redis, amqp)}))"


def interpreter_of(release: str, below: Path) -> str:
    """The interpreter that has this release of Celery, made where it does not exist yet."""
    place = (below / release).resolve()
    python = place / "bin" / "python"
    if not (place / "complete").exists():
        uv = (sys.executable, "-m", "uv")
        subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(place)], check=True)
        # Some releases import these two without asking for them.
        wanted = (f"celery[redis]=={release}", f"kombu=={RELEASES[release]}", "packaging", "setuptools")
        subprocess.run([*uv, "pip", "install", "--quiet", "--python", str(python), *wanted], check=True)
        (place / "complete").touch()
    return str(python)


def versions_in(python: str) -> str:
    """Versions of Celery, kombu, redis-py and py-amqp there, as JSON."""
    return subprocess.run([python, "-c", _VERSIONS], check=True, capture_output=True, text=True).stdout
