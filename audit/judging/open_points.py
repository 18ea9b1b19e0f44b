"""How serious the points are that an examination did not settle."""

from audit.judging.examination import Examination
from audit.model.findings import Outcome, Severity


def gravity(examination: Examination, identifier: str) -> Severity:
    """How serious it would be that this point fails; what decides a requirement is critical."""
    asked = next((rule for rule in examination.rules if rule.id == identifier), None)
    return asked.guide.severity if asked else Severity.CRITICAL


def impact(examination: Examination, identifier: str) -> str:
    """What it costs when this point fails, by its guide; empty for what has none."""
    asked = next((rule for rule in examination.rules if rule.id == identifier), None)
    return asked.guide.impact if asked else ""


def open_critical(examination: Examination) -> list[str]:
    """The ids of the points whose failure would be critical and that are not known, each once."""
    open_ids = dict.fromkeys(f.rule for f in examination.every_finding() if f.outcome is Outcome.UNDETERMINED)
    return [i for i in open_ids if gravity(examination, i) is Severity.CRITICAL]
