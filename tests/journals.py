"""Compares the journals that two states of the harness write of the same targets: `python -m tests.journals COMMIT [TARGET ...]`.

The harness of COMMIT, checked out in a temporary worktree, and the one of this tree audit each committed target of this tree at
levels source and configuration. Every difference is printed with its JSON path. Dates, durations and digests are left out: they
change from run to run, or with the way facts are written down.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from audit.model.word_tables import word_list

REPOSITORY = Path(__file__).resolve().parents[1]
TARGETS = word_list("""
    tests/targets/decembre-2025 tests/targets/bonnes-pratiques tests/targets/django-espace tests/targets/flask-usine
    tests/targets/fastapi-partagees .
""")
LEVELS = ("source", "configuration")
_VOLATILE = frozenset({"volatile", "digest", "facts_digest"})


def journal(harness: Path, target: Path, level: str) -> Any:
    """The journal that the harness in this directory writes of a target; None when it writes none."""
    environ = {**os.environ, "PYTHONPATH": str(harness), "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryDirectory(prefix="journals-") as out:
        command = [sys.executable, "-P", "-m", "audit", "run", str(target), "--level", level, "--out", out, "--quiet"]
        subprocess.run(command, env=environ, cwd=out, capture_output=True, check=False)
        written = list(Path(out).glob("*.json"))
        return json.loads(written[0].read_text(encoding="utf-8")) if written else None


def differences(before: Any, after: Any, path: str = "$") -> Iterator[str]:
    """One line a difference between two JSON values: its path, what was, what is."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted((before.keys() | after.keys()) - _VOLATILE):
            yield from differences(before.get(key), after.get(key), f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from differences(old, new, f"{path}[{index}]")
    elif before != after:
        yield f"{path}: {_short(before)} -> {_short(after)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 400 else f"{text[:400]}…"


def compare(before: Path, targets: Sequence[str]) -> int:
    """Print every difference between the harness in `before` and this one; the number of journals that differ."""
    changed = 0
    for target in targets:
        for level in LEVELS:
            old, new = (journal(harness, REPOSITORY / target, level) for harness in (before, REPOSITORY))
            lines = list(differences(old, new))
            missing = ", none written" if old is None or new is None else ""
            count = f"{len(lines) or 'no'} difference{'s' if len(lines) > 1 else ''}"
            sys.stdout.write(f"{target} at {level}: {count}{missing}\n" + "".join(f"  {line}\n" for line in lines))
            sys.stdout.flush()
            changed += bool(lines) or old is None or new is None
    return changed


def main() -> int:
    """Exit code 1 when a journal differs, or could not be written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commit", help="the harness to compare with, as git names it")
    parser.add_argument(
        "targets", nargs="*", default=TARGETS, help="directories of this tree; all committed ones by default"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="harness-") as folder:
        worktree = Path(folder) / "tree"
        git = ("git", "-C", str(REPOSITORY), "worktree")
        subprocess.run([*git, "add", "--quiet", "--detach", str(worktree), options.commit], check=True)
        try:
            return 1 if compare(worktree, options.targets) else 0
        finally:
            subprocess.run([*git, "remove", "--force", str(worktree)], check=True)


if __name__ == "__main__":
    sys.exit(main())
