"""What is published: how far ahead, when, and with what arguments."""

from collections.abc import Callable, Iterator, Sequence

from audit.french.typography import french_duration
from audit.model.facts import BeatEntry
from audit.model.findings import Excerpt, Finding, Severity
from audit.model.observations.messages import (
    DatabaseObjectArgument,
    DelayedMessage,
    PublishedMessage,
    UncommittedPublication,
)
from audit.model.observations.observation import Seen
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN
from audit.rules.delivery import DEFAULT_VISIBILITY, redis_only
from audit.rules.effective_settings import NO_TASK, number, options, production_tasks, read, short
from audit.rules.limits import limit
from audit.rules.practice import Fault, failed, out_of_scope, passed, practice, unknown
from audit.rules.rule import Guide

_REDIS = "https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout"
_ETA = "https://docs.celeryq.dev/en/stable/userguide/calling.html#eta-and-countdown"
_COMMIT = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#database-transactions"
_STATE = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#state"
_HOUR = 3600
# Celery's own, for automatic retries.
_BACKOFF_MAX, _MAX_RETRIES, _MOST_DOUBLINGS = 600, 3, 64

_VISIBILITY_GUIDE = Guide(
    severity=Severity.CRITICAL,
    passes="`visibility_timeout` dépasse ce que le plus long message peut attendre",
    fails="Un message attend plus que `visibility_timeout` : Redis le redélivre, et la tâche s'exécute encore et encore",
    advice="Relever `visibility_timeout`, ou tenir l'agenda en base et publier à l'heure",
    solution='broker_transport_options = {"visibility_timeout": 43200}',
    undetermined="le broker, une limite de temps, un délai de reprise ou un `countdown` ne se lit pas",
    impact="Élevé : exécutions en double, sans fin",
)


def _visibility(known: TargetFacts) -> Sequence[Finding]:
    guide = _VISIBILITY_GUIDE
    outside, unsure = redis_only(known)
    if outside:
        return out_of_scope(guide, outside)
    given, reading = options(known, "broker_transport_options")
    hard = read(known, "task_time_limit")
    if reading.missing or hard.missing:
        return unknown(guide, reading.missing or hard.missing)
    allowed = number(given.get("visibility_timeout", DEFAULT_VISIBILITY))
    if allowed is None:
        return unknown(guide, "`visibility_timeout` ne se lit pas dans le code")
    waits = [*_delays(known), *_limits(known, hard.value)]
    longer = [Fault(f"{what} de {french_duration(s)}", e) for s, what, e in waits if s is not None and s >= allowed]
    told = f"{french_duration(allowed)}{'' if 'visibility_timeout' in given else ', la valeur par défaut'}"
    if unsure and "visibility_timeout" not in given:
        return unknown(guide, unsure)
    evidence = (*reading.evidence, *(known.source.evidence(f.excerpt) for f in longer))
    if longer:
        fault = Fault(f"{longer[0].text}, pour un délai de {told}", longer[0].excerpt)
        return failed(guide, "`visibility_timeout` trop court", [fault, *longer[1:]], *evidence)
    unread = next((what for seconds, what, _ in waits if seconds is None), "")
    return unknown(guide, f"{unread} ne se lit pas") if unread else passed(guide, told, *evidence)


def _delays(known: TargetFacts) -> Iterator[tuple[float | None, str, Excerpt | None]]:
    """Seconds that a message may wait in a worker, what for, and where; None for what cannot be told."""
    tasks = {task.symbol for task, _ in production_tasks(known)}
    for schedule in known.source.retry_schedules:
        if schedule.task in tasks and schedule.delays:
            excerpt = schedule.excerpts[0] if schedule.excerpts else None
            yield max(schedule.delays), f"reprise de `{short(schedule.task)}`", excerpt
    yield from _backoffs(known, tasks)
    for entry in (e for facts in known.probes[:1] for e in facts.beat):
        yield from _of_beat(entry)
    planned = {s.task for s in known.source.retry_schedules if s.delays}
    for message in known.source.observations_of(DelayedMessage):
        if not (message.method == "retry" and message.symbol in planned):
            seconds = message.seconds
            what = f"le délai que `{short(message.symbol)}` demande" if seconds is UNKNOWN else "`countdown`"
            yield (None if seconds is UNKNOWN else float(seconds)), what, message.excerpt


def _backoffs(known: TargetFacts, tasks: set[str]) -> Iterator[tuple[float | None, str, Excerpt | None]]:
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
        yield longest, f"reprise de `{short(task.symbol)}`", known.head(task.symbol)


def _of_beat(entry: BeatEntry) -> Iterator[tuple[float | None, str, Excerpt | None]]:
    """What the options of an entry of beat add to its hour."""
    if entry.options.get("countdown") is not None:
        yield number(entry.options["countdown"]), f"`countdown` de l'entrée `{entry.name}` de beat", entry.excerpt
    elif entry.options.get("eta") is not None:
        yield None, f"l'`eta` de l'entrée `{entry.name}` de beat", entry.excerpt


