"""A journal as SARIF 2.1.0, for the tools that annotate a change: one result a place at fault."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from audit.journal.fingerprints import fingerprints
from audit.journal.recorded_findings import left_open

Journal = Mapping[str, Any]
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"critique": "error", "majeur": "error", "mineur": "warning"}


def render_sarif(journal: Journal) -> str:
    """The log file, ending with one newline. Points left open are notes; accepted problems are suppressed."""
    results = [*_problems(journal), *_open(journal)]
    rules = [{"id": identifier} for identifier in dict.fromkeys(r["ruleId"] for r in results)]
    run = {
        "tool": {"driver": {"name": journal["tool"]["name"], "version": journal["tool"]["version"], "rules": rules}},
        "originalUriBaseIds": {"TARGET": {"description": {"text": "The root of the audited target"}}},
        "results": results,
        "properties": {
            "family": journal["family"],
            "profile": journal["profile"],
            "digest": journal["target"]["digest"],
        },
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=1) + "\n"


def _problems(journal: Journal) -> Iterator[dict[str, Any]]:
    for problem in journal["problems"]:
        told = problem.get("sentence") or problem["title"]
        text = f"{problem['title']} : {told}. {problem['recommendation']}"
        for mark, place in fingerprints(problem).items():
            result = _result(problem["rule"], _LEVELS[problem["severity"]], text, place)
            result["partialFingerprints"] = {"checkpointAudit/v1": mark}
            result["properties"] = {"severity": problem["severity"], "impact": problem["impact"]}
            if "waived" in problem:
                waived = problem["waived"]
                why = f"{waived['reason']} (accepté jusqu'au {waived['until']} par {waived['who']})"
                result["suppressions"] = [{"kind": "external", "justification": why}]
            yield result


def _open(journal: Journal) -> Iterator[dict[str, Any]]:
    left = {(f["rule"], f["sentence"]): f for f in left_open(journal)}
    for finding in left.values():
        told = f"Non vérifié : {finding['sentence']} ; ce qui a manqué : {finding['missing']}"
        yield _result(finding["rule"], "note", told, "") | {"properties": {"outcome": "indéterminé"}}


def _result(rule: str, level: str, text: str, place: str) -> dict[str, Any]:
    result: dict[str, Any] = {"ruleId": rule, "level": level, "message": {"text": text}}
    if place:
        path, _, line = place.rpartition(":")
        region = {"startLine": max(1, int(line))} if line.isdigit() else {}
        location: dict[str, Any] = {"artifactLocation": {"uri": uri(path), "uriBaseId": "TARGET"}}
        result["locations"] = [{"physicalLocation": location | ({"region": region} if region else {})}]
    return result


def uri(path: str) -> str:
    """A relative path as a URI."""
    return quote(path.encode("utf-8", "backslashreplace"))
