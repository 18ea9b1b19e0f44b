"""`python -m system up`: everything on this machine, until it is told to end; its data are kept in one directory."""

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from system.db.migrate import migrate
from system.sandbox.examples import Account, first_data, token_secret
from system.sandbox.processes import SandboxError
from system.sandbox.stack import RunningStack, running_stack

DATA_DIR = Path(".system-data")
FIRST_PORT, LAST_PORT = 8000, 8099
STATE = "up.json"
Tell = Callable[[str], None]


def web_port() -> int:
    """8000, or the next port of 127.0.0.1 that is free.

    Raises:
        SandboxError: when there is none up to 8099.

    """
    for port in range(FIRST_PORT, LAST_PORT + 1):
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SandboxError(f"every port from {FIRST_PORT} to {LAST_PORT} is taken")


def address(data: Path) -> str:
    """Where the page of the stack that runs in this directory is.

    Raises:
        SandboxError: when none runs there.

    """
    return str(_state(data)["web"])


def settings_of(data: Path) -> dict[str, str]:
    """The environment of the stack that runs in this directory.

    Raises:
        SandboxError: when none runs there.

    """
    return {str(name): str(value) for name, value in _state(data)["env"].items()}


def _state(data: Path) -> dict[str, Any]:
    with _opened(data) if data.is_dir() else nullcontext(0) as lock:
        if lock is not None:
            raise SandboxError(f"no stack runs in {data}: start one with python -m system up")
    try:
        found: dict[str, Any] = {"env": {}} | json.loads((data / STATE).read_text(encoding="utf-8"))
        return {"web": found["web"], "env": found["env"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SandboxError(f"the stack in {data} is still starting") from error


@contextmanager
def running_up(data: Path, tell: Tell) -> Iterator[tuple[RunningStack, Account]]:
    """The stack of this directory, with its account and its contacts, until the block ends.

    Raises:
        SandboxError: when another runs there, or a part does not start.

    """
    data.mkdir(parents=True, exist_ok=True)
    with _opened(data) as lock:
        if lock is None:
            raise SandboxError(f"{data} is in use by another `up`{_where(data)}: end it, or name another --data-dir")
        state = data / STATE
        state.unlink(missing_ok=True)
        # Of the French day, at any hour: whoever tries it at night wants to see it send.
        env = {"ADMIN_TOKEN_SECRET": token_secret(data), "SENDING_ZONE": "Europe/Paris"}
        with running_stack(
            data_dir=data,
            web_port=web_port(),
            environ={},
            extra_env=env,
            tell=tell,
            # The page is what one waits for: what is launched before a worker is there is sent once it is.
            migrate=migrate,
            wait_for=("web",),
        ) as stack:
            tell("the account and the example contacts")
            account = first_data(stack.database_url, data)
            # Its owner's alone: there are secrets in the environment.
            state.touch(mode=0o600)
            told = {"web": stack.web_url, "pid": os.getpid(), "env": dict(stack.env)}
            state.write_text(json.dumps(told), encoding="utf-8")
            try:
                yield stack, account
            finally:
                tell("ending everything")
                state.unlink(missing_ok=True)


def wait(stack: RunningStack, tell: Tell) -> None:
    """Until somebody ends it. A server or the double that dies is started again, as the supervisor does for its programs.

    Raises:
        SandboxError: when it ended by itself, or what died does not start.

    """
    while stack.supervisor.running:
        for server in stack.own:
            if not server.process.running:
                tell(f"{server.name} has died: starting it again (its log: {server.log})")
                server.restart()
                tell(f"{server.name} works again")
        time.sleep(0.5)
    raise SandboxError(f"the supervisor ended: see {stack.logs}")


@contextmanager
def _opened(data: Path) -> Iterator[int | None]:
    """The directory's lock, None while another process holds it; the kernel gives it back when its holder dies."""
    try:
        lock = os.open(data / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SandboxError(f"{data}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield lock
    finally:
        os.close(lock)


def _where(data: Path) -> str:
    try:
        state = json.loads((data / STATE).read_text(encoding="utf-8"))
        return f" (process {state['pid']}, {state['web']})"
    except (OSError, ValueError, KeyError):
        return ""
