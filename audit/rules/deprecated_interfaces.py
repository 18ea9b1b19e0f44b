"""Uses of deprecated interfaces, reported as minor problems; no requirement depends on them."""

from collections.abc import Sequence

from audit.french.typography import counted
from audit.model.domains import Answer, conclude
from audit.model.facts import Deprecation, Facts
from audit.model.findings import Finding, Outcome, Problem, Severity
from audit.model.gaps import UnreadFile, named
from audit.model.removed_names import FIRST, LAST, SEARCHED
from audit.model.target_facts import TargetFacts
from audit.requirements.profiles import OBSERVATIONS
from audit.rules.domains.setting_domain import ruled_by
from audit.rules.practice import read_so
from audit.rules.rule import Guide, rule, undetermined

_SEARCHED = (
    "Aucune des interfaces dépréciées recherchées n'a été trouvée : horloges naïves de `datetime`, "
    "classes `Config` et validateurs de Pydantic v1, modules retirés de Python 3.12 et 3.13, `pkg_resources`, "
    f"{SEARCHED} noms retirés de Django {FIRST} à {LAST}"
)


@rule(
    "deprecations",
    "Interfaces dépréciées",
    category=OBSERVATIONS,
    reference="https://docs.pydantic.dev/latest/migration/",
    guide=Guide(
        severity=Severity.MINOR,
        passes=_SEARCHED,
        fails="Une interface dépréciée est employée, ou un avertissement est émis à l'import",
        advice="Suivre le remplacement indiqué",
        solution='class Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_file=".env")',
        undetermined="aucune sonde n'a rien lu",
        impact="Aucun",
    ),
    example="""
        from pydantic_settings import BaseSettings«¦, SettingsConfigDict»


        class Settings(BaseSettings):
            «class Config:
                env_file = ".env"¦model_config = SettingsConfigDict(env_file=".env")»
    """,
)
def _deprecations(known: TargetFacts) -> Sequence[Finding]:
    if not known.probes:
        return [undetermined(_SEARCHED, known.why_silent or "aucune sonde n'a rien lu")]
    found = [(d, facts) for facts in known.probes for d in facts.deprecations]
    files = counted(len(known.source.libraries), "module")
    hidden = [gap for gap in known.source.gaps if isinstance(gap, UnreadFile)]
    answer: Answer[object] = conclude(ruled_by(known, (), known.probes, files, *hidden), lambda one: one.deprecations)
    if answer.outcome is Outcome.UNDETERMINED:
        return [undetermined(_SEARCHED, f"{named(answer.gaps)}{read_so(answer)}")]
    if answer.outcome is Outcome.ESTABLISHED:
        evidence = tuple(f.evidence() for f in known.probes)
        return [Finding(answer.outcome, f"{_SEARCHED} ({files})", evidence, proof=answer.proof)]
    by_remedy: dict[str, list[tuple[Deprecation, Facts]]] = {}
    for d, facts in found:
        by_remedy.setdefault(d.replacement, []).append((d, facts))
    return [_one_cause(uses) for uses in by_remedy.values()]


def _one_cause(uses: Sequence[tuple[Deprecation, Facts]]) -> Finding:
    """One finding for all that the same remedy mends."""
    first = uses[0][0]
    kinds = dict.fromkeys(d.what for d, _ in uses)
    rest = len(kinds) - 1
    excerpts = tuple(dict.fromkeys(d.excerpt for d, _ in uses if d.excerpt))
    others = f" (et {counted(len(excerpts) - len(kinds), 'autre')})" if len(excerpts) > len(kinds) else ""
    told = f"{first.what[:1].lower()}{first.what[1:]}"
    title = f"Avertissement de dépréciation : {told}"
    if rest:
        title = f"Avertissements de dépréciation : {told}, et {counted(rest, 'autre emploi')} de même remède"
    return Finding(
        Outcome.RESERVATION,
        f"{' ; '.join(kinds)}{others}",
        tuple(facts.evidence(d.excerpt) for d, facts in uses),
        problem=Problem(
            title=title,
            severity=Severity.MINOR,
            impact="Aucun",
            recommendation=first.replacement,
            situation=excerpts[:1],
            places=tuple(f"{e.path}:{e.first_line}" for e in excerpts),
        ),
    )
