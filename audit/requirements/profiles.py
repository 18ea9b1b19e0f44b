"""Profiles: which questions a checkpoint of one family asks, in which categories, and how strong the evidence must be."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.model.findings import Level
from audit.model.word_tables import word_list
from audit.requirements.catalogue import AUTONOMY
from audit.requirements.celery_criteria import ABOUT_A_ROLE, CELERY_CRITERIA, criteria_of_questions
from audit.requirements.criteria import CLOSING, DUPLICATES, MESSAGE_1, MESSAGE_2, QUALITY, STATISTICS
from audit.requirements.requirement import Requirement, family_of


@dataclass(frozen=True)
class Profile:
    """What one kind of checkpoint asks.

    `categories` are the lines of section 1.1, in print order: a question says itself in which one it counts. Those of
    `OBSERVATIONS` are reported but not counted as tests; those of `without` are not asked. `reassigned` replaces the
    requirements of a question and `lines` its category, a defect of a `lenient` one is a reservation, `declared` accepts
    evidence of any level. A question of `about_a_role` is asked only of a target that has this role. With `canary` it is
    played on every target, and a driver's scenarios only where there is a driver.
    """

    name: str
    requirements: tuple[str, ...]
    categories: tuple[str, ...]
    default_level: Level
    declared: bool = False
    without: frozenset[str] = frozenset()
    reassigned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lenient: frozenset[str] = frozenset()
    lines: Mapping[str, str] = field(default_factory=dict)
    about_a_role: Mapping[str, str] = field(default_factory=dict)
    canary: bool = False

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
PRINTED_FIRST = word_list("""
    periodic_tasks protection concurrency supervision beat_processes task_imports delivery visibility_timeout
    visibility_everywhere publishing limits
""")

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

_JUDGES = criteria_of_questions()
_TITLES = {c.id: c.title for c in CELERY_CRITERIA}
CELERY = Profile(
    name="celery",
    requirements=tuple(_TITLES),
    categories=(*_TITLES.values(), GOOD_PRACTICES, OBSERVATIONS),
    default_level=Level.CONFIGURATION,
    reassigned=_JUDGES,
    lines={question: _TITLES[criteria[0]] for question, criteria in _JUDGES.items()},
    about_a_role=ABOUT_A_ROLE,
    canary=True,
)

# By name, then by family.
PROFILES: Mapping[str, Mapping[str, Profile]] = {
    CELERY.name: {CELERY.family: CELERY},
    CHECKPOINT_2025.name: {CHECKPOINT_2025.family: CHECKPOINT_2025},
    STRICT.name: {p.family: p for p in sorted((STRICT, *_OTHER_FAMILIES), key=lambda p: int(p.family))},
}
DEFAULT_FAMILY = STRICT.family


def default_profile(*, roles: bool, family: str) -> str:
    """The profile of a target for which none is asked: `celery` where nobody gave the roles of a campaign platform."""
    return STRICT.name if roles or family not in {"", CELERY.family} else CELERY.name


def default_family(profile: str) -> str:
    """The family that a profile judges unless another is asked for."""
    families = PROFILES[profile]
    return DEFAULT_FAMILY if DEFAULT_FAMILY in families else next(iter(families))


QUALITY_FAMILY = family_of(QUALITY[0].id)
