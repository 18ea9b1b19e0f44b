"""What the report says of a spec: criteria nobody cites, that no rule covers, citations of nothing."""

from pathlib import Path

import pytest

from audit.reading.kiro.spec_files import HOME
from audit.reading.kiro.traceability import Traceability, spec_of, trace

REQUIREMENTS = (
    "## Requirement 1\n#### Acceptance Criteria\n1. A\n2. B\n## Requirement 2\n#### Acceptance Criteria\n1. C\n"
)
TASKS = "- [ ] 1. T\n  - _Requirements: 1.1-1.2_\n- [ ] 2. U\n  - _Requirements: 2_\n- [ ] 3. Checkpoint\n"
ALL = {"1.1": {"r"}, "1.2": {"r"}, "2.1": {"r"}}


def write(root: Path, name: str = "s", requirements: str | None = REQUIREMENTS, tasks: str | None = TASKS) -> Path:
    folder = root / HOME / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in (("requirements.md", requirements), ("tasks.md", tasks)):
        if text is not None:
            (folder / file).write_text(text, encoding="utf-8")
    return folder


def traced(
    root: Path, by_number: dict[str, set[str]] = ALL, declared: dict[str, tuple[str, ...]] | None = None
) -> Traceability:
    spec = spec_of(root, "")
    assert spec is not None
    return trace(spec, by_number, declared or {}, {"r"})


def test_a_sound_spec_has_nothing_to_say(tmp_path: Path) -> None:
    write(tmp_path)
    found = traced(tmp_path)
    assert (found.uncited, found.uncovered, found.dangling, found.flaws, found.unread) == ((), (), (), (), ())
    assert (found.criteria, found.tasks, found.name) == (3, 3, "s")
    assert [(c.criteria, c.inherited) for c in found.checkpoints] == [(("1.1", "1.2", "2.1"), True)]


@pytest.mark.parametrize(
    ("before", "after", "uncited", "dangling"),
    [
        ("1.1-1.2", "1.1", ["1.2"], []),
        ("1.1-1.2", "1.1-1.3", [], ["1.3"]),
        (": 2_", ": 3_", ["2.1"], ["3"]),
        ("1.1-1.2", "1-5", [], ["5"]),
        ("1.1-1.2", "0.1-9.9", [], ["0.1", "9.9"]),
        ("  - _Requirements: 2_\n", "", ["2.1"], []),
    ],
)
def test_a_defective_plan(tmp_path: Path, before: str, after: str, uncited: list[str], dangling: list[str]) -> None:
    assert before in TASKS
    write(tmp_path, tasks=TASKS.replace(before, after))
    found = traced(tmp_path)
    assert found.uncited is not None
    assert found.dangling is not None
    assert [str(c.identifier) for c in found.uncited] == uncited
    assert [end for d in found.dangling for end in d.missing] == dangling


def test_what_a_design_validates_must_exist_but_cites_for_nobody(tmp_path: Path) -> None:
    folder = write(tmp_path, tasks=TASKS.replace("_Requirements: 2_", "x"))
    (folder / "design.md").write_text("**Validates: Requirements 2.1, 2.9**\n", encoding="utf-8")
    found = traced(tmp_path)
    assert [str(c.identifier) for c in found.uncited or ()] == ["2.1"]
    assert [(d.place, d.missing) for d in found.dangling or ()] == [("design.md:1", ("2.9",))]


def test_a_criterion_is_covered_by_its_number_or_by_the_target_file(tmp_path: Path) -> None:
    write(tmp_path)
    found = traced(tmp_path, {"1.1": {"r"}}, {"1.2": ("r",), "2.1": ("nobody",), "7.7": ("r",)})
    assert [str(c.identifier) for c in found.uncovered or ()] == ["2.1"]
    assert found.entrusted == (("1.2", "r"),)
    assert {f.place: f.why for f in found.flaws} == {
        "[criteria] 2.1": "aucune règle ne s'appelle « nobody »",
        "[criteria] 7.7": "la spec n'énonce pas ce critère",
    }


@pytest.mark.parametrize("missing", ["requirements", "tasks"])
def test_nothing_is_concluded_from_half_a_spec(tmp_path: Path, missing: str) -> None:
    write(
        tmp_path,
        requirements=None if missing == "requirements" else REQUIREMENTS,
        tasks=None if missing == "tasks" else TASKS,
    )
    found = traced(tmp_path)
    assert found.uncited is None
    assert (found.uncovered is None, found.dangling is None) == (missing == "requirements",) * 2
    assert found.unread == ((f"{HOME}/s/{missing}.md", "absent"),)


def test_of_several_specs_none_is_read_unless_declared(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, "other")
    found = traced(tmp_path)
    assert (found.digest, found.name, found.criteria, found.uncited) == ("", "", 0, None)
    assert "plusieurs specs (`.kiro/specs/other`, `.kiro/specs/s`)" in found.unread[0][1]
    declared = spec_of(tmp_path, f"{HOME}/s")
    assert declared is not None
    assert declared.name == "s"


def test_a_project_without_spec_has_no_traceability(tmp_path: Path) -> None:
    assert spec_of(tmp_path, "") is None
