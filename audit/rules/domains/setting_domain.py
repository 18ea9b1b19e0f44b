"""The settings that a rule asks about, and whatever may still write them otherwise than they were read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from audit.model.domains import Domain
from audit.model.facts import Process
from audit.model.findings import Excerpt, Level
from audit.model.gaps import Doubt, Gap, UnreadFile, UnreadProcess, UnreadSettings, UnregisteredTask, UnresolvedImport
from audit.model.plain_value import PlainValue
from audit.model.setting_writes import Loading, Means, SettingWrite
from audit.model.target_facts import TargetFacts
from audit.rules.effective_settings import NO_TASK, Reading, given, production_tasks, scheme

T = TypeVar("T")

_FALSE, _TRUE = frozenset({"", "0", "false", "no", "off", "none"}), frozenset({"1", "true", "yes", "on"})
_LATER = frozenset({Means.UNCALLED, Means.CURRENT_APPLICATION})


@dataclass(frozen=True)
class Scope:
    """Whether a rule concerns the target. `outside` says in French why not; `gaps`, what may make it otherwise; `read`, from what."""

    outside: str = ""
    gaps: tuple[Gap, ...] = ()
    read: str = ""


EVERYWHERE = Scope()


def everywhere(_: TargetFacts) -> Scope:
    """That a rule concerns every target."""
    return EVERYWHERE


def scope_of(known: TargetFacts, outside: str, *readings: Reading, gaps: Sequence[Gap] = ()) -> Scope:
    """What these settings say of whether a rule concerns the target."""
    # What an address begins with is all that is asked of it.
    rest = setting_gaps(known, *(one for one in readings if not one.starts)) if outside else ()
    read = ", ".join(f"`{reading.name}`" for reading in readings)
    return Scope(outside, tuple(dict.fromkeys((*gaps, *rest))), read)


def setting_domain(known: TargetFacts, *readings: Reading, scope: Scope = EVERYWHERE) -> Domain[Reading]:
    """These settings, as far as they were read; none where the rule may not concern the target."""
    if scope.outside:
        return Domain((), scope.gaps, scope.read)
    told = tuple(one for reading in readings if (one := as_written(reading)))
    read = " ; ".join(reading.told for reading in told)
    return Domain(() if scope.gaps else told, (*scope.gaps, *setting_gaps(known, *readings)), read)


def as_written(reading: Reading) -> Reading | None:
    """A setting as it was read, or as it is written before something unread; None where neither is."""
    return reading.perhaps if reading.missing else reading


def ruled_by(
    known: TargetFacts,
    readings: Sequence[Reading],
    members: Sequence[T],
    read: str,
    *gaps: Gap,
    scope: Scope = EVERYWHERE,
) -> Domain[T]:
    """Members of another kind, of which these settings decide; their own gaps come first."""
    if scope.outside:
        return Domain((), scope.gaps, scope.read)
    every = (*scope.gaps, *gaps, *setting_gaps(known, *readings))
    return Domain(() if scope.gaps else tuple(members), tuple(dict.fromkeys(every)), read)


def setting_gaps(known: TargetFacts, *readings: Reading) -> tuple[Gap, ...]:
    """Why these settings were not read, and what may still write those that were."""
    gaps: list[Gap] = []
    for reading in readings:
        if reading.missing:
            gaps.append(UnreadSettings(*place_of(reading.excerpt), reading.missing))
        else:
            gaps += [*_given(known, reading), *_later(known, reading)]
    return tuple(dict.fromkeys((*gaps, *unread_configuration(known))))


def unread_configuration(known: TargetFacts) -> tuple[Gap, ...]:
    """The files of the program that were not read, or not found, and that may write settings; an import tells what they wrote."""
    if known.probes and known.probes[0].level > Level.SOURCE and known.probes[0].settings:
        return ()
    built = [application.excerpt for application in known.source.applications]
    written = [setting.excerpt for setting in known.source.settings.values()]
    paths = {excerpt.path for excerpt in (*built, *written) if excerpt}
    return tuple(
        gap
        for gap in known.source.gaps
        if (isinstance(gap, UnreadFile) and gap.configures) or (isinstance(gap, UnresolvedImport) and gap.path in paths)
    )


def hidden_tasks(known: TargetFacts) -> tuple[Gap, ...]:
    """The files of the program that were not read, where tasks may be, with options of their own; an import tells them."""
    if known.probes and known.probes[0].level > Level.SOURCE and known.probes[0].tasks:
        return ()
    gaps = known.source.gaps
    return tuple(g for g in gaps if isinstance(g, UnregisteredTask) or (isinstance(g, UnreadFile) and g.declares))


def unread_tasks(known: TargetFacts) -> tuple[Gap, ...]:
    """Where tasks may hide, and that none was read."""
    none = () if production_tasks(known) else (Doubt(why=known.why_silent or NO_TASK),)
    return (*none, *hidden_tasks(known))


def _given(known: TargetFacts, reading: Reading) -> Iterator[Gap]:
    """The process files that give the variable a word which the value read, the default, does not agree with.

    Whoever publishes reads `task_always_eager`, and not the workers alone.
    """
    words = given(known, reading.variable)
    producers = known.source.processes if words and reading.name == "task_always_eager" else ()
    for process in producers:
        if process.role == "web" and reading.variable not in process.environment and not _is_default(reading, words):
            why = f"`{process.excerpt.path}` ne donne pas `{reading.variable}` à qui publie"
            yield UnreadProcess(*place_of(process.runner or process.excerpt), why)
    for word, process in () if reading.giver else words:
        if not _agrees(reading, word):
            why = f"`{reading.variable}={word}` y change `{reading.name}`"
            if "://" in word:
                why = f"`{reading.variable}` y change `{reading.name}`"
            yield UnreadProcess(*place_of(process.runner or process.excerpt), why)


def _is_default(reading: Reading, words: Sequence[tuple[str, Process]]) -> bool:
    """Whether the code writes, as the default of the variable, what the deployment gives it."""
    text = reading.excerpt.text if reading.excerpt else ""
    return any(re.search(rf"{reading.variable}\W+(?:default=)?\W?{re.escape(word)}\b", text) for word, _ in words)


def place_of(excerpt: Excerpt | None) -> tuple[str, int]:
    """The path and the first line of an excerpt, as gaps want them."""
    return (excerpt.path, excerpt.first_line) if excerpt else ("", 0)


def _agrees(reading: Reading, word: str) -> bool:
    """Whether a word is the value read, as usual code turns one into the other; where the code negates, nobody knows."""
    value: PlainValue = reading.value
    text = reading.excerpt.text if reading.excerpt else ""
    if isinstance(value, bool):
        told = _TRUE if value else _FALSE
        return word.lower() in told and "not " not in text and "!=" not in text
    if isinstance(value, int | float):
        return _number(word) == value
    if isinstance(value, str):
        return word == value or ("://" in value and scheme(word) == scheme(value))
    return False


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def _later(known: TargetFacts, reading: Reading) -> Iterator[Gap]:
    """The functions that nothing was seen to call and that write the setting: a start may call them after the import."""
    if not reading.evidence or reading.evidence[0].level is Level.SOURCE:
        return
    for write in known.source.setting_writes.get(reading.name, ()):
        if write.means in _LATER and write.loading is not Loading.NEVER and _in_function(write):
            why = f"`{reading.name}` est écrit par une fonction que rien de ce qui a été lu n'appelle"
            yield UnreadSettings(*place_of(write.excerpt), why)


def _in_function(write: SettingWrite) -> bool:
    return write.excerpt is not None and write.excerpt.text[:1].isspace()
