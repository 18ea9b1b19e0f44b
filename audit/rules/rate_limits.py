"""Whether a rate that one worker keeps is kept by all those that consume the queue of its task, and which hold for every task."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from posixpath import dirname

from audit.french.typography import counted
from audit.model.annotations import EVERY_TASK, annotated
from audit.model.domains import conclude
from audit.model.facts import Process, Task
from audit.model.findings import Excerpt, Finding, Severity
from audit.model.gaps import Doubt, Gap, UnreadProcess, UnreadSettings
from audit.model.observations.messages import PublishedMessage, RateGivenLater
from audit.model.plain_value import PlainValue
from audit.model.setting_writes import OptionSource
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN
from audit.rules.consumed_queues import consumed_by
from audit.rules.domains.process_domain import copies, limited_tasks
from audit.rules.domains.setting_domain import place_of, ruled_by
from audit.rules.effective_settings import NO_TASK, Reading, places, production_tasks, read, short
from audit.rules.example import with_app
from audit.rules.practice import Fault, answered, practice
from audit.rules.routing import route_of
from audit.rules.rule import Guide

_RATE = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.rate_limit"
_AGAIN = "relancer avec `--level configuration`"
# What starts an image, or what a developer types, is the same worker as the one of another file.
_SAME = frozenset({"dockerfile", "makefile"})


@dataclass(frozen=True)
class _Limited:
    """A task with a rate, and the workers that consume a queue of its messages, or may: `unsure` says why, in French."""

    known: TargetFacts
    task: Task
    queues: tuple[str, ...]
    workers: tuple[Process, ...]
    unsure: str

    @property
    def _name(self) -> str:
        return f"`{short(self.task.symbol)}`"

    def faults(self) -> list[Fault]:
        """The file, or the files, that start several of them."""
        counts: dict[str, int] = {}
        for worker in self.workers:
            counts[worker.excerpt.path] = counts.get(worker.excerpt.path, 0) + copies(worker)
        queue, head = self.queues[0] if self.queues else "", self.known.head(self.task.symbol)
        several = next(((path, count) for path, count in counts.items() if count > 1), None)
        if several:
            return [Fault(f"{self._name}, et {several[1]} workers de `{queue}` dans `{several[0]}`", head)]
        if self._are_named_apart():
            return [Fault(f"{self._name}, et {len(self.workers)} workers de `{queue}` ({places(self.workers)})", head)]
        return []

    def _are_named_apart(self) -> bool:
        """Whether files side by side start workers of different names: these run together."""
        names = {w.options.get("hostname", "") for w in self.workers}
        folders = {(dirname(w.excerpt.path), w.excerpt.language) for w in self.workers}
        return len(self.workers) > 1 and len(names) == len(self.workers) and len(folders) == 1

    def gaps(self) -> Iterator[Gap]:
        """Why several may be."""
        if self.unsure:
            yield Doubt(why=self.unsure)
        if len({w.excerpt.path for w in self.workers}) > 1:
            why = f"rien ne dit si {places(self.workers)} lancent le même worker, pour {self._name}"
            yield Doubt(why=why)
        for worker in self.workers:
            if worker.copies is None and not worker.instead:
                path = worker.excerpt.path
                yield UnreadProcess(path, worker.excerpt.first_line, f"le nombre de workers de `{path}` n'est pas dit")


@practice(
    "shared-rate-limits",
    "Débits partagés",
    reference=_RATE,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Chaque tâche à `rate_limit` n'a qu'un worker dans les fichiers de démarrage",
        fails="`rate_limit` borne chaque worker, et plusieurs workers sont lancés : le débit total n'est pas borné",
        advice="Compter ensemble (base, Redis), ou réserver une file à un seul worker",
        solution="celery -A application worker -Q limited --concurrency=1",
        undetermined="aucune tâche, ou aucun worker, n'a été lu",
        language="bash",
    ),
    example={
        "app.py": with_app("""
            @app.task(rate_limit="10/s")
            def send(message_id): ...
        """),
        "start.sh": """
            celery -A app worker« -n one@%h &
            celery -A app worker -n two@%h¦»
        """,
    },
)
def _rates(known: TargetFacts) -> Sequence[Finding]:
    guide, tasks = _rates.guide, production_tasks(known)
    members = tuple(_limited(known, task) for task, _ in tasks if _has_a_rate(known, task))
    gaps: list[Gap] = [gap for member in members for gap in member.gaps()]
    gaps += [] if tasks else [Doubt(why=known.why_silent or NO_TASK)]
    gaps += known.closure_gaps
    gaps += _given_later(known)
    annotations = read(known, "task_annotations")
    unread = [short(task.symbol) for task, _ in tasks if task.options.get("rate_limit") is UNKNOWN]
    gaps += [Doubt(why=f"le `rate_limit` de `{unread[0]}` ne se lit pas")] if unread else []
    if annotations.value is UNKNOWN and not annotations.missing.startswith("aucune"):
        gaps += [UnreadSettings(why=annotations.missing)] if known.probes[0].settings else []
    domain = limited_tasks(known, members, gaps, counted(len(tasks), "tâche"))
    answer = conclude(domain, _Limited.faults)
    evidence = [known.source.evidence(known.head(member.task.symbol)) for member in members[:1]]
    names = ", ".join(f"`{short(member.task.symbol)}`" for member in members)
    return answered(
        guide, "Débit par worker", answer, *evidence, nothing="aucune tâche n'a de `rate_limit`", detail=names
    )


def _given_later(known: TargetFacts) -> Iterator[Gap]:
    """The rates that code gives every worker that runs, where there are several."""
    for one in known.source.observations_of(RateGivenLater):
        if sum(map(copies, known.workers)) != 1 or any(worker.copies is None for worker in known.workers):
            yield Doubt(*place_of(one.excerpt), why=f"`{short(one.symbol) or 'module'}` donne un débit à chaque worker")


def _has_a_rate(known: TargetFacts, task: Task) -> bool:
    """Whether it has a rate of its own."""
    rate = task.options.get("rate_limit")
    return bool(rate) and rate is not UNKNOWN and rate != read(known, "task_default_rate_limit").value


def _limited(known: TargetFacts, task: Task) -> _Limited:
    declared, default = read(known, "task_queues"), read(known, "task_default_queue", "celery")
    usual = task.options.get("queue") or route_of(task.name, read(known, "task_routes").value) or default.value
    sent = [m.queue for m in known.source.observations_of(PublishedMessage) if m.task in {task.symbol, task.name}]
    found = [usual, *(q for q in sent if q is not None), *_planned(known, task)]
    queues = tuple(dict.fromkeys(q for q in found if isinstance(q, str)))
    consumed = [(worker, consumed_by(worker, declared.value, default.value)) for worker in known.workers]
    sure = [w for w, own in consumed if own is not None and own & set(queues)]
    maybe = [w for w, own in consumed if own is None or (len(queues) < len(set(map(str, found))) and w not in sure)]
    apart = [w for w in sure if w.excerpt.language not in _SAME]
    unsure = f"les files de `{short(task.symbol)}`, ou celles de {places(tuple(maybe))}, ne se lisent pas"
    several = sum(map(copies, (*(apart or sure), *maybe))) > 1
    return _Limited(known, task, queues, tuple(apart or sure), unsure if maybe and several else "")


def _planned(known: TargetFacts, task: Task) -> list[object]:
    """The queues that entries of beat name."""
    entries = known.probes[0].beat if known.probes else ()
    return [entry.options["queue"] for entry in entries if entry.task == task.name and "queue" in entry.options]


@practice(
    "default-rate-limit",
    "Pas de débit par défaut",
    reference=_RATE,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Aucun `rate_limit` ne vaut pour toutes les tâches",
        fails="Un débit par défaut freine toutes les tâches, celles de reprise et de surveillance comprises",
        advice="Poser `rate_limit` sur les seules tâches qui en ont besoin",
        solution='@app.task(rate_limit="10/s")\ndef send(message_id): ...',
        undetermined="`task_default_rate_limit` ne se lit pas dans le code",
    ),
    example="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        «app.conf.task_default_rate_limit = "10/s"¦app.conf.update(task_acks_late=True)


        @app.task(rate_limit="10/s")
        def send(message_id): ...»
    """,
)
def _default_rate_limit(known: TargetFacts) -> Sequence[Finding]:
    guide = _default_rate_limit.guide
    setting, annotations = read(known, "task_default_rate_limit"), read(known, "task_annotations")
    given, whole = annotated(annotations.value, EVERY_TASK)
    for_all = [_ForAll.of(setting, setting.value), _ForAll.of(annotations, given.get("rate_limit"))]
    inherited = next(_of_the_class_of_all(known), None)
    gaps: list[Gap] = []
    if not whole and not annotations.missing:
        gaps.append(UnreadSettings(*place_of(annotations.excerpt), "`task_annotations` ne se lit pas en entier"))
    tasks = production_tasks(known)
    if any(task.options.get("base") == "task_cls" for task, _ in tasks) or (inherited and inherited.rate is UNKNOWN):
        gaps.append(Doubt(why="la classe que l'application donne à ses tâches ne se lit pas en entier"))
    gaps += list(_written_on_any(known))
    members = [*for_all, *([inherited] if inherited else [])]
    domain = ruled_by(known, (setting, annotations), members, setting.told, *gaps)
    answer = conclude(domain, _ForAll.faults, possible_of=_ForAll.possible)
    return answered(guide, "Débit par défaut", answer, *setting.evidence, nothing=NO_TASK, settles=_AGAIN)


