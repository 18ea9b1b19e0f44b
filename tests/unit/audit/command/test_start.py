from pathlib import Path

import pytest

from audit import reading as source
from audit.command.run_setup import LEVELS, prepare
from audit.importing import configuration_probe as configuration
from audit.model.findings import Level
from audit.requirements.profiles import CHECKPOINT_2025, STRICT
from audit.target.target_file import TargetError


def test_without_a_level_the_profile_chooses(tmp_path: Path) -> None:
    assert prepare(tmp_path, "strict", None).level is STRICT.default_level
    assert prepare(tmp_path, "checkpoint-2025", None).level is CHECKPOINT_2025.default_level


def test_a_family_by_number(tmp_path: Path) -> None:
    assert prepare(tmp_path, "strict", None).profile is STRICT
    assert prepare(tmp_path, "strict", None, family="10").profile.requirements[0] == "10.1"
    with pytest.raises(TargetError, match=r"unknown family of profile checkpoint-2025 '4' \(known: 8\)"):
        prepare(tmp_path, "checkpoint-2025", None, family="4")


@pytest.mark.parametrize(("name", "level"), LEVELS.items())
def test_a_level_by_name(name: str, level: Level, tmp_path: Path) -> None:
    assert prepare(str(tmp_path), "strict", name).level is level


def test_the_real_probes_and_the_target_are_bound(tmp_path: Path) -> None:
    steps: list[str] = []
    done = prepare(tmp_path, "strict", "source", steps.append)
    assert done.probes.source is source.collect
    assert done.probes.configuration is configuration.collect
    assert done.target.root == tmp_path.resolve()
    assert steps == [], "nothing is read before it is asked"
    assert done.known.configuration is None
    assert len(steps) == 1


@pytest.mark.parametrize(
    ("profile", "level", "words"),
    [
        ("strcit", None, "unknown profile 'strcit'; did you mean strict? (known: celery, checkpoint-2025, strict)"),
        ("zzz", None, "unknown profile 'zzz' (known: celery, checkpoint-2025, strict)"),
        ("strict", "sources", "unknown level 'sources'; did you mean source?"),
        ("strict", "", "unknown level ''"),
        ("strict", "measurement", "unknown level 'measurement'"),
    ],
)
def test_mistakes_are_named(profile: str, level: str | None, words: str, tmp_path: Path) -> None:
    with pytest.raises(TargetError) as caught:
        prepare(tmp_path, profile, level)
    assert str(caught.value).startswith(words)


def test_a_missing_target_is_named(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no such target"):
        prepare(tmp_path / "nowhere", "strict", None)
