"""The criteria of profile `celery`, which any Celery project can be held to, as data: C1 to C12, and what judges each.

The rules do not name them: the same rule bears on the criteria of the campaign platform too, which it does name.
"""

from collections.abc import Mapping

from audit.model.findings import Level
from audit.model.word_tables import word_list
from audit.requirements.requirement import Requirement

_READ = "lire ce qui manque aux points ci-dessus, puis relancer `audit run`"
_IMPORTED = "`audit run --level configuration --python INTERPRÉTEUR` (celui qui sait importer le projet)"
_PLAYED = (
    "`audit run --level execution --python INTERPRÉTEUR --yes` (le canari lance le worker du projet, le tue et compte)"
)
_SETTLES = {Level.SOURCE: _READ, Level.CONFIGURATION: _IMPORTED, Level.EXECUTION: _PLAYED}


def _criterion(
    number: int,
    title: str,
    criterion: str,
    floor: Level,
    judged_by: tuple[str, ...],
    *,
    decided_by: tuple[str, ...] = (),
) -> Requirement:
    return Requirement(
        f"C{number}",
        title,
        criterion,
        floor,
        "Points vérifiés",
        _SETTLES[floor],
        judged_by=(*judged_by, *decided_by),
        decided_by=decided_by,
    )


CELERY_CRITERIA = (
    _criterion(
        1,
        "Livraison",
        "Ce que le broker a accepté est exécuté, même si le processus qui l'exécute, le worker ou le broker meurt.",
        Level.EXECUTION,
        word_list("""
            late-acknowledgement reject-on-worker-lost cancel-on-connection-loss visibility-timeout short-countdowns
            expires-after-delay no-purge not-eager celery-release canary-ordinary canary-delayed canary-reserved
            canary-connections-cut canary-broker-frozen
        """),
        decided_by=("canary-child-killed", "canary-main-killed", "canary-broker-restarted"),
    ),
    _criterion(
        2,
        "Répétition",
        "Une tâche livrée deux fois ne fait pas deux fois son effet, ou ne peut pas l'être ; un message qui tue ses "
        "processus est arrêté.",
        Level.SOURCE,
        word_list("atomic-counters locks-expire no-process-state unique-task-names bounded-deliveries canary-poison"),
    ),
    _criterion(
        3,
        "Publication",
        "Une tâche part quand ses données sont visibles, et n'emporte que des identifiants.",
        Level.SOURCE,
        ("publish-after-commit", "identifiers-only"),
    ),
    _criterion(
        4,
        "Planning",
        "Ce qui est planifié part, à l'heure écrite, une seule fois.",
        Level.SOURCE,
        word_list("""
            beat-started single-beat beat-tasks-registered beat-timezone beat-overlap beat-expires pid-file redbeat-lock
            beat-firing
        """),
    ),
    _criterion(
        5,
        "Retour",
        "Un worker ou un beat qui meurt est relancé, chaque fois, sans personne.",
        Level.SOURCE,
        word_list("""
            supervision programs-restarted watched-process startup-retry connection-retries-supervised worker-restart
        """),
    ),
    _criterion(
        6,
        "Arrêt",
        "À l'arrêt demandé, les tâches en cours finissent ou reviennent en file avant SIGKILL.",
        Level.EXECUTION,
        ("stop-grace", "soft-shutdown"),
        decided_by=("canary-sigterm",),
    ),
    _criterion(
        7,
        "Bornes",
        "Durée, mémoire, reprises, attente et débit d'une tâche ont une limite qui agit.",
        Level.CONFIGURATION,
        word_list("""
            time-limits limits-enforced sleep-within-limit request-within-limit no-endless-loop http-timeouts
            redis-sockets retries-bounded retry-backoff bounded-memory paged-reads concurrency shared-rate-limits
            default-rate-limit late-ack-prefetch result-expires results-cleaned
        """),
    ),
    _criterion(
        8,
        "Échecs",
        "Un échec se voit, et n'est repris que s'il est passager.",
        Level.SOURCE,
        word_list("""
            errors-not-swallowed retry-not-caught retry-function-used autoretry-narrow no-result-wait chord-results
            ignored-results canary-chord
        """),
    ),
    _criterion(
        9,
        "Routage",
        "Chaque tâche publiée est enregistrée, chaque file publiée est consommée par qui connaît ses tâches.",
        Level.CONFIGURATION,
        ("queues-consumed", "queues-declared", "own-queues", "tasks-included", "imports"),
    ),
    _criterion(
        10,
        "Réglages",
        "Ce qui est écrit agit : nom lu, option non contredite, valeur du bon type, pool qui l'applique.",
        Level.CONFIGURATION,
        ("known-settings", "pool-aligned", "limits-enforced", "worker-names", "canary-asked"),
    ),
    _criterion(
        11,
        "Service",
        "Le broker et la sonde de santé ne perdent ni ne tuent ce qui vit.",
        Level.SOURCE,
        word_list("broker-keeps-queues visibility-timeout-everywhere own-health-check canary-broker-emptied"),
    ),
    _criterion(
        12,
        "Sûreté",
        "Rien n'est ouvert : ni code dans les messages, ni secret en clair, ni certificat ignoré, ni root, ni webhook anonyme.",
        Level.SOURCE,
        word_list("""
            no-pickle no-literal-secret environment-untracked broker-tls http-verified not-root webhook-authentic
            webhook-stored-first
        """),
    ),
)

# Questions that speak of one role: without it, asked or guessed, they would only say that it is missing.
ABOUT_A_ROLE: Mapping[str, str] = {"webhook-authentic": "webhook", "webhook-stored-first": "webhook"}


def criteria_of_questions() -> dict[str, tuple[str, ...]]:
    """The criteria that each question judges, the one it counts under first."""
    found: dict[str, tuple[str, ...]] = {}
    for criterion in CELERY_CRITERIA:
        for question in criterion.judged_by:
            found[question] = (*found.get(question, ()), criterion.id)
    return found