@dataclass(frozen=True)
class _ForAll:
    """The rate that one place gives to every task, told as a French clause; `sure`: nothing else changes it, or explains it."""

    rate: PlainValue
    told: str
    excerpt: Excerpt | None
    sure: bool

    @classmethod
    def of(cls, reading: Reading, rate: PlainValue) -> "_ForAll":
        """That which a setting gives."""
        told = reading.told if reading.value == rate else f"`{reading.name}` donne à toute tâche `rate_limit={rate}`"
        sure = not (reading.variable or reading.comment or reading.unless)
        return cls(UNKNOWN if reading.missing else rate, told + reading.explained, reading.excerpt, sure)

    def faults(self) -> list[Fault]:
        return self.possible() if self.sure else []

    def possible(self) -> list[Fault]:
        return [Fault(self.told, self.excerpt)] if self.rate and self.rate is not UNKNOWN else []


def _written_on_any(known: TargetFacts) -> Iterator[Gap]:
    """Where a rate is written on what may be any task."""
    for task, _ in production_tasks(known)[:1]:
        for write in known.source.option_writes.get(task.symbol, ()):
            if write.name == "rate_limit" and write.source is OptionSource.ANY_TASK:
                yield Doubt(*place_of(write.excerpt), "un `rate_limit` y est écrit sur ce qui peut être toute tâche")


def _of_the_class_of_all(known: TargetFacts) -> Iterator[_ForAll]:
    """The rate that tasks have from the class that their application gives to all of them."""
    for task, _ in production_tasks(known):
        writes = [w for w in known.source.option_writes.get(task.symbol, ()) if w.name == "rate_limit"]
        if writes and writes[-1].source is OptionSource.EVERY_CLASS and writes[-1].value:
            told = f"la classe de toutes les tâches a `rate_limit={writes[-1].value}`, que suit `{short(task.symbol)}`"
            yield _ForAll(writes[-1].value, told, writes[-1].excerpt, sure=True)
