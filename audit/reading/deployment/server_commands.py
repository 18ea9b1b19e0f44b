"""Redis and its kin as files start them beside the workers, and what others say of one: `CONFIG SET`, Terraform, a chart."""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from posixpath import basename, dirname, join, normpath

from audit.model.observations.deployment_statements import BrokerService
from audit.model.test_files import STARTED_FOR_TESTS
from audit.reading.deployment.file_templates import plain_name
from audit.reading.deployment.process_kinds import kind_of
from audit.reading.deployment.server_options import configured, service_of, words_of
from audit.reading.source_files import Source, Tree, read_text

_FILES = re.compile(r"(?i)(^|/)(procfile[^/]*|[^/]*\.(sh|bash|service|conf|ini))$")
_NAME = r"(?:[\w./$(){}-]*/)?(?:redis|valkey|keydb)-server\b(?!\.service)(?P<options>[^;&|>]*)"
# Where a word is a command: after what separates two, or what runs another.
_RUNS = (
    r"(?:^|[;&|{`]|(?<!=)\(|\b(?:then|do|else|exec|nohup|setsid|env|start|restart)\b|-c\s+[\"']?|"
    r"\b(?:sudo|gosu|su-exec|runuser|docker|podman|chroot|nice)\b[^;&|]*\s)\s*(?:[A-Za-z_]\w*=[^\s(\"']*\s+)*"
)
_KEY = r"^\s*(?:command|cmd|Exec\w+)\s*=\s*[-@:+!]*"
_SERVER = {
    **dict.fromkeys(("supervisor", "circus", "systemd"), re.compile(f"{_KEY}(?:.*{_RUNS.replace('^|', '')})?{_NAME}")),
    "procfile": re.compile(rf"^\s*[\w-]+\s*:\s*(?:.*{_RUNS.replace('^|', '')})?{_NAME}"),
    "shell": re.compile(_RUNS + _NAME),
}
_COMMENT = re.compile(r"\s*[#;]")
_HERE = ("localhost", "127.0.0.1")
_STATING = re.compile(
    r"(?i)\.(tf|tfvars|hcl|ya?ml|json|conf|j2|tmpl|tpl|toml|sh|bash|env|service)$|(^|/)(makefile|dockerfile|procfile)[^/]*$"
)
# `maxmemory-policy allkeys-lru`, `"maxmemory-policy": "allkeys-lru"`, `maxmemory_policy = "…"`, `name = "maxmemory-policy"` then `value = "…"`.
_POLICY = re.compile(
    r"(?i)maxmemory[-_]?policy[\"']?(?:\s*[,;]?\s*(?:value)?\s*[:=]?\s*)[\"']?(?P<policy>(?:allkeys|volatile|no)[-_]?(?:lru|lfu|random|ttl|eviction))"
)
_HOST = re.compile(r"\b(?:redis|valkey)-cli\b.*?\s-h\s+(?P<host>[\w.-]+)")


def server_commands(tree: Tree) -> Iterator[BrokerService]:
    """The servers that files other than YAML start on the machine of their workers."""
    for path in tree.paths:
        if not _FILES.search(plain_name(path)) or is_of_tests(path):
            continue
        source = read_text(tree, path)
        if source is not None and "-server" in source.text:
            server = _SERVER.get(kind_of(replace(source, path=plain_name(path)), declared=False))
            yield from _of_file(source, server, tree) if server else ()


def is_of_tests(path: str) -> bool:
    """Whether a file starts what tests need, by its path."""
    return bool(STARTED_FOR_TESTS & set(re.split(r"[^a-z0-9]+", path.lower())))


def _of_file(source: Source, server: re.Pattern[str], tree: Tree) -> Iterator[BrokerService]:
    for first, last, text in _commands(source):
        found = None if _COMMENT.match(text) else server.search(text)
        if found and not re.search(r"\b(apt|apt-get|apk|yum|dnf|brew|command -v|which|pkill|killall)\b", text):
            options = found["options"].rstrip()
            # The quote that ends what `sh -c` runs.
            ended = options[-1:] in {"'", '"'} and options.count(options[-1]) % 2
            said, unread = configured(
                words_of(options[:-1] if ended else options), lambda file: _held(file, source, tree)
            )
            yield service_of(source.excerpt(first, last, "bash"), _HERE, said, unread)


def _commands(source: Source) -> Iterator[tuple[int, int, str]]:
    """The lines of a file with their numbers, those that a backslash cuts joined again."""
    first, text = 1, ""
    for number, line in enumerate(source.lines, 1):
        text += line.removesuffix("\\")
        if not line.endswith("\\"):
            yield first, number, text
            first, text = number + 1, ""


def _held(file: str, source: Source, tree: Tree) -> Source | None:
    """The configuration file that a command names, where one file of the target is it."""
    beside = normpath(join(dirname(source.path), file))
    alike = [path for path in tree.paths if path == beside or basename(path) == basename(file)]
    return read_text(tree, alike[0]) if len(alike) == 1 or beside in alike[:1] else None


def stated_policies(tree: Tree, read: Collection[str]) -> Iterator[BrokerService]:
    """The policies that files other than those `read` already state, one of each file; their server's bound is not known."""
    rendered = {basename(path) for path in read}
    for path in tree.paths:
        # What a template makes is read where it stands.
        if path in read or re.sub(r"\.(j2|tmpl|tpl)$", "", basename(path)) in rendered - {basename(path)}:
            continue
        if not _STATING.search(path) or is_of_tests(path):
            continue
        source = read_text(tree, path)
        if source is not None and "maxmemory" in source.text.lower():
            yield from _stated_in(source)


def _stated_in(source: Source) -> Iterator[BrokerService]:
    text = "\n".join("" if line.lstrip().startswith(("#", "//")) else line for line in source.lines)
    for found in _POLICY.finditer(text):
        first = text.count("\n", 0, found.start()) + 1
        line = source.lines[first - 1]
        host = _HOST.search(line)
        names = (host["host"],) if host else ("localhost", "127.0.0.1") if "-cli" in line else (source.path,)
        excerpt = source.excerpt(first, text.count("\n", 0, found.end()) + 1, "text")
        yield BrokerService("", excerpt, names, found["policy"].lower().replace("_", "-"), limited=True)
