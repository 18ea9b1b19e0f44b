"""4.3, 5.1 to 5.3: the 24 h that a Message 1 opens, to the second, by moving its sending and not the clock."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.experiments.abilities import PausedConversation
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.waiting import wait_stable, wait_until
from audit.french.typography import french_seconds
from audit.model.findings import Finding, Outcome

_ID = "reply-window"
WINDOW_SECONDS = 86_400.0
# From the earliest to the latest; what each interaction has to give.
_AGES = {"23 h 59 min 30 s": WINDOW_SECONDS - 30, "23 h 59 min 59 s": WINDOW_SECONDS - 1}
_OUTSIDE = {"24 h 00 min 00 s": WINDOW_SECONDS, "25 h": WINDOW_SECONDS + 3600}
_JUST_SENT = "un instant"
# Of its contacts one is written to while others wait: more than a worker has processes.
_EARLY_CONTACTS = 12
_CLOSING = "23 h 59 min 59 s"
_OPEN = Judgement(
    _ID,
    ("4.3",),
    "Fenêtre ouverte par l'envoi",
    "Élevé : un contact est relancé sans avoir reçu de Message 1, ou n'est jamais relancé",
    "Ouvrir la fenêtre à l'instant d'envoi du Message 1 du contact",
)
_ON_SENT_AT = Judgement(
    _ID,
    ("5.1",),
    "Évaluation de la fenêtre sur `sent_at`",
    "Élevé : la fenêtre dépend d'autre chose que de l'envoi",
    "Comparer la réception de chaque interaction à `sent_at` du Message 1",
)
_INSIDE = Judgement(
    _ID,
    ("5.2",),
    "Message 2 dans la fenêtre",
    "Bloquant : des contacts qui répondent à temps ne reçoivent rien",
    "Créer et programmer le Message 2 de chaque interaction reçue dans la fenêtre",
)
_NEVER = Judgement(
    _ID,
    ("5.3",),
    "Aucun Message 2 hors fenêtre",
    "Bloquant : des messages partent hors de la fenêtre que WhatsApp autorise",
    "Refuser le Message 2 à 24 h exactement, et vérifier de nouveau la fenêtre au moment de l'envoi",
)


@dataclass(frozen=True)
class Plan:
    """How long to wait for each step (seconds)."""

    step_seconds: float = 60.0
    # Longer than a sweep, which wakes what it believes forgotten.
    quiet_seconds: float = 8.0
    # Shorter than the sender's patience with the gateway.
    unrecorded_seconds: float = 0.8
    # An answer that came too late is asked for a minute later.
    record_seconds: float = 100.0
    # Longer than a webhook that is put aside waits, when its Message 1 leaves late, for its next attempt and for its Message 2.
    resumption_seconds: float = 30.0


@dataclass(frozen=True)
class Early:
    """Of contacts who write before the gateway has their Message 1: one whose Message 1 waits, one whose Message 1 is in flight."""

    waiting: str | None
    in_flight: str | None
    sent_at: float


@dataclass(frozen=True)
class Seen:
    """For each age, as named in the report: how many Message 2 the gateway accepted; and those accepted after their window.

    `quickest`: the fewest seconds from an interaction to its Message 2; None when none left. `while_waiting`, `in_flight`: the Message 2
    of contacts who wrote before the gateway had their Message 1, `waited` seconds after it left; None when it was not tried.
    """

    replies: Mapping[str, int]
    quickest: float | None
    after_the_end: Sequence[str]
    while_waiting: int | None
    in_flight: int | None
    waited: float
    in_time: bool
    before_recording: int | None
    overtaken: int | None
    # None when its Message 1 did not leave.
    while_paused: int | None


def run(driver: PausedConversation, record: Record, plan: Plan = Plan()) -> Sequence[Finding]:
    """One contact an age: each writes once, at the same time; the ages differ by the sending alone."""
    ahead = _before_sending(driver, record, plan)
    early = _before_recording(driver, record, plan)
    overtaken = _overtaken(driver, record, plan)
    while_paused = _while_paused(driver, record, plan)
    names = [_JUST_SENT, *_AGES, *_OUTSIDE]
    keys = dict(zip(names, sorted(driver.launch(len(names))), strict=True))
    if not wait_until(lambda: _sent(driver, [*keys.values()]), plan.step_seconds):
        missing = "les Message 1 préalables ne sont pas partis"
        return [judgement.undetermined(missing) for judgement in (_OPEN, _ON_SENT_AT, _INSIDE, _NEVER)]
    sent_at = driver.sent_ago({keys[name]: age for name, age in (_AGES | _OUTSIDE).items()})
    said = {name: driver.say(keys[name]) for name in reversed(names)}
    record.note(f"{len(names)} contacts écrivent, dont le Message 1 est parti il y a {', '.join(names)}")
    inside = [name for name in names if name not in {_CLOSING, *_OUTSIDE}]
    recorded = wait_until(lambda: _sent(driver, [early]), plan.record_seconds)
    wait_until(lambda: _replies(driver)[driver.follow_up_key(early)], plan.step_seconds)
    wait_until(lambda: all(_replies(driver)[driver.follow_up_key(keys[n])] for n in inside), plan.step_seconds)
    wait_stable(lambda: len(driver.accepted()), plan.quiet_seconds, plan.step_seconds + plan.quiet_seconds)
    wait_until(lambda: time.time() >= ahead.sent_at + plan.resumption_seconds, plan.resumption_seconds)
    counts = _replies(driver)
    replies = {name: counts[driver.follow_up_key(keys[name])] for name in names}
    ends = {driver.follow_up_key(key): at + WINDOW_SECONDS for key, at in sent_at.items()}
    quickest = _quickest(driver, {driver.follow_up_key(keys[name]): one.at for name, one in said.items()})
    if quickest is not None:
        record.figure("Délai le plus court d'une interaction à son Message 2", french_seconds(quickest))
    late = sorted(a.key for a in driver.accepted() if a.at >= ends.get(a.key, a.at + 1))
    for name, count in replies.items():
        record.figure(f"Message 1 envoyé il y a {name}", f"{count} Message 2" if count else "aucun Message 2")
    first = names[1]
    in_time = said[first].at < sent_at[keys[first]] + WINDOW_SECONDS - 15
    unrecorded = counts[driver.follow_up_key(early)] if recorded else None
    after_the_change = None if overtaken is None else counts[overtaken]
    return _conclude(
        record,
        Seen(
            replies,
            quickest,
            late,
            *_got(driver, ahead),
            plan.resumption_seconds,
            in_time,
            unrecorded,
            after_the_change,
            while_paused,
        ),
    )


def _quickest(driver: PausedConversation, said_at: Mapping[str, float]) -> float | None:
    """The fewest seconds from an interaction to its Message 2."""
    delays = [entry.at - said_at[entry.key] for entry in driver.accepted() if entry.key in said_at]
    return round(max(0.0, min(delays)), 2) if delays else None


def _before_sending(driver: PausedConversation, record: Record, plan: Plan) -> Early:
    """Two contacts write while the gateway has accepted no Message 1 of their campaign. What they get is counted later."""
    waiting = in_flight = None
    driver.hold("before")
    try:
        keys = sorted(driver.launch(_EARLY_CONTACTS))
        if wait_until(driver.held, plan.step_seconds):
            wait_stable(driver.held, plan.unrecorded_seconds / 4, plan.unrecorded_seconds)
            recorded = driver.recorded()
            in_flight = next((key for key in keys if recorded.get(key) != "pending"), None)
            waiting = next((key for key in reversed(keys) if recorded.get(key) == "pending"), None)
            for key in filter(None, (waiting, in_flight)):
                driver.say(key)
            # They have to be looked at before the gateway answers.
            wait_stable(lambda: None, plan.unrecorded_seconds, 2 * plan.unrecorded_seconds)
            # Somebody may have taken it up meanwhile.
            waiting = waiting if waiting is None or driver.recorded().get(waiting) == "pending" else None
            record.note("deux contacts écrivent avant que leur Message 1 soit accepté : l'un attend, l'autre part")
    finally:
        driver.release()
    left = wait_until(lambda: _sent(driver, keys), plan.record_seconds)
    return Early(waiting if left else None, in_flight if left else None, time.time())


def _got(driver: PausedConversation, ahead: Early) -> tuple[int | None, int | None]:
    """Message 2 of the contact whose Message 1 waited, and of the one whose Message 1 was in flight."""
    counts = _replies(driver)
    waiting, in_flight = (
        None if key is None else counts[driver.follow_up_key(key)] for key in (ahead.waiting, ahead.in_flight)
    )
    return waiting, in_flight


def _before_recording(driver: PausedConversation, record: Record, plan: Plan) -> str:
    """The key of a contact who writes when the gateway has accepted its Message 1, and nobody knows it yet."""
    driver.hold("after")
    try:
        (early,) = driver.launch(1)
        if wait_until(lambda: _replies(driver)[early], plan.step_seconds):
            driver.say(early)
            # It has to be looked at before the gateway's answer is known.
            wait_stable(lambda: None, plan.unrecorded_seconds, 2 * plan.unrecorded_seconds)
            record.note("un contact écrit quand son Message 1 est accepté et pas encore enregistré")
    finally:
        driver.release()
    return early


def _overtaken(driver: PausedConversation, record: Record, plan: Plan) -> str | None:
    """The key of a Message 2 whose window ends between its interaction and its sending; None when it left too soon to be tried."""
    (key,) = driver.launch(1)
    reply = driver.follow_up_key(key)
    if not wait_until(lambda: _sent(driver, [key]), plan.step_seconds):
        return None
    driver.say(key)
    waits = wait_until(lambda: reply in driver.recorded(), plan.step_seconds, 0.02)
    driver.sent_ago({key: WINDOW_SECONDS + 1})
    if not waits or driver.recorded().get(reply) != "pending" or _replies(driver)[reply]:
        return None
    record.note(
        "la fenêtre d'un contact se ferme entre son interaction et l'envoi de son Message 2 (date déplacée en base)"
    )
    return reply


def _while_paused(driver: PausedConversation, record: Record, plan: Plan) -> int | None:
    """Message 2 of a contact who writes while its campaign is paused, once it is resumed."""
    (key,) = driver.launch(1)
    if not wait_until(lambda: _sent(driver, [key]), plan.step_seconds):
        return None
    campaign, reply = driver.campaign_of(key), driver.follow_up_key(key)
    driver.pause(campaign)
    said = driver.say(key)
    wait_until(lambda: said.identifier in {*driver.interactions()}, plan.step_seconds)
    driver.resume(campaign)
    record.note("un contact écrit pendant que sa campagne est en pause, qui reprend ensuite")
    wait_until(lambda: _replies(driver)[reply], plan.step_seconds)
    return _replies(driver)[reply]


def _sent(driver: PausedConversation, keys: Sequence[str]) -> bool:
    recorded = driver.recorded()
    return all(recorded.get(key) in {"sent", "delivered", "read"} for key in keys)


def _replies(driver: PausedConversation) -> Counter[str]:
    return Counter(entry.key for entry in driver.accepted())


def _conclude(record: Record, seen: Seen) -> Sequence[Finding]:
    inside = [name for name in seen.replies if name not in {_CLOSING, *_OUTSIDE}]
    without = [f"envoyé il y a {name}" for name in inside if not seen.replies[name]]
    outside = [f"envoyé il y a {name}" for name in _OUTSIDE if seen.replies[name]]
    return [
        *_opening(record, seen, without, outside),
        _on_sent_at(record, seen, without, outside),
        *_inside(record, seen, without),
        _outside(record, seen, outside),
    ]


def _opening(record: Record, seen: Seen, without: Sequence[str], outside: Sequence[str]) -> Sequence[Finding]:
    if seen.while_waiting:
        return [_OPEN.defect(record, "Un contact reçoit un Message 2 alors que son Message 1 n'était pas envoyé")]
    if without or outside:
        return [_OPEN.defect(record, "L'envoi n'ouvre pas une fenêtre de 24 h", [*without, *outside])]
    if seen.while_waiting is None or seen.in_flight is None:
        return [
            _OPEN.undetermined(
                "aucun Message 1 n'attendait, ou ne partait, quand son contact a écrit, ou il n'est pas parti ensuite"
            )
        ]
    if not seen.in_time:
        return [_OPEN.undetermined(_TOO_SLOW)]
    moments = "attend" if seen.in_flight else "attend ou part"
    sentence = (
        f"Un contact qui écrit pendant que son Message 1 {moments} n'a pas de Message 2, même {french_seconds(seen.waited)} après l'envoi ; ensuite, la "
        f"fenêtre est encore ouverte à 23 h 59 min 30 s et fermée à 24 h 00 min 00 s. {_last_second(seen)}"
    )
    opened = _OPEN.established(record, sentence)
    return [opened, _crossed(record)] if seen.in_flight else [opened]


def _crossed(record: Record) -> Finding:
    """What was written before the gateway had the Message 1 earns a Message 2."""
    return _OPEN.short_of_the_letter(
        record,
        "un contact qui écrit pendant que son Message 1 part, avant que la passerelle l'accepte, reçoit un Message 2",
        title="Message 2 pour un contact qui a écrit pendant l'envoi de son Message 1",
        impact="Faible : un contact dont le message croise le Message 1 est relancé sans y avoir répondu",
        advice="Décider par écrit qu'un message reçu pendant l'envoi compte comme une réponse : la pile ne le distingue pas d'une réponse "
        "arrivée avant celle de la passerelle",
    )


def _last_second(seen: Seen) -> str:
    """What becomes of an interaction of the window's last second: said alike of every criterion."""
    if seen.replies[_CLOSING]:
        return f"À {_CLOSING}, il part encore, avant la fin de la fenêtre"
    if seen.quickest is None:
        return f"À {_CLOSING}, aucun Message 2 ne part"
    return (
        f"À {_CLOSING}, aucun Message 2 ne part : la pile met {french_seconds(seen.quickest)} au moins à en remettre un, et la fenêtre se ferme "
        "entre-temps (jugé sous 5.2)"
    )


