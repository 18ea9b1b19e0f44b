"""The whole stack on this machine: servers, gateway double, and the shipped supervisor configuration, until the block ends."""

import os
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import redis
from celery import Celery
from kombu.exceptions import OperationalError

import system
from system.config import SANDBOX_KEY
from system.sandbox.foreign_data import refuse_foreign_data
from system.sandbox.gateway_control import GatewayControl
from system.sandbox.gateway_process import GatewayProcess
from system.sandbox.launcher import Launcher
from system.sandbox.processes import GuardedProcess, SandboxError, free_port, wait_until
from system.sandbox.programs import Programs
from system.sandbox.server import Server
from system.sandbox.servers import Servers, embedded_servers, scratch_directory
from system.sandbox.starters import SUPERVISORD, Starter

REPOSITORY = Path(system.__file__).resolve().parents[1]
DEVICE = "5a6b7c8d9e0f1a2b3c4d5e6f"
OURS = ("BROKER_", "CELERY_", "WASSENGER_", "SUPABASE_", "ADMIN_", "ALERT_", "WATCHDOG_", "SENDING_")
# A machine shared with other stacks was seen to need more than a minute.
START_SECONDS = 180.0


@dataclass(frozen=True)
class RunningStack:
    """A stack that works; pids are those of the moment they are asked for."""

    root: Path
    servers: Servers
    gateway: GatewayControl
    web_url: str
    env: Mapping[str, str]
    logs: Path
    supervisor: GuardedProcess
    programs: Programs
    launcher: Launcher
    # The servers of its own, and the double.
    own: tuple[Server, ...] = ()

    @property
    def database_url(self) -> str:
        return self.servers.database_url

    @property
    def redis_url(self) -> str:
        return self.servers.redis_url

    def main_pid(self, program: str) -> int:
        """Pid of the process the supervisor itself keeps running for `web`, `worker`, `beat` or `watchdog`.

        Raises:
            SandboxError: when there is none at this moment.

        """
        return self.programs.main_pid(program)

    def child_pids(self, program: str) -> list[int]:
        """Pids of the children of the program's main process, such as the worker's prefork pool; none while it does not run."""
        return self.programs.child_pids(program)

    def wait_back(self, program: str, old_pid: int, *, seconds: float = 30.0) -> int:
        """Waits until the program runs as another process than `old_pid` and works; returns its pid.

        Raises:
            SandboxError: when that has not happened after `seconds`.

        """
        found: list[int] = []

        def back() -> bool:
            # Looked up once: the old process may end between two looks, which only means « not yet ».
            process = self.programs.find(program)
            if process is None or process.pid == old_pid or not self._does_its_job(program):
                return False
            found[:] = [process.pid]
            return True

        wait_until(back, seconds=seconds, what=f"{program} back after process {old_pid}")
        return found[0]

    def works(self, program: str) -> bool:
        """Whether the program does its job now: the worker answers a ping, the web a request; others only have to run."""
        return self.programs.find(program) is not None and self._does_its_job(program)

    def _does_its_job(self, program: str) -> bool:
        if program == "worker":
            return self._worker_answers()
        return self._web_answers() if program == "web" else True

    def _worker_answers(self) -> bool:
        broker = self.env.get("BROKER_URL", self.redis_url)
        try:
            with Celery(broker=broker, set_as_current=False) as app:
                return bool(app.control.ping(timeout=1.0, limit=1))
        except (redis.RedisError, OperationalError):
            return False  # cut while it was asked

    def _web_answers(self) -> bool:
        try:
            return httpx.get(f"{self.web_url}/health/live", timeout=2, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def wait_working(self, programs: Sequence[str], *, seconds: float) -> None:
        """Waits until every one of these programs works.

        Raises:
            SandboxError: naming those that do not, with the end of the log.

        """
        missing = list(programs)

        def all_work() -> bool:
            missing[:] = [program for program in missing if not self.works(program)]
            return not missing

        try:
            self.supervisor.wait_ready(all_work, seconds=seconds)
        except SandboxError as error:
            raise SandboxError(f"not working: {', '.join(missing)}; {error}") from error

    def launch_campaign(self, name: str, body: str, phones: Sequence[str]) -> int:
        """Creates a campaign for these numbers (E.164) and launches it, by the code of `root`; returns its id.

        Raises:
            SandboxError: with what it said, when the code of `root` fails.

        """
        return self.launcher.launch(name, body, phones)

    def stop(self) -> None:
        """Ends the supervised programs; the servers and the double end with the block."""
        self.supervisor.stop()


def run_python(root: Path, env: Mapping[str, str], logs: Path, *arguments: str) -> str:
    """Runs this interpreter in the tree at `root`; returns all it printed.

    Raises:
        SandboxError: with all it printed, when it exits with another code than 0 or runs for more than a minute.

    """
    output = logs / f"python-{uuid.uuid4().hex}.log"
    command = [sys.executable, *arguments]
    with GuardedProcess(" ".join(arguments), command, log=output, env=env, cwd=root) as process:
        code = process.wait(START_SECONDS)
    printed = output.read_text(errors="replace")
    if code != 0:
        raise SandboxError(f"{' '.join(arguments)}: exit code {code}\n{printed}".rstrip())
    output.unlink()
    return printed


def _environment(root: Path, data: Path, servers: Servers, gateway_url: str, web_port: int) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    # Not `Path(sys.executable).resolve()`: a virtual environment's programs are beside the link.
    programs = Path(sys.executable).parent
    return inherited | {
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "WASSENGER_API_KEY": SANDBOX_KEY,
        "WASSENGER_DEVICE": DEVICE,
        "WASSENGER_BASE_URL": gateway_url,
        "PORT": str(web_port),
        "WEB_HOST": "127.0.0.1",
        "BEAT_SCHEDULE_FILE": str(data / "beat-schedule"),
        "PYTHONPATH": str(root),
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }


def _silent(_said: str) -> None:
    pass


def _alerting(gateway: GatewayControl, after_seconds: float | None) -> dict[str, str]:
    there = {"ALERT_WEBHOOK_URL": gateway.alerts_url}
    if after_seconds is None:
        return there
    return there | {"ALERT_AFTER_SECONDS": str(after_seconds)}


@contextmanager
def running_stack(
    root: Path = REPOSITORY,
    data_dir: Path | None = None,
    *,
    starter: Starter = SUPERVISORD,
    gateway_timeout_seconds: float = 2,
    send_lease_seconds: float = 4,
    alert_after_seconds: float | None = None,
    start_seconds: float = START_SECONDS,
    stop_seconds: float = 15.0,
    extra_env: Mapping[str, str] | None = None,
    web_port: int | None = None,
    environ: Mapping[str, str] = os.environ,
    tell: Callable[[str], None] = _silent,
    migrate: Callable[[str], object] | None = None,
    wait_for: Sequence[str] | None = None,
) -> Iterator[RunningStack]:
    """Runs the tree at `root` as its own `starter` file says, and waits until every program works.

    Servers named by DATABASE_URL and REDIS_URL of `environ` are used if they hold nobody's campaigns; otherwise they are
    embedded, with their data in `data_dir` (kept) or in a temporary directory. `tell` hears what is being started.
    `migrate` is used instead of the tree's own command, and `wait_for` names the programs that have to work before the
    block begins, all of them unless it is said. Alerts go to `gateway.alerts()`, after
    `alert_after_seconds` (10 at least) of silence, or the default of the settings. Everything ends with the block, or with this process;
    what has not ended in order after `stop_seconds` is killed.

    Raises:
        SandboxError: when a part does not start, with the end of its log.

    """
    with ExitStack() as parts:
        data = parts.enter_context(scratch_directory(data_dir))
        logs = data / "logs"
        logs.mkdir(exist_ok=True)
        tell("PostgreSQL and Redis")
        servers = parts.enter_context(embedded_servers(data if data_dir else None, environ))
        refuse_foreign_data(servers)
        double = GatewayProcess(data, logs)
        parts.callback(double.stop)
        double.start()
        gateway = parts.enter_context(GatewayControl(double.url))
        web_port = web_port or free_port()
        env = _environment(root, data, servers, gateway.api_url, web_port) | {
            "GATEWAY_TIMEOUT_SECONDS": str(gateway_timeout_seconds),
            "SEND_LEASE_SECONDS": str(send_lease_seconds),
            "INBOX_WAIT_SECONDS": str(send_lease_seconds),
            # At night too, by the days that whoever fills or moves a day in the database counts by.
            "SENDING_HOURS": "00:00-24:00",
            "SENDING_ZONE": "UTC",
            "GATEWAY_PROBE_SECONDS": str(send_lease_seconds / 4),
            **_alerting(gateway, alert_after_seconds),
            # The double signs nothing unless it is given the secret.
            **({} if extra_env and "WASSENGER_WEBHOOK_SECRET" in extra_env else {"WASSENGER_WEBHOOK_PROOF": "none"}),
            **(extra_env or {}),
        }
        tell("the schema of the database")
        if migrate is not None:
            migrate(servers.database_url)
        elif not starter.migrates:
            run_python(root, env, logs, "-m", "system", "migrate")
        tell(", ".join(starter.programs(root)))
        log = logs / f"{starter.name}.log"
        supervisor = GuardedProcess(
            starter.name, starter.command(root, data), log=log, env=env, cwd=root, grace=stop_seconds
        )
        parts.callback(supervisor.stop)
        web_url = f"http://127.0.0.1:{web_port}"
        launcher = Launcher(root, env, logs)
        parts.callback(launcher.stop)
        own = tuple(each for each in (servers.postgres, servers.redis, double) if each)
        stack = RunningStack(
            root, servers, gateway, web_url, env, logs, supervisor, Programs(supervisor), launcher, own
        )
        stack.wait_working(starter.programs(root) if wait_for is None else wait_for, seconds=start_seconds)
        yield stack
