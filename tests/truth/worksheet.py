"""`python -m tests.truth.worksheet PROJECT [SEED]`: what a reader has to judge of one project, in Markdown.

Every alarm, and fifteen « établi » and fifteen « indéterminé » drawn at random from the seed. Beside them, the tasks that
the audit found and those that a plain search for decorators finds.
"""

import random
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from audit.command.run_setup import prepare
from audit.model.findings import Finding, Outcome
from audit.model.test_files import is_test_file
from audit.rules.effective_settings import production_tasks
from tests.truth.measurement import ALARMS

DRAWN = 15
_DECORATOR = re.compile(r"^\s*@(?:[\w.]+\.)?(?:shared_task|periodic_task|task|instrumented_task)\b(?!\.)", re.MULTILINE)


def decorated(root: Path) -> int:
    """Lines of Python outside tests that decorate something as a task, by the names that Celery's users know."""
    paths = (path for path in root.rglob("*.py") if not is_test_file(str(path.relative_to(root)), ()))
    return sum(len(_DECORATOR.findall(path.read_text(encoding="utf-8", errors="replace"))) for path in paths)


def drawn(findings: Sequence[Finding], outcome: Outcome, seed: int) -> list[Finding]:
    """At most fifteen findings of this outcome, the same for the same seed, in the order they were made."""
    found = [finding for finding in findings if finding.outcome is outcome]
    chosen = set(random.Random(seed).sample(range(len(found)), min(DRAWN, len(found))))
    return [finding for place, finding in enumerate(found) if place in chosen]


def worksheet(root: Path, seed: int) -> Iterator[str]:
    """The lines of the worksheet."""
    examination = prepare(str(root), "strict", "source")
    findings = [finding for found in examination.rule_findings.values() for finding in found]
    tasks = len(production_tasks(examination.known))
    yield f"# {root.name}, tirage {seed}\n\nTâches lues : {tasks} ; décorateurs trouvés à part : {decorated(root)}\n"
    yield from _section("Alarmes (toutes)", [finding for finding in findings if finding.outcome in ALARMS])
    for outcome in (Outcome.ESTABLISHED, Outcome.UNDETERMINED, Outcome.NOT_APPLICABLE):
        yield from _section(f"{outcome} (tirés au sort)", drawn(findings, outcome, seed))


def _section(title: str, findings: Sequence[Finding]) -> Iterator[str]:
    yield f"\n## {title} : {len(findings)}\n"
    for number, finding in enumerate(findings, 1):
        missing = f" [manque : {finding.missing}]" if finding.missing else ""
        yield f"{number}. `{finding.rule}` ({finding.outcome}) {finding.sentence}{missing}"
        excerpts = (*(e.excerpt for e in finding.evidence), *(finding.problem.situation if finding.problem else ()))
        places = dict.fromkeys(f"{excerpt.path}:{excerpt.first_line}" for excerpt in excerpts if excerpt)
        if places:
            yield f"   lieux : {', '.join(places)}"


if __name__ == "__main__":
    sys.stdout.write("\n".join(worksheet(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)) + "\n")