_TOO_SLOW = "l'interaction de 23 h 59 min 30 s a été livrée trop tard pour conclure"


def _on_sent_at(record: Record, seen: Seen, without: Sequence[str], outside: Sequence[str]) -> Finding:
    if without or outside:
        return _ON_SENT_AT.defect(record, "Le Message 2 ne suit pas `sent_at`", [*without, *outside])
    before = " ; ce qui est reçu juste avant `sent_at` est jugé sous 4.3" if seen.in_flight else ""
    sentence = (
        f"{len(seen.replies)} contacts écrivent au même moment et ne diffèrent que par `sent_at` : toutes choses égales par ailleurs, il décide de "
        f"leur Message 2{before}"
    )
    return _ON_SENT_AT.established(record, sentence) if seen.in_time else _ON_SENT_AT.undetermined(_TOO_SLOW)


def _inside(record: Record, seen: Seen, without: Sequence[str]) -> Sequence[Finding]:
    found = _before_the_last_moments(record, seen, without)
    lacking = found.outcome is Outcome.ESTABLISHED and not seen.replies[_CLOSING]
    return [found, _nothing_at_the_end(record, seen)] if lacking else [found]


def _nothing_at_the_end(record: Record, seen: Seen) -> Finding:
    """The window's last moments give no Message 2: the requirement knows no such moments."""
    least = "" if seen.quickest is None else f" : la pile met {french_seconds(seen.quickest)} au moins à en remettre un"
    sentence = (
        f"à {_CLOSING}, une interaction ne donne aucun Message 2{least}, et la fenêtre se ferme entre-temps (à 23 h 59 min 30 s il part encore ; "
        "rien n'est essayé entre les deux)"
    )
    return _INSIDE.short_of_the_letter(
        record,
        sentence,
        title="Aucun Message 2 pour une interaction de la fin de la fenêtre",
        impact="Faible : un contact qui répond dans les derniers instants de la fenêtre ne reçoit rien",
        advice="Décider par écrit que les derniers instants de la fenêtre n'ouvrent droit à rien, ou n'y pas faire précéder le Message 2 de l'attente voulue",
    )


