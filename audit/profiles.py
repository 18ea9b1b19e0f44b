"""Profiles: which questions a checkpoint asks, in which categories, and how strong the evidence must be."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.catalogue import Requirement
from audit.model import Level


@dataclass(frozen=True)
class Profile:
    """What one kind of checkpoint asks.

    `categories` maps a line of section 1.1 to rule ids, in print order; `observations` are rules that are reported but
    not counted as tests; `reassigned` replaces the requirements of a rule; `declared` accepts evidence of any level.
    """

    name: str
    requirements: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]
    default_level: Level
    declared: bool = False
    observations: tuple[str, ...] = ()
    reassigned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lenient: frozenset[str] = frozenset()

    def floor(self, requirement: Requirement) -> Level:
        """Weakest level at which this requirement can be CONFORME in this profile."""
        return Level.SOURCE if self.declared else requirement.floor


_CATEGORIES = {
    "Configuration Celery": ("late-acknowledgement", "reject-on-worker-lost", "startup-retry"),
    "Envoi Messages Autonome": ("sender-no-user", "campaign-sender-no-user"),
    "Traitement Webhooks Autonome": ("webhook-no-user", "webhook-processor-no-user"),
    "Envoi Message 2 Autonome": ("follow-up-no-user",),
    "Robustesse Workers": ("recovery", "idempotency", "concurrency", "supervision"),
    "Tâches Health Check": ("health-check-period", "expiry-period", "lock-cleanup-period"),
    "Mécanisme de Retry": ("retry-limit", "retry-delays", "retry-not-swallowed"),
    "Service Monitoring": ("monitoring-sync-period", "monitoring-reset-period"),
    "Verrouillage Campagnes": ("campaign-lock",),
}

CHECKPOINT_2025 = Profile(
    name="checkpoint-2025",
    requirements=("8.1", "8.2", "8.3", "8.4", "8.5"),
    categories=_CATEGORIES,
    default_level=Level.SOURCE,
    declared=True,
    observations=("deprecations",),
    # The December checkpoint counted the concurrency gap as a minor problem and left 8.4 CONFORME.
    reassigned={"concurrency": ()},
    lenient=frozenset({"concurrency"}),
)

STRICT = Profile(
    name="strict",
    requirements=("8.1", "8.2", "8.3", "8.4", "8.5", "8.6"),
    categories={
        **_CATEGORIES,
        "Robustesse Workers": (*_CATEGORIES["Robustesse Workers"], "beat-started", "imports"),
        "Preuves par l'Exécution": (
            "autonomous-sending",
            "webhook-processing",
            "follow-up-sending",
            "worker-restart",
            "beat-firing",
            "retry-schedule",
            "worker-alert",
        ),
    },
    default_level=Level.CONFIGURATION,
    observations=("deprecations",),
)

PROFILES = {p.name: p for p in (CHECKPOINT_2025, STRICT)}
