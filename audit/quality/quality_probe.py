"""The quality probe: static tools run over the target's files, and the result files of its tests. The target never runs."""

from audit.model.findings import Level
from audit.model.quality_facts import QualityFacts
from audit.quality import static_tools as tools
from audit.quality import test_results as results
from audit.target.digest import newest_change
from audit.target.target_file import Target


def collect(target: Target) -> QualityFacts:
    """Everything family 10 rests on; what could not be had says why."""
    changed = newest_change(target.root)
    return QualityFacts(
        level=Level.SOURCE,
        probe="quality",
        runs={question: tools.run(target, question) for question in tools.QUESTIONS},
        configured=tools.configured(target.root),
        junit=results.read(target.root, target.junit, results.tests, changed),
        coverage=results.read(target.root, target.coverage, results.coverage, changed),
        versions=tools.versions(),
    )
