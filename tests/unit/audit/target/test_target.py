import os
import re
from pathlib import Path

import pytest

from audit.target.target_file import TargetError, load_target

SOUND = """
[target]
name = "x"
celery_app = "app:celery"
process_files = ["start.sh"]
[checkpoint]
spec = "s"
[roles]
sender = "app:send"
service_client = "app:a, app:b"
absent = ["watchdog"]
"""


def write(folder: Path, text: str, name: str = "audit.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("by_file", [True, False])
def test_a_target_file_is_read(tmp_path: Path, by_file: bool) -> None:
    path = write(tmp_path, SOUND)
    target = load_target(path if by_file else tmp_path)
    assert (target.name, target.root, target.spec) == ("x", tmp_path.resolve(), "s")
    assert target.role("sender") == "app:send"
    assert target.roles["service_client"] == ("app:a", "app:b")
    assert target.role("webhook") == ""
    assert target.absent == {"watchdog"}


def test_pyproject_can_carry_it(tmp_path: Path) -> None:
    write(tmp_path, '[tool.audit.target]\nname = "y"\n', "pyproject.toml")
    assert load_target(tmp_path).name == "y"


def test_a_bare_directory_is_a_target_with_nothing_declared(tmp_path: Path) -> None:
    write(tmp_path, "[tool.ruff]\n", "pyproject.toml")
    assert load_target(tmp_path).roles == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[target\n", "not valid TOML"),
        ("[cible]\n", "unknown key cible"),
        ('[target]\ncelery_ap = "x"\n', "did you mean target.celery_app?"),
        ("[target]\nname = 3\n", "target.name must be a string"),
        ('[target]\nprocess_files = "start.sh"\n', "must be a list of strings"),
        ("[target]\nprocess_files = [1]\n", "must be a list of strings"),
        ("target = 3\n", "target must be a table"),
        ('[target]\nroot = "nowhere"\n', "is not a directory"),
        ('[roles]\nabsent = ["watchdgo"]\n', "did you mean roles.absent: watchdog?"),
        ('[target]\nroot = "a\\u0000b"\n', "target.root holds a NUL character"),
        ('[target]\nenvironment = ["A=\\u0000"]\n', "target.environment holds a NUL character"),
        (f"x = {'[' * 20_000}\n", "nested too deep"),
        (f'[target]\nroot = "{"a" * 5000}"\n', "cannot be read"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, words: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(TargetError) as caught:
        load_target(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value).rstrip()


def test_a_missing_target(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no such target"):
        load_target(tmp_path / "nowhere")


def test_neither_a_directory_nor_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TargetError, match="neither a directory nor a target file"):
        load_target(tmp_path / "pipe")


def test_evidence_is_found_beside_the_target_file_whatever_its_root(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    path = write(
        tmp_path, '[target]\nroot = "app"\n[evidence]\nsoak = "measures/soak.json"\nheartbeats = "/tmp/beats.json"\n'
    )
    assert load_target(path).evidence == (tmp_path / "measures/soak.json", Path("/tmp/beats.json"))


def test_a_spec_and_what_covers_its_criteria(tmp_path: Path) -> None:
    (tmp_path / ".kiro" / "specs" / "s").mkdir(parents=True)
    write(tmp_path, '[spec]\nkiro = "./.kiro/specs/s/"\n[criteria]\n"3.2" = "a, b"\n')
    target = load_target(tmp_path)
    assert target.kiro == ".kiro/specs/s"
    assert target.criteria == {"3.2": ("a", "b")}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[spec]\nkiro = "absent"\n', "spec.kiro: absent is not a directory below"),
        ('[spec]\nkiro = ".."\n', "spec.kiro: .. is not a directory below"),
        ('[spec]\nkiro = "/etc"\n', "spec.kiro: /etc is not a directory below"),
        ('[criteria]\n"3" = "a"\n', 'unknown key criteria.3; did you mean criteria."N.M"?'),
        ('[criteria]\n"3.2" = ["a"]\n', "criteria.3.2 must be a string"),
    ],
)
def test_a_spec_that_cannot_be_used_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(TargetError, match=re.escape(told)):
        load_target(write(tmp_path, text))
