"""How long the requests of a task may wait, against the limits of time that the task runs under."""

from collections.abc import Sequence

from audit.french.typography import counted
from audit.model.domains import conclude
from audit.model.findings import Finding, Severity
from audit.model.gaps import Doubt, Gap
from audit.model.observations.waits import RequestWithTimeout
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN, Unknown
from audit.rules.blocking_waits import NO_CLIENT
from audit.rules.domains.setting_domain import place_of, ruled_by, unread_tasks
from audit.rules.domains.task_domain import Uses, outermost, tasks_running
from audit.rules.effective_settings import read, short
from audit.rules.limits import AppliedLimits, applied_limits, limit
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide
from audit.rules.task_options import published_limits

_LIMITS = "https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits"
_LIBRARIES = frozenset({"aiohttp", "httplib2", "httpx", "httpx2", "niquests", "pycurl", "requests", "urllib3"})
_Bounds = tuple[float | Unknown | None, float | Unknown | None]


@practice(
    "request-within-limit",
    "Délai des requêtes sous la limite de temps",
    reference=_LIMITS,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Le `timeout` de chaque requête lue est sous la limite de temps de sa tâche",
        fails="Une requête attend plus que la limite de temps de sa tâche : un serveur muet fait arrêter la tâche, et son échec n'est pas traité",
        advice="Donner à la requête un délai plus court que la limite souple",
        solution="requests.get(url, timeout=(5, 30))  # task_soft_time_limit = 60",
        undetermined="un délai de requête ou une limite de temps ne se lit pas",
        impact="Moyen : la tâche est arrêtée au lieu d'être reprise",
    ),
    example="""
        import requests
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.update(task_soft_time_limit=20, task_time_limit=30)


        @app.task
        def notify(order_id):
            requests.post("https://mail.internal/send", json={"order": order_id}, timeout=«60¦(3, 10)»)
    """,
)
def _requests(known: TargetFacts) -> Sequence[Finding]:
    guide = _requests.guide
    soft, hard = read(known, "task_soft_time_limit"), read(known, "task_time_limit")
    settings = AppliedLimits(None if soft.missing else soft.value, None if hard.missing else hard.value, "", None)
    members = [
        (o, _bounds(known, task, applied))
        for o in known.source.observations_of(RequestWithTimeout)
        for task in sorted(tasks_running(known, o.symbol))
        for applied in applied_limits(known, soft, hard) or [settings]
    ]
    members += [
        (o, pair)
        for o in known.source.observations_of(RequestWithTimeout)
        for task in sorted(tasks_running(known, o.symbol))
        for pair in published_limits(known, task)
    ]
    unread = [
        Doubt(
            *place_of(o.excerpt),
            f"{'la limite de temps de la tâche qui lance' if UNKNOWN in bounds else 'le délai maximal de'} la requête de `{short(o.symbol)}` ne se lit pas",
        )
        for o, bounds in members
        if UNKNOWN in bounds or (o.seconds is UNKNOWN and any(bounds))
    ]
    unread += [Doubt(*place_of(o.excerpt), _summed(o)) for o, bounds in members if _may_add_up(o, bounds)]
    none: tuple[Gap, ...] = () if members else Uses(_LIBRARIES).in_tasks(known)
    gaps = (*unread, *_perhaps(known), *unread_tasks(known), *known.closure_gaps, *none)
    limited = [(o, bounds) for o, bounds in members if bounds != (None, None)]
    told = counted(len({(o.symbol, o.excerpt) for o, _ in limited or members}), "requête")
    # Without a request, no limit matters.
    domain = ruled_by(known, (soft, hard) if members else (), limited, told, *gaps)
    answer = conclude(domain, lambda one: _beyond(*one, which=1), possible_of=lambda one: _beyond(*one, which=0))
    evidence = [known.source.evidence(fault.excerpt) for fault in (*answer.faults, *answer.possible)]
    nothing = "aucune tâche qui envoie une requête n'a de limite de temps" if members else NO_CLIENT
    title = "Requête plus longue que sa limite"
    return answered(guide, title, answer, *(evidence or [known.source.evidence()]), nothing=nothing)


def _perhaps(known: TargetFacts) -> list[Gap]:
    """Requests that only a name leads a task to, where a message of that task has a limit of its own."""
    found: list[Gap] = []
    for request in known.source.observations_of(RequestWithTimeout):
        chain = known.closures.possible.get(outermost(known, request.symbol), ())
        if chain and published_limits(known, chain[0]):
            why = f"`{short(chain[0])}`, publiée avec une limite, peut mener à la requête de `{short(request.symbol)}`"
            found.append(Doubt(*place_of(request.excerpt), why))
    return found


def _bounds(known: TargetFacts, symbol: str, applied: AppliedLimits) -> _Bounds:
    """The soft limit and the hard one of a task, in seconds."""
    task = next(task for task in known.source.tasks if task.symbol == symbol)
    own = [
        limit(task, known.source, name, value)
        for name, value in (("soft_time_limit", applied.soft), ("time_limit", applied.hard))
    ]
    return own[0], own[1]


def _may_add_up(request: RequestWithTimeout, bounds: _Bounds) -> bool:
    """Whether two turns of a loop, of which nobody knows the number, are beyond a limit that one is not."""
    known = [b for b in bounds if b is not None and b is not UNKNOWN]
    seconds = request.seconds
    return request.turns is UNKNOWN and seconds is not UNKNOWN and any(seconds < b < 2 * seconds for b in known)


def _summed(request: RequestWithTimeout) -> str:
    return (
        f"`{short(request.symbol)}` envoie sa requête à chaque tour d'une boucle : deux tours lents dépassent la limite"
    )


def _beyond(request: RequestWithTimeout, bounds: _Bounds, *, which: int) -> list[Fault]:
    bound = bounds[which]
    if bound is None or bound is UNKNOWN or request.seconds is UNKNOWN:
        return []
    turns = 1 if request.turns is UNKNOWN else request.turns
    if request.seconds * turns < bound:
        return []
    kind = "dure" if which else "souple"
    told = f"{turns} fois {request.seconds:g} s" if turns > 1 else f"{request.seconds:g} s"
    text = f"`{short(request.symbol)}` attend {told}, limite {kind} de {bound:g} s"
    return [Fault(text, request.excerpt)]
