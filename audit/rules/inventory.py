"""The tasks themselves: registered, named once, results kept for somebody, rates that hold."""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence

from audit.french.typography import counted
from audit.model.domains import conclude
from audit.model.facts import Task
from audit.model.findings import Finding, Level, Outcome, Severity
from audit.model.gaps import Doubt, Gap, UnreadFile
from audit.model.observations.messages import ChordUse, PublishedMessage, RepeatedTask, ResultRead
from audit.model.target_facts import TargetFacts
from audit.model.test_files import is_test_file
from audit.rules.domains.setting_domain import EVERYWHERE, place_of, ruled_by, unread_tasks
from audit.rules.domains.setting_scopes import ignoring, kept_results
from audit.rules.effective_settings import NO_TASK, production_tasks, read, short
from audit.rules.example import with_app
from audit.rules.practice import Fault, answered, failed, practice, unknown
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
        passes="Chaque module de tâches du paquet de l'application est importé par les workers",
        fails="Un module de tâches n'est importé par aucun worker : ses tâches sont rejetées",
        advice="Ajouter le module à `include` ou à `imports`",
        solution='app = Celery("application", include=["application.tasks", "application.jobs"])',
        undetermined=(
            "rien n'a été importé, ou une partie de l'import a échoué, et la lecture seule n'exclut pas que le module soit chargé : "
            "elle ne conclut que d'un module qu'aucun code exécuté au démarrage n'importe"
        ),
        impact="Élevé : tâches jamais exécutées",
    ),
    example={
        "audit.toml": """
            [target]
            celery_app = "shop.app:app"
        """,
        "shop/__init__.py": "",
        "shop/app.py": """
            from celery import Celery

            app = Celery("shop", broker="redis://localhost/0"«¦, include=["shop.jobs"]»)
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
    found: dict[str, tuple[bool, Fault]] = {}
    for task in known.source.tasks:
        module, head = task.symbol.partition(":")[0], known.head(task.symbol)
        own = module.partition(".")[0] == package
        if own and head and not is_test_file(head.path, known.source.program):
            found.setdefault(module, (module in imported, Fault(f"`{module}` (`{short(task.symbol)}`)", head)))
    for module in imported - found.keys():
        found[module] = (True, Fault(f"`{module}`"))
    hidden = [g for g in known.source.gaps if isinstance(g, UnreadFile) and not _is_of(g.path, imported)]
    domain = ruled_by(
        known,
        (),
        list(found.values()),
        f"{counted(len(found), 'module')}, {counted(len(facts.tasks), 'tâche')}",
        *hidden,
    )
    answer = conclude(domain, lambda member: () if member[0] else (member[1],))
    return answered(guide, "Tâches non importées", answer, facts.evidence(), nothing=NO_TASK)


def _is_of(path: str, modules: Collection[str]) -> bool:
    """Whether a file is that of a module that was imported, wherever imports start."""
    dotted = f".{path.removesuffix('.py').removesuffix('/__init__').replace('/', '.')}"
    return any(dotted.endswith(f".{module}") for module in modules)


def _unloaded(known: TargetFacts) -> Sequence[Finding]:
    """What the source alone establishes: nothing that a worker runs at its start imports the module."""
    readings = [read(known, name) for name in ("imports", "include")]
    missing = next((r.missing for r in readings if r.missing), "")
    if missing:
        return unknown(_included.guide, missing)
    unless = [f"que `{r.variable}` ne l'ajoute à `{r.name}`" for r in readings if r.variable]
    if not any(re.fullmatch(r"[\w.:]+", worker.options.get("app", "")) for worker in known.workers):
        unless.append("que la commande du worker, qui n'a pas été lue, ne le nomme")
    faults, of_module = [], defaultdict[str, list[str]](list)
    for task in known.source.tasks:
        of_module[task.symbol.partition(":")[0]].append(task.symbol)
    for lost in known.source.unloaded:
        symbols = of_module[lost.module]
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
    example=with_app("""
        @app.task(name="send")
        def send_mail(order_id): ...


        @app.task(name="«send¦send_message»")
        def send_message(order_id): ...
    """),
)
def _unique(known: TargetFacts) -> Sequence[Finding]:
    guide = _unique.guide
    names: dict[str, list[str]] = {}
    redefined = "enregistrée sous le même nom chaque fois que le code la définit"
    members: list[Fault | tuple[str, list[str]]] = [
        Fault(f"`{o.name}`, {redefined}", o.excerpt) for o in known.source.observations_of(RepeatedTask)
    ]
    gaps: list[Gap] = [*unread_tasks(known)]
    for task, _ in production_tasks(known):
        if task.options.get("name", task.name) == task.name:
            names.setdefault(task.name, []).append(task.symbol)
            again = f"`{task.name}`, pour {task.alike} tâches différentes que fait `{short(task.symbol)}`"
            members += [Fault(again, known.head(task.symbol))] if task.alike > 1 else []
        else:
            path, line = place_of(known.head(task.symbol))
            gaps.append(Doubt(path, line, f"le nom de la tâche `{short(task.symbol)}` ne se lit pas"))

    def twice(member: tuple[str, list[str]]) -> list[Fault]:
        name, symbols = member
        told = " et ".join(f"`{symbol}`" for symbol in symbols)
        return [Fault(f"`{name}`, pour {told}", known.head(symbols[1]))] if len(symbols) > 1 else []

    members += names.items()
    domain = ruled_by(known, (), members, counted(len(names), "nom"), *gaps)
    answer = conclude(
        domain,
        lambda member: [] if isinstance(member, Fault) else twice(member),
        possible_of=lambda member: [member] if isinstance(member, Fault) else [],
    )
    strongest = known.probes[0] if known.probes else known.source
    wrong = (*answer.faults, *answer.possible)
    evidence = known.source.evidence(wrong[0].excerpt) if wrong else strongest.evidence()
    return answered(guide, "Nom de tâche en double", answer, evidence, nothing=NO_TASK)


@practice(
    "ignored-results",
    "Résultats utiles",
    reference=_IGNORE,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Chaque tâche ignore son résultat, ou du code emploie des résultats de tâches",
        fails="Les résultats de tâches sont gardés, et rien dans ce code ne les lit",
        advice="Poser `ignore_result=True` sur ces tâches, sauf sur celles d'un `chord`, qui attend leurs résultats",
        solution="@app.task(ignore_result=True)\ndef report(day): ...",
        undetermined="aucune tâche n'a été lue, ou `result_backend` ne se lit pas",
        impact="Faible : du travail et de la mémoire pour rien",
    ),
    example="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0", backend="redis://localhost/1")
        app.conf.result_expires = 3600


        @app.task«¦(ignore_result=True)»
        def report(day):
            return day.isoformat()
    """,
)
def _ignored(known: TargetFacts) -> Sequence[Finding]:
    guide = _ignored.guide
    scope, tasks = kept_results(known), production_tasks(known)
    reads, chords = known.source.observations_of(ResultRead), known.source.observations_of(ChordUse)
    evidence, detail = known.source.evidence(), f"{counted(len(tasks), 'tâche')} : `ignore_result`"
    if reads:
        detail = f"{counted(len(tasks), 'tâche')} ; employés dans `{reads[0].path}`, les leurs ou d'autres"
    elif chords:
        # Advice to ignore the results of a header would keep its chord from ever ending.
        evidence = known.source.evidence(chords[0].excerpt)
        detail = f"un chord les attend, dans `{short(chords[0].symbol)}`"
    readers = _Readers(known)
    dropping, unread = ignoring(known)

    def kept(task: Task) -> list[Fault]:
        if task.symbol in {*dropping, *unread} or readers.read(task) is not False:
            return []
        return [Fault(f"`{short(task.symbol)}`", known.head(task.symbol))]

    unclear = [t for t, _ in tasks if t.symbol not in dropping and readers.read(t) is None]
    where = f"`{reads[0].path}` lit des résultats" if reads else "un chord attend des résultats"
    why = f"{where}, et rien ne dit si ceux de"
    unsure = [Doubt(why=f"{why} `{short(task.symbol)}` en sont") for task in unclear]
    unsure += [Doubt(why=f"`ignore_result` de `{short(symbol)}` ne se lit pas") for symbol in sorted(unread)]
    failure = (Doubt(why=known.source.failure),) if known.source.failure else ()
    members = [] if failure else [task for task, _ in tasks]
    hidden = failure or (*unread_tasks(known), *unsure)
    if not scope.outside and not any(kept(task) for task in members):
        scope = EVERYWHERE  # it holds wherever they are kept
    domain = ruled_by(known, (), members, counted(len(members), "tâche"), *hidden, scope=scope)
    # Somebody may read them from elsewhere.
    answer = conclude(domain, lambda _: (), possible_of=kept)
    title = "Résultats que personne ne lit"
    return answered(guide, title, answer, evidence, nothing=scope.outside, detail=detail)


