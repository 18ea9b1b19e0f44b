"""A journal in the formats that other tools read: none says more than the journal, none lets a target write anything."""

import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from audit.report.html_page import render_html
from audit.report.junit import render_junit
from audit.report.problem_lines import github_annotations, problem_lines
from audit.report.sarif import render_sarif

Journal = dict[str, Any]
_HOSTILE = '<script>alert(1)</script>]]>\x1b[31m%0A\n::error::faux, x: "y" & <b>'


@pytest.fixture
def faulty(strict: Journal) -> Journal:
    """A critical problem in two places, and one that is accepted."""
    strict["problems"][0] |= {"places": ["app/a b.py:3", "app/é.py:9"], "sentence": "Le webhook exige une session"}
    waived = {"who": "A. Martin", "until": "2027-03-31", "reason": "remplacé au printemps"}
    other = strict["problems"][0] | {"number": 2, "severity": "mineur", "places": [], "waived": waived, "rule": "autre"}
    strict["problems"].append(other)
    strict["verdict"]["open_critical"] = ["broker-tls"]
    return strict


def hostile(journal: Journal) -> Journal:
    for p in journal["problems"]:
        p |= {"title": _HOSTILE, "sentence": _HOSTILE, "recommendation": _HOSTILE, "places": [f"{_HOSTILE}.py:3"]}
    for entry in journal["requirements"]:
        for found in entry["findings"]:
            found |= {"sentence": _HOSTILE, "missing": _HOSTILE if found["missing"] else ""}
    return journal


def test_sarif_has_the_structure_of_its_standard(faulty: Journal) -> None:
    """Structural, from the standard's text (§ 3.13, 3.14, 3.27): no installed package carries its schema file."""
    log = json.loads(render_sarif(faulty))
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    (run,) = log["runs"]
    assert set(run) <= {"tool", "results", "originalUriBaseIds", "properties"}
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(ids) == len(set(ids))
    for result in run["results"]:
        known = {"ruleId", "level", "message", "locations", "partialFingerprints", "properties", "suppressions"}
        assert set(result) <= known
        assert result["ruleId"] in ids
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["message"]["text"]
        for location in result.get("locations", ()):
            place = location["physicalLocation"]
            assert re.fullmatch(r"[A-Za-z0-9._~%/-]+", place["artifactLocation"]["uri"])
            assert place["region"]["startLine"] >= 1
        for suppression in result.get("suppressions", ()):
            assert suppression["kind"] in {"inSource", "external"}


def test_sarif_has_one_result_a_place_and_suppresses_what_is_accepted(faulty: Journal) -> None:
    results = json.loads(render_sarif(faulty))["runs"][0]["results"]
    errors = [r for r in results if r["level"] == "error"]
    places = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in errors]
    assert places == ["app/a%20b.py", "app/%C3%A9.py"]
    assert len({r["partialFingerprints"]["checkpointAudit/v1"] for r in errors}) == 2
    (waived,) = (r for r in results if "suppressions" in r)
    assert "A. Martin" in waived["suppressions"][0]["justification"]
    assert [r["level"] for r in results if r["properties"].get("outcome") == "indéterminé"] == ["note"]


def test_junit_tells_what_is_not_known_from_what_does_not_apply(faulty: Journal) -> None:
    suite = ElementTree.fromstring(render_junit(faulty)).find("testsuite")
    assert suite is not None
    kinds = [case.find("skipped").attrib["type"] for case in suite if case.find("skipped") is not None]  # type: ignore[union-attr]
    assert sorted(kinds) == ["indéterminé", "sans objet"]
    cases = list(suite)
    counts = {"tests": len(cases)} | {
        f"{name}s": sum(c.find(name) is not None for c in cases) for name in ("failure", "error")
    }
    assert {key: int(suite.attrib[key]) for key in counts} == counts
    assert int(suite.attrib["failures"]) >= 2
    assert {(c.get("file"), c.get("line")) for c in cases if c.find("failure") is not None} >= {("app/a b.py", "3")}


