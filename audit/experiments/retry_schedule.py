"""4.6, 8.5: the delays that the database gives a refused message before each retry."""

from collections.abc import Sequence

from audit.experiments.driver import Driver
from audit.experiments.experiment import Experiment, Record
from audit.model.findings import Finding, Outcome, Problem, Severity

_ID = "retry-schedule"
DELAYS = (60.0, 120.0, 240.0)
TOLERANCE_SECONDS = 3.0


def run(driver: Driver, record: Record) -> Sequence[Finding]:
    """Read the delays given after the first, second and third answer 429; allow clocks and transport 3 s."""
    delays = tuple(driver.retry_delays())
    shown = ", ".join(f"{round(delay)} s" for delay in delays)
    record.figure("Délais inscrits en base", shown or "aucun")
    evidence = (record.evidence(_ID),)
    right = len(delays) == len(DELAYS) and all(
        abs(a - b) <= TOLERANCE_SECONDS for a, b in zip(delays, DELAYS, strict=True)
    )
    if right:
        return [
            Finding(
                Outcome.ESTABLISHED,
                f"Après chaque réponse 429, la reprise est inscrite en base à {shown} (± 3 s), puis le message est en échec, sans autre reprise inscrite ; "
                "l'attente elle-même n'est pas observée ; les délais qui suivent une réponse 5xx, ou l'absence de réponse, ne sont pas lus",
                evidence,
            )
        ]
    expected = ", ".join(f"{round(delay)} s" for delay in DELAYS)
    sentence = f"Délais de reprise inscrits en base : {shown or 'aucun'}, au lieu de {expected}"
    problem = Problem(
        title="Délais de reprise inscrits en base",
        severity=Severity.CRITICAL,
        impact="Élevé : un échec passager n'est pas réessayé comme prévu",
        recommendation=f"Réessayer après {expected}, puis renoncer",
    )
    return [Finding(Outcome.DEFECT, sentence, evidence, problem=problem)]


EXPERIMENT = Experiment(_ID, "Délais de reprise inscrits en base", ("4.6", "8.5"), run, decides=("4.6",))
