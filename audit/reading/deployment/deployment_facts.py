"""What deployment files say beside the commands they start: users, health checks, watched processes, pinned Celery."""

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatch

from audit.model.observations.deployment_statements import (
    DroppedVolumes,
    ForcedRoot,
    HealthCheck,
    PinnedCelery,
    ResultCleaning,
    WatchedWorker,
)
from audit.model.observations.observation import Observation
from audit.model.observations.secrets_and_certificates import TrackedEnvironment, TrackedFiles
from audit.reading.deployment.container_users import container_user
from audit.reading.deployment.deployed_secrets import deployed_secrets
from audit.reading.deployment.git_index import tracked_files
from audit.reading.source_files import Source, Tree, read_text

Reader = Callable[[Source], Iterator[Observation]]

_DEPLOYMENT = re.compile(
    r"(?i)(^|/)((docker|container)file[^/]*|[^/]*\.dockerfile|procfile[^/]*|crontab[^/]*|makefile|[^/]*\.(ya?ml|sh|bash|service|conf|ini))$"
)
_PINNED = re.compile(
    r"(?i)(^|/)((requirements?|reqs)/[\w.\-/]+\.(txt|in)|[^/]*(requirements|constraints)[^/]*\.(txt|in|lock)|(uv|poetry|pdm)\.lock|pipfile(\.lock)?|pyproject\.toml|setup\.(py|cfg)|requires\.txt)$"
)
# What an unpacked distribution says of itself.
_METADATA = re.compile(r"^([^/]+\.(dist|egg)-info/)?(METADATA|PKG-INFO)$")
_DOCKERFILE = re.compile(r"(?i)(^|/)((docker|container)file[^/]*|[^/]*\.dockerfile)$")
_FORCED = re.compile(r"C_FORCE_ROOT[\"']?\s*[=:,]\s*[\"']?(1|true|yes|on)\b", re.IGNORECASE)
_WORD = re.compile(r"\b(celery|inspect|ping|status)\b")
_BACKGROUND = re.compile(r"(?<!&)&(?=\s*(?:$|\w+=\$!))")
_DESTINATION = re.compile(r"(^|[\s\"'])(-d|--destination)\b")
_SCRIPT = re.compile(r"(?i)(^|/)(makefile|justfile|[^/]*\.(sh|bash|ya?ml))$")
_VOLUMES = re.compile(
    r"(?m)^[^#\n]*\bcompose\b[^\n]*\bdown\b[^\n]*\s(-v\b|--volumes\b)|^[^#\n]*\bdocker\s+volume\s+(rm|prune)\b|^[^#\n]*\bkubectl\b[^\n]*\bdelete\s+pvc\b"
)
_AGAIN = re.compile(r"\bcompose\b[^\n]*\bup\b|\bkubectl\b[^\n]*\bapply\b|\bstack\s+deploy\b")
_CLEANS = re.compile(r"(?i)clean|reset|fresh|nuke|(^|[^a-z])(dev|devel|local|tests?|ci|e2e)([^a-z]|$)")
_BOUND = r"(?:===?|~=?|\^|[<>!]=?)[ \t]*\d[\w.]*\*?"
_BOUNDS = rf"{_BOUND}(?:[ \t]*,[ \t]*{_BOUND})*"
_CELERY = re.compile(
    rf"(?im)(?P<required>^Requires-Dist:)?(?:(?<=Requires-Dist:)|^|[\"'])[ \t]*celery(?:\[[^\]]*\])?[ \t]*\(?(?P<asked>{_BOUNDS})"
    # Of Poetry, Pipenv, and what locks them.
    rf"|^[\"']?celery[\"']?[ \t]*=[ \t]*(?:\{{[^}}]*?\bversion[ \t]*=[ \t]*)?[\"'](?P<table>{_BOUNDS}|\d[\d.]*\*?)[\"']"
    rf"|^\[[\w.\-]+\.celery\]\n(?:[^\[\n][^\n]*\n)*?version[ \t]*=[ \t]*[\"'](?P<section>{_BOUNDS}|\d[\d.]*\*?)[\"']"
    r"|name = \"celery\"\s+version = \"(?P<locked>[\d.]+)\""
    r"|\"celery\": \{[^{}]*\"version\": \"(?P<piped>==[\d.]+)\""
)
# More than any number of a release.
_ANY = 1 << 30
_ONE_BOUND = re.compile(r"(?P<how>[=~^<>!]*)[ \t]*(?P<version>\d+(?:\.\d+)*(?:\.\*)?)")
_ENVIRONMENTS = re.compile(r"(^|/)\.env(\.[\w.-]+)?$")
_MODELS = re.compile(r"(?i)example|sample|template|dist|default|exemple|modele|schema")


def read_deployment(tree: Tree, declared: tuple[str, ...]) -> tuple[Observation, ...]:
    """What the target's deployment files, dependency files and git index say."""
    found = [*_environments(tree), *deployed_secrets(tree)]
    for path in tree.paths:
        if _PINNED.search(path) or _METADATA.search(path):
            found += _read(tree, path, _pinned)
            continue
        if _SCRIPT.search(path) and _asked(path, declared) and (source := read_text(tree, path)):
            found += _dropped(source)
        if _DEPLOYMENT.search(path) and _asked(path, declared):
            found += _read(tree, path, _said)
    return tuple(found)


