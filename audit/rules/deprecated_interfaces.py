"""Uses of deprecated interfaces, reported as minor problems; no requirement depends on them."""

from collections.abc import Sequence

from audit.model.findings import Finding, Outcome, Problem, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.rule import Rule, established, undetermined


def _deprecations(known: TargetFacts) -> Sequence[Finding]:
    if not known.probes:
        return [undetermined("Aucune interface dépréciée", known.why_silent or "aucune sonde n'a rien lu")]
    found = [(d, facts) for facts in known.probes for d in facts.deprecations]
    if not found:
        return [established("Aucune interface dépréciée n'a été trouvée", *(f.evidence() for f in known.probes))]
    groups = {d.what: (d, facts) for d, facts in reversed(found)}
    return [
        Finding(
            Outcome.RESERVATION,
            d.what,
            (facts.evidence(d.excerpt),),
            problem=Problem(
                title=f"Avertissement de dépréciation : {d.what[:1].lower()}{d.what[1:]}",
                severity=Severity.MINOR,
                impact="Aucun",
                recommendation=d.replacement,
                situation=(d.excerpt,) if d.excerpt else (),
            ),
        )
        for d, facts in groups.values()
    ]


RULES = (
    Rule(
        "deprecations",
        "Interfaces dépréciées",
        "",
        (),
        "https://docs.pydantic.dev/latest/migration/",
        _deprecations,
    ),
)
