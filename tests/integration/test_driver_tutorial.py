"""The tutorial of a driver, played as it stands: its files, its command, and the verdict that it promises."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from system.sandbox.stack import REPOSITORY

pytestmark = [pytest.mark.real, pytest.mark.integration]

TUTORIAL = REPOSITORY / "audit" / "experiments" / "DRIVER.md"
SHOP = REPOSITORY / "tests" / "targets" / "boutique-a-piloter"
_BLOCK = re.compile(r"<!-- (file|run): (.+?) -->\n```\w+\n(.*?)```\n", re.DOTALL)


def blocks() -> list[tuple[str, str, str]]:
    """Kind, what is said of it, and text of each block that the tutorial asks to write or run."""
    return _BLOCK.findall(TUTORIAL.read_text(encoding="utf-8"))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Path]:
    """The shop with the files of the tutorial; nothing that was started there is left afterwards."""
    root = tmp_path / "shop"
    shutil.copytree(SHOP, root, ignore=shutil.ignore_patterns("__pycache__"))
    for kind, name, text in blocks():
        if kind == "file":
            (root / name).write_text(text, encoding="utf-8")
    yield root
    assert not [process for process in psutil.process_iter() if below(process, root)]


def below(process: psutil.Process, root: Path) -> bool:
    try:
        return Path(process.cwd()).is_relative_to(root)
    except psutil.Error:
        return False


def play(root: Path, redis_url: str) -> tuple[dict[str, str], str]:
    """Verdicts and report of the command that the tutorial gives."""
    ((_, _, command),) = [block for block in blocks() if block[0] == "run"]
    environment = {**os.environ, "REDIS_URL": redis_url}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    subprocess.run(["sh", "-c", command], cwd=root, env=environment, check=False, timeout=300)
    (journal,) = (root / "reports").glob("*.json")
    judged = json.loads(journal.read_text(encoding="utf-8"))["requirements"]
    report = journal.with_suffix(".md").read_text(encoding="utf-8").replace("\u00a0", " ")
    return {requirement["id"]: requirement["verdict"] for requirement in judged}, report


def test_the_driver_is_as_short_as_its_title_says() -> None:
    ((_, _, text),) = [block for block in blocks() if block[1] == "audit_driver.py"]
    code = [line for line in text.splitlines() if line.strip()]
    assert len(code) <= 30


def test_the_tutorial_leads_where_it_says(shop: Path, redis_url: str) -> None:
    verdicts, report = play(shop, redis_url)
    ((_, promised, _),) = [block for block in blocks() if block[0] == "run"]
    assert promised in report
    assert set(verdicts.values()) == {"INDÉTERMINÉ"}
    for lacking in ("retry_delays", "logged_in"):
        assert f"n'écrit pas encore `{lacking}`" in report


def test_without_the_loop_of_its_script_the_verdict_is_the_other(shop: Path, redis_url: str) -> None:
    script = shop / "start.sh"
    text = script.read_text(encoding="utf-8")
    script.write_text(text.replace("while true; do", "for once in 1; do"), encoding="utf-8")
    verdicts, report = play(shop, redis_url)
    assert verdicts["8.5"] == "NON CONFORME"
    assert "Le worker tué (SIGKILL) n'est pas revenu" in report
