"""A message that expires before its own delay is over: its task never runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil

from audit.french.typography import counted, french_duration, french_integer
from audit.model.domains import conclude
from audit.model.findings import Excerpt, Finding, Severity
from audit.model.gaps import Doubt, Gap, UnreadFile
from audit.model.observations.messages import DelayedMessage, ExpiringMessage
from audit.model.plain_value import PlainValue
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN, Unknown
from audit.rules.domains.setting_domain import place_of, ruled_by, unread_tasks
from audit.rules.domains.task_domain import published_task, retry_schedules
from audit.rules.effective_settings import number, short
from audit.rules.example import with_app
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide

_PUBLISHING = frozenset({"apply_async", "send_task", "apply_async_on_commit"})
_EXPIRATION = "https://docs.celeryq.dev/en/stable/userguide/calling.html#expiration"


@practice(
    "expires-after-delay",
    "Expiration après le délai",
    reference=_EXPIRATION,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Chaque message lu qui a un délai et un `expires` n'expire qu'après ce délai",
        fails="Un message expire avant la fin de son délai : sa tâche est révoquée, et ne s'exécute jamais",
        advice="Donner à `expires` plus que le délai",
        solution="remind.apply_async(args=[order_id], countdown=600, expires=3600)",
        undetermined="un délai ou un `expires` ne se lit pas",
        impact="Élevé : la tâche n'est jamais exécutée",
    ),
    example=with_app("""
        @app.task
        def remind(order_id): ...


        def ordered(order_id):
            remind.apply_async(args=[order_id], countdown=600, expires=«300¦3600»)
    """),
)
def _expiry(known: TargetFacts) -> Sequence[Finding]:
    members = [*_published(known), *_planned(known), *_retried(known)]
    unread = [
        Doubt(*place_of(one.excerpt), f"{one.where} : son délai ou son `expires` ne se lit pas")
        for one in members
        if one.unread
    ]
    gaps: list[Gap] = [gap for gap in known.source.gaps if isinstance(gap, UnreadFile)]
    gaps += unread_tasks(known)
    domain = ruled_by(known, (), members, counted(len(members), "message"), *unread, *gaps)
    answer = conclude(domain, _Expiring.faults, possible_of=_Expiring.possible)
    told = [fault.excerpt for fault in (*answer.faults, *answer.possible)] or [None]
    evidence = [known.source.evidence(excerpt) for excerpt in told]
    nothing = "aucun message différé n'a d'expiration dans ce qui a été lu"
    return answered(_expiry.guide, "Message qui expire trop tôt", answer, *evidence, nothing=nothing)


@dataclass(frozen=True)
class _Expiring:
    """A message that waits and expires. Where each turn of a loop adds `step`, the first waits `first`; none waits more than `most`."""

    where: str
    seconds: float | Unknown
    expires: float | Unknown
    excerpt: Excerpt | None
    first: float = 0.0
    step: float = 0.0
    most: float | None = None

    @property
    def unread(self) -> bool:
        if self.expires is UNKNOWN or self.seconds is not UNKNOWN or self.step:
            return self.expires is UNKNOWN
        return self.most is None or self.most >= self.expires

    def faults(self) -> list[Fault]:
        if self.unread or self.seconds is UNKNOWN or self.expires is UNKNOWN or self.expires > self.seconds:
            return []
        text = f"{self.where} attend {french_duration(self.seconds)} et expire après {french_duration(self.expires)}"
        return [Fault(text, self.excerpt)]

    def possible(self) -> list[Fault]:
        """Nobody knows how many turns there are."""
        if self.expires is UNKNOWN or not self.step:
            return []
        rank = max(ceil((self.expires - self.first) / self.step), 0) + 1
        grown = f"le délai de {self.where} croît de {french_duration(self.step)} à chaque rang"
        return [Fault(f"{grown}, et atteint `expires` au rang {french_integer(rank)}", self.excerpt)]


def _published(known: TargetFacts) -> list[_Expiring]:
    """What a call says, else what the task says of all its messages; a retry keeps the expiration of the first message."""
    tasks = {key: t.options.get("expires") for t in known.source.tasks for key in (t.name, t.symbol)}
    found = []
    for message in known.source.observations_of(DelayedMessage):
        task = published_task(known, message)
        given = tasks.get(task) if message.expires is None and message.method != "retry" else message.expires
        if given is None and not task and message.method in _PUBLISHING and not _is_soon(message, tasks):
            # It may be a message of one of those that expire.
            given = UNKNOWN
        if given is None:
            continue
        expires = given if given is UNKNOWN else number(given)
        where = f"`{short(message.task) or short(message.symbol) or 'module'}`"
        told = UNKNOWN if expires is None else expires
        found.append(
            _Expiring(where, message.seconds, told, message.excerpt, message.first, message.step, message.most)
        )
    return found


def _is_soon(message: DelayedMessage, tasks: Mapping[str, PlainValue]) -> bool:
    """Whether a message leaves before any task's own expiration."""
    own = [number(given) for given in tasks.values() if given]
    return not own or (message.seconds is not UNKNOWN and all(n is not None and message.seconds < n for n in own))


