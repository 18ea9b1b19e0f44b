"""Small targets written in a temporary directory and read by the probe."""

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from audit.model.facts import Facts
from audit.reading import collect
from audit.target.target_file import Target
from tests.unit.audit.reading.collecting import Collect


@pytest.fixture
def collect_tree(tmp_path: Path) -> Collect:
    """Write files (dedented) under a root of their own, and collect."""

    def write_and_collect(files: Mapping[str, str], **target: Any) -> Facts:
        root = tmp_path / "target"
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return collect(Target(name="t", root=root, **target))

    return write_and_collect
