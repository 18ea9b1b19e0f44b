from pathlib import Path
from typing import Any

from audit.journal.corrections import Previous, corrections

NOW = [{"id": "8.4", "verdict": "CONFORME"}, {"id": "8.5", "verdict": "PARTIEL"}]


def problem(rule: str, title: str = "titre", *requirements: str) -> dict[str, Any]:
    return {"rule": rule, "title": title, "requirements": list(requirements)}


def previous(problems: list[dict[str, Any]], requirements: list[dict[str, Any]]) -> Previous:
    journal = {
        "problems": problems,
        "requirements": requirements,
        "volatile": {"date": "2025-12-29"},
        "target": {"digest": "a" * 64},
    }
    return Previous(Path("reports/2025-12-29-famille-8-strict.json"), journal)


def test_the_first_checkpoint_compares_nothing() -> None:
    told = corrections(None, NOW, [problem("r")])
    assert told == {"previous": None, "fixed": [], "new": [], "verdict_changes": []}


def test_problems_that_went_and_came() -> None:
    before = previous([problem("gone", "parti", "8.4", "8.5"), problem("stays", "reste")], NOW)
    told = corrections(before, NOW, [problem("stays", "reste"), problem("came", "venu")])
    assert told["fixed"] == [{"title": "parti", "requirement": "8.4, 8.5"}]
    assert told["new"] == [{"title": "venu", "requirement": ""}]
    assert told["verdict_changes"] == []
    assert told["previous"] == {
        "date": "2025-12-29",
        "path": "2025-12-29-famille-8-strict.json",
        "digest": "a" * 64,
    }


def test_the_same_title_from_another_rule_is_another_problem() -> None:
    told = corrections(previous([problem("a", "planning")], NOW), NOW, [problem("b", "planning")])
    assert (len(told["fixed"]), len(told["new"])) == (1, 1)


def test_verdicts_that_changed_and_only_those_known_before() -> None:
    before = previous([], [{"id": "8.4", "verdict": "NON CONFORME"}, {"id": "8.5", "verdict": "PARTIEL"}])
    told = corrections(before, [*NOW, {"id": "8.6", "verdict": "INDÉTERMINÉ"}], [])
    assert told["verdict_changes"] == [{"requirement": "8.4", "before": "NON CONFORME", "after": "CONFORME"}]
