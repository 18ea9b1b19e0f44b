"""What an experiment that bears on several criteria says of each of them."""

from collections.abc import Collection
from dataclasses import dataclass

from audit.experiments.experiment import Record
from audit.model.findings import Finding, Outcome, Problem, Severity


@dataclass(frozen=True)
class Judgement:
    """The criteria judged together, by which experiment, and what a defect would cost and ask for (French)."""

    experiment: str
    requirements: tuple[str, ...]
    title: str
    impact: str
    recommendation: str

    def established(self, record: Record, sentence: str) -> Finding:
        """It was seen."""
        return Finding(
            Outcome.ESTABLISHED, sentence, (record.evidence(self.experiment),), requirements=self.requirements
        )

    def defect(self, record: Record, title: str, keys: Collection[object] = ()) -> Finding:
        """The contrary was seen, on these keys."""
        listed = sorted(map(str, keys))
        shown = ", ".join(listed[:10]) + (f" … ({len(listed)} en tout)" if len(listed) > 10 else "")
        problem = Problem(
            title=title,
            severity=Severity.CRITICAL,
            impact=self.impact,
            recommendation=self.recommendation,
        )
        return Finding(
            Outcome.DEFECT,
            f"{title} : {len(listed)} ({shown})" if listed else title,
            (record.evidence(self.experiment),),
            problem=problem,
            requirements=self.requirements,
        )

    def short_of_the_letter(self, record: Record, sentence: str, *, title: str, impact: str, advice: str) -> Finding:
        """It was seen but for what the sentence says, which the words of the requirement do not allow."""
        problem = Problem(
            title=title,
            severity=Severity.MINOR,
            impact=impact,
            recommendation=advice,
        )
        told = f"Énoncé non tenu à la lettre : {sentence}"
        evidence = (record.evidence(self.experiment),)
        return Finding(Outcome.RESERVATION, told, evidence, problem=problem, requirements=self.requirements)

    def undetermined(self, missing: str) -> Finding:
        """It could not be tried."""
        return Finding(Outcome.UNDETERMINED, self.title, missing=missing, requirements=self.requirements)
