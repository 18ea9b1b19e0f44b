"""Parts of journals made by hand, for the tests of what reads journals."""

from pathlib import Path
from typing import Any

Journal = dict[str, Any]
_TARGET = Path(__file__).parents[3] / "targets" / "decembre-2025"


def excerpt(path: str, first: int, last: int, language: str = "python") -> Journal:
    """Lines of the December target."""
    lines = (_TARGET / path).read_text(encoding="utf-8").splitlines()[first - 1 : last]
    return {"path": path, "first_line": first, "last_line": last, "text": "\n".join(lines), "language": language}


def finding(
    outcome: str, sentence: str, rule: str = "rule", level: str = "déclaré", source: str = "source", **more: str
) -> Journal:
    evidence: list[Journal] = [{"level": level, "source": source, "digest": "d" * 64, "values": {}, "excerpt": None}]
    return {
        "rule": rule,
        "outcome": outcome,
        "level": level,
        "sentence": sentence,
        "missing": more.get("missing", ""),
        "settles": more.get("settles", ""),
        "evidence": [] if outcome == "indéterminé" else evidence,
    }


def requirement(identifier: str, title: str, verdict: str, findings: list[Journal], **more: Any) -> Journal:
    base = {
        "id": identifier,
        "title": title,
        "criterion": "Les Message 1 partent sans administrateur connecté.",
        "floor": "déclaré",
        "heading": "Vérifications effectuées",
        "verdict": verdict,
        "known_by": "déclaré",
        "reason": "Tous les points sont établis (déclaré).",
        "settles": "`audit run --level execution`",
        "findings": findings,
        "compensations": [],
        "excerpts": [],
    }
    return base | more


def problem(number: int, title: str, recommendation: str, **more: Any) -> Journal:
    base = {
        "number": number,
        "rule": f"rule-{number}",
        "requirements": [],
        "title": title,
        "severity": "mineur",
        "impact": "Faible",
        "recommendation": recommendation,
        "situation": [],
        "situation_text": "",
        "solution": "",
        "solution_language": "python",
    }
    return base | more


def category(name: str, passed: int, **more: int) -> Journal:
    counts = {"warned": 0, "failed": 0, "undetermined": 0, "errors": 0, "not_applicable": 0} | more
    tests = passed + counts["failed"] + counts["undetermined"] + counts["errors"]
    return {"name": name, "tests": tests, "passed": passed, **counts}


def journal(**parts: Any) -> Journal:
    """A journal with `parts` over neutral values; totals are summed from its categories."""
    base: Journal = {
        "version": 1,
        "volatile": {
            "date": "2025-12-29",
            "generated_at": "2025-12-29T10:00:00+00:00",
            "duration_seconds": 2.6,
            "command": "audit run . --profile checkpoint-2025",
            "pytest_summary": "21 passed, 1 warning in 2.63s",
            "host": "Linux x86_64, 2 CPU",
        },
        "target": {
            "name": "decembre-2025",
            "spec": "comprehensive-audit-2025",
            "task": "14. Checkpoint - Validation workers Celery",
            "digest": "0123456789abcdef" * 4,
            "versions": {"python": "3.11.7", "celery": "5.6.3"},
        },
        "tool": {"name": "checkpoint-audit", "version": "0.1.0"},
        "profile": "checkpoint-2025",
        "level": "source",
        "family": "8",
        "probes": [
            {
                "name": "source",
                "level": "déclaré",
                "digest": "a" * 64,
                "failure": "",
                "isolation": "",
                "unread": [],
                "counts": {"functions": 40, "tasks": 8, "beat": 6},
            }
        ],
        "categories": [],
        "requirements": [],
        "unattached": [],
        "periodic_tasks": {"level": "", "rows": []},
        "problems": [],
        "corrections": {"previous": None, "fixed": [], "new": [], "verdict_changes": []},
        "conditions": [],
        "experiments": [],
        "aspects": [],
        "verdict": {
            "validated": True,
            "complete": True,
            "judged": True,
            "unverified": [],
            "refused": [],
            "partial": [],
            "bullets": [],
            "compensations": [],
        },
        "phases": [{"number": 7, "title": "Audit Workers Celery", "state": "TERMINÉE"}],
    }
    document = base | parts
    keys = ("tests", "passed", "warned", "failed", "undetermined", "errors", "not_applicable")
    document["totals"] = {k: sum(c[k] for c in document["categories"]) for k in keys}
    return document
