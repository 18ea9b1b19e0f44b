"""What a task waits for: sleeps, other tasks, servers, loops without end."""

from collections.abc import Sequence

from audit.model.domains import conclude
from audit.model.findings import Finding, Severity
from audit.model.gaps import Doubt
from audit.model.observations.waits import (
    DefaultTimeoutSource,
    EndlessLoop,
    RequestWithoutTimeout,
    RequestWithTimeout,
    ResultWait,
    Sleep,
)
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN, Unknown
from audit.rules.domains.task_domain import Reached, outermost, run_by_tasks, tasks_running
from audit.rules.effective_settings import NO_TASK, read, short
from audit.rules.limits import limit
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide
from audit.rules.task_observations import NotInTasks
from audit.rules.task_options import published_limits

_TASKS = "https://docs.celeryq.dev/en/stable/userguide/tasks.html"
_CONF = "https://docs.celeryq.dev/en/stable/userguide/configuration.html#"
_HTTP_LIBRARIES = frozenset({"aiohttp", "httplib2", "httpx", "httpx2", "niquests", "pycurl", "requests", "urllib3"})
NO_CLIENT = (
    "aucun client HTTP connu (`requests`, `httpx`, `aiohttp`, `urllib3`…) n'est employé dans ce que font les tâches"
)
_REQUESTS = "https://requests.readthedocs.io/en/latest/user/advanced/#timeouts"


@practice(
    "sleep-within-limit",
    "Sommeil sous la limite",
    reference=_CONF + "task-soft-time-limit",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Aucune tâche ne dort plus longtemps que sa limite de temps, quand elle en a une",
        fails="Une tâche dort plus longtemps que sa limite de temps : elle est arrêtée à chaque fois",
        advice="Publier la suite avec un `countdown`, ou relever la limite",
        solution="check.apply_async(args=[order_id], countdown=60)",
        undetermined="une durée, un nombre de tours ou une limite ne se lit pas",
        impact="Moyen : la tâche ne finit jamais",
    ),
    example="""
        import time

        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.task_time_limit = 60


        @app.task
        def report(day):
            time.sleep(«120¦2»)
    """,
)
def _sleeps(known: TargetFacts) -> Sequence[Finding]:
    limits = _Limits(known)
    # A wait of nobody knows what, where no task is known to go, says nothing of what tasks do.
    seen = [o for o in known.source.observations_of(Sleep) if not o.guessed or _may_reach(known, o)]
    found = run_by_tasks(known, seen, only=())
    unread = [Doubt(why=why) for member in found.members for o in member.seen for why in limits.unread(member, o)]
    domain = run_by_tasks(known, seen, only=(), doubts=unread)
    answer = conclude(
        domain,
        lambda member: limits.faults(member, sure=True),
        possible_of=lambda member: limits.faults(member, sure=False),
    )
    evidence = [known.source.evidence(f.excerpt) for f in (*answer.faults, *answer.possible)]
    evidence = evidence or [known.source.evidence()]
    nothing = "aucun sommeil (`sleep`) n'est reconnu dans ce que font les tâches"
    detail = f"{domain.read}, dont {len(domain.members)} qui dor{'ment' if len(domain.members) > 1 else 't'}"
    return answered(_sleeps.guide, "Tâche qui dort trop", answer, *evidence, nothing=nothing, detail=detail)


def _may_reach(known: TargetFacts, sleep: Sleep) -> bool:
    symbol = outermost(known, sleep.symbol)
    return symbol in known.closures.sure or symbol in known.closures.possible


class _Limits:
    """The time limits of the tasks that run a function, beside what it sleeps."""

    def __init__(self, known: TargetFacts) -> None:
        self._known = known
        self._read = [(n, read(known, f"task_{n}")) for n in ("soft_time_limit", "time_limit")]
        # The first of its name, should a function be declared twice.
        self._tasks = {task.symbol: task for task in reversed(known.source.tasks)}

    def unread(self, member: Reached[Sleep], observation: Sleep) -> list[str]:
        """Why a sleep cannot be compared with the limits around it."""
        missing = next((reading.missing for _, reading in self._read if reading.missing), "")
        if missing:
            return [missing]
        around = self._around(member, observation)
        unclear = UNKNOWN in around or (observation.seconds is UNKNOWN and (any(around) or not observation.at_most))
        return [f"ce que dort `{short(observation.symbol)}`, ou sa limite, ne se lit pas"] if unclear else []

    def faults(self, member: Reached[Sleep], *, sure: bool) -> list[Fault]:
        """The sleeps that last as long as the lowest limit of a task around them, surely or perhaps."""
        found = []
        for observation in (o for o in member.seen if (member.sure and not o.at_most) is sure):
            lowest = min((v for v in self._around(member, observation) if isinstance(v, int | float)), default=None)
            seconds = observation.seconds
            if lowest is not None and not isinstance(seconds, Unknown) and seconds >= lowest:
                how = "attend jusqu'à" if observation.at_most else "dort"
                text = f"`{short(observation.symbol)}` {how} {seconds:g} s, limite de {lowest:g} s"
                found.append(Fault(text, observation.excerpt))
        return found

    def _around(self, member: Reached[Sleep], observation: Sleep) -> list[float | Unknown | None]:
        running = tasks_running(self._known, observation.symbol) or {member.chain[0]}
        tasks = [self._tasks[symbol] for symbol in sorted(running)]
        given = [seconds for task in tasks for pair in published_limits(self._known, task.symbol) for seconds in pair]
        return [*given, *(limit(t, self._known.source, name, r.value) for t in tasks for name, r in self._read)]


