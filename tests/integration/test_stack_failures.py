"""A tree that does not start is refused with the name of what is missing and the end of its log."""

from pathlib import Path

import psutil
import pytest

from system.sandbox.processes import SandboxError
from system.sandbox.stack import running_stack
from system.sandbox.starters import CONFIGURATION

SUPERVISOR = "[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\n"
BROKEN_BEAT = """
[program:beat]
command=bash -c 'echo because of this; exit 1'
startretries=0
stdout_logfile=/dev/fd/1
stdout_logfile_maxbytes=0
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree that migrates well and whose only program dies at once."""
    (tmp_path / CONFIGURATION).parent.mkdir(parents=True)
    (tmp_path / CONFIGURATION).write_text(SUPERVISOR + BROKEN_BEAT)
    (tmp_path / "system" / "__init__.py").touch()
    (tmp_path / "system" / "__main__.py").touch()
    return tmp_path


def test_a_program_that_dies_at_once_is_named(tree: Path) -> None:
    before = set(psutil.Process().children(recursive=True))
    with (
        pytest.raises(SandboxError, match=r"(?s)not working: beat; .*because of this"),
        running_stack(tree, start_seconds=3),
    ):
        pass
    # Whatever had started is gone, the servers of the session aside.
    assert set(psutil.Process().children(recursive=True)) <= before


def test_a_migration_that_fails_shows_what_it_said(tree: Path) -> None:
    (tree / "system" / "__main__.py").write_text("raise SystemExit('DATABASE_URL: no such thing')")
    with pytest.raises(SandboxError, match=r"(?s)-m system migrate: exit code 1\nDATABASE_URL"), running_stack(tree):
        pass
