"""Redis and its kin as a script, a unit, a supervisor or a Procfile starts them beside the workers."""

import re
from collections.abc import Iterator
from posixpath import basename, dirname, join, normpath

from audit.model.observations.deployment_statements import BrokerService
from audit.reading.deployment.server_options import configured, service_of, words_of
from audit.reading.source_files import Source, Tree, read_text

_FILES = re.compile(r"(?i)(^|/)(procfile[^/]*|[^/]*\.(sh|bash|service|conf|ini))$")
_OF_TESTS = re.compile(r"(?i)(^|[^a-z0-9])(tests?|ci|e2e)([^a-z0-9]|$)")
_SERVER = re.compile(r"(?<![\w-])(?:redis|valkey|keydb)-server\b(?!\.service)(?P<options>[^;&|>]*)")
_COMMENT = re.compile(r"\s*[#;]")
_HERE = ("localhost", "127.0.0.1")


def server_commands(tree: Tree) -> Iterator[BrokerService]:
    """The servers that files other than YAML start on the machine of their workers."""
    for path in tree.paths:
        if not _FILES.search(path) or _OF_TESTS.search(path):
            continue
        source = read_text(tree, path)
        if source is not None and _SERVER.search(source.text):
            yield from _of_file(source, tree)


def _of_file(source: Source, tree: Tree) -> Iterator[BrokerService]:
    for first, last, text in _commands(source):
        found = None if _COMMENT.match(text) else _SERVER.search(text)
        if found and not re.search(r"\b(apt|apt-get|apk|yum|dnf|brew|command -v|which|pkill|killall)\b", text):
            said, unread = configured(words_of(found["options"]), lambda file: _held(file, source, tree))
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
