"""Results kept in a database or in files: only `celery.backend_cleanup`, which beat sends, removes those that expired."""

from collections.abc import Sequence
from dataclasses import replace

from audit.model.domains import conclude
from audit.model.findings import Finding, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.consumed_queues import consumed_by
from audit.rules.domains.process_domain import workers_of_any
from audit.rules.domains.result_domain import Kept, kept_results_of
from audit.rules.effective_settings import read
from audit.rules.practice import Fault, answered, practice
from audit.rules.routing import route_of
from audit.rules.rule import Guide

_CLEANUP = "celery.backend_cleanup"
_UNCLEANED = "Les résultats sont gardés dans un magasin, et rien de ce que Celery exécute ne les supprime"
_BY_ITSELF = "Faire expirer les résultats par le magasin, ou consommer la file de `celery.backend_cleanup`"


@practice(
    "results-cleaned",
    "Nettoyage des résultats",
    reference="https://docs.celeryq.dev/en/stable/userguide/configuration.html#result-expires",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Les résultats que Celery garde dans une base ou des fichiers sont supprimés par une tâche que beat envoie",
        fails="Les résultats sont gardés dans une base ou des fichiers, et rien ne les supprime : `celery.backend_cleanup` n'est envoyée que par beat",
        advice="Lancer beat, ou planifier `celery.backend_cleanup` autrement",
        solution="celery -A application beat --schedule=/tmp/schedule --pidfile=",
        undetermined="`result_backend` ne se lit pas, ou un fichier de processus n'a pas été lu",
        impact="Moyen : la table des résultats grandit sans fin",
        language="bash",
    ),
    example={
        "app.py": """
            from celery import Celery

            app = Celery("shop", broker="redis://redis:6379/0", backend="db+postgresql://db/shop")
            app.conf.result_expires = 3600
        """,
        "compose.yaml": """
            services:
              worker:
                image: shop
                command: celery -A app worker
                restart: always«¦
              beat:
                image: shop
                command: celery -A app beat
                restart: always»
        """,
    },
)
def _cleaned(known: TargetFacts) -> Sequence[Finding]:
    backend = read(known, "result_backend")
    domain = kept_results_of(known, backend)
    lost = _unconsumed(known) if any(not kept.by_nobody for kept in domain.members) else ""

    def possible(kept: Kept) -> list[Fault]:
        if kept.never:
            return [Fault(f"`{kept.store}`, à moins que le magasin ne les supprime lui-même", backend.excerpt)]
        return [Fault(f"`{kept.store}` : {lost}", backend.excerpt)] if lost else []

    answer = conclude(
        domain,
        lambda kept: [Fault(f"`{kept.store}`", backend.excerpt)] if kept.by_nobody else [],
        possible_of=possible,
    )
    nothing = "Celery ne garde pas de résultat dans une base ni dans des fichiers"
    if backend.variable:
        nothing = f"{nothing}, à moins que `{backend.variable}` ne donne un autre `result_backend`"
    guide = replace(_cleaned.guide, fails=_UNCLEANED, advice=_BY_ITSELF) if answer.possible else _cleaned.guide
    return answered(guide, "Résultats jamais supprimés", answer, *backend.evidence, nothing=nothing)


def _unconsumed(known: TargetFacts) -> str:
    """That no worker consumes the queue of Celery's own cleanup, in French; empty where one may."""
    declared, default = read(known, "task_queues"), read(known, "task_default_queue", "celery")
    routes = read(known, "task_routes")
    own = [consumed_by(worker, declared.value, default.value) for worker in known.workers]
    unread = declared.missing or default.missing or routes.missing or workers_of_any(known).gaps
    planned = [e for facts in known.probes for e in facts.beat if e.task == _CLEANUP]
    if unread or planned or not own or None in own or not known.processes("beat"):
        return ""
    queue = route_of(_CLEANUP, routes.value) or str(default.value)
    consumed = {name for names in own for name in names or ()}
    return "" if queue in consumed else f"`{_CLEANUP}` va dans la file `{queue}`, qu'aucun worker ne consomme"
