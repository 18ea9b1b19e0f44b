"""The tasks themselves: registered, named once, results kept for somebody, rates and retry functions that act."""

import re
from collections.abc import Sequence

from audit.model.facts import Task
from audit.model.findings import Finding, Level, Outcome, Severity
from audit.model.observations.failure_handling import RetryFunction
from audit.model.observations.messages import ResultRead
from audit.model.target_facts import TargetFacts
from audit.model.test_files import is_test_file
from audit.rules.connection import kept_results
from audit.rules.effective_settings import NO_TASK, NO_WORKER, production_tasks, read, short
from audit.rules.practice import Fault, failed, out_of_scope, passed, practice, unknown
from audit.rules.routing import consumed_by, route_of
from audit.rules.rule import Guide
from audit.rules.schedule import copies

_INCLUDE = "https://docs.celeryq.dev/en/stable/userguide/configuration.html#include"
_NAMES = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#names"
_IGNORE = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#ignore-results-you-don-t-want"
_RATE = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.rate_limit"
_RETRY = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#retrying"

_INCLUDED_GUIDE = Guide(
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
)


def _included(known: TargetFacts) -> Sequence[Finding]:
    guide, facts = _INCLUDED_GUIDE, known.configuration
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
        return unknown(_INCLUDED_GUIDE, missing)
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
    return failed(_INCLUDED_GUIDE, "Tâches non importées", faults, evidence, outcome=outcome)


_UNIQUE_GUIDE = Guide(
    severity=Severity.CRITICAL,
    passes="Chaque nom de tâche désigne une seule fonction",
    fails="Deux fonctions sont enregistrées sous le même nom de tâche : une seule s'exécute",
    advice="Donner un nom à chacune",
    solution='@app.task(name="application.tasks.send_mail")',
    undetermined=NO_TASK,
    impact="Élevé : l'autre n'est jamais exécutée",
)


def _unique(known: TargetFacts) -> Sequence[Finding]:
    guide = _UNIQUE_GUIDE
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


_IGNORED_GUIDE = Guide(
    severity=Severity.MINOR,
    passes="Les résultats gardés sont lus, ou ne sont pas gardés",
    fails="Les résultats de tâches sont gardés, et rien dans ce code ne les lit",
    advice="Poser `ignore_result=True` sur ces tâches, ou `task_ignore_result` pour toutes",
    solution="task_ignore_result = True",
    undetermined="aucune tâche n'a été lue, ou `result_backend` ne se lit pas",
    impact="Aucun, sinon du travail et de la mémoire pour rien",
)


def _ignored(known: TargetFacts) -> Sequence[Finding]:
    guide = _IGNORED_GUIDE
    outside, unsure = kept_results(known)
    tasks = production_tasks(known)
    if outside:
        return out_of_scope(guide, outside)
    if not tasks or unsure or known.source.failure:
        return unknown(guide, unsure or known.source.failure or NO_TASK)
    reads = known.source.observations_of(ResultRead)
    if reads:
        return passed(guide, f"lus dans `{reads[0].path}`", known.source.evidence())
    kept = [task for task, _ in tasks if not task.options.get("ignore_result")]
    if kept:
        faults = [Fault(f"`{short(task.symbol)}`", known.head(task.symbol)) for task in kept]
        # Somebody may read them from elsewhere.
        return failed(
            guide, "Résultats que personne ne lit", faults, known.source.evidence(), outcome=Outcome.RESERVATION
        )
    return passed(guide, "`ignore_result`", known.source.evidence())


_RATE_GUIDE = Guide(
    severity=Severity.MINOR,
    passes="Une tâche à débit limité n'a qu'un worker, ou pas de limite",
    fails="`rate_limit` borne chaque worker, et plusieurs workers sont lancés : le débit total n'est pas borné",
    advice="Compter ensemble (base, Redis), ou réserver une file à un seul worker",
    solution="celery -A application worker -Q limited --concurrency=1",
    undetermined="aucune tâche, ou aucun worker, n'a été lu",
    language="bash",
)


