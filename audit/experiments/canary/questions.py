"""What the canary asks: one question a scenario, under the name that profiles and journals use."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from audit.model.findings import Finding, Level
from audit.requirements.question import Question


@dataclass(frozen=True)
class CanaryQuestion(Question):
    """A scenario's title and the requirements it bears on."""

    requirements: tuple[str, ...] = ("8.4",)
    category: str = field(default="Canari", kw_only=True)

    def bind(self, finding: Finding) -> Finding:
        """The finding under this question's name, held to level execution; requirements that it states are kept."""
        asked = finding.requirements or self.requirements
        return replace(finding, rule=self.id, requirements=asked, needs=Level.EXECUTION)


QUESTIONS: Sequence[CanaryQuestion] = (
    CanaryQuestion("canary-ordinary", "Canari : le worker de la cible, sans faute"),
    CanaryQuestion("canary-asked", "Canari : ce que répond le worker en marche"),
    CanaryQuestion("canary-child-killed", "Canari : mort d'un processus enfant"),
    CanaryQuestion("canary-sigterm", "Canari : SIGTERM en charge"),
    CanaryQuestion("canary-broker-restarted", "Canari : redémarrage du broker"),
    CanaryQuestion("canary-poison", "Canari : message qui tue chaque processus qu'il rencontre"),
    CanaryQuestion("canary-reserved", "Canari : messages pris d'avance par un worker occupé"),
    CanaryQuestion("canary-delayed", "Canari : message différé et `visibility_timeout`"),
    CanaryQuestion("canary-chord", "Canari : chord dont une tâche meurt"),
    CanaryQuestion("canary-connections-cut", "Canari : connexions au broker coupées"),
    CanaryQuestion("canary-broker-frozen", "Canari : broker figé quelques secondes"),
    CanaryQuestion("canary-broker-emptied", "Canari : broker relancé sans ses données"),
    CanaryQuestion("canary-main-killed", "Canari : mort du processus principal", ("8.4", "8.5")),
)
