"""The quality probe: static tools run over the target's files, and the result files of its tests. The target never runs."""

from audit.model.findings import Level
from audit.model.quality_facts import QualityFacts
from audit.quality import static_tools as tools
from audit.quality import test_results as results
from audit.quality.own_code import own_code
from audit.target.digest import newest_change
from audit.target.target_file import Target


def collect(target: Target) -> QualityFacts:
    """Everything family 10 rests on; what could not be had says why."""
    changed, own = newest_change(target.root), own_code(target)
    return QualityFacts(
        level=Level.SOURCE,
        probe="quality",
        runs={question: tools.run(target, question) for question in tools.QUESTIONS},
        configured=tools.configured(target.root),
        junit=results.read(own, target.junit, results.tests, changed),
        coverage=results.read(own, target.coverage, results.coverage, changed),
        versions=tools.versions(),
    )
