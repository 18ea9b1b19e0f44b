"""The requirements of the spec `comprehensive-audit-2025`, as data."""

from dataclasses import dataclass

from audit.model.findings import Level
from audit.requirements.celery_criteria import CELERY_CRITERIA
from audit.requirements.criteria import CRITERIA
from audit.requirements.requirement import DRIVER_FIRST, Requirement

# The numbers `N.M` below are those of this spec, and of no other.
SPEC = "comprehensive-audit-2025"


@dataclass(frozen=True)
class Compensation:
    """A control that covers part of the risk of a defect: `control` is the rule that must establish it."""

    requirement: str
    defect: str
    control: str
    name: str
    covers: str
    residual: str


@dataclass(frozen=True)
class Phase:
    """A phase of the spec; `family` is the one its checkpoint judges, empty for the optimisations."""

    number: int
    title: str
    family: str


_RUN = DRIVER_FIRST + "`audit run --level execution`"
_SOAK = (
    "le journal de `audit soak` pour la même empreinte, ou un export des battements de cœur de production "
    "(`worker-heartbeats/1`), nommé dans `[evidence]` du fichier de cible ou par `--evidence`"
)

AUTONOMY = (
    Requirement(
        "8.1",
        "Envoi Message 1 sans Admin Connecté",
        "Les Message 1 partent sans administrateur connecté.",
        Level.EXECUTION,
        "Vérifications effectuées",
        _RUN,
    ),
    Requirement(
        "8.2",
        "Traitement Webhooks sans Admin Connecté",
        "Les webhooks sont traités sans administrateur connecté.",
        Level.EXECUTION,
        "Vérifications effectuées",
        _RUN,
    ),
    Requirement(
        "8.3",
        "Envoi Message 2 sur Interaction sans Admin",
        "Le Message 2 part sur interaction sans administrateur.",
        Level.EXECUTION,
        "Vérifications effectuées",
        _RUN,
    ),
    Requirement(
        "8.4",
        "Uptime Workers > 99.9%",
        "Disponibilité des workers supérieure à 99,9 %.",
        Level.MEASUREMENT,
        "Mécanismes de robustesse vérifiés",
        _SOAK,
    ),
    Requirement(
        "8.5",
        "Redémarrage Automatique Workers",
        "Un worker qui meurt est relancé automatiquement.",
        Level.EXECUTION,
        "Points vérifiés",
        _RUN,
    ),
    Requirement(
        "8.6",
        "Alerte si les Workers sont Arrêtés",
        "Une alerte part si les workers sont arrêtés plus de 5 minutes.",
        Level.EXECUTION,
        "Vérifications effectuées",
        _RUN,
    ),
)

REQUIREMENTS = tuple(sorted((*AUTONOMY, *CRITERIA), key=lambda r: (int(r.family), r.id)))

COMPENSATIONS = (
    Compensation(
        requirement="8.5",
        defect="supervision",
        control="recovery",
        name="recover_interrupted_campaigns",
        covers="les campagnes interrompues sont reprises toutes les 5 minutes, dès qu'un worker consomme de nouveau",
        residual="cette tâche s'exécute elle-même dans un worker, et rien ne part tant que personne ne le relance",
    ),
)

PHASES = (
    Phase(3, "Audit Message 1", "4"),
    Phase(4, "Audit Interactions et Message 2", "5"),
    Phase(5, "Audit Doublons", "6"),
    Phase(6, "Audit Clôture des Campagnes", "7"),
    Phase(7, "Audit Workers Celery", "8"),
    Phase(8, "Audit Statistiques", "9"),
    Phase(9, "Nettoyage Code", "10"),
    Phase(10, "Optimisations", ""),
)


def phase_of(family: str) -> Phase | None:
    """The phase whose checkpoint judges this family; None for a family the spec does not have."""
    return next((p for p in PHASES if p.family == family), None)


def requirement(identifier: str) -> Requirement:
    """The requirement `N.M`, or the criterion of profile `celery`. Raises KeyError when there is none of that id."""
    return {r.id: r for r in (*REQUIREMENTS, *CELERY_CRITERIA)}[identifier]
