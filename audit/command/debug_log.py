"""`audit --debug`: what the harness reads, skips, imports and starts, as lines on the standard error."""

import io
import logging
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import TextIO

from audit.command.terminal import shown
from audit.journal.journal_file import NAME


def identity() -> str:
    """Name and version of the tool, of its Python and of its system, on one line."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return f"{NAME} {version(NAME)}, {platform.python_implementation()} {platform.python_version()}, {system}"


class _Lines(logging.Formatter):
    """One line each, with the milliseconds since the start; file names of a target move no cursor."""

    def format(self, record: logging.LogRecord) -> str:
        return shown(super().format(record))


@contextmanager
def debug_log() -> Iterator[None]:
    """Print what the modules of `audit` log while the block lasts."""
    logger = logging.getLogger("audit")
    before = logger.level
    with _standard_error() as stream:
        handler = logging.StreamHandler(stream)
        handler.setFormatter(_Lines("%(relativeCreated)7.0f ms  %(name)s: %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        logger.debug("%s", identity())
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(before)


@contextmanager
def _standard_error() -> Iterator[TextIO]:
    """A copy of the standard error: pytest redirects the one of the process while it runs the experiments."""
    try:
        descriptor = os.dup(sys.stderr.fileno())
    except io.UnsupportedOperation:
        yield sys.stderr
        return
    with os.fdopen(descriptor, "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace") as stream:
        yield stream
