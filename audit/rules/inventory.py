"""The tasks themselves: registered, named once, results kept for somebody, rates that hold."""

import re
from collections.abc import Sequence

from audit.model.findings import Finding, Level, Outcome, Severity
from audit.model.observations.messages import ChordUse, ResultRead
from audit.model.target_facts import TargetFacts
from audit.model.test_files import is_test_file
from audit.rules.connection import kept_results
from audit.rules.effective_settings import NO_TASK, production_tasks, read, short
from audit.rules.practice import Fault, failed, out_of_scope, passed, practice, unknown
from audit.rules.rule import Guide

_INCLUDE = "https://docs.celeryq.dev/en/stable/userguide/configuration.html#include"
_NAMES = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#names"
_IGNORE = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#ignore-results-you-don-t-want"


@practice(
    "tasks-included",
    "Tâches importées",
    reference=_INCLUDE,
    needs=Level.CONFIGURATION,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Toutes les tâches sont enregistrées par les workers",
        fails="Un module de tâches n'est importé par aucun worker : ses tâches sont rejetées",
        advice="Ajouter le module à `include` ou à `imports`",
        solution='app = Celery("application", include=["application.tasks", "application.jobs"])',
        undetermined=(
            "rien n'a été importé, ou une partie de l'import a échoué, et la lecture seule n'exclut pas que le module soit chargé : "
            "elle ne conclut que d'un module qu'aucun code exécuté au démarrage n'importe"
        ),
        impact="Élevé : tâches jamais exécutées",
    ),
    defective={
        "audit.toml": """
            [target]
            celery_app = "shop.app:app"
        """,
        "shop/__init__.py": "",
        "shop/app.py": """
            from celery import Celery

            app = Celery("shop", broker="redis://localhost/0")
            app.conf.task_acks_late = True


            @app.task
            def report(day): ...
        """,
        "shop/jobs.py": """
            from shop.app import app


            @app.task
            def sweep(): ...
        """,
    },
    sound={
        "audit.toml": """
            [target]
            celery_app = "shop.app:app"
        """,
        "shop/__init__.py": "",
        "shop/app.py": """
            from celery import Celery

            app = Celery("shop", broker="redis://localhost/0", include=["shop.jobs"])
            app.conf.task_acks_late = True


            @app.task
            def report(day): ...
        """,
        "shop/jobs.py": """
            from shop.app import app


            @app.task
            def sweep(): ...
        """,
    },
)
def _included(known: TargetFacts) -> Sequence[Finding]:
    guide, facts = _included.guide, known.configuration
    if facts is None or not facts.tasks or facts.failures:
        if known.source.unloaded and not (facts and facts.failures):
            return _unloaded(known)
        why = facts.failure or " ".join(facts.failures) if facts else ""
        return unknown(guide, why or "l'import des modules (l'audit s'arrête à la lecture des fichiers)")
    package = known.target.celery_app.partition(":")[0].partition(".")[0]
    imported = {task.symbol.partition(":")[0] for task in facts.tasks}
    absent: dict[str, Fault] = {}
    for task in known.source.tasks:
        module, head = task.symbol.partition(":")[0], known.head(task.symbol)
        own = module.partition(".")[0] == package
        if own and head and module not in imported and not is_test_file(head.path, known.source.program):
            absent.setdefault(module, Fault(f"`{module}` (`{short(task.symbol)}`)", head))
    if absent:
        return failed(guide, "Tâches non importées", list(absent.values()), facts.evidence())
    return passed(guide, f"{len(facts.tasks)} tâches", facts.evidence())


def _unloaded(known: TargetFacts) -> Sequence[Finding]:
    """What the source alone establishes: nothing that a worker runs at its start imports the module."""
    readings = [read(known, name) for name in ("imports", "include")]
    missing = next((r.missing for r in readings if r.missing), "")
    if missing:
        return unknown(_included.guide, missing)
    unless = [f"que `{r.variable}` ne l'ajoute à `{r.name}`" for r in readings if r.variable]
    if not any(re.fullmatch(r"[\w.:]+", worker.options.get("app", "")) for worker in known.workers):
        unless.append("que la commande du worker, qui n'a pas été lue, ne le nomme")
    faults = []
    for lost in known.source.unloaded:
        symbols = [task.symbol for task in known.source.tasks if task.symbol.partition(":")[0] == lost.module]
        late = " et ".join(f"`{short(symbol)}`" for symbol in lost.importers[:2])
        who = f"que seule l'exécution de {late} importe" if late else "que rien n'importe"
        names = ", ".join(f"`{short(symbol)}`" for symbol in symbols)
        faults.append(Fault(f"`{lost.module}` ({names}), {who}", known.head(symbols[0])))
    text = f"{faults[-1].text} (à moins {', ou '.join(unless)})" if unless else faults[-1].text
    faults[-1] = Fault(text, faults[-1].excerpt)
    outcome = Outcome.RESERVATION if unless else Outcome.DEFECT
    evidence = known.source.evidence(faults[0].excerpt)
    return failed(_included.guide, "Tâches non importées", faults, evidence, outcome=outcome)


