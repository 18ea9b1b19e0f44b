"""What leaves the most points open is told once, however many points it leaves open."""

from typing import Any

from audit.report.open_causes import open_causes


def point(rule: str, missing: str, outcome: str = "indéterminé") -> dict[str, Any]:
    return {"rule": rule, "missing": missing, "outcome": outcome}


def test_reasons_that_points_share_are_counted_by_point() -> None:
    shared = [
        point("a", "des réglages ne se lisent pas, peut-être `x` ; des réglages ne se lisent pas, peut-être `y`"),
        point("b", "des réglages ne se lisent pas, peut-être `z` (et 3 autres : `a.py:1`, `b.py:2`) (lu : 2 tâches)"),
        point("c", "des réglages ne se lisent pas ; autre chose"),
    ]
    journal = {"requirements": [{"findings": shared}, {"findings": shared[:1]}], "unattached": []}
    assert open_causes(journal) == (("des réglages ne se lisent pas", 3),)


def test_a_reason_of_one_point_is_told_where_the_point_is() -> None:
    journal = {"requirements": [{"findings": [point("a", "seul"), point("b", "", "établi")]}], "unattached": []}
    assert open_causes(journal) == ()
