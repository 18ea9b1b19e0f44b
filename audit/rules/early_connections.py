"""Connections opened while the modules of tasks are imported, or before a worker makes its processes."""

from collections.abc import Sequence
from dataclasses import replace

from audit.model.domains import conclude
from audit.model.findings import Finding, Severity
from audit.model.observations.shared_data import ConnectionAtImport
from audit.model.target_facts import TargetFacts
from audit.rules.domains.task_domain import task_modules
from audit.rules.effective_settings import NO_TASK
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide

_FORK = "https://docs.celeryq.dev/en/stable/userguide/signals.html#worker-process-init"
# Redis's clients, and Celery for those of Django, open another connection in each child process.
_AT_IMPORT = "Une requête est envoyée à une base à l'import d'un module de tâches, qui ne s'importe plus quand elle ne répond pas"
_AT_IMPORT_IMPACT = "Faible : un worker qui ne démarre pas pendant une panne de la base"


@practice(
    "no-connection-at-import",
    "Connexions après le fork",
    reference=_FORK,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Aucun appel reconnu n'ouvre de connexion à une base à l'import des modules que les tâches emploient",
        fails="Une connexion ouverte à l'import le fait échouer sans son serveur, et peut être partagée par les processus enfants",
        advice="Ouvrir la connexion au premier usage, ou au signal `worker_process_init`",
        solution="@worker_process_init.connect\ndef connect(**_): ...",
        undetermined=NO_TASK,
        impact="Moyen : un worker qui ne démarre pas sans la base, ou des réponses lues par une autre tâche",
    ),
    example="""
        import psycopg
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")«
        connection = psycopg.connect("dbname=shop")¦»


        @app.task
        def close(order_id):
            «¦with psycopg.connect("dbname=shop") as connection:
                »connection.execute("UPDATE orders SET closed = true WHERE id = %s", (order_id,))
    """,
)
def _opened_at_import(known: TargetFacts) -> Sequence[Finding]:
    domain = task_modules(known, known.source.observations_of(ConnectionAtImport))
    shared = any(not o.own_after_fork for _, seen in domain.members for o in seen)

    def told(module: tuple[str, tuple[ConnectionAtImport, ...]], *, sure: bool) -> list[Fault]:
        kept = [o for o in module[1] if not shared or not o.own_after_fork]
        return [Fault(f"`{module[0]}`", o.excerpt) for o in kept if (o.sure and not o.own_after_fork) is sure]

    answer = conclude(
        domain, lambda module: told(module, sure=True), possible_of=lambda module: told(module, sure=False)
    )
    evidence = [known.source.evidence(f.excerpt) for f in (*answer.faults, *answer.possible)]
    evidence = evidence or [known.source.evidence()]
    guide = _opened_at_import.guide
    if not shared:
        guide = replace(guide, fails=_AT_IMPORT, impact=_AT_IMPORT_IMPACT)
    return answered(guide, "Connexion ouverte à l'import", answer, *evidence, nothing=NO_TASK)