class _Readers:
    """Who reads the results of each task: a file that publishes it, a chord, or whoever is given its identifier."""

    def __init__(self, known: TargetFacts) -> None:
        self._reads, self._chords = known.source.observations_of(ResultRead), known.source.observations_of(ChordUse)
        self._published = [m for m in known.source.observations_of(PublishedMessage) if m.method != "retry"]
        self._by_task = defaultdict[str, list[PublishedMessage]](list)
        for message in self._published:
            self._by_task[message.task].append(message)

    def read(self, task: Task) -> bool | None:
        """Whether something reads them; None where that cannot be told."""
        found = self._read(task)
        return None if found is False and any(chord.partial for chord in self._chords) else found

    def _read(self, task: Task) -> bool | None:
        name = task.symbol.partition(":")[2].rpartition(".")[2]
        if any(task.symbol in chord.header for chord in self._chords):
            return True
        own = [m for named in {task.symbol, task.name} for m in self._by_task.get(named, ())]
        unknown = any(not m.task for m in self._published)
        if self._chords and not own:
            # What a canvas publishes has no publication of its own.
            return True
        kept = unknown or not own or any(not m.dropped for m in own)
        if kept and any(name in one.names for one in self._reads):
            return True
        if not any(one.of_any for one in self._reads):
            return False
        # An identifier that somebody reads is one that somebody keeps: where none is, it comes from where nobody looked.
        explained = any(m.task and not m.dropped for m in self._published)
        if explained and not kept and not unknown:
            return False
        return True if (own and kept) or not explained else None