def _limits(known: TargetFacts, application: object) -> Iterator[tuple[float | None, str, Excerpt | None]]:
    for task, facts in production_tasks(known):
        lasts = limit(task, facts, "time_limit", application)
        if lasts is not None:
            seconds = None if lasts is UNKNOWN else float(lasts)
            yield seconds, f"limite de temps de `{short(task.symbol)}`", known.head(task.symbol)


_LONG_GUIDE = Guide(
    severity=Severity.MINOR,
    passes="Aucune tâche n'est publiée des heures à l'avance",
    fails="Des tâches sont publiées plus d'une heure à l'avance : elles attendent dans la mémoire des workers",
    advice="Tenir l'agenda en base, et publier par petits lots à l'heure dite",
    solution='"due": {"task": "application.tasks.send_what_is_due", "schedule": 60.0},',
    undetermined="un `countdown` ou un `eta` ne se lit pas",
    impact="Moyen : mémoire, redélivrances sous Redis, et rien à consulter ni à annuler",
)


def _long(known: TargetFacts) -> Sequence[Finding]:
    guide = _LONG_GUIDE
    if not known.source.tasks:
        return unknown(guide, known.source.failure or NO_TASK)
    seen = [o for o in known.source.observations_of(DelayedMessage) if o.method != "retry"]
    if not seen:
        return out_of_scope(guide, "aucun `countdown` ni `eta`")
    known_ones = [(o, o.seconds) for o in seen if o.seconds is not UNKNOWN]
    long = [(o, seconds) for o, seconds in known_ones if seconds > _HOUR]
    if long:
        faults = [Fault(f"`{short(o.symbol)}`, {french_duration(seconds)}", o.excerpt) for o, seconds in long]
        return failed(guide, "Tâches publiées trop tôt", faults, *(known.source.evidence(f.excerpt) for f in faults))
    if len(known_ones) < len(seen):
        missing = next(o for o in seen if o.seconds is UNKNOWN)
        return unknown(guide, f"le délai que `{short(missing.symbol)}` demande ne se lit pas")
    return passed(guide, f"publications différées : {len(seen)}", known.source.evidence(seen[0].excerpt))


_COMMIT_GUIDE = Guide(
    severity=Severity.MINOR,
    passes="Une tâche est publiée après la validation de la transaction",
    fails="Une tâche est publiée avant la validation de la transaction : elle peut s'exécuter avant, ou malgré un abandon",
    advice="Publier après le `commit`, ou avec `transaction.on_commit` ou `delay_on_commit`",
    solution="transaction.on_commit(lambda: send_mail.delay(order.pk))",
    undetermined=NO_TASK,
    impact="Moyen : la tâche ne trouve pas la ligne dont on lui parle",
)
_OBJECT_GUIDE = Guide(
    severity=Severity.MINOR,
    passes="Les tâches ne reçoivent pas d'objets de la base",
    fails="Une tâche reçoit un objet de la base : périmé quand elle s'exécute, et illisible en JSON",
    advice="Passer l'identifiant, et relire l'objet dans la tâche",
    solution="send_mail.delay(order.pk)",
    undetermined=NO_TASK,
)


def _nowhere(
    known: TargetFacts, kind: type[Seen], guide: Guide, title: str, told: Callable[[Seen], str]
) -> Sequence[Finding]:
    """A defect for each observation of this kind, wherever it is."""
    if not known.source.tasks:
        return unknown(guide, known.source.failure or NO_TASK)
    seen = known.source.observations_of(kind)
    if seen:
        faults = [Fault(f"`{short(o.symbol)}` (`{short(told(o)) or '?'}`)", o.excerpt) for o in seen]
        return failed(guide, title, faults, *(known.source.evidence(o.excerpt) for o in seen[:3]))
    count = len(known.source.observations_of(PublishedMessage))
    if not count:
        return out_of_scope(guide, "aucune publication n'a été trouvée")
    return passed(guide, f"{count} publication{'s' if count > 1 else ''}", known.source.evidence())


def _early(known: TargetFacts) -> Sequence[Finding]:
    return _nowhere(known, UncommittedPublication, _COMMIT_GUIDE, "Publication avant la validation", lambda o: o.task)


def _objects(known: TargetFacts) -> Sequence[Finding]:
    return _nowhere(known, DatabaseObjectArgument, _OBJECT_GUIDE, "Objet passé à une tâche", lambda o: o.argument)


RULES = (
    practice(
        "visibility-timeout",
        "Délai de visibilité",
        _REDIS,
        _visibility,
        _VISIBILITY_GUIDE,
        requirements=("8.4",),
    ),
    practice("short-countdowns", "Pas de longs délais", _ETA, _long, _LONG_GUIDE),
    practice("publish-after-commit", "Publication après validation", _COMMIT, _early, _COMMIT_GUIDE),
    practice("identifiers-only", "Identifiants en argument", _STATE, _objects, _OBJECT_GUIDE),
)
