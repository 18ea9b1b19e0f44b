"""What every deployment file says: programs, their commands, how long they may take to stop, the settings they need."""

import re
from dataclasses import dataclass

from system.config import Settings
from system.tasks import celery_config

# Beyond the hard time limit of a task, for the worker's own end.
MARGIN_SECONDS = 10
# What Heroku allows at most; it is why the worker is asked for a soft shutdown there.
HEROKU_STOP_SECONDS = 30
MIGRATE = "python -m system migrate"
# Images and what installs the packages, at releases that a build finds again.
PYTHON_IMAGE = "python:3.11.14-slim-bookworm"
POSTGRES_IMAGE = "postgres:17.6-alpine"
VALKEY_IMAGE = "valkey/valkey:8.1.4-alpine"
UV = "uv==0.13.9"
# Uvicorn's own: the addresses of proxies whose word on the client's address is believed.
PROXY = "FORWARDED_ALLOW_IPS"
NO_PROXY = "127.0.0.1"
# The web process does not start without it, unless somebody has written that webhooks prove nothing.
SECRET = "WASSENGER_WEBHOOK_SECRET"  # noqa: S105 (a setting's name)
QUEUES = ",".join(queue.name for queue in celery_config.task_queues)
APP = "system.tasks.celery_app"
_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


@dataclass(frozen=True)
class Program:
    """A process that runs for ever. `command` may name variables with a default, as `${PORT:-8000}`.

    `stop_seconds` is how long it may take between TERM and KILL, and `why` is the reason, a full sentence.
    """

    name: str
    command: str
    stop_seconds: int
    why: str
    replicas: int = 1
    """How many of it may run, where an orchestrator asks; 1 where two of them would do everything twice."""
    healthcheck: str = ""
    """A shell command that fails when this very node is ill; empty where a container cannot tell."""

    def __post_init__(self) -> None:
        # A quote would end the shell's argument; systemd and supervisord give % a meaning of their own.
        if set(self.command) & set("'\"%\n"):
            raise ValueError(f"{self.name}: a command holds neither quotes nor %")

    @property
    def variables(self) -> dict[str, str]:
        """The variables of the command, with their defaults."""
        return dict(_VARIABLE.findall(self.command))

    @property
    def in_shell(self) -> str:
        """For a shell: what comes from a variable is quoted, so that it stays one word."""
        return _VARIABLE.sub(r'"\g<0>"', self.command)

    @property
    def as_program(self) -> str:
        """For what runs programs without a shell; a shell is only put before a command that needs one."""
        return f"bash -c 'exec {self.in_shell}'" if self.variables else self.command

    @property
    def with_bare_variables(self) -> str:
        """For what knows variables but not their defaults (systemd)."""
        return _VARIABLE.sub(r"${\1}", self.command)

    @property
    def arguments(self) -> list[str]:
        """The words of the command, each variable at its default."""
        return self.with_defaults.split()

    @property
    def with_defaults(self) -> str:
        """For what knows no variable: each is replaced by its default."""
        return _VARIABLE.sub(r"\2", self.command)


@dataclass(frozen=True)
class Plan:
    """The programs in the order they are declared, and the settings of their environment."""

    programs: tuple[Program, ...]
    required: tuple[str, ...]
    optional: tuple[str, ...]
    defaults: dict[str, str]
    """Those of the optional settings that have one."""
    soft_shutdown_seconds: float

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(program.name for program in self.programs)

    @property
    def variables(self) -> dict[str, str]:
        """Variables that only deployment files read or set, with their defaults."""
        return {name: default for program in self.programs for name, default in program.variables.items()}

    @property
    def longest_stop_seconds(self) -> int:
        """The grace a container needs when one holds every program and stops them together."""
        return max(program.stop_seconds for program in self.programs)

    @property
    def total_stop_seconds(self) -> int:
        """The same when they are stopped one after the other, as supervisord does."""
        return sum(program.stop_seconds for program in self.programs)


def _settings(*, required: bool) -> tuple[str, ...]:
    fields = Settings.model_fields.items()
    return tuple(name.upper() for name, field in fields if field.is_required() == required)


def _defaults() -> dict[str, str]:
    fields = Settings.model_fields.items()
    given = {
        name.upper(): field.default for name, field in fields if not field.is_required() and field.default is not None
    }
    return {name: f"{value:g}" if isinstance(value, float) else str(value) for name, value in given.items()}


def _web() -> Program:
    answers_live = (
        "import http.client as h, os; c = h.HTTPConnection('127.0.0.1', int(os.environ.get('PORT', 8000)), timeout=3); "
        "c.request('GET', '/health/live'); raise SystemExit(c.getresponse().status != 200)"
    )
    return Program(
        name="web",
        command="uvicorn --factory system.main:create_app --host ${WEB_HOST:-0.0.0.0} --port ${PORT:-8000}",
        stop_seconds=30,
        replicas=2,
        why="Uvicorn finishes the background tasks of the webhooks it has answered.",
        healthcheck=f'python -c "{answers_live}"',
    )


def _worker() -> Program:
    return Program(
        name="worker",
        # Mingle waits a second for other workers' clocks and revoked tasks, which nothing here uses; gossip needs it.
        command=(
            f"celery -A {APP} worker --loglevel=INFO --without-mingle --without-gossip"
            f" --concurrency={celery_config.worker_concurrency} -Q {QUEUES}"
        ),
        stop_seconds=celery_config.task_time_limit + MARGIN_SECONDS,
        replicas=2,
        why=(
            f"Above the hard time limit of a task ({celery_config.task_time_limit} s), "
            "so that a warm shutdown is never cut short."
        ),
        healthcheck=f'celery -A {APP} inspect ping --timeout 10 --destination "celery@$(hostname)"',
    )


def _beat() -> Program:
    return Program(
        name="beat",
        command=f"celery -A {APP} beat --loglevel=INFO --schedule=${{BEAT_SCHEDULE_FILE:-/tmp/system-beat-schedule}}",
        stop_seconds=10,
        why="It only has to write its schedule down.",
    )


def _watchdog() -> Program:
    return Program(
        name="watchdog",
        command="python -m system watchdog",
        stop_seconds=30,
        why="It ends the round it is in: what the database and the alert webhook may take.",
    )


def reference_plan() -> Plan:
    """The stack as it is deployed, with the constants of its Celery configuration."""
    # The port is the platform's to give, and has a line of its own where it is asked for.
    return Plan(
        programs=(_web(), _worker(), _beat(), _watchdog()),
        required=(*_settings(required=True), SECRET),
        optional=tuple(name for name in _settings(required=False) if name not in {"PORT", SECRET}),
        defaults={name: default for name, default in _defaults().items() if name != "PORT"},
        soft_shutdown_seconds=celery_config.worker_soft_shutdown_timeout,
    )
