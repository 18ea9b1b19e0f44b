"""Profiles: which questions a checkpoint of one family asks, in which categories, and how strong the evidence must be."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.model.findings import Level
from audit.requirements.catalogue import AUTONOMY
from audit.requirements.criteria import CLOSING, DUPLICATES, MESSAGE_1, MESSAGE_2, QUALITY, STATISTICS
from audit.requirements.requirement import Requirement, family_of


@dataclass(frozen=True)
class Profile:
    """What one kind of checkpoint asks.

    `categories` are the lines of section 1.1, in print order: a question says itself in which one it counts. Those of
    `OBSERVATIONS` are reported but not counted as tests; those of `without` are not asked. `reassigned` replaces the
    requirements of a rule, a defect of a `lenient` one is a reservation, `declared` accepts evidence of any level.
    """

    name: str
    requirements: tuple[str, ...]
    categories: tuple[str, ...]
    default_level: Level
    declared: bool = False
    without: frozenset[str] = frozenset()
    reassigned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lenient: frozenset[str] = frozenset()

    @property
    def family(self) -> str:
        """The family of criteria this checkpoint judges."""
        return family_of(self.requirements[0])

    def floor(self, requirement: Requirement) -> Level:
        """Weakest level at which this requirement can be CONFORME in this profile."""
        return Level.SOURCE if self.declared else requirement.floor


_DECEMBER = (
    "Configuration Celery",
    "Envoi Messages Autonome",
    "Traitement Webhooks Autonome",
    "Envoi Message 2 Autonome",
    "Robustesse Workers",
    "Tâches Health Check",
    "Mécanisme de Retry",
    "Service Monitoring",
    "Verrouillage Campagnes",
)
_EXECUTION = "Preuves par l'Exécution"
GOOD_PRACTICES = "Bonnes Pratiques"
OBSERVATIONS = ""
# The modules of rules that a category prints first; the others follow in the order in which they are evaluated.
PRINTED_FIRST = (
    "periodic_tasks",
    "protection",
    "concurrency",
    "supervision",
    "beat_processes",
    "task_imports",
    "delivery",
    "visibility_timeout",
    "visibility_everywhere",
    "publishing",
    "limits",
)

CHECKPOINT_2025 = Profile(
    name="checkpoint-2025",
    requirements=("8.1", "8.2", "8.3", "8.4", "8.5"),
    categories=(*_DECEMBER, OBSERVATIONS),
    default_level=Level.SOURCE,
    declared=True,
    # Asked since.
    without=frozenset({"beat-started", "imports"}),
    # The December checkpoint counted the concurrency gap as a minor problem and left 8.4 CONFORME.
    reassigned={"concurrency": ()},
    lenient=frozenset({"concurrency"}),
)


def _strict(requirements: tuple[Requirement, ...], *categories: str) -> Profile:
    return Profile("strict", tuple(r.id for r in requirements), categories, Level.CONFIGURATION)


STRICT = _strict(AUTONOMY, *_DECEMBER, _EXECUTION, "Disponibilité Mesurée", "Canari", GOOD_PRACTICES, OBSERVATIONS)
_OTHER_FAMILIES = (
    _strict(MESSAGE_1, "Mécanisme de Retry", _EXECUTION),
    _strict(MESSAGE_2, _EXECUTION),
    _strict(DUPLICATES, _EXECUTION),
    _strict(CLOSING, "Tâches Health Check", _EXECUTION),
    _strict(STATISTICS, _EXECUTION),
    _strict(QUALITY, "Qualité du Code"),
)

# By name, then by family.
PROFILES: Mapping[str, Mapping[str, Profile]] = {
    CHECKPOINT_2025.name: {CHECKPOINT_2025.family: CHECKPOINT_2025},
    STRICT.name: {p.family: p for p in sorted((STRICT, *_OTHER_FAMILIES), key=lambda p: int(p.family))},
}
DEFAULT_FAMILY = STRICT.family
QUALITY_FAMILY = family_of(QUALITY[0].id)
