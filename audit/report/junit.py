"""A journal as JUnit XML: one case a point, what is not known and what does not apply told apart."""

from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

from audit.journal.recorded_findings import every_finding
from audit.report.escaping import visible

Journal = Mapping[str, Any]
_OUTCOMES = {"indéterminé": "skipped", "sans objet": "skipped", "défaut": "failure", "erreur d'audit": "error"}


def render_junit(journal: Journal) -> str:
    """The whole file, ending with one newline."""
    cases = [*_findings(journal), *_practices(journal)]
    counts = {name: sum(case.find(name) is not None for case in cases) for name in ("failure", "error", "skipped")}
    told = {
        "name": f"audit, famille {journal['family']}",
        "tests": str(len(cases)),
        "failures": str(counts["failure"]),
        "errors": str(counts["error"]),
        "skipped": str(counts["skipped"]),
        "time": f"{journal['volatile']['duration_seconds']:.1f}",
        "timestamp": journal["volatile"]["generated_at"],
    }
    suite = ElementTree.Element("testsuite", {k: visible(v) for k, v in told.items()})
    suite.extend(cases)
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _findings(journal: Journal) -> Iterator[ElementTree.Element]:
    seen = set()
    attached = [(f, r["id"]) for r in journal["requirements"] for f in r["findings"]]
    problems = {p["rule"]: p for p in journal["problems"]}
    for finding, criterion in [*attached, *((f, "pratiques") for f in journal["unattached"])]:
        key = (finding["rule"], finding["sentence"])
        if key not in seen:
            seen.add(key)
            yield _case(criterion, finding, problems.get(finding["rule"]))


def _practices(journal: Journal) -> Iterator[ElementTree.Element]:
    """Problems that no finding of the journal tells: those of good practices."""
    told = {f["rule"] for f in every_finding(journal)}
    for problem in journal["problems"]:
        if problem["rule"] not in told:
            finding = {"rule": problem["rule"], "sentence": problem.get("sentence") or problem["title"]}
            yield _case("pratiques", finding | {"outcome": "défaut", "missing": "", "level": "déclaré"}, problem)


def _case(suite: str, finding: Journal, problem: Journal | None) -> ElementTree.Element:
    told = {"classname": f"audit.{suite}", "name": finding["rule"], "time": "0"}
    place = next(iter((problem or {}).get("places", ())), "") if finding["outcome"] in {"défaut", "réserve"} else ""
    if place:
        path, _, line = place.rpartition(":")
        told |= {"file": path, "line": line}
    case = ElementTree.Element("testcase", {k: visible(v) for k, v in told.items()})
    kinds = {"outcome": finding["outcome"], "level": finding["level"]}
    kinds |= {"severity": problem["severity"]} if problem else {}
    properties = ElementTree.SubElement(case, "properties")
    for name, value in kinds.items():
        ElementTree.SubElement(properties, "property", {"name": name, "value": visible(value)})
    if finding["outcome"] in _OUTCOMES:
        missing = f" ; ce qui a manqué : {finding['missing']}" if finding["missing"] else ""
        message = visible(f"{finding['outcome']} : {finding['sentence']}{missing}")
        ElementTree.SubElement(case, _OUTCOMES[finding["outcome"]], {"message": message, "type": finding["outcome"]})
    return case
