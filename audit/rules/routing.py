"""Queues and workers: what is published is consumed, and a start-up does not destroy what waits."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatch

from audit.model.domains import conclude
from audit.model.findings import Excerpt, Finding, Severity
from audit.model.gaps import Doubt, Gap, UnreadFile, UnreadProcess
from audit.model.observations.messages import MessageOption, PublishedMessage
from audit.model.plain_value import PlainValue
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN
from audit.rules.consumed_queues import consumed_by
from audit.rules.domains.process_domain import started_by_code
from audit.rules.domains.setting_domain import EVERYWHERE, place_of, ruled_by, scope_of
from audit.rules.effective_settings import NO_WORKER, read, short
from audit.rules.example import with_app
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide
from audit.rules.worker_pools import unread_process_files

_ROUTING = "https://docs.celeryq.dev/en/stable/userguide/routing.html"
_CONF = "https://docs.celeryq.dev/en/stable/userguide/configuration.html#"


def published(known: TargetFacts, *, foreign: bool = True) -> dict[str, Fault]:
    """Queues that tasks are published to, as far as reading tells, with one place that does.

    Without `foreign`, those where only tasks that this project does not define are sent are left out.
    """
    found: dict[str, Fault] = {}
    for queue, fault in _every_queue(known, foreign=foreign):
        if isinstance(queue, str) and queue:
            found.setdefault(queue, fault)
    return found


def _every_queue(known: TargetFacts, *, foreign: bool) -> Iterator[tuple[PlainValue, Fault]]:
    routes = read(known, "task_routes")
    for pattern, route in _routes(routes.value):
        queue = route.get("queue") if isinstance(route, dict) else route
        yield queue, Fault(f"`{queue}` (`task_routes`, `{pattern}`)", routes.excerpt)
    for facts in known.probes:
        for entry in facts.beat:
            queue = entry.options.get("queue")
            yield queue, Fault(f"`{queue}` (planning, `{entry.name}`)", entry.excerpt)
    yield from _from_tasks(known, routes.value, foreign=foreign)


def message_options(known: TargetFacts, name: str) -> Iterator[tuple[PlainValue, Fault]]:
    """What publications, entries of the schedule and routes give their messages as this option."""
    for o in known.source.observations_of(MessageOption):
        if o.name == name:
            yield o.value, Fault(f"`{name}={o.value!r}` (`{short(o.symbol) or 'module'}`)", o.excerpt)
    for entry in (e for facts in known.probes for e in facts.beat):
        if (value := entry.options.get(name)) is not None:
            yield value, Fault(f"`{name}={value!r}` (planning, `{entry.name}`)", entry.excerpt)
    routes = read(known, "task_routes")
    for pattern, route in _routes(routes.value):
        if isinstance(route, dict) and (value := route.get(name)) is not None:
            yield value, Fault(f"`{name}={value!r}` (`task_routes`, `{pattern}`)", routes.excerpt)


def _from_tasks(known: TargetFacts, routes: PlainValue, *, foreign: bool) -> Iterator[tuple[PlainValue, Fault]]:
    """Queues that options of tasks and calls name, and the default one where a task that nothing routes is published."""
    default = read(known, "task_default_queue", "celery").value
    unrouted = _by_default(known, routes)
    for task in known.source.tasks:
        queue = task.options.get("queue")
        yield queue, Fault(f"`{queue}` (tâche `{short(task.symbol)}`)", known.head(task.symbol))
    names = {task.name for task in known.source.tasks if task.symbol in unrouted}
    for entry in (e for facts in known.probes for e in facts.beat):
        if entry.task in names and "queue" not in entry.options:
            yield default, Fault(f"`{default}` (planning, `{entry.name}`, file par défaut)", entry.excerpt)
    for message in known.source.observations_of(PublishedMessage):
        if not foreign and _is_foreign(known, message):
            continue
        queue, where = message.queue, short(message.symbol) or "module"
        if queue is not None:
            for one in message.choices or (queue,):
                yield one, Fault(f"`{one}` (`{where}`)", message.excerpt)
        elif message.task in unrouted and message.method in {"delay", "apply_async"}:
            name = short(message.task)
            yield default, Fault(f"`{default}` (`{name}`, file par défaut)", message.excerpt)


def _by_default(known: TargetFacts, routes: PlainValue) -> set[str]:
    """Symbols of the tasks that nothing routes: they are published in the default queue."""
    tasks = [t for t in known.source.tasks if t.options.get("queue") is None and "base" not in t.options]
    return {task.symbol for task in tasks if _is_unrouted(task.name, routes)}


def _is_foreign(known: TargetFacts, message: PublishedMessage) -> bool:
    """Whether a task is sent by a name that this project gives to none of its own."""
    return message.method == "send_task" and message.task not in {t.name for f in known.probes for t in f.tasks}


def route_of(name: str, routes: PlainValue) -> str:
    """The queue that routes give to a task of this name; empty when none that could be read does."""
    found = next((route for pattern, route in _routes(routes) if fnmatch(name, pattern)), None)
    queue = found.get("queue") if isinstance(found, dict) else found
    return queue if isinstance(queue, str) else ""


def _is_unrouted(name: str, routes: PlainValue) -> bool:
    """Whether routes that could be read leave this task to the default queue."""
    if routes is not None and not isinstance(routes, dict | list | tuple):
        return False
    pairs = list(_routes(routes))
    return (
        not _is_partial(routes)
        and all(isinstance(route, dict) for _, route in pairs)
        and not any(fnmatch(name, p) for p, _ in pairs)
    )


def _routes(value: PlainValue) -> Iterator[tuple[str, PlainValue]]:
    """Pairs of a pattern and its route, for a dictionary, a list of pairs, or a list of dictionaries."""
    if isinstance(value, dict):
        yield from ((str(k), v) for k, v in value.items())
    elif isinstance(value, list | tuple):
        if len(value) == 2 and isinstance(value[0], str):
            yield value[0], value[1]
        elif len(value) == 2 and isinstance(value[1], dict) and not isinstance(value[0], dict):
            yield "…", value[1]
        else:
            for item in value:
                yield from _routes(item)


def _is_partial(value: PlainValue) -> bool:
    """Whether routes hold a function, a class, its name or a pattern that is no text: what it routes is not read."""
    if value is None:
        return False
    if isinstance(value, dict):
        return any(UNKNOWN in (r, r.get("queue") if isinstance(r, dict) else None) for r in value.values())
    if not isinstance(value, list | tuple):
        return True
    if len(value) == 2 and isinstance(value[0], str) and not isinstance(value[1], str | list | tuple):
        return value[1] is UNKNOWN
    return any(_is_partial(item) for item in value)


def _unread_queues(known: TargetFacts) -> str:
    """What names a queue and was not read, in French; empty where nothing does."""
    routes = read(known, "task_routes")
    if routes.missing or _is_partial(routes.value):
        return routes.missing or "un routeur de `task_routes` est du code que l'audit ne suit pas"
    sent = known.source.observations_of(PublishedMessage)
    unread = next((o for o in sent if o.queue is UNKNOWN and not o.choices), None)
    if unread:
        return f"la file où `{short(unread.symbol) or 'module'}` publie ne se lit pas"
    tasks = [t.symbol for t in known.source.tasks if t.options.get("queue") is UNKNOWN]
    return f"la file de la tâche `{short(tasks[0])}` ne se lit pas" if tasks else ""


def _unread(known: TargetFacts, consumed: set[str]) -> str:
    """Why, in French, a task may be published in a queue that was not read; empty when none may."""
    if unread := _unread_queues(known):
        return unread
    routes, default = read(known, "task_routes"), read(known, "task_default_queue", "celery").value
    sent = known.source.observations_of(PublishedMessage)
    aside = sorted(published(known).keys() - published(known, foreign=False).keys() - consumed)
    if aside:
        return f"`{aside[0]}` reçoit des tâches que ce projet ne définit pas, et rien ne dit qui les consomme"
    silent = sorted(_by_default(known, routes.value) - {o.task for o in sent})
    if silent and default not in consumed:
        name = short(silent[0])
        return f"`{name}` irait dans `{default}`, qu'aucun worker ne consomme, et rien ne dit où elle est publiée"
    return ""


@practice(
    "queues-consumed",
    "Files consommées",
    reference=_ROUTING,
    requirements=("8.1", "8.4"),
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Un worker consomme chaque file où ce code publie",
        fails="Des tâches sont publiées dans une file qu'aucun worker ne consomme",
        advice="Ajouter la file à l'option `-Q` d'un worker, ou corriger le nom",
        solution="celery -A application worker -Q default,messages,retry",
        undetermined="aucun fichier de démarrage ne lance de worker, ou ses files (`-Q`) ne se lisent pas",
        impact="Élevé : ces tâches attendent sans fin",
        language="bash",
    ),
    example={
        "app.py": with_app("""
            @app.task(queue="mail")
            def send_mail(order_id): ...


            def ordered(order_id):
                send_mail.delay(order_id)
        """),
        "start.sh": "celery -A app worker«¦ -Q celery,mail»",
    },
)
def _consumed(known: TargetFacts) -> Sequence[Finding]:
    guide = _consumed.guide
    workers = known.workers
    declared, default = read(known, "task_queues"), read(known, "task_default_queue", "celery")
    settles = "" if workers else "renseigner `target.process_files`"
    gaps: list[Gap] = [UnreadProcess(why=NO_WORKER)] if not workers else unread_process_files(known)
    gaps += started_by_code(known)
    readable = not (declared.missing or default.missing)
    own = [(w.excerpt, consumed_by(w, declared.value, default.value)) for w in workers] if readable else []
    gaps += [
        UnreadProcess(*place_of(excerpt), "les files d'un worker (`-Q`) ne se lisent pas")
        for excerpt, found in own
        if found is None
    ]
    sure = readable and not gaps
    asleep = {w.excerpt for w in workers if w.asleep}
    everywhere = {queue for excerpt, found in own if excerpt not in asleep for queue in found or ()}
    unasked = {queue: e for e, found in own if e in asleep for queue in found or () if queue not in everywhere}
    queues = published(known, foreign=False) if readable else {}
    if sure and (unread := _unread(known, everywhere)):
        gaps.append(Doubt(why=unread))
    gaps += [gap for gap in known.source.gaps if isinstance(gap, UnreadFile)]
    gaps += [
        UnreadProcess(*place_of(e), f"`{queue}` n'a que des workers que rien ne lance sans qu'on le demande")
        for queue, e in unasked.items()
        if queue in queues
    ]
    if not queues and default.value in everywhere:
        queues = {str(default.value): Fault("")}
    if not queues and readable:
        gaps.append(Doubt(why="aucune publication de tâche n'a été reconnue"))
    alone = {queue: [_lacking(path, own, queue) for path in _complete(known)] for queue in queues} if sure else {}
    told = ", ".join(f"`{q}`" for q in sorted(queues))
    domain = ruled_by(known, (declared, default), list(queues.items()), told, *gaps)
    answer = conclude(
        domain,
        lambda member: () if not sure or member[0] in {*everywhere, *unasked} else (member[1],),
        possible_of=lambda member: [fault for faults in alone.get(member[0], ()) for fault in faults],
    )
    evidence = [known.source.evidence(w.excerpt) for w in workers]
    nothing = "aucune tâche n'est publiée"
    return answered(guide, "File sans worker", answer, *evidence, nothing=nothing, settles=settles)


def _complete(known: TargetFacts) -> list[str]:
    """Files that start a worker and something else of the application: each is a deployment on its own."""
    with_worker = {w.excerpt.path for w in known.workers}
    others = {p.excerpt.path for p in known.source.processes if p.role in {"web", "beat"}}
    return sorted(with_worker & others)


def _lacking(path: str, own: list[tuple[Excerpt, frozenset[str] | None]], queue: str) -> list[Fault]:
    here = {name for excerpt, found in own if excerpt.path == path for name in found or ()}
    excerpt = next(e for e, _ in own if e.path == path)
    return [] if queue in here else [Fault(f"`{queue}` n'est pas consommée par `{path}`", excerpt)]


@practice(
    "queues-declared",
    "Files déclarées",
    reference=_CONF + "task-create-missing-queues",
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Chaque file où ce code publie est déclarée",
        fails="`task_create_missing_queues=False`, et des tâches sont publiées dans une file qui n'est pas déclarée",
        advice="Déclarer la file dans `task_queues`",
        solution='task_queues = (Queue("default"), Queue("messages"))',
        undetermined="`task_queues` ne se lit pas dans le code",
        impact="Élevé : la publication échoue",
    ),
    example="""
        from celery import Celery
        from kombu import Queue

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.task_create_missing_queues = False
        app.conf.task_queues = (Queue("celery"),«¦ Queue("mail")»)


        @app.task(queue="mail")
        def send_mail(order_id): ...
    """,
)
def _declared(known: TargetFacts) -> Sequence[Finding]:
    guide = _declared.guide
    create, declared = read(known, "task_create_missing_queues", True), read(known, "task_queues")
    outside = "Celery crée les files qui manquent (`task_create_missing_queues`)"
    scope = scope_of(known, outside, create) if create.value is True and not create.missing else EVERYWHERE
    names = declared.value if isinstance(declared.value, list | tuple | dict) else ()
    readable = not (create.missing or declared.missing or UNKNOWN in names)
    gaps: list[Gap] = [Doubt(why="`task_queues` ne se lit pas dans le code")] if UNKNOWN in names else []
    gaps += [gap for gap in known.source.gaps if isinstance(gap, UnreadFile)]
    if unread := _unread_queues(known) if not create.missing else "":
        gaps.append(Doubt(why=unread))
    queues = list(published(known).items()) if readable and not scope.outside else []
    told = f"déclarées : {', '.join(f'`{n}`' for n in names)}" if names else ""
    domain = ruled_by(known, (create, declared), queues, told, *gaps, scope=scope)
    answer = conclude(domain, lambda member: () if member[0] in names else (member[1],))
    nothing = scope.outside or "aucune publication de tâche ne nomme une file"
    evidence = (*create.evidence, *declared.evidence)
    return answered(guide, "File non déclarée", answer, *evidence, nothing=nothing)
