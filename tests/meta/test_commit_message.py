"""The script of the hook `commit-msg`, started as the hook starts it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUBJECT = "Refuse a subject that is too long"


def told(message: str, tmp_path: Path) -> str:
    """What the script says of this message; it exits 1 if, and only if, it says something."""
    path = tmp_path / "COMMIT_EDITMSG"
    path.write_text(message, encoding="utf-8")
    command = [sys.executable, str(ROOT / ".ci" / "commit_message.py"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == bool(done.stderr)
    return done.stderr


@pytest.mark.parametrize(
    "message",
    [
        f"{SUBJECT}\n\nIt is cut by `git log --oneline`.\n",
        f"{'é' * 72}\n\nCharacters, not bytes.\n",
        f"\n{SUBJECT}\n# a comment of git\n\nWhy.\n",
        f"{SUBJECT}\n\nWhy.\n# ------------------------ >8 ------------------------\n{'x' * 100}\n",
        "Merge branch 'a' into a-branch-whose-name-is-so-long-that-the-subject-is-far-beyond-the-limit\n",
        f"fixup! {'x' * 80}\n",
        "# Everything was deleted: git refuses it.\n",
    ],
)
def test_a_good_message_passes(message: str, tmp_path: Path) -> None:
    assert told(message, tmp_path) == ""


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (f"{'x' * 73}\n\nWhy.\n", "the subject has 73 characters, at most 72"),
        (f"{SUBJECT}\n", "a body that says why is missing"),
        (f"{SUBJECT}\n\n# Please enter the commit message\n", "a body that says why is missing"),
        (f"{SUBJECT}\n\nSigned-off-by: A <a@example.org>\n", "a body that says why is missing"),
        (f"{SUBJECT}\nWhy.\n", "an empty line must follow the subject"),
    ],
)
def test_a_fault_is_named(message: str, words: str, tmp_path: Path) -> None:
    assert words in told(message, tmp_path)
