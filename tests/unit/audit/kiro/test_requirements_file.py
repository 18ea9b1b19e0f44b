"""Criteria as Kiro writes them, and as people do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.reading.kiro.requirements_file import read_requirements

SOUND = """# Requirements Document

## Introduction

1. Ceci n'est pas un critère

## Requirements

### Requirement 1: Un titre

**User Story:** As a user, I want:

1. not a criterion

#### Acceptance Criteria

1. WHEN a
   THEN b
2. WHEN c THEN d
   1. a detail
   - 1.9 another

### Exigence 2

**Critères d'acceptation** :

1) premier
- 2.7 bis

## Glossary

1. not one either
"""


def told(text: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    criteria, flaws = read_requirements(text, "requirements.md")
    return {str(c.identifier): c.text for c in criteria}, [(f.place, f.why) for f in flaws]


def test_a_sound_spec() -> None:
    criteria, flaws = told(SOUND)
    assert criteria == {
        "1.1": "WHEN a THEN b",
        "1.2": "WHEN c THEN d",
        "1.9": "another",
        "2.1": "premier",
        "2.7": "bis",
    }
    assert flaws == []


def test_what_a_criterion_lists_is_no_criterion() -> None:
    text = "## Requirement 8\n### Requirement 8.1: A\n#### Acceptance Criteria\n1. a\n2. b\n### Requirement 8.2: B\n"
    assert told(text) == ({"8.1": "A", "8.2": "B"}, [])


def test_a_place_is_the_line_that_states_it() -> None:
    criteria, _ = read_requirements(SOUND, "requirements.md")
    assert {c.place for c in criteria} == {f"requirements.md:{n}" for n in (17, 19, 21, 27, 28)}


@pytest.mark.parametrize(
    "text",
    [
        "| id | critère |\n|---|---|\n| 4.1 | Chaque contact |\n",
        "### Requirement 4.1: Chaque contact\n",
        "### 4.1 — Chaque contact\n",
        "## Requirement 4\n#### Acceptance Criteria\n4.1. Chaque contact\n",
        "## Requirement 4\n#### Acceptance Criteria\n- **4.1** Chaque contact\n",
        "\r\n## Requirement 4\r\n#### Acceptance Criteria\r\n1. Chaque contact\r\n",
        "## Requirement 4\n#### Acceptance Criteria\n      1. Chaque contact\n",
    ],
)
def test_other_ways_to_state_a_criterion(text: str) -> None:
    assert told(text) == ({"4.1": "Chaque contact"}, [])


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("## Requirement 3\nNothing\n\n### Requirement 4.1: A\n", "r:1", "exigence 3 sans critère"),
        ("### Requirement\n### Requirement 4.1: A\n", "r:1", "exigence sans numéro"),
        ("### Requirement A: x\n### Requirement 4.1: A\n", "r:1", "exigence sans numéro"),
        ("# 4.1: A\n# 4.1: B\n", "r:2", "critère 4.1 déjà énoncé (r:1)"),
        ("# 4.1: A\n# 4.0: B\n", "r:2", "commence à 1"),
        ("", "r", "aucun critère n'y a été lu"),
        ("```\n# 4.1: A\n```\n<!-- \n# 4.2: A\n-->\n", "r", "aucun critère n'y a été lu"),
    ],
)
def test_what_is_not_understood_is_named(text: str, place: str, why: str) -> None:
    _, flaws = read_requirements(text, "r")
    assert [f.place for f in flaws] == [place]
    assert why in flaws[0].why


@given(st.lists(st.sampled_from([*SOUND.splitlines(), "# 4.1: A", "|", "- [", "```", ">", "1.", "\x00", "\ud800"])))
def test_no_mixture_of_lines_is_a_crash(lines: list[str]) -> None:
    criteria, flaws = read_requirements("\n".join(lines), "r")
    assert criteria or flaws
    assert len({c.identifier for c in criteria}) == len(criteria)