def test_a_line_says_where_how_grave_and_what_to_do(faulty: Journal) -> None:
    lines = problem_lines(faulty)
    assert lines[0] == (
        "app/a b.py:3: critique [rule-1] Le webhook exige une session - Retirer `Depends(get_current_user)`"
    )
    assert lines[2].startswith("mineur [autre] ")
    assert lines[2].endswith("(accepté jusqu'au 2027-03-31 par A. Martin)")


def test_annotations_are_commands_that_a_target_cannot_write(faulty: Journal) -> None:
    told = github_annotations(faulty).splitlines()
    assert told[0].startswith("::error file=app/a b.py,line=3,title=Le webhook exige une session::")
    assert told[2].startswith("::notice title=")
    assert told[3] == "::warning title=Non vérifié::broker-tls"
    lines = github_annotations(hostile(faulty)).splitlines()
    assert len(lines) == 3
    assert all(line.startswith(("::error file=", "::notice file=", "::warning title=")) for line in lines)


def test_a_target_writes_neither_markup_nor_script(faulty: Journal) -> None:
    page = render_html(hostile(faulty))
    assert "<script" not in page
    assert "<b>" not in page
    ElementTree.fromstring(render_junit(hostile(faulty)))
    json.loads(render_sarif(hostile(faulty)))


def test_the_page_fetches_nothing_and_says_all_that_the_report_says(faulty: Journal) -> None:
    page = render_html(faulty)
    assert not re.search(r"""(?:src|href)\s*=\s*["']|@import|url\(""", page)
    assert "default-src 'none'" in page
    assert page.count("<details>") == 2
    assert "<script" not in page
    assert "✘ NON CONFORME" in page
    assert not set("✅❌❔➖") & set(page), "a font without colours shows them as empty boxes"
    assert "@page { size: A4" in page


def test_a_filter_keeps_what_bears_its_mark(faulty: Journal) -> None:
    page = render_html(faulty)
    status, gravity, requirement = re.findall(r'name="(\w+)" checked', page)
    assert (status, gravity, requirement) == ("status", "gravity", "requirement")
    assert re.search(r'id="f-s2"> NON CONFORME</label>', page)
    assert 'main:has(#f-s2:checked) [data-status]:not([data-status~="s2"]) { display: none; }' in page
    assert '<div data-status="s2" data-requirement="r1"><h3>Exigence 8.2' in page.replace("\u00a0", " ")
    assert re.search(r'<div data-gravity="g0" data-requirement="r1"><h4>Problème 1', page)
    rows = re.findall(r"<tr (data-[^>]*)>", page)
    assert 'data-status="s2" data-requirement="r1"' in rows
    assert 'data-gravity="g0" data-requirement="r1"' in rows
    assert '<td data-label="Statut">' in page


def test_a_mark_is_a_number_and_never_a_word_of_the_target(faulty: Journal) -> None:
    hostile(faulty)
    faulty["requirements"][0] |= {"id": '8.1"><script>', "title": _HOSTILE}
    marks = re.findall(r'data-(?:status|gravity|requirement)="([^"]*)"', render_html(faulty))
    assert marks
    assert all(re.fullmatch(r"(?:[rsg]\d+ ?)*", mark) for mark in marks)


def test_a_journal_that_leaves_no_choice_offers_no_filter(faulty: Journal) -> None:
    faulty |= {"requirements": faulty["requirements"][:1], "problems": [], "unattached": [], "experiments": []}
    assert "<form" not in render_html(faulty)


def test_the_timeline_is_drawn_in_the_page(faulty: Journal) -> None:
    first = faulty["experiments"][0]
    first |= {"at": 0.0, "losses": None, "blows": [{"title": "SIGKILL", "in_flight": 4, "recovery": 3.21}]}
    page = render_html(faulty)
    assert "<svg" in page
    assert "<img" not in page


def test_formats_are_the_same_for_the_same_journal(faulty: Journal) -> None:
    for render in (render_html, render_junit, render_sarif, github_annotations):
        assert render(faulty) == render(json.loads(json.dumps(faulty)))
