from pathlib import Path
from typing import Any

from audit.journal.corrections import Previous, corrections
from audit.journal.differences import differences

NOW: list[dict[str, Any]] = [
    {"id": "8.4", "verdict": "CONFORME", "findings": []},
    {"id": "8.5", "verdict": "PARTIEL", "findings": []},
]


def problem(rule: str, title: str = "titre", *requirements: str) -> dict[str, Any]:
    return {"rule": rule, "title": title, "requirements": list(requirements)}


def previous(
    problems: list[dict[str, Any]], requirements: list[dict[str, Any]], unattached: list[dict[str, Any]] | None = None
) -> Previous:
    journal = {
        "problems": problems,
        "requirements": [{"findings": []} | r for r in requirements],
        "unattached": unattached or [],
        "volatile": {"date": "2025-12-29", "tool_digest": "b" * 64},
        "verdict": {"validated": True, "judged": True, "unverified": [], "open_critical": ["a"]},
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
        "tool": "b" * 64,
        "verdict": "sous réserve",
    }


def test_the_same_title_from_another_rule_is_another_problem() -> None:
    told = corrections(previous([problem("a", "planning")], NOW), NOW, [problem("b", "planning")])
    assert (len(told["fixed"]), len(told["new"])) == (1, 1)


def test_verdicts_that_changed_and_only_those_known_before() -> None:
    before = previous([], [{"id": "8.4", "verdict": "NON CONFORME"}, {"id": "8.5", "verdict": "PARTIEL"}])
    told = corrections(before, [*NOW, {"id": "8.6", "verdict": "INDÉTERMINÉ", "findings": []}], [])
    assert told["verdict_changes"] == [{"requirement": "8.4", "before": "NON CONFORME", "after": "CONFORME"}]


def left(rule: str, outcome: str = "indéterminé") -> dict[str, Any]:
    return {"rule": rule, "outcome": outcome, "sentence": f"Point {rule}", "severity": "critique", "missing": "x"}


def test_points_that_were_settled_and_points_that_opened() -> None:
    """« Aucun verdict n'a changé » hid that two critical reserves had gone."""
    before = previous([], [NOW[0] | {"findings": [left("a"), left("b")]}], [left("c"), left("d", "établi")])
    told = corrections(
        before, [NOW[0] | {"findings": [left("a", "établi"), left("b") | {"missing": "y"}]}], [], [left("d")]
    )
    assert [line["sentence"] for line in told["settled"]] == ["Point a", "Point c"]
    assert told["opened"] == [{"sentence": "Point d", "severity": "critique"}]


def test_a_diff_names_the_points_that_opened_and_those_that_were_settled() -> None:
    def journal(*points: dict[str, Any]) -> dict[str, Any]:
        same = {"name": "x", "digest": "a" * 64}
        empty: dict[str, Any] = {"requirements": [], "problems": [], "experiments": [], "family": "8"}
        return empty | {"target": same, "profile": "strict", "level": "source", "unattached": list(points)}

    lines = differences(journal(left("a"), left("b")), journal(left("b"), left("c"), left("a", "établi")))
    assert lines == ["À vérifier, apparu : critique, Point c (c)", "Établi ou sans objet : critique, Point a (a)"]
