"""What a command line starts: a Celery worker, beat, a web server, something else that stays, or nothing that does."""

from collections.abc import Sequence
from dataclasses import dataclass

_WEB = frozenset(["uvicorn", "gunicorn", "hypercorn", "daphne", "granian", "waitress-serve"])
_WEB_COMMANDS = {("fastapi", "run"), ("fastapi", "dev"), ("flask", "run")}
_SHORT = {
    "celery": {
        "A": "app", "b": "broker", "c": "concurrency", "Q": "queues", "P": "pool", "l": "loglevel", "n": "hostname",
        "s": "schedule", "S": "scheduler", "f": "logfile", "B": "beat", "E": "task-events", "O": "optimization", "D": "detach",
        "X": "exclude-queues", "I": "include",
    },
    "gunicorn": {"w": "workers", "k": "worker-class", "b": "bind", "t": "timeout", "c": "config", "D": "daemon"},
}  # fmt: skip
_FLAGS = frozenset(
    [
        "beat",
        "task-events",
        "detach",
        "without-mingle",
        "without-gossip",
        "without-heartbeat",
        "purge",
        "discard",
        "quiet",
        "no-color",
        "factory",
        "reload",
        "proxy-headers",
        "no-access-log",
        "access-log",
        "no-proxy-headers",
        "preload",
        "daemon",
        "skip-checks",
    ]
)
_WRAPPERS = frozenset(
    [
        "nohup",
        "setsid",
        "command",
        "time",
        "exec",
        "sudo",
        "env",
        "gosu",
        "su-exec",
        "tini",
        "dumb-init",
        "nice",
        "timeout",
        "stdbuf",
        "catchsegv",
        "--",
        "chpst",
    ]
)
_RUNNERS = frozenset({"poetry", "uv", "pipenv", "pdm", "hatch", "rye"})
_TAKES_USER = frozenset({"gosu", "su-exec"})
_VALUED = {"sudo": {"-u", "-g"}, "nice": {"-n"}, "timeout": {"-s", "-k"}, "env": {"-u", "-C"}, "chpst": {"-u"}}


@dataclass(frozen=True)
class Started:
    """The role of a command (`worker`, `beat`, `worker+beat`, `web`, `other`), and its options by their long names.

    `detached`: the command returns at once, and leaves behind a process that is not its child any more.
    """

    role: str
    options: dict[str, str]
    detached: bool = False


def started(words: Sequence[str], lasting: bool) -> Started | None:
    """What a command starts; None for one that ends by itself. `lasting`: whoever wrote it expects it to stay."""
    words = unwrapped(words)
    if not words:
        return None
    name, rest = words[0].rpartition("/")[2], list(words[1:])
    if name == "celery":
        return _celery(rest)
    if name in _WEB or (name, *rest[:1]) in _WEB_COMMANDS:
        options = _options(rest, _SHORT.get(name, {}))
        return Started("web", options, "daemon" in options)
    if name.startswith("python") and "runserver" in rest:
        return Started("web", _options(rest, {}))
    if lasting and (name.startswith("python") or name in {"supervisord", "flower"}):
        return Started("other", _options(rest, {}))
    return None


def unwrapped(words: Sequence[str]) -> list[str]:
    """The command behind `nohup`, `env NAME=value`, `poetry run`, `timeout 60` and the like; `python -m celery` is `celery`."""
    rest = list(words)
    while rest:
        name = rest[0].rpartition("/")[2]
        if name in _WRAPPERS:
            rest = _without_options(name, rest[1:])
        elif name in _RUNNERS and rest[1:2] == ["run"]:
            rest = _without_options(name, rest[2:])
        elif _is_assignment(rest[0]):
            rest = rest[1:]
        elif name.startswith("python") and (module := _module(rest)):
            return module
        else:
            break
    return rest


def _without_options(name: str, rest: list[str]) -> list[str]:
    while rest and (rest[0].startswith("-") or _is_assignment(rest[0])):
        rest = rest[2:] if rest[0] in _VALUED.get(name, set()) else rest[1:]
    if rest and (name in _TAKES_USER or (name == "timeout" and rest[0][:1].isdigit())):
        return rest[1:]
    return rest


def _is_assignment(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals) and name.isidentifier()


def _module(words: list[str]) -> list[str]:
    """`celery …` for `python -u -m celery …`, when the module is a command known here."""
    if "-m" in words and all(w.startswith("-") for w in words[1 : words.index("-m")]):
        inner = words[words.index("-m") + 1 :]
        if inner and (inner[0] in _WEB or inner[0] in {"celery", "flask", "fastapi"}):
            return inner
    return []


def _celery(words: list[str]) -> Started | None:
    options = _options(words, _SHORT["celery"])
    positional = _positional(words)
    if positional[:2] == ["multi", "start"]:
        return Started("worker", options, detached=True)
    if not positional:
        return None
    if positional[0] == "worker":
        return Started("worker+beat" if "beat" in options else "worker", options, "detach" in options)
    if positional[0] in {"beat", "flower"}:
        return Started("beat" if positional[0] == "beat" else "other", options, "detach" in options)
    return None


def _positional(words: list[str]) -> list[str]:
    found, index = [], 0
    while index < len(words):
        word = words[index]
        if not word.startswith("-"):
            found.append(word)
        elif "=" not in word and _takes_value(word, words[index + 1 : index + 2]):
            index += 1
        index += 1
    return found


def _takes_value(word: str, following: list[str]) -> bool:
    if not following or following[0].startswith("-"):
        return False
    if word.startswith("--"):
        return word[2:] not in _FLAGS
    return len(word) == 2 and _SHORT["celery"].get(word[1], "") not in _FLAGS


def _options(words: list[str], short: dict[str, str]) -> dict[str, str]:
    options: dict[str, str] = {}
    index = 0
    while index < len(words):
        word, following = words[index], words[index + 1 : index + 2]
        index += 1
        if word.startswith("--") and len(word) > 2:
            name, equals, value = word[2:].partition("=")
        elif word.startswith("-") and word[1:2] in short:
            name, value = short[word[1]], word[2:].removeprefix("=")
            equals = value
        else:
            continue
        if not equals and following and not following[0].startswith("-") and name not in _FLAGS:
            value = following[0]
            index += 1
        options[name] = value
    return options
