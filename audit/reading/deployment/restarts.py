"""What brings a process back when its own file does not say: who runs its script, its image or its Procfile."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING

from audit.model.facts import Process
from audit.model.findings import Excerpt
from audit.reading.deployment.command_line import Line
from audit.reading.deployment.command_wrappers import unwrapped
from audit.reading.deployment.started_programs import empties

if TYPE_CHECKING:
    from audit.reading.deployment.shell_scripts import Command

_SHELLS = frozenset({"bash", "sh", "dash", "ash", "zsh"})
# Those that end when one of their processes does.
_PROCFILE_RUNNERS = frozenset({"honcho", "foreman", "forego", "hivemind", "overmind", "goreman"})
_SERVERS = frozenset(
    (
        "redis", "valkey", "dragonfly", "keydb", "rabbitmq", "postgres", "postgis", "pgbouncer", "pgvector", "mysql",
        "mariadb", "mongo", "memcached", "nginx", "traefik", "caddy", "haproxy", "flower", "elasticsearch", "minio",
        "mailhog", "mailpit", "prometheus", "grafana", "localstack", "adminer", "pgadmin4", "redis-stack", "alpine",
        "busybox", "autoheal", "watchtower", "node", "kafka", "zookeeper", "vault", "consul", "jaeger", "all-in-one",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """A command that a line of a process file runs, or (`words` empty) an image that it starts.

    `alone`: its death does not end what its file starts. `process` is what it starts, when that is known.
    `command`: how the shell comes to it.
    """

    kind: str
    line: Line
    words: tuple[str, ...]
    restart: str
    excerpt: Excerpt
    alone: bool = False
    process: Process | None = None
    command: "Command | None" = None

    @property
    def path(self) -> str:
        """The file that holds it."""
        return self.excerpt.path


@dataclass(frozen=True)
class _Answer:
    restart: str = ""
    doubt: str = ""
    copies: int | None = 1
    runner: Run | None = None


def settled(runs: Sequence[Run]) -> list[Process]:
    """The processes of these runs, each with what brings it back, the runs of other files considered."""
    return [_settled(run, run.process, runs) for run in runs if run.process]


def _settled(run: Run, process: Process, runs: Sequence[Run]) -> Process:
    answer = _answer(run, runs, ())
    twins = {o.restart for o in runs if o.path == run.path and o.words == run.words}
    doubt = answer.doubt
    if {"", "loop"} <= twins:
        doubt = f"une boucle de `{run.path}` lance aussi ce worker, et ce qui l'y fait relancer ne se lit pas"
    runner = answer.runner
    user = (runner.line.user if runner else "") or run.line.user
    kind, emptying = _emptied(run, runs, ())
    return replace(
        process,
        restart="" if doubt else answer.restart,
        doubt=doubt,
        copies=answer.copies,
        runner=runner.excerpt if runner else None,
        user=user,
        empties=kind,
        emptying=emptying,
    )


def _emptied(run: Run, runs: Sequence[Run], seen: tuple[str, ...]) -> tuple[str, Excerpt | None]:
    """What is emptied on the way to a run, and by which lines: in its own shell, else in one that runs its file."""
    for other in runs:
        kind = empties(other.words)
        if not kind or other.line is not run.line or not other.command or not run.command:
            continue
        if not other.command.excludes(run.command):
            always = set(other.command.branches) <= set(run.command.branches)
            return (kind if always else "sometimes"), other.excerpt
    for runner in [] if run.path in seen else _runners(run, runs):
        kind, emptying = _emptied(runner, runs, (*seen, run.path))
        if kind:
            return kind, emptying
    return "", None


def _answer(run: Run, runs: Sequence[Run], seen: tuple[str, ...]) -> _Answer:
    own = _Answer(run.restart, "" if run.alone else run.line.doubt, run.line.copies)
    runners = [] if run.path in seen else _runners(run, runs)
    if not runners:
        return own if run.alone or own.restart or own.doubt else _perhaps(run, runs) or own
    given = [(r, _answer(r, runs, (*seen, run.path))) for r in runners]
    copies = _sum(a.copies for _, a in given)
    last = given[0][1].runner or given[0][0]
    if run.alone or (run.restart and run.kind != "procfile"):
        return replace(own, copies=copies, runner=last)
    doubt = next((a.doubt for _, a in given if a.doubt), "")
    restarts = {a.restart for _, a in given}
    if not doubt and len(restarts) > 1:
        bare = next(r.path for r, a in given if not a.restart)
        doubt = f"`{bare}` lance `{run.path}` sans le relancer, et un autre fichier le relance"
    if not doubt and run.kind == "procfile" and restarts == {""}:
        doubt = f"`{runners[0].path}` lance le Procfile, et rien ne dit ce qui le relance"
    return _Answer("" if doubt else given[0][1].restart, doubt, copies, last)


def _runners(run: Run, runs: Sequence[Run]) -> list[Run]:
    """Runs of other files that start this file."""
    if run.kind == "dockerfile":
        built = {r.line.image for r in runs if r.line.builds == run.path and r.line.image}
        return [r for r in runs if not r.words and (r.line.builds == run.path or r.line.image in built)]
    if run.kind == "procfile":
        return [r for r in runs if _starts_procfile(r.words) and r.kind != "makefile"]
    if run.kind == "shell":
        name = run.path.rpartition("/")[2]
        naming = [r for r in runs if r.path != run.path and any(word.endswith(name) for word in r.words)]
        scripts = {r.path for r in runs if r.kind == "shell"} if naming else set()
        return [r for r in naming if _script(r.words, scripts) == run.path]
    return []


def _perhaps(run: Run, runs: Sequence[Run]) -> _Answer | None:
    """The doubt that an image leaves, when its name does not say what it was built from; None when there is none."""
    if run.kind != "dockerfile":
        return None
    for other in runs:
        if other.words or other.line.builds or not (other.restart or other.line.doubt):
            continue
        name = other.line.image.rpartition("/")[2].partition("@")[0].partition(":")[0]
        if name not in _SERVERS:
            text = f"rien ne dit si l'image `{other.line.image}`, que lance `{other.path}`, est celle de `{run.path}`"
            return _Answer("", text, other.line.copies)
    return None


def _starts_procfile(words: Sequence[str]) -> bool:
    inner = unwrapped(words)
    return bool(
        inner[1:]
        and inner[0].rpartition("/")[2] in _PROCFILE_RUNNERS
        and inner[1] in {"start", "s"}
        and not {"-f", "--procfile"} & set(inner)
    )


def _script(words: Sequence[str], scripts: set[str]) -> str:
    """The script of the target that a command runs, known by the end of its path; empty when none, or several, may be it."""
    inner = unwrapped(words)
    if inner and inner[0].rpartition("/")[2] in _SHELLS:
        inner = [word for word in inner[1:] if not word.startswith("-")]
    parts = inner[0].split("/")[::-1] if inner else [""]
    alike = [(_common(parts, path), path) for path in sorted(scripts) if path.rpartition("/")[2] == parts[0]]
    best = max((count for count, _ in alike), default=0)
    found = [path for count, path in alike if count == best]
    return found[0] if len(found) == 1 else ""


def _common(parts: Sequence[str], path: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(parts, path.split("/")[::-1], strict=False)))


def _sum(counts: Iterable[int | None]) -> int | None:
    found = list(counts)
    return None if None in found else sum(count for count in found if count is not None)