def _rates(known: TargetFacts) -> Sequence[Finding]:
    guide = _RATE_GUIDE
    tasks = production_tasks(known)
    if not tasks:
        return unknown(guide, known.why_silent or NO_TASK)
    default = read(known, "task_default_rate_limit")
    limited = [(t, f) for t, f in tasks if t.options.get("rate_limit") and t.options["rate_limit"] != default.value]
    if not limited:
        return out_of_scope(guide, "aucune tâche n'a de `rate_limit`")
    if not known.workers:
        return unknown(guide, NO_WORKER)
    faults = [fault for task, _ in limited for fault in _spread(known, task)]
    if faults:
        evidence = known.source.evidence(faults[0].excerpt)
        return failed(guide, "Débit par worker", faults, evidence, outcome=Outcome.RESERVATION)
    names = ", ".join(f"`{short(task.symbol)}`" for task, _ in limited)
    return passed(guide, names, known.source.evidence(known.workers[0].excerpt))


def _spread(known: TargetFacts, task: Task) -> list[Fault]:
    """The file that starts several workers for the queue of a task, when there is one."""
    declared, default = read(known, "task_queues"), read(known, "task_default_queue", "celery")
    queue = task.options.get("queue") or route_of(task.name, read(known, "task_routes").value) or default.value
    counts: dict[str, int] = {}
    for worker in known.workers:
        queues = consumed_by(worker, declared.value, default.value)
        if queues is None or queue in queues:
            counts[worker.excerpt.path] = counts.get(worker.excerpt.path, 0) + copies(worker)
    several = next(((path, n) for path, n in counts.items() if n > 1), None)
    if several is None:
        return []
    text = f"`{short(task.symbol)}`, et {several[1]} workers de `{queue}` dans `{several[0]}`"
    return [Fault(text, known.head(task.symbol))]


_UNUSED_GUIDE = Guide(
    severity=Severity.MINOR,
    passes="Les fonctions de reprise testées sont celles que le code emploie",
    fails="Une fonction de reprise est testée, mais rien d'autre ne l'appelle : ce que les tests prouvent n'a pas lieu",
    advice="L'appeler dans la tâche, ou la retirer avec ses tests",
    solution="raise self.retry(countdown=retry_delay(self.request.retries))",
    undetermined="aucun code Python n'a été lu",
    impact="Moyen : des reprises que l'on croit prouvées",
)


def _unused(known: TargetFacts) -> Sequence[Finding]:
    guide = _UNUSED_GUIDE
    if known.source.failure or not known.source.functions:
        return unknown(guide, known.source.failure or "aucun code Python n'a été lu")
    tested = [o for o in known.source.observations_of(RetryFunction) if o.tested]
    if not tested:
        return out_of_scope(guide, "aucune fonction de reprise n'est testée ici")
    unused = [o for o in tested if not o.used]
    if unused:
        faults = [Fault(f"`{short(o.symbol)}`", o.excerpt) for o in unused]
        return failed(
            guide, "Reprise testée, jamais employée", faults, *(known.source.evidence(o.excerpt) for o in unused)
        )
    return passed(guide, ", ".join(f"`{short(o.symbol)}`" for o in tested), known.source.evidence(tested[0].excerpt))


RULES = (
    practice("tasks-included", "Tâches importées", _INCLUDE, _included, _INCLUDED_GUIDE, needs=Level.CONFIGURATION),
    practice("unique-task-names", "Noms de tâches uniques", _NAMES, _unique, _UNIQUE_GUIDE),
    practice("ignored-results", "Résultats utiles", _IGNORE, _ignored, _IGNORED_GUIDE),
    practice("shared-rate-limits", "Débits partagés", _RATE, _rates, _RATE_GUIDE),
    practice("retry-function-used", "Reprise employée", _RETRY, _unused, _UNUSED_GUIDE),
)
