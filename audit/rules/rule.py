"""A rule: a named question asked of the facts, whose answers are findings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from audit.model.domains import Answer, Declared, Domain, Proof, conclude
from audit.model.findings import Evidence, EvidenceError, Finding, Level, Outcome, Problem, Severity
from audit.model.gaps import Gap, named
from audit.model.reading_limit import ReadingLimitError
from audit.model.target_facts import TargetFacts
from audit.model.word_tables import word_set
from audit.requirements.question import Question
from audit.rules.example import Example, Files, example_files
from audit.rules.role_names import ROLES_IN_FRENCH

Check = Callable[[TargetFacts], Sequence[Finding]]
_PASSING = frozenset({Outcome.ESTABLISHED, Outcome.NOT_APPLICABLE})
# What is asked of any program: the other rules ask something of Celery.
_OF_ANY_PROGRAM = word_set("""
    deprecations dead-code unused-imports stray-prints tests-pass test-coverage uniform-style no-literal-secret
    environment-untracked http-verified webhook-authentic webhook-stored-first programs-restarted
""")
_WITHOUT_CELERY = "aucun fichier n'importe Celery, et aucune dépendance ne le nomme"
_TOO_LONG = (
    "du code que cette règle doit suivre a trop d'instructions, ou trop d'appels l'un dans l'autre, pour être lu"
)


@dataclass(frozen=True)
class Guide:
    """What a rule teaches, in French: the sentence of a pass and of a failure, what to do, and when it cannot conclude.

    `solution` is code in `language`; `severity` and `impact` are those of the problem a failure reports. `unsought`: what of
    its subject the rule does not look for, which a pass says.
    """

    severity: Severity
    passes: str
    fails: str
    advice: str
    solution: str
    undetermined: str
    impact: str = "Faible"
    language: str = "python"
    unsought: str = ""


@dataclass(frozen=True)
class Rule(Question):
    """A pure check over facts, and all that is said of it.

    `reference` is the public source of the rule; `guide` is what `audit rules` explains; `defective` and `sound` are two
    small projects, files by name, that it refuses and accepts. A rule without requirements is a good practice.
    """

    reference: str
    check: Check
    guide: Guide
    needs: Level = Level.SOURCE
    defective: Files = field(default_factory=dict, compare=False)
    sound: Files = field(default_factory=dict, compare=False)

    @property
    def subject(self) -> str:
        """The name of the module that holds its check."""
        return self.check.__module__.rpartition(".")[2]

    def evaluate(self, known: TargetFacts) -> tuple[Finding, ...]:
        """Findings of this rule. A rule that raises, or answers nothing, gives one « erreur d'audit »; code too long to follow, a point not known."""
        try:
            answers = self._answers(known)
            findings = tuple(
                replace(_proved(f), rule=self.id, requirements=self.requirements, needs=self.needs) for f in answers
            )
        except Exception as error:  # noqa: BLE001  a broken rule must not hide the others, nor pass
            return (self._error(f"la règle `{self.id}` a échoué ({type(error).__name__} : {error})"),)
        return findings or (self._error(f"la règle `{self.id}` n'a rien conclu"),)

    def _answers(self, known: TargetFacts) -> Sequence[Finding]:
        if known.celery_absence and self.id not in _OF_ANY_PROGRAM:
            return [_of_no_celery(self.guide, known.celery_absence)]
        known.source.asked.clear()
        try:
            findings = self.check(known)
        except ReadingLimitError:
            return [undetermined(self.guide.passes, _TOO_LONG)]
        hidden = known.cut_short(known.source.asked)
        return [self._doubted(finding, hidden) for finding in findings] if hidden else findings

    def _doubted(self, finding: Finding, hidden: tuple[Gap, ...]) -> Finding:
        """A pass that an expression too long to follow may belie is none; the owner's word stands."""
        if finding.outcome not in _PASSING or not isinstance(finding.proof, Proof):
            return finding
        read = f" (lu : {finding.proof.read})" if finding.proof.read else ""
        return undetermined(self.guide.passes, f"{named(hidden)}{read}")

    def _error(self, sentence: str) -> Finding:
        return Finding(Outcome.AUDIT_ERROR, sentence, rule=self.id, requirements=self.requirements)


def rule(
    identifier: str,
    title: str,
    *,
    category: str,
    reference: str,
    guide: Guide,
    example: Example,
    requirements: tuple[str, ...] = (),
    decides: tuple[str, ...] = (),
    needs: Level = Level.SOURCE,
) -> Callable[[Check], Rule]:
    """Make a check a rule. `example`: files by name, or the text of one Python module, with `«defective¦sound»`."""

    def named(check: Check) -> Rule:
        return Rule(
            identifier,
            title,
            requirements,
            reference,
            check,
            guide,
            needs,
            example_files(example, "defective"),
            example_files(example, "sound"),
            category=category,
            decides=decides,
        )

    return named


def _proved(finding: Finding) -> Finding:
    """Raises EvidenceError for what a rule says to be played: rules read, and `conclude` alone proves what they read."""
    if finding.outcome in _PASSING and finding.proof is None:
        raise EvidenceError(f"« {finding.outcome} » without the proof that `conclude` makes")
    return finding


def _of_no_celery(guide: Guide, absence: Domain[str]) -> Finding:
    """What a rule answers of a project that never names Celery: it has no member, unless something may still bring one."""
    answer: Answer[str] = conclude(absence, lambda _: ())
    if answer.gaps:
        missing = f"{_WITHOUT_CELERY}, mais {named(answer.gaps)} (lu : {answer.read})"
        return undetermined(guide.passes, missing)
    return Finding(answer.outcome, f"{guide.passes} : {_WITHOUT_CELERY} (lu : {answer.read})", proof=answer.proof)


def undetermined(sentence: str, missing: str, settles: str = "") -> Finding:
    """A point that cannot be settled, and what was missing."""
    return Finding(Outcome.UNDETERMINED, sentence, missing=missing, settles=settles)


def without_role(known: TargetFacts, role: str, sentence: str) -> Finding:
    """The answer when a role has no symbol: « sans objet » if the target declares it absent, else « indéterminé »."""
    if role in known.target.absent:
        told = f"rôle déclaré absent de la cible (`{role}`)"
        return Finding(Outcome.NOT_APPLICABLE, f"{sentence} : {told}", proof=Declared(told))
    missing = f"le rôle `{role}` n'est pas renseigné dans `audit.toml` ({ROLES_IN_FRENCH[role]})"
    settles = f"renseigner `roles.{role}` dans `audit.toml` (`audit init` en propose), puis relancer"
    return undetermined(sentence, missing, settles)


def not_found(known: TargetFacts, symbol: str, sentence: str) -> Finding:
    """The answer when a role names a symbol that no probe saw."""
    why = known.why_silent or f"aucune sonde n'a trouvé `{symbol}`"
    return undetermined(sentence, why, "corriger le rôle dans `audit.toml`, puis relancer")


def defect(sentence: str, problem: Problem, *evidence: Evidence) -> Finding:
    """A point that fails, and the problem the report will detail."""
    return Finding(Outcome.DEFECT, sentence, evidence, problem=problem)
