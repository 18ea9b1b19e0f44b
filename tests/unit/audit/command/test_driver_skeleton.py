"""`audit init --driver`: a skeleton that loads at once, says what is left to write, and takes nobody's place."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from audit.command.cli import app
from audit.command.init.driver_skeleton import NAME, SYMBOL
from audit.experiments.driver import Driver, DriverError, load_driver
from audit.experiments.process_driver import ProcessDriver
from audit.target.target_file import load_target
from tests.acceptance.reference_copy import REPOSITORY

TARGETS = REPOSITORY / "tests" / "targets"
CELERY = 'from celery import Celery\napp = Celery("x")\n'


def init(root: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["init", str(root), *options])
    return result.exit_code, result.output


def loaded(root: Path, monkeypatch: pytest.MonkeyPatch) -> ProcessDriver:
    monkeypatch.setattr(sys, "path", [str(root), *sys.path])
    monkeypatch.delitem(sys.modules, "audit_driver", raising=False)
    try:
        driver = load_driver(SYMBOL, root)
    finally:
        sys.modules.pop("audit_driver", None)
    assert isinstance(driver, ProcessDriver)
    return driver


def project(folder: Path, files: dict[str, str]) -> Path:
    root = folder / "shop"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("name", "commands", "deployment"),
    [
        ("boutique-a-piloter", {"worker": "bash start.sh"}, "start.sh"),
        ("bonnes-pratiques", {"worker": "bash start.sh", "beat": "bash start.sh", "web": "bash start.sh"}, "start.sh"),
        ("canari-memoire", {"worker": "celery -A boutique worker"}, ""),
    ],
)
def test_a_skeleton_loads_and_holds_what_was_inferred(
    name: str, commands: dict[str, str], deployment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "target"
    shutil.copytree(TARGETS / name, root, ignore=shutil.ignore_patterns("__pycache__", "audit.toml"))
    code, told = init(root, "--driver")
    assert code == 0, told
    assert load_target(root).driver == SYMBOL
    driver = loaded(root, monkeypatch)
    assert isinstance(driver, Driver)
    assert (dict(driver.commands), driver.deployment_file) == (commands, deployment)
    text = (root / NAME).read_text(encoding="utf-8")
    assert text.count("TODO") >= 6
    # Nothing of a project is started before somebody has read what would be.
    for method, arguments in (
        ("start", ()),
        ("launch", (1,)),
        ("logged_in", ()),
        ("hold", ("before",)),
        ("recorded", ()),
    ):
        with pytest.raises(DriverError, match=f"n'écrit pas encore `{method}`"):
            getattr(driver, method)(*arguments)


def test_the_tasks_that_were_found_are_named(tmp_path: Path) -> None:
    tasks = "".join(f"@app.task\ndef send_{n}(key):\n    pass\n" for n in range(12))
    root = project(tmp_path, {"shop.py": CELERY + tasks})
    assert init(root, "--driver")[0] == 0
    text = (root / NAME).read_text(encoding="utf-8")
    assert "# Task: shop:send_0\n" in text
    assert "# … and 2 more\n" in text
    assert "from shop import send_0" in text


def test_a_driver_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    root = project(tmp_path, {"shop.py": CELERY, NAME: "mine\n"})
    for options in (("--driver",), ("--driver", "--force")):
        code, told = init(root, *options)
        assert (code, (root / NAME).read_text(encoding="utf-8")) == (2, "mine\n")
        assert "already there, and no option replaces it" in " ".join(told.split())
    assert not (root / "audit.toml").exists()


def test_a_link_of_that_name_is_not_followed(tmp_path: Path) -> None:
    root = project(tmp_path, {"shop.py": CELERY})
    (root / NAME).symlink_to(tmp_path / "elsewhere.py")
    assert init(root, "--driver")[0] == 2
    assert not (tmp_path / "elsewhere.py").exists()


def test_a_target_file_that_is_there_stays_and_the_line_for_it_is_told(tmp_path: Path) -> None:
    root = project(tmp_path, {"shop.py": CELERY, "audit.toml": '[target]\nname = "mine"\n'})
    code, told = init(root, "--driver")
    assert code == 0
    assert (root / NAME).exists()
    assert (root / "audit.toml").read_text(encoding="utf-8") == '[target]\nname = "mine"\n'
    assert f'driver = "{SYMBOL}"' in told


@pytest.mark.parametrize("files", [{"shop.py": "x = 1\n"}, {"README": ""}, {"shop.py": "def broken(:\n"}])
def test_without_a_celery_application_nothing_is_written(files: dict[str, str], tmp_path: Path) -> None:
    root = project(tmp_path, files)
    code, told = init(root, "--driver")
    assert code == 2
    assert "no Celery application in the source" in " ".join(told.split())
    assert sorted(path.name for path in root.iterdir()) == sorted(files)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_without_the_right_to_write_it_says_so(tmp_path: Path) -> None:
    root = project(tmp_path, {"shop.py": CELERY})
    root.chmod(0o500)
    code, told = init(root, "--driver")
    root.chmod(0o700)
    assert (code, "cannot be written" in told) == (2, True)


def test_where_nothing_can_be_written_nothing_is_left(tmp_path: Path) -> None:
    """As above, for root too: the name of the draft is that of a folder."""
    root = project(tmp_path, {"shop.py": CELERY})
    (root / f".{NAME}.{os.getpid()}.draft").mkdir()
    code, told = init(root, "--driver")
    assert code == 2
    assert "cannot be written" in told
    assert not (root / NAME).exists()


def test_hostile_names_stay_inside_of_their_strings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / 'a """ + exit(3) + \\N{BULLET} """'
    root.mkdir()
    (root / "shop.py").write_text(CELERY, encoding="utf-8")
    (root / "it's\n$(touch x).sh").write_text("while true; do celery -A shop worker; done\n", encoding="utf-8")
    assert init(root, "--driver")[0] == 0
    driver = loaded(root, monkeypatch)
    assert set(driver.commands) == {"worker"}
    assert not (root / "x").exists()
