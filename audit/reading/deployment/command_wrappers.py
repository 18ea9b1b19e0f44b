"""The command behind what only changes how it runs: another user, a priority, an environment, an init, an agent."""

import re
from collections.abc import Iterator, Sequence

from audit.model.word_tables import word_set

# Each with its options that take a value as the next word.
_WRAPPERS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("nohup", "setsid", "command", "time", "exec", "--", "catchsegv", "ddtrace-run"), frozenset()),
    "sudo": frozenset({"-u", "-g", "--user", "--group"}),
    "doas": frozenset({"-u"}),
    "env": frozenset({"-u", "-C", "--unset", "--chdir"}),
    "gosu": frozenset(),
    "su-exec": frozenset(),
    "setuidgid": frozenset(),
    "s6-setuidgid": frozenset(),
    "chpst": frozenset({"-u", "-U", "-e", "-n", "-l", "-L", "-m", "-o", "-p", "-f"}),
    "setpriv": frozenset({"--reuid", "--regid", "--groups", "--inh-caps", "--bounding-set"}),
    "runuser": frozenset({"-u", "--user", "-g", "--group"}),
    "tini": frozenset({"-e", "-p"}),
    "dumb-init": frozenset({"-r", "--rewrite"}),
    "catatonit": frozenset(),
    "nice": frozenset({"-n", "--adjustment"}),
    "ionice": frozenset({"-c", "-n", "--class", "--classdata"}),
    "timeout": frozenset({"-s", "-k", "--signal", "--kill-after"}),
    "flock": frozenset({"-w", "-E", "--timeout", "--wait", "--conflict-exit-code"}),
    "stdbuf": frozenset({"-i", "-o", "-e"}),
    "opentelemetry-instrument": frozenset(
        {"--service_name", "--traces_exporter", "--metrics_exporter", "--logs_exporter", "--exporter_otlp_endpoint"}
    ),
    "envdir": frozenset(),
    "dockerize": frozenset({"-wait", "-timeout", "-template", "-stdout", "-stderr", "-wait-retry-interval"}),
}
# Those that take words of their own before the command: a user, a duration, a lock, a directory.
_TAKES = frozenset({"gosu", "su-exec", "setuidgid", "s6-setuidgid", "flock", "envdir"})
# Those whose command follows `run`, whatever comes before.
_RUNNERS: dict[str, frozenset[str]] = {
    "poetry": frozenset(),
    "pipenv": frozenset(),
    "pdm": frozenset({"-p", "--project"}),
    "hatch": frozenset({"-e", "--env"}),
    "rye": frozenset(),
    "pixi": frozenset({"-e", "--environment", "--manifest-path"}),
    "uv": frozenset((
        "--env-file", "--with", "--with-requirements", "--extra", "--group", "--python", "-p", "--project", "--directory",
        "--package", "--index-url", "--only-group", "--no-group", "--refresh-package",
    )),
    "conda": frozenset({"-n", "--name", "-p", "--prefix", "--cwd"}),
    "mamba": frozenset({"-n", "--name", "-p", "--prefix"}),
    "micromamba": frozenset({"-n", "--name", "-p", "--prefix"}),
    "dotenv": frozenset({"-f", "--file"}),
    "honcho": frozenset({"-e", "--env", "-d", "--app-root"}),
    "foreman": frozenset({"-e", "--env", "-d", "--root"}),
    "doppler": frozenset({"-p", "--project", "-c", "--config", "-t", "--token"}),
    "newrelic-admin": frozenset(),
}  # fmt: skip
_RUN = frozenset({"run", "run-program"})
# Those whose command follows `--`.
_DASHED = word_set("""
    wait-for-it wait-for-it.sh wait-for wait-for.sh wait-for-db watchmedo chamber aws-vault infisical op doppler
""")
_PYTHON_VALUED = frozenset({"-X", "-W"})
_MODULES = word_set("celery flask fastapi uvicorn gunicorn hypercorn daphne granian waitress-serve")
_VARIABLES = re.compile(r"^(\$\{[^}]*\}|\$\w+)+")
# What a variable is named after where it holds the path of a program.
_NAMED = ("celery", "gunicorn", "uvicorn", "python")
_MOST = 40


def program_name(word: str) -> str:
    """The program that a word names, behind the folder, or the variable, that says where it is."""
    name = word.rpartition("/")[2]
    if not name.startswith("$"):
        return name
    left = _VARIABLES.sub("", name)
    return left or next((known for known in _NAMED if known in name.lower()), name)


def unwrapped(words: Sequence[str]) -> list[str]:
    """The command behind `nohup`, `env NAME=value`, `poetry run`, `timeout 60` and the like; `python -m celery` is `celery`."""
    rest = list(words)
    for _ in range(_MOST):
        inner = _inside(rest)
        if inner is None:
            break
        rest = inner
    return rest


def wrappers(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each wrapper of a command by its name, from the outside in, with the words between it and what it runs."""
    rest = list(words)
    for _ in range(_MOST):
        inner = _inside(rest)
        if inner is None:
            return
        if not _is_assignment(rest[0]):
            yield rest[0].rpartition("/")[2], rest[1 : len(rest) - len(inner)]
        rest = inner


def _inside(words: list[str]) -> list[str] | None:
    """What the first word runs; None when it is the command itself."""
    if not words:
        return None
    if _is_assignment(words[0]):
        return words[1:]
    name, rest = program_name(words[0]), words[1:]
    if name in _DASHED and "--" in rest:
        return rest[rest.index("--") + 1 :]
    if name in _RUNNERS:
        return _run_by(name, rest)
    if name in _WRAPPERS and (name != "runuser" or _as_user(rest)):
        return _without_options(name, rest)
    return _module(rest) if name.startswith("python") else None


def _as_user(rest: list[str]) -> bool:
    """Whether `runuser` is given a command, and not a shell's script."""
    return any(word in {"-u", "--user"} or word.startswith("--user=") for word in rest)


def _run_by(name: str, rest: list[str]) -> list[str] | None:
    at = next((index for index, word in enumerate(rest) if word in _RUN), None)
    if at is None:
        return None
    inner = rest[at + 1 :]
    if name == "uv" and inner[:1] and inner[0] in {"-m", "--module"}:
        return inner[1:]
    return _past_options(_RUNNERS[name], inner)


def _past_options(valued: frozenset[str], rest: list[str]) -> list[str]:
    while rest and (rest[0].startswith("-") or _is_assignment(rest[0])):
        if rest[0] == "--":
            return rest[1:]
        if rest[0] in {"-m", "--module"} and rest[0] not in valued:
            return rest[1:]
        rest = rest[2:] if rest[0] in valued else rest[1:]
    return rest


def _without_options(name: str, rest: list[str]) -> list[str]:
    rest = _past_options(_WRAPPERS[name], rest)
    if rest and (name in _TAKES or (name == "timeout" and rest[0][:1].isdigit())):
        rest = rest[1:]
        # `flock FILE -n command` is as good as `flock -n FILE command`.
        return _past_options(_WRAPPERS[name], rest) if name == "flock" else rest
    return rest


def _is_assignment(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals) and name.isidentifier()


def _module(rest: list[str]) -> list[str] | None:
    """`celery …` for `python -u -m celery …`, when the module is a command known here."""
    while rest and rest[0].startswith("-"):
        if rest[0] == "-m":
            return rest[1:] if rest[1:] and rest[1] in _MODULES else None
        rest = rest[2:] if rest[0] in _PYTHON_VALUED else rest[1:]
    return None