def _dropped(source: Source) -> Iterator[Observation]:
    """Volumes that a script removes before it starts again what they are of; not in what cleans, or serves tests."""
    for found in _VOLUMES.finditer(source.text):
        first = source.text.count("\n", 0, found.start()) + 1
        heads = [line for line in source.lines[:first] if re.match(r"[\w.-]+\s*(\(\)|:)", line)]
        after = "\n".join(source.lines[first - 1 : first + 9])
        if _AGAIN.search(after) and not _CLEANS.search(" ".join((source.path, *heads[-1:]))):
            yield DroppedVolumes("", source.excerpt(first, first, _language(source)))


def _asked(path: str, declared: tuple[str, ...]) -> bool:
    return not declared or bool(_DOCKERFILE.search(path)) or any(fnmatch(path, glob) for glob in declared)


def _read(tree: Tree, path: str, reader: Reader) -> list[Observation]:
    source = read_text(tree, path)
    # An image whose Dockerfile does not name Celery runs it where a compose file says so.
    speaks = source is not None and (
        "celery" in source.text.lower() or "C_FORCE_ROOT" in source.text or _DOCKERFILE.search(path)
    )
    return list(reader(source)) if source is not None and speaks else []


def _pinned(source: Source) -> Iterator[Observation]:
    for found in _CELERY.finditer(source.text):
        names = found.groupdict()
        if _METADATA.search(source.path) and not names.pop("required"):
            # A line of the description, which the distribution does not ask for.
            continue
        line = source.text.count("\n", 0, found.start()) + 1
        last = line + found.group().count("\n")
        told = newest_release(
            next(filter(None, (names[n] for n in ("asked", "table", "section", "locked", "piped"))), "")
        )
        if told:
            yield PinnedCelery("", source.excerpt(line, last, "text"), told)


def newest_release(bounds: str) -> str:
    """The newest release that `>=4.3,<5` or `^5.2` lets in: exact, or `4.*`; empty where nothing bounds it."""
    found = [_newest(one["how"], one["version"]) for one in _ONE_BOUND.finditer(bounds)]
    exact = [version for version in found if version and "*" not in version]
    told = exact or sorted(filter(None, found), key=lambda v: [int(n) for n in v.split(".")[:-1]] + [_ANY])
    return told[0] if told else ""


def _newest(how: str, version: str) -> str:
    numbers = version.removesuffix(".*").split(".")
    if how in {"", "=", "==", "==="}:
        return version
    if how == "<":
        if not any(int(n) for n in numbers[2:]):
            minor = int(numbers[1]) if len(numbers) > 1 else 0
            numbers = [numbers[0], str(minor - 1)] if minor else [str(int(numbers[0]) - 1)]
        return ".".join([*numbers[:2], "*"])
    kept = {"^": numbers[:1], "~": numbers[:2], "~=": numbers[:-1], "<=": [*numbers, "0"][:2]}.get(how)
    return ".".join([*kept, "*"]) if kept else ""


def _said(source: Source) -> Iterator[Observation]:
    for number, line in enumerate(source.lines, 1):
        text = line.strip()
        if text.startswith(("#", ";")):
            continue
        if _FORCED.search(text):
            yield ForcedRoot("", source.excerpt(number, number, _language(source)))
        if "backend_cleanup" in text:
            yield ResultCleaning("", source.excerpt(number, number, _language(source)))
        if "celery" in text and asks_for_life(text):
            yield HealthCheck("", source.excerpt(number, number, _language(source)), names_a_node(text))
    if _DOCKERFILE.search(source.path):
        yield container_user(source)
    elif _language(source) == "bash":
        yield from _watched(source)


def asks_for_life(command: str) -> bool:
    """Whether a command holds `celery … inspect … ping` or `celery … status`, told in one pass however long it is."""
    words = [found.group() for found in _WORD.finditer(command)]
    after = words[words.index("celery") :] if "celery" in words else []
    pinged = after[after.index("inspect") :] if "inspect" in after else []
    return "status" in after or "ping" in pinged


def names_a_node(command: str) -> bool:
    """Whether a command of Celery asks one node."""
    return bool(_DESTINATION.search(command))


def _language(source: Source) -> str:
    name = source.path.rpartition("/")[2].lower()
    if name.endswith((".yml", ".yaml")):
        return "yaml"
    if name.endswith((".service", ".conf", ".ini")):
        return "ini"
    return "dockerfile" if _DOCKERFILE.search(source.path) else "bash"


def _watched(source: Source) -> Iterator[Observation]:
    """Workers put in the background by a script whose process is then asked for: alone, or at the head of a pipe."""
    text, first = "", 1
    for number, line in enumerate(source.lines, 1):
        first = first if text else number
        text += line.rstrip().removesuffix("\\") + " "
        if line.rstrip().endswith("\\"):
            continue
        command, text = text.strip(), ""
        if not command.startswith("#") and leaves_a_worker(command):
            following = " ".join([command, *source.lines[number : number + 2]])
            if "$!" in following:
                piped = bool(re.search(r"[^|>]\|[^|]", command))
                yield WatchedWorker("", source.excerpt(first, number, "bash"), piped)


def leaves_a_worker(command: str) -> bool:
    """Whether a command ends with a `celery … worker` put in the background, told in one pass however long it is."""
    ends = [found.start() for found in _BACKGROUND.finditer(command)]
    before = command[: ends[-1]] if ends else ""
    celery = re.search(r"\bcelery\b", before)
    return bool(celery and re.search(r"\bworker\b", before[celery.end() :]))


def _environments(tree: Tree) -> Iterator[Observation]:
    tracked = tracked_files(tree.root)
    if tracked is None:
        return
    yield TrackedFiles("", None, len(tracked))
    for path in tracked:
        if _ENVIRONMENTS.search(path) and not _MODELS.search(path):
            yield TrackedEnvironment("", None, path)
