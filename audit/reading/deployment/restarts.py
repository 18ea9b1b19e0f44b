"""What brings a process back when its own file does not say: who runs its script, its image or its Procfile."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
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

    @property
    def doubt(self) -> str:
        """Why it is not known what brings it back, whoever runs its file."""
        if self.alone:
            return ""
        return (self.command.doubt if self.command else "") or self.line.doubt

    @property
    def is_settled(self) -> bool:
        """Whether those that run its file change nothing to what brings it back."""
        return self.alone or bool(self.doubt) or (bool(self.restart) and self.kind != "procfile")

    @cached_property
    def empties(self) -> str:
        """What it empties, as `commands.empties` says it."""
        return empties(self.words)


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
    runner = answer.runner
    doubt = _doubt_of_twins(run, runs) or answer.doubt
    kind, emptying = _emptied(run, runs, ())
    return replace(
        process,
        restart="" if doubt else answer.restart,
        doubt=doubt,
        copies=answer.copies,
        runner=runner.excerpt if runner else None,
        user=(runner.line.user if runner else "") or run.line.user,
        empties=kind,
        emptying=emptying,
    )


def _doubt_of_twins(run: Run, runs: Sequence[Run]) -> str:
    """The doubt that a file leaves when it starts one command twice, once perhaps in a loop."""
    twins = [other for other in runs if other.path == run.path and other.words == run.words]
    bare = any(not twin.restart and not twin.doubt for twin in twins)
    if not bare or not any(map(_perhaps_in_a_loop, twins)):
        return ""
    return f"une boucle de `{run.path}` lance aussi ce worker, et ce qui l'y fait relancer ne se lit pas"


def _perhaps_in_a_loop(run: Run) -> bool:
    return run.restart == "loop" or bool(run.command and run.command.restart.doubt)


def _emptied(run: Run, runs: Sequence[Run], seen: tuple[str, ...]) -> tuple[str, Excerpt | None]:
    """What is emptied on the way to a run, and by which lines: in its own shell, else in one that runs its file."""
    beside = (other for other in runs if other.empties and other.line is run.line)
    found = next(filter(None, (_emptied_by(other, run) for other in beside)), None)
    if found:
        return found
    for runner in [] if run.path in seen else _runners(run, runs):
        kind, emptying = _emptied(runner, runs, (*seen, run.path))
        if kind:
            return kind, emptying
    return "", None


def _emptied_by(other: Run, run: Run) -> tuple[str, Excerpt] | None:
    if not other.command or not run.command or other.command.reached.excludes(run.command.reached):
        return None
    always = run.command.reached.implies(other.command.reached)
    return (other.empties if always else "sometimes"), other.excerpt


def _answer(run: Run, runs: Sequence[Run], seen: tuple[str, ...]) -> _Answer:
    """Nothing is brought back when what runs its script does not see it die; when that is not known, nor is this."""
    answer = _brought_back(run, runs, seen)
    unseen = run.command.survival.doubt if run.command and not run.command.loop else ""
    return replace(answer, restart="", doubt=unseen) if answer.restart and unseen else answer


def _brought_back(run: Run, runs: Sequence[Run], seen: tuple[str, ...]) -> _Answer:
    own = _Answer(run.restart, run.doubt, run.line.copies)
    runners = [] if run.path in seen else _runners(run, runs)
    if runners:
        found = _together(run, [(runner, _answer(runner, runs, (*seen, run.path))) for runner in runners])
        return replace(found, restart=own.restart, doubt=own.doubt) if run.is_settled else found
    return own if run.is_settled or own.restart else _perhaps(run, runs) or own


def _together(run: Run, given: Sequence[tuple[Run, _Answer]]) -> _Answer:
    """What the files that run the one of a run bring back."""
    runner, first = given[0]
    doubt = _doubt_of_runners(run, given)
    copies = _sum(answer.copies for _, answer in given)
    return _Answer("" if doubt else first.restart, doubt, copies, first.runner or runner)


def _doubt_of_runners(run: Run, given: Sequence[tuple[Run, _Answer]]) -> str:
    """Why what brings a run back is not known, although the files that run its own are."""
    doubts = [answer.doubt for _, answer in given if answer.doubt]
    if doubts:
        return doubts[0]
    bare = [runner.path for runner, answer in given if not answer.restart]
    if len({answer.restart for _, answer in given}) > 1:
        return f"`{bare[0]}` lance `{run.path}` sans le relancer, et un autre fichier le relance"
    if run.kind == "procfile" and bare:
        return f"`{bare[0]}` lance le Procfile, et rien ne dit ce qui le relance"
    return ""


def _runners(run: Run, runs: Sequence[Run]) -> list[Run]:
    """Runs of other files that start this file."""
    find = {"dockerfile": _image_runners, "procfile": _procfile_runners, "shell": _script_runners}.get(run.kind)
    return find(run, runs) if find else []


def _image_runners(run: Run, runs: Sequence[Run]) -> list[Run]:
    built = {r.line.image for r in runs if r.line.builds == run.path} - {""}
    return [r for r in runs if not r.words and (r.line.builds == run.path or r.line.image in built)]


def _procfile_runners(_: Run, runs: Sequence[Run]) -> list[Run]:
    return [r for r in runs if _starts_procfile(r.words) and r.kind != "makefile"]


def _script_runners(run: Run, runs: Sequence[Run]) -> list[Run]:
    name = run.path.rpartition("/")[2]
    naming = [r for r in runs if r.path != run.path and any(word.endswith(name) for word in r.words)]
    scripts = {r.path for r in runs if r.kind == "shell"} if naming else set()
    return [r for r in naming if _script(r.words, scripts) == run.path]


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
    name = _run_file(unwrapped(words))
    parts = name.split("/")[::-1]
    alike = [(_common(parts, path), path) for path in sorted(scripts) if path.rpartition("/")[2] == parts[0]]
    best = max((count for count, _ in alike), default=0)
    found = [path for count, path in alike if count == best]
    return found[0] if len(found) == 1 else ""


def _run_file(words: Sequence[str]) -> str:
    """The first word, or the one that a shell is given."""
    if words and words[0].rpartition("/")[2] in _SHELLS:
        words = [word for word in words[1:] if not word.startswith("-")]
    return words[0] if words else ""


def _common(parts: Sequence[str], path: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(parts, path.split("/")[::-1], strict=False)))


def _sum(counts: Iterable[int | None]) -> int | None:
    found = list(counts)
    return None if None in found else sum(count for count in found if count is not None)
