"""Tasks, what they cite, and what a checkpoint inherits."""

from hypothesis import given
from hypothesis import strategies as st

from audit.reading.kiro.tasks_file import Plan, read_design, read_tasks

PHASES = """# Implementation Plan

## Phase 1: A
- [x] 1. First
  - [ ]* 1.1 Test it
    - _Requirements: 1.1_
- [x] 2. Checkpoint - half
- [ ] 3. Second
      - _Requirements: 1.2_
- [ ] 4. Checkpoint - whole

## Phase 2: B
- [-] 5. Third
  text, then _Requirements: 2.1_
- [ ] 6. Checkpoint - B
  - _Requirements: 2.2_
"""


def inherited(plan: Plan) -> dict[str, list[str]]:
    return {
        t.number: [c.text for c in t.citations or plan.cited_in_phase(t.phase)] for t in plan.tasks if t.is_checkpoint
    }


def test_tasks_and_their_citations() -> None:
    plan = read_tasks(PHASES, "t")
    assert [t.number for t in plan.tasks] == ["1", "1.1", "2", "3", "4", "5", "6"]
    assert [(c.text, c.place) for c in plan.citations] == [
        ("1.1", "t:6"),
        ("1.2", "t:9"),
        ("2.1", "t:14"),
        ("2.2", "t:16"),
    ]
    assert plan.flaws == []


def test_a_checkpoint_inherits_from_the_phase_it_stands_in() -> None:
    assert inherited(read_tasks(PHASES, "t")) == {"2": ["1.1", "1.2"], "4": ["1.1", "1.2"], "6": ["2.2"]}


def test_without_phases_it_inherits_from_the_checkpoint_before() -> None:
    text = PHASES.replace("## Phase 1: A\n", "").replace("## Phase 2: B\n", "")
    assert inherited(read_tasks(text, "t")) == {"2": ["1.1"], "4": ["1.2"], "6": ["2.2"]}


def test_a_task_that_is_about_checkpoints_is_none() -> None:
    plan = read_tasks("- [ ] 1. Store a checkpoint\n- [ ] 2. Final checkpoint: all\n- [ ] 3. Point de contrôle\n", "t")
    assert [t.is_checkpoint for t in plan.tasks] == [False, True, True]


def test_what_is_not_understood_is_named() -> None:
    text = "- _Requirements: 1.1_\n- [ ] no number\n- [ ] 1. A\n  - _Requirements: all of them_\n- [ ] 1. B\n"
    plan = read_tasks(text, "t")
    assert {f.place: f.why for f in plan.flaws} == {
        "t:1": "citation hors de toute tâche",
        "t:2": "tâche sans numéro",
        "t:4": "« all of them » n'est ni un critère, ni un intervalle, ni une famille",
        "t:5": "tâche 1 déjà énoncée",
    }
    assert [c.text for c in plan.loose] == ["1.1"]


def test_a_plan_without_tasks_says_so() -> None:
    assert [f.why for f in read_tasks("# Plan\n```\n- [ ] 1. A\n```\n", "t").flaws] == ["aucune tâche n'y a été lue"]


def test_a_design_cites_and_has_no_task() -> None:
    plan = read_design("Requirements: Python\n\n**Validates: Requirements 1.1, x**\n", "d")
    assert ([c.text for c in plan.citations], [f.place for f in plan.flaws]) == (["1.1"], ["d:3"])


@given(st.lists(st.sampled_from([*PHASES.splitlines(), "```", "- [ ]", "\ud800", "|"])))
def test_no_mixture_of_lines_is_a_crash(lines: list[str]) -> None:
    plan = read_tasks("\n".join(lines), "t")
    assert plan.tasks or plan.flaws
