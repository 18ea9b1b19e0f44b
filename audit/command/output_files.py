"""Files written whole or not at all."""

import logging
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from errno import EISDIR
from pathlib import Path

_logger = logging.getLogger(__name__)


class OutputError(Exception):
    """The report cannot be written; the message is one line for the user."""


def put(texts: Mapping[Path, str | bytes]) -> None:
    """Write every content under its name, or none of them. Raises OutputError."""
    drafts = {path: path.with_name(f".{path.name}.{os.getpid()}.draft") for path in texts}
    try:
        for path, draft in drafts.items():
            content = texts[path]
            # Half of a surrogate pair, which a file name may hold, becomes an escape that JSON reads back.
            draft.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace"))
            if path.is_dir():
                raise IsADirectoryError(EISDIR, "a directory has the report's name", str(path))
        for path, draft in drafts.items():
            draft.replace(path)
            _logger.debug("written: %s, %d characters or bytes", path, len(texts[path]))
    except OSError as error:
        raise OutputError(f"{error.filename or texts}: cannot write the report: {error.strerror or error}") from error
    finally:
        for draft in drafts.values():
            with suppress(OSError):
                draft.unlink(missing_ok=True)


def writable(out: Path) -> None:
    """Make the directory if need be. Raises OutputError when nothing can be written there."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise OutputError(f"--out {out}: cannot write there: {error.strerror or error}") from error
