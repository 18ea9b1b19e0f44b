"""The fixture that makes a small target."""

import textwrap
from pathlib import Path

import pytest

from audit.target.target_file import Target
from tests.unit.audit.importing.small_targets import Make


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A target whose files are given by name: `make({"work.py": "..."}, celery_app="work:app")`."""

    def made(files: dict[str, str], **fields: str) -> Target:
        root = tmp_path / "target"
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return Target(name="small", root=root, **fields)  # type: ignore[arg-type]

    return made