def _before_the_last_moments(record: Record, seen: Seen, without: Sequence[str]) -> Finding:
    """What becomes of interactions received earlier than the window's last moments."""
    twice = [f"envoyé il y a {name}" for name, count in seen.replies.items() if count > 1]
    for title, ages in (
        ("Plusieurs Message 2 pour une seule interaction", twice),
        ("Interactions reçues dans la fenêtre et laissées sans Message 2", without),
    ):
        if ages:
            return _INSIDE.defect(record, title, ages)
    if seen.before_recording == 0:
        title = "Un contact qui écrit avant que l'envoi de son Message 1 soit enregistré ne reçoit pas de Message 2"
        return _INSIDE.defect(record, title)
    if seen.while_paused is not None and seen.while_paused != 1:
        many = (
            f"reçoit {seen.while_paused} Message 2"
            if seen.while_paused
            else "ne reçoit pas de Message 2 après la reprise"
        )
        return _INSIDE.defect(record, f"Un contact qui écrit pendant que sa campagne est en pause {many}")
    if seen.before_recording is None or seen.while_paused is None:
        return _INSIDE.undetermined("l'acceptation du Message 1 d'un contact n'a pas été enregistrée")
    if not seen.in_time:
        return _INSIDE.undetermined(_TOO_SLOW)
    sentence = (
        "Un Message 2, et un seul, part pour une interaction reçue juste après l'envoi, pour une autre à 23 h 59 min 30 s, "
        "pour une troisième reçue quand la passerelle a accepté le Message 1 et que la pile ne le sait pas encore, et, après la reprise, pour une "
        f"quatrième reçue pendant que la campagne est en pause{f'. {_last_second(seen)}' if seen.replies[_CLOSING] else ''}"
    )
    return _INSIDE.established(record, sentence)


def _outside(record: Record, seen: Seen, outside: Sequence[str]) -> Finding:
    if outside:
        return _NEVER.defect(record, "Message 2 partis hors de la fenêtre de 24 h", outside)
    if seen.after_the_end:
        return _NEVER.defect(
            record, "Message 2 acceptés par la passerelle après la fin de leur fenêtre", seen.after_the_end
        )
    if seen.overtaken:
        return _NEVER.defect(record, "Un Message 2 part alors que sa fenêtre s'est fermée avant son envoi")
    if seen.overtaken is None:
        return _NEVER.undetermined("aucun Message 2 n'attendait quand sa fenêtre s'est fermée")
    sentence = (
        "Aucun Message 2 n'est accepté après la fin de la fenêtre : ni pour une interaction reçue à 24 h 00 min 00 s ou à 25 h, ni quand la "
        f"fenêtre se ferme entre l'interaction et l'envoi. {_last_second(seen)}"
    )
    return _NEVER.established(record, sentence)


EXPERIMENT = Experiment(_ID, "Fenêtre de 24 h, à la seconde", ("4.3", "5.1", "5.2", "5.3"), run, PausedConversation)
