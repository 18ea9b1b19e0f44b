"""How long Redis waits for an acknowledgement before it delivers a message again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil

from audit.french.typography import french_duration, french_integer
from audit.model.domains import conclude
from audit.model.facts import BeatEntry
from audit.model.findings import Excerpt, Finding, Severity
from audit.model.gaps import Doubt
from audit.model.observations.messages import DelayedMessage
from audit.model.observations.waits import Sleep
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN
from audit.rules.domains.setting_domain import EVERYWHERE, Scope, hidden_tasks, ruled_by
from audit.rules.domains.setting_scopes import late_only, redis_only
from audit.rules.domains.task_domain import tasks_running
from audit.rules.effective_settings import Reading, broker, hard_limit, number, options, production_tasks, read, short
from audit.rules.example import with_app
from audit.rules.limits import limit
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide
from audit.rules.task_options import own_option

_REDIS = "https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout"
_DEFAULT, _OF_SQS, _OF_RABBITMQ = 3600, 1800, 1800
# Celery's own, for automatic retries.
_BACKOFF_MAX, _MAX_RETRIES, _MOST_DOUBLINGS = 600, 3, 64


@practice(
    "visibility-timeout",
    "Délai de visibilité",
    reference=_REDIS,
    requirements=("8.4",),
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="`visibility_timeout` dépasse chaque délai, reprise, sommeil et limite de temps qui ont été lus",
        fails="Un message attend plus que `visibility_timeout` : Redis le redélivre, et la tâche s'exécute encore et encore",
        advice="Relever `visibility_timeout`, ou tenir l'agenda en base et publier à l'heure",
        solution='broker_transport_options = {"visibility_timeout": 43200}',
        undetermined="le broker, une limite de temps, un délai de reprise ou un `countdown` ne se lit pas",
        impact="Élevé : exécutions en double, sans fin",
        unsought="une tâche sans limite de temps peut durer davantage",
    ),
    example=with_app("""
        app.conf.broker_transport_options = {"visibility_timeout": 3600}


        @app.task
        def remind(order_id): ...


        def ordered(order_id):
            remind.apply_async(args=[order_id], countdown=«86400¦60»)
    """),
)
def _visibility(known: TargetFacts) -> Sequence[Finding]:
    guide, kind = _visibility.guide, broker(known)[0]
    given, reading = options(known, "broker_transport_options", "visibility_timeout")
    hard = hard_limit(known)
    allowed = (
        None if reading.missing else number(given.get("visibility_timeout", _OF_SQS if kind == "sqs" else _DEFAULT))
    )
    default = "visibility_timeout" not in given
    waits = [_Wait(0.0, "", reading.excerpt), *_delays(known), *_limits(known, hard), *_sleeps(known, hard)]
    scope = _scope(known, kind, waits)
    # Who writes it says that the broker is Redis.
    scope = scope if scope.outside or default else EVERYWHERE
    if kind == "sqs":
        guide = replace(guide, fails=guide.fails.replace("Redis", "SQS"))
    told = f"{french_duration(allowed or 0)}{', la valeur par défaut' if default else ''}"
    unread = "" if allowed is not None or reading.missing else "`visibility_timeout` ne se lit pas dans le code"
    gaps = [Doubt(why=why) for why in filter(None, (unread, *(wait.unread(allowed) for wait in waits)))]
    # Each transport has its own default, and RabbitMQ none.
    read_so = f"`visibility_timeout` de {told}" if allowed is not None and (kind or not default) else ""
    domain = ruled_by(known, (reading, hard), waits, read_so, *gaps, *hidden_tasks(known), scope=scope)
    answer = conclude(
        domain, lambda wait: wait.beyond(allowed), possible_of=lambda wait: wait.beyond_some_rank(allowed)
    )
    if answer.faults:
        first = answer.faults[0]
        answer = replace(
            answer, faults=(replace(first, text=f"{first.text}, pour un délai de {told}"), *answer.faults[1:])
        )
    places = [fault.excerpt for fault in (*answer.faults, *answer.possible)]
    evidence = (*reading.evidence, *(known.source.evidence(place) for place in places))
    title = "`visibility_timeout` trop court"
    return answered(guide, title, answer, *evidence, nothing=scope.outside, detail=told)


def _scope(known: TargetFacts, kind: str, waits: Sequence["_Wait"]) -> Scope:
    """Redis and SQS have such a delay; RabbitMQ has another, which its own files give: 30 minutes by default."""
    if kind == "sqs":
        return EVERYWHERE
    scope = redis_only(known)
    late = kind == "amqp" and not late_only(known).outside
    long = [w for w in waits if (late or not w.limit) and w.seconds is not None and w.seconds >= _OF_RABBITMQ]
    if kind != "amqp" or not scope.outside or not long:
        return scope
    why = f"{long[0].what} dépasse le `consumer_timeout` de RabbitMQ, de 30 min par défaut, qui ne se lit pas"
    return Scope(gaps=(Doubt(why=why),))


@dataclass(frozen=True)
class _Wait:
    """Seconds that a message may wait in a worker, what for, and where; None for what cannot be told, and `most` what it cannot exceed."""

    seconds: float | None
    what: str
    excerpt: Excerpt | None
    first: float = 0.0
    step: float = 0.0
    most: float | None = None
    limit: bool = False

    def unread(self, allowed: float | None) -> str:
        bounded = self.most is not None and allowed is not None and self.most < allowed
        return "" if self.seconds is not None or self.step or bounded else f"{self.what} ne se lit pas"

    def beyond_some_rank(self, allowed: float | None) -> list[Fault]:
        """Where it grows from one turn of a loop to the next, nobody knows how many turns there are."""
        if allowed is None or not self.step:
            return []
        rank = max(ceil((allowed - self.first) / self.step), 0) + 1
        grown = f"{self.what} croît de {french_duration(self.step)} à chaque rang"
        text = f"{grown} : il atteint {french_duration(allowed)} au rang {french_integer(rank)}"
        return [Fault(text, self.excerpt)]

    def beyond(self, allowed: float | None) -> list[Fault]:
        if allowed is None or self.seconds is None or self.seconds < allowed:
            return []
        return [Fault(f"{self.what} de {french_duration(self.seconds)}", self.excerpt)]


def _delays(known: TargetFacts) -> Iterator[_Wait]:
    """Seconds that a message may wait in a worker, what for, and where; None for what cannot be told."""
    tasks = {task.symbol for task, _ in production_tasks(known)}
    for schedule in known.source.retry_schedules:
        if schedule.task in tasks and schedule.delays:
            excerpt = schedule.excerpts[0] if schedule.excerpts else None
            yield _Wait(max(schedule.delays), f"reprise de `{short(schedule.task)}`", excerpt)
    yield from _backoffs(known, tasks)
    for entry in (e for facts in known.probes[:1] for e in facts.beat):
        yield from _of_beat(entry)
    planned = {s.task for s in known.source.retry_schedules if s.delays}
    for message in known.source.observations_of(DelayedMessage):
        if not (message.method == "retry" and message.symbol in planned):
            seconds = message.seconds
            if message.step:
                yield _Wait(None, "`countdown`", message.excerpt, message.first, message.step)
                continue
            what = f"le délai que `{short(message.symbol)}` demande" if seconds is UNKNOWN else "`countdown`"
            most = message.most if seconds is UNKNOWN else None
            yield _Wait(None if seconds is UNKNOWN else float(seconds), what, message.excerpt, most=most)


def _backoffs(known: TargetFacts, tasks: set[str]) -> Iterator[_Wait]:
    """The longest delay of automatic retries that are drawn at random, or whose schedule could not be read."""
    planned = {s.task for s in known.source.retry_schedules if s.delays}
    for task, _ in production_tasks(known):
        backoff = task.options.get("retry_backoff")
        if task.symbol in planned or task.symbol not in tasks or not task.options.get("autoretry_for") or not backoff:
            continue
        highest = number(task.options.get("retry_backoff_max", _BACKOFF_MAX))
        most = None if "retry_kwargs" in task.options else number(task.options.get("max_retries", _MAX_RETRIES))
        factor = 1 if backoff is True else number(backoff)
        grown = None if most is None or factor is None else factor * 2 ** min(max(most - 1, 0), _MOST_DOUBLINGS)
        longest = highest if grown is None or highest is None else min(highest, grown)
        yield _Wait(longest, f"reprise de `{short(task.symbol)}`", known.head(task.symbol))


def _of_beat(entry: BeatEntry) -> Iterator[_Wait]:
    """What the options of an entry of beat add to its hour."""
    if entry.options.get("countdown") is not None:
        what = f"`countdown` de l'entrée `{entry.name}` de beat"
        yield _Wait(number(entry.options["countdown"]), what, entry.excerpt)
    elif entry.options.get("eta") is not None:
        yield _Wait(None, f"l'`eta` de l'entrée `{entry.name}` de beat", entry.excerpt)


def _limits(known: TargetFacts, application: Reading) -> Iterator[_Wait]:
    for task, facts in () if application.missing else production_tasks(known):
        lasts = limit(task, facts, "time_limit", application.value)
        if lasts is not None:
            seconds = None if lasts is UNKNOWN else float(lasts)
            yield _Wait(seconds, f"limite de temps de `{short(task.symbol)}`", known.head(task.symbol), limit=True)


def _sleeps(known: TargetFacts, application: Reading) -> Iterator[_Wait]:
    """What tasks sleep that are acknowledged late, and that no limit of time stops."""
    late = read(known, "task_acks_late", False, tasks_suffice=True).value is True
    free = {
        task.symbol
        for task, facts in (() if application.missing else production_tasks(known))
        if limit(task, facts, "time_limit", application.value) is None
        and (own_option(task, "acks_late", facts) or (late and own_option(task, "acks_late", facts) is None)) is True
    }
    for sleep in known.source.observations_of(Sleep) if free else ():
        if not sleep.at_most and sleep.seconds is not UNKNOWN and tasks_running(known, sleep.symbol) & free:
            yield _Wait(float(sleep.seconds), f"ce que dort `{short(sleep.symbol)}`", sleep.excerpt, limit=True)