@practice(
    "unique-task-names",
    "Noms de tâches uniques",
    reference=_NAMES,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Chaque nom de tâche désigne une seule fonction",
        fails="Deux fonctions sont enregistrées sous le même nom de tâche : une seule s'exécute",
        advice="Donner un nom à chacune",
        solution='@app.task(name="application.tasks.send_mail")',
        undetermined=NO_TASK,
        impact="Élevé : l'autre n'est jamais exécutée",
    ),
    defective="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")


        @app.task(name="send")
        def send_mail(order_id): ...


        @app.task(name="send")
        def send_message(order_id): ...
    """,
    sound="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")


        @app.task(name="send")
        def send_mail(order_id): ...


        @app.task(name="send_message")
        def send_message(order_id): ...
    """,
)
def _unique(known: TargetFacts) -> Sequence[Finding]:
    guide = _unique.guide
    tasks = [task for task, facts in production_tasks(known) if task.options.get("name", task.name) == task.name]
    if not tasks:
        return unknown(guide, known.why_silent or NO_TASK)
    names: dict[str, list[str]] = {}
    for task in tasks:
        names.setdefault(task.name, []).append(task.symbol)
    faults = []
    for name, symbols in names.items():
        if len(symbols) > 1:
            told = " et ".join(f"`{symbol}`" for symbol in symbols)
            faults.append(Fault(f"`{name}`, pour {told}", known.head(symbols[1])))
    if faults:
        return failed(guide, "Nom de tâche en double", faults, known.source.evidence(faults[0].excerpt))
    return passed(guide, f"{len(names)} noms", known.probes[0].evidence())


@practice(
    "ignored-results",
    "Résultats utiles",
    reference=_IGNORE,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Les résultats gardés sont lus, ou ne sont pas gardés",
        fails="Les résultats de tâches sont gardés, et rien dans ce code ne les lit",
        advice="Poser `ignore_result=True` sur ces tâches, ou `task_ignore_result` pour toutes",
        solution="task_ignore_result = True",
        undetermined="aucune tâche n'a été lue, ou `result_backend` ne se lit pas",
        impact="Aucun, sinon du travail et de la mémoire pour rien",
    ),
    defective="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0", backend="redis://localhost/1")
        app.conf.result_expires = 3600


        @app.task
        def report(day):
            return day.isoformat()
    """,
    sound="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0", backend="redis://localhost/1")
        app.conf.result_expires = 3600


        @app.task(ignore_result=True)
        def report(day):
            return day.isoformat()
    """,
)
def _ignored(known: TargetFacts) -> Sequence[Finding]:
    guide = _ignored.guide
    outside, unsure = kept_results(known)
    tasks = production_tasks(known)
    if outside:
        return out_of_scope(guide, outside)
    if not tasks or unsure or known.source.failure:
        return unknown(guide, unsure or known.source.failure or NO_TASK)
    reads = known.source.observations_of(ResultRead)
    if reads:
        return passed(guide, f"lus dans `{reads[0].path}`", known.source.evidence())
    chords = known.source.observations_of(ChordUse)
    if chords:
        # Advice to ignore the results of a header would keep its chord from ever ending.
        told = f"un chord les attend, dans `{short(chords[0].symbol)}`"
        return passed(guide, told, known.source.evidence(chords[0].excerpt))
    kept = [task for task, _ in tasks if not task.options.get("ignore_result")]
    if kept:
        faults = [Fault(f"`{short(task.symbol)}`", known.head(task.symbol)) for task in kept]
        # Somebody may read them from elsewhere.
        return failed(
            guide, "Résultats que personne ne lit", faults, known.source.evidence(), outcome=Outcome.RESERVATION
        )
    return passed(guide, "`ignore_result`", known.source.evidence())
