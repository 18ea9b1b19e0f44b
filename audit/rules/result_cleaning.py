"""Results kept in a database or in files: only `celery.backend_cleanup`, which beat sends, removes those that expired."""

from collections.abc import Sequence

from audit.model.domains import conclude
from audit.model.findings import Finding, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.domains.result_domain import kept_results_of
from audit.rules.effective_settings import read
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide


@practice(
    "results-cleaned",
    "Nettoyage des résultats",
    reference="https://docs.celeryq.dev/en/stable/userguide/configuration.html#result-expires",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Les résultats expirés d'une base ou de fichiers sont supprimés",
        fails="Les résultats sont gardés dans une base ou des fichiers, et rien ne les supprime : `celery.backend_cleanup` n'est envoyée que par beat",
        advice="Lancer beat, ou planifier `celery.backend_cleanup` autrement",
        solution="celery -A application beat --schedule=/tmp/schedule --pidfile=",
        undetermined="`result_backend` ne se lit pas, ou un fichier de processus n'a pas été lu",
        impact="Moyen : la table des résultats grandit sans fin",
        language="bash",
    ),
    defective={
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
                restart: always
        """,
    },
    sound={
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
                restart: always
              beat:
                image: shop
                command: celery -A app beat
                restart: always
        """,
    },
)
def _cleaned(known: TargetFacts) -> Sequence[Finding]:
    backend = read(known, "result_backend")
    domain = kept_results_of(known, backend)
    answer = conclude(domain, lambda kept: [Fault(f"`{kept.store}`", backend.excerpt)] if kept.by_nobody else [])
    nothing = "aucun résultat n'est gardé dans une base ou des fichiers"
    return answered(_cleaned.guide, "Résultats jamais supprimés", answer, *backend.evidence, nothing=nothing)
