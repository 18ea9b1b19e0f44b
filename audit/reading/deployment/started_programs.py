"""What a command line starts: a Celery worker, beat, a web server, something else that stays, or nothing that does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import dropwhile

from audit.model.word_tables import word_set
from audit.reading.deployment.command_wrappers import program_name, unwrapped

WEB = frozenset(["uvicorn", "gunicorn", "hypercorn", "daphne", "granian", "waitress-serve"])
_WEB_COMMANDS = {("fastapi", "run"), ("fastapi", "dev"), ("flask", "run")}
_SHORT = {
    "celery": {
        "A": "app", "b": "broker", "c": "concurrency", "Q": "queues", "P": "pool", "l": "loglevel", "n": "hostname",
        "s": "schedule", "S": "scheduler", "f": "logfile", "B": "beat", "E": "task-events", "O": "optimization", "D": "detach",
        "X": "exclude-queues", "I": "include",
    },
    "gunicorn": {"w": "workers", "k": "worker-class", "b": "bind", "t": "timeout", "c": "config", "D": "daemon"},
}  # fmt: skip
_FLAGS = word_set("""
    beat task-events detach without-mingle without-gossip without-heartbeat purge discard quiet no-color factory reload
    proxy-headers no-access-log access-log no-proxy-headers preload daemon skip-checks
