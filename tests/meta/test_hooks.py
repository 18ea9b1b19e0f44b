"""The hooks of a commit take seconds: they start nothing that installs, fetches or reads the whole tree."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CONFIG: dict[str, Any] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
HOOKS = [hook for repo in CONFIG["repos"] for hook in repo["hooks"]]


def test_hooks_use_what_is_installed() -> None:
    assert {repo["repo"] for repo in CONFIG["repos"]} == {"local"}
    assert {hook["language"] for hook in HOOKS} == {"system"}
    assert not [hook["id"] for hook in HOOKS if hook["entry"].split()[0] not in {".venv/bin/ruff", "python3"}]


def test_hooks_read_the_changed_files_only() -> None:
    assert not [hook["id"] for hook in HOOKS if not hook.get("pass_filenames", True) or hook.get("always_run")]


def test_the_hook_of_the_message_is_installed_with_the_others() -> None:
    stages = {stage for hook in HOOKS for stage in hook.get("stages", ["pre-commit"])}
    assert stages == set(CONFIG["default_install_hook_types"])