def _retried(known: TargetFacts) -> list[_Expiring]:
    """Retries of the tasks whose messages, or some of them, are given an expiration: Celery copies it, as a date, to each retry.

    The delays of the retries add up; the time of the attempts only makes it worse.
    """
    own: dict[str, PlainValue] = _shortest(known)
    own |= {task.symbol: task.options["expires"] for task in known.source.tasks if task.options.get("expires")}
    said = {m.symbol for m in known.source.observations_of(DelayedMessage) if m.method == "retry" and m.expires}
    found = []
    for asked in retry_schedules(known).members:
        if (asked.task not in own and "" not in own) or asked.task in said or asked.max_retries == 0:
            continue
        given, others = own.get(asked.task, UNKNOWN), own.get("")
        if asked.task not in own and isinstance(others, int | float) and sum(asked.delays) < others and asked.delays:
            continue
        number_given = None if given is UNKNOWN else number(given)
        expires = UNKNOWN if number_given is None else number_given
        ahead = list(accumulate(asked.delays))
        late = [n for n, total in enumerate(ahead, 1) if expires is not UNKNOWN and total >= expires]
        known_end = bool(late) or (bool(ahead) and asked.max_retries is not None)
        rank = late[0] if late else len(ahead)
        where = f"la reprise {rank} de `{short(asked.task)}`, attentes ajoutées," if rank else f"`{short(asked.task)}`"
        excerpt = asked.excerpts[0] if asked.excerpts else known.head(asked.task)
        found.append(_Expiring(where, ahead[rank - 1] if known_end else UNKNOWN, expires, excerpt))
    return found


def _shortest(known: TargetFacts) -> dict[str, PlainValue]:
    """The shortest expiration that calls give the messages of a task; UNKNOWN where they give none that was read."""
    found: dict[str, PlainValue] = {}
    symbols = {task.name: task.symbol for task in known.source.tasks}
    delayed = [(m.task, m.expires) for m in known.source.observations_of(DelayedMessage) if m.method != "retry"]
    given = [*delayed, *((m.task, m.expires) for m in known.source.observations_of(ExpiringMessage))]
    for task, expires in given:
        symbol = symbols.get(task, task)
        before = found.get(symbol)
        if expires is UNKNOWN or (expires is not None and isinstance(before, int | float) and before <= expires):
            found.setdefault(symbol, UNKNOWN)
        elif expires is not None:
            found[symbol] = expires
    return found


def _planned(known: TargetFacts) -> list[_Expiring]:
    """Entries of beat with both."""
    entries = [e for facts in known.probes[:1] for e in facts.beat if {"countdown", "expires"} <= e.options.keys()]
    found = []
    for entry in entries:
        delay, expires = number(entry.options["countdown"]), number(entry.options["expires"])
        told = (UNKNOWN if delay is None else delay, UNKNOWN if expires is None else expires)
        found.append(_Expiring(f"l'entrée `{entry.name}` de beat", *told, entry.excerpt))
    return found