""")


_MOST_NODES = 50
_TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})
# Click reads each in a variable of its command (`auto_envvar_prefix`); measured with 5.6.3.
_OPTIONS_BY_NAME = {
    "WORKER": (
        "purge", "queues", "exclude-queues", "pool", "concurrency", "autoscale", "prefetch-multiplier", "time-limit",
        "soft-time-limit", "max-tasks-per-child", "max-memory-per-child", "hostname", "beat", "detach", "task-events",
        "without-heartbeat", "without-mingle", "without-gossip", "pidfile", "schedule", "scheduler",
    ),
    "BEAT": ("schedule", "scheduler", "max-interval", "pidfile", "detach"),
}  # fmt: skip


@dataclass(frozen=True)
class Started:
    """The role of a command (`worker`, `beat`, `worker+beat`, `web`, `other`), and its options by their long names.

    `detached`: the command returns at once, and leaves behind a process that is not its child any more.
    `unknown`: words that may be any options.
    """

    role: str
    options: dict[str, str]
    detached: bool = False
    unknown: tuple[str, ...] = ()


def started(words: Sequence[str], lasting: bool) -> Started | None:
    """What a command starts; None for one that ends by itself. `lasting`: whoever wrote it expects it to stay."""
    words = unwrapped(words)
    if not words:
        return None
    name, rest = program_name(words[0]), list(words[1:])
    if name == "celery":
        found = _celery(rest)
        return replace(found, unknown=_unknown(rest)) if found else None
    if name in WEB or (name, *rest[:1]) in _WEB_COMMANDS:
        options = _options(rest, _SHORT.get(name, {}))
        return Started("web", options, "daemon" in options)
    if name.startswith("python") and "runserver" in rest:
        return Started("web", _options(rest, {}))
    if lasting and (name.startswith("python") or name in {"supervisord", "flower"}):
        return Started("other", _options(rest, {}))
    return None


def given_options(role: str, environment: Mapping[str, str], written: Mapping[str, str]) -> dict[str, str]:
    """The options that Celery takes from its environment (`CELERY_WORKER_PURGE`), where its line does not give them."""
    command = {"worker": "WORKER", "worker+beat": "WORKER", "beat": "BEAT"}.get(role, "")
    found = {}
    for name in _OPTIONS_BY_NAME.get(command, ()):
        text = environment.get(f"CELERY_{command}_{name.replace('-', '_').upper()}", "")
        if text and name not in written and (name not in _FLAGS or text.lower() in _TRUE):
            found[name] = "" if name in _FLAGS else text
    return found


_DELETING = frozenset({"del", "unlink", "ltrim"})


def empties(words: Sequence[str]) -> str:
    """`queues` for a command that destroys what waits in queues, `database` for one that empties a whole Redis, else nothing.

    `keys NAMES`: it deletes these keys of a Redis, of which some may be queues.
    """
    words = unwrapped(words)
    if words[:1] == ["xargs"]:
        words = [*dropwhile(lambda word: not word.endswith("-cli"), words)]
    name, rest = (words[0].rpartition("/")[2], words[1:]) if words else ("", [])
    said = {word.lower() for word in rest}
    if name in {"redis-cli", "valkey-cli"}:
        deletes = next((n for n, word in enumerate(rest) if word.lower() in _DELETING), None)
        deleted = "" if deletes is None else " ".join(["keys", *rest[deletes + 1 :]])
        return "database" if said & {"flushdb", "flushall"} else deleted
    purges = {
        "celery": "queue.purge" in said or _positional(rest)[:1] == ["purge"],
        "rabbitmqctl": bool(said & {"purge_queue", "delete_queue", "reset", "force_reset", "delete_vhost"}),
        "rabbitmqadmin": "queue" in said and bool(said & {"purge", "delete"}),
    }
    return "queues" if purges.get(name) else ""


def _celery(words: list[str]) -> Started | None:
    options = _options(words, _SHORT["celery"])
    positional = _positional(words)
    if positional[:1] == ["multi"]:
        return next(iter(nodes(words)), None)
    if not positional:
        return None
    if positional[0] == "worker":
        return Started("worker+beat" if "beat" in options else "worker", options, "detach" in options)
    if positional[0] in {"beat", "flower"}:
        return Started("beat" if positional[0] == "beat" else "other", options, "detach" in options)
    return None


def further(words: Sequence[str]) -> list[Started]:
    """What a command starts beside the first of its workers."""
    rest = unwrapped(words)
    is_multi = bool(rest) and program_name(rest[0]) == "celery" and _positional(rest[1:])[:1] == ["multi"]
    return [replace(one, unknown=_unknown(rest[1:])) for one in nodes(rest[1:])[1:]] if is_multi else []


def nodes(words: Sequence[str]) -> list[Started]:
    """The workers of `celery … multi start NAMES…`, each with the options of all and its own (`-Q:name`, `--beat:name`)."""
    names, given = _multi(words[list(words).index("multi") + 1 :])
    if not names or (names[0] not in {"start", "restart"} and not names[0].startswith(("$", "`"))):
        return []
    # A variable after the first name holds options.
    called = [*names[1:2], *(name for name in names[2:] if not name.startswith(("$", "`")))]
    if len(called) == 1 and called[0].isdecimal():
        called = [f"celery{n}" for n in range(1, min(int(called[0]), _MOST_NODES) + 1)]
    common = _options(list(words[: list(words).index("multi")]), _SHORT["celery"])
    found = []
    for place, name in enumerate(called, 1):
        own = {option: value for option, node, value in given if not node or _is_of(node, name, place)}
        options = {**common, **own}
        options.setdefault("hostname", name if "@" in name else f"{name}@%h")
        found.append(Started("worker+beat" if "beat" in own else "worker", options, detached=True))
    return found


def _multi(words: Sequence[str]) -> tuple[list[str], list[tuple[str, str, str]]]:
    """As `celery multi` reads them: names, and options with their node; a long one has its value behind `=` only."""
    names: list[str] = []
    given = []
    index = 0
    while index < len(words):
        word, index = words[index], index + 1
        if not word.startswith("-"):
            names.append(word)
            continue
        key, _, value = word.lstrip("-").partition("=")
        option, _, node = key.partition(":")
        if not word.startswith("--") and index < len(words) and not words[index].startswith("-"):
            value, index = words[index], index + 1
        option = option if word.startswith("--") else _SHORT["celery"].get(option[:1], option)
        given.append((option, node, value or word[2:] * (not word.startswith("--") and ":" not in word)))
    return names, given


def _is_of(node: str, name: str, place: int) -> bool:
    """Whether an option of these nodes (`mail`, `1-3,5`) is one of this."""
    for one in node.split(","):
        first, _, last = one.partition("-")
        if one == name or (first.isdecimal() and int(first) <= place <= int(last or first)):
            return True
    return False


def _unknown(words: list[str]) -> tuple[str, ...]:
    """Words of which a variable or a command that is not known makes options: those that no option takes as its value."""
    return tuple(word for word in _positional(words) if word.startswith(("$", "`")))


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
    flags, last = _clustered(word, _SHORT["celery"])
    return len(last) == 1 and len(flags) + 2 == len(word)


def _clustered(word: str, short: dict[str, str]) -> tuple[list[str], str]:
    """The flags at the head of a short word (`-EBOfair`), and what is left: an option and its value, or nothing."""
    flags, rest = [], word[1:]
    while rest and short.get(rest[0], "") in _FLAGS:
        flags.append(short[rest[0]])
        rest = rest[1:]
    return flags, rest


def _options(words: list[str], short: dict[str, str]) -> dict[str, str]:
    options: dict[str, str] = {}
    index = 0
    while index < len(words):
        word, following = words[index], words[index + 1 : index + 2]
        index += 1
        if word.startswith("--") and len(word) > 2:
            name, equals, value = word[2:].partition("=")
        elif word.startswith("-") and word[1:2] in short:
            flags, rest = _clustered(word, short)
            options |= dict.fromkeys(flags, "")
            if rest[:1] not in short:
                continue
            name, value = short[rest[0]], rest[1:].removeprefix("=")
            equals = value
        else:
            continue
        if not equals and following and not following[0].startswith("-") and name not in _FLAGS:
            value = following[0]
            index += 1
        options[name] = value
    return options
