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

    @property
    def family(self) -> str:
        """The family of criteria this checkpoint judges."""
        return family_of(self.requirements[0])

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

GOOD_PRACTICES = "Bonnes Pratiques"
_PRACTICES = (
    # Delivery
    "late-ack-prefetch",
    "cancel-on-connection-loss",
    "visibility-timeout",
    "visibility-timeout-everywhere",
    "short-countdowns",
    "publish-after-commit",
    "identifiers-only",
    # Execution
    "time-limits",
    "limits-enforced",
    "pool-aligned",
    "not-eager",
    "default-rate-limit",
    "bounded-memory",
    "sleep-within-limit",
    "no-result-wait",
    "no-endless-loop",
    "http-timeouts",
    "errors-not-swallowed",
    "retry-not-caught",
    "retries-bounded",
    "retry-backoff",
    "autoretry-narrow",
    # Shared data
    "aware-clocks",
    "atomic-counters",
    "locks-expire",
    "paged-reads",
    "no-process-state",
    "no-connection-at-import",
    # Connection, results, shutdown
    "connection-retries-supervised",
    "redis-sockets",
    "result-expires",
    "soft-shutdown",
    # Beat
    "beat-tasks-registered",
    "beat-overlap",
    "beat-expires",
    "beat-timezone",
    "single-beat",
    # Queues and workers
    "queues-consumed",
    "queues-declared",
    "no-purge",
    "worker-names",
    "known-settings",
    # Security
    "no-pickle",
    "broker-tls",
    "no-literal-secret",
    "environment-untracked",
    "http-verified",
    "webhook-authentic",
    "webhook-stored-first",
    # Deployment
    "not-root",
    "own-health-check",
    "watched-process",
    "stop-grace",
    "celery-release",
    # Tasks
    "tasks-included",
    "unique-task-names",
    "ignored-results",
    "shared-rate-limits",
    "retry-function-used",
)

STRICT = Profile(
    name="strict",
    requirements=tuple(r.id for r in AUTONOMY),
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
        "Disponibilité Mesurée": ("availability",),
        "Canari": (
            "canary-ordinary",
            "canary-child-killed",
            "canary-sigterm",
            "canary-broker-restarted",
            "canary-delayed",
            "canary-main-killed",
        ),
        GOOD_PRACTICES: _PRACTICES,
    },
    default_level=Level.CONFIGURATION,
    observations=("deprecations",),
)

_SEEN = "Preuves par l'Exécution"


def _strict(requirements: tuple[Requirement, ...], categories: Mapping[str, tuple[str, ...]]) -> Profile:
    return Profile("strict", tuple(r.id for r in requirements), categories, Level.CONFIGURATION)


_OTHER_FAMILIES = (
    _strict(
        MESSAGE_1,
        {
            "Mécanisme de Retry": _CATEGORIES["Mécanisme de Retry"],
            _SEEN: ("message-1-sending", "reply-window", "daily-limit", "retry-schedule"),
        },
    ),
    _strict(MESSAGE_2, {_SEEN: ("reply-window", "interaction-types", "reply-delay")}),
    _strict(DUPLICATES, {_SEEN: ("duplicate-replies", "lock-ownership")}),
    _strict(CLOSING, {"Tâches Health Check": ("expiry-period",), _SEEN: ("campaign-closing", "campaign-age")}),
    _strict(STATISTICS, {_SEEN: ("statistics-content", "statistics-freezing", "statistics-speed")}),
    _strict(
        QUALITY,
        {
            "Qualité du Code": (
                "dead-code",
                "unused-imports",
                "stray-prints",
                "tests-pass",
                "test-coverage",
                "uniform-style",
            )
        },
    ),
)

# By name, then by family.
PROFILES: Mapping[str, Mapping[str, Profile]] = {
    CHECKPOINT_2025.name: {CHECKPOINT_2025.family: CHECKPOINT_2025},
    STRICT.name: {p.family: p for p in sorted((STRICT, *_OTHER_FAMILIES), key=lambda p: int(p.family))},
}
DEFAULT_FAMILY = STRICT.family
QUALITY_FAMILY = family_of(QUALITY[0].id)