@practice(
    "no-result-wait",
    "Pas d'attente d'un résultat",
    reference=_TASKS + "#avoid-launching-synchronous-subtasks",
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Aucune tâche n'attend le résultat d'une tâche qu'elle publie",
        fails="Une tâche attend le résultat d'une autre : workers occupés, toutes s'attendent",
        advice="Enchaîner les tâches (`chain`, `chord`, `link`)",
        solution="(fetch.s(url) | parse.s() | store.s()).delay()",
        undetermined=NO_TASK,
        impact="Élevé : interblocage quand tous les processus attendent",
    ),
    example="""
        from celery import Celery«¦, chain»

        app = Celery("shop", broker="redis://localhost/0")


        @app.task
        def fetch(url): ...


        @app.task
        def parse(page): ...


        @app.task
        def crawl(url):
            «page = fetch.delay(url).get()
            parse.delay(page)¦chain(fetch.s(url), parse.s()).delay()»
    """,
)
def _no_result_wait(known: TargetFacts) -> Sequence[Finding]:
    return NotInTasks(
        ResultWait,
        _no_result_wait.guide,
        "Attente du résultat d'une tâche",
        told=lambda wait: wait.through,
        reserved=lambda wait: wait.perhaps,
    )(known)


@practice(
    "no-endless-loop",
    "Pas de boucle sans fin",
    reference=_TASKS,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Aucune boucle sans sortie ni borne n'a été trouvée dans les tâches",
        fails="Une tâche boucle sans fin : elle occupe un processus pour toujours",
        advice="Faire un tour par exécution, et planifier le suivant avec beat",
        solution='beat_schedule = {"poll": {"task": "application.tasks.poll", "schedule": 30.0}}',
        undetermined=NO_TASK,
        impact="Moyen : un processus de moins, et une tâche jamais acquittée",
        unsought="qu'une sortie soit un jour prise n'est pas cherché",
    ),
    example="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")«¦
        app.conf.beat_schedule = {"poll": {"task": "app.poll", "schedule": 30.0}}»


        @app.task
        def poll():
            «while True:
                ¦»read_mailbox()
    """,
)
def _no_endless_loop(known: TargetFacts) -> Sequence[Finding]:
    return NotInTasks(
        EndlessLoop,
        _no_endless_loop.guide,
        "Boucle sans fin",
        told=_awaited,
        doubt=_left_by,
        reserved=lambda loop: bool(loop.awaited),
    )(known)


def _awaited(observation: EndlessLoop) -> str:
    """What is told of a loop that only another system's answer ends."""
    return f"une boucle attend la réponse de `{observation.awaited}`, sans borne" if observation.awaited else ""


def _left_by(_: TargetFacts, observation: EndlessLoop) -> str:
    where = f"`{short(observation.symbol)}`"
    if observation.doubt:
        return f"{where} {observation.doubt}"
    return f"{where} boucle, et n'en sort que par une erreur de `{observation.left_by}`" if observation.left_by else ""


@practice(
    "http-timeouts",
    "Délais des requêtes",
    reference=_REQUESTS,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Chaque requête HTTP reconnue dans les tâches a un `timeout`",
        fails="Une requête HTTP sans délai peut bloquer une tâche pour toujours",
        advice="Donner un `timeout` à chaque requête",
        solution="requests.get(url, timeout=(5, 30))",
        undetermined=f"{NO_TASK}, ou le projet remplace l'envoi de `requests` par le sien",
        impact="Moyen : un serveur muet fige les workers un à un",
    ),
    example="""
        import requests
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")


        @app.task
        def notify(order_id):
            requests.post("https://mail.internal/send", json={"order": order_id}«¦, timeout=(5, 30)»)
    """,
)
def _http_timeouts(known: TargetFacts) -> Sequence[Finding]:
    return NotInTasks(
        RequestWithoutTimeout,
        _http_timeouts.guide,
        "Requête sans délai",
        sound=RequestWithTimeout,
        absent=NO_CLIENT,
        libraries=_HTTP_LIBRARIES,
        each_module=True,
        wider=frozenset({"ftplib", "http", "smtplib", "socket", "urllib"}),
        doubt=_sent_its_own_way,
        told=lambda request: f"`{request.perhaps}` peut valoir `None`" if request.perhaps else "",
        reserved=lambda request: bool(request.perhaps),
    )(known)


def _sent_its_own_way(known: TargetFacts, observation: RequestWithoutTimeout) -> str:
    """Projects give every request of `requests` a default timeout by replacing what sends them, or give one among options."""
    if observation.spread:
        return f"`{observation.spread}` peut donner un délai à la requête de `{short(observation.symbol)}`"
    replaced = known.source.observations_of(DefaultTimeoutSource)
    everywhere = next((o for o in replaced if o.name == "socket.setdefaulttimeout"), None)
    if everywhere:
        return "`socket.setdefaulttimeout` peut donner un délai à chaque requête"
    if observation.library != "requests":
        return ""
    # An adapter is mounted on a session: `requests.get` makes its own.
    own = next((o for o in replaced if observation.by_session or not o.name.endswith(".mount")), None)
    return f"le projet remplace `{own.name}` de `requests`, qui peut donner un délai à chaque requête" if own else ""
