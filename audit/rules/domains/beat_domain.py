"""The entries of beat's schedule, and what may hide others."""

from collections.abc import Callable, Sequence

from audit.french.typography import counted
from audit.model.domains import Domain
from audit.model.facts import BeatEntry, Facts
from audit.model.findings import Level
from audit.model.gaps import Doubt, Gap, UnreadSettings
from audit.model.target_facts import TargetFacts
from audit.rules.domains.task_domain import program_gaps
from audit.rules.effective_settings import without_application

UNREAD = "le planning de beat n'a pas pu être lu en entier"
NO_ENTRY = "le planning de beat est vide"


def schedule(known: TargetFacts) -> Facts | None:
    """What the strongest probe that has entries, or knows that there are none, learned."""
    return next((facts for facts in known.probes if facts.beat or facts.beat_known), None)


def _all(_: BeatEntry) -> bool:
    return True


def beat_entries(
    known: TargetFacts, concerned: Callable[[BeatEntry], bool] = _all, doubts: Sequence[Gap] = ()
) -> Domain[BeatEntry]:
    """The entries that a rule concerns; `doubts`: those that could not be judged. What was imported is whole, whatever was not read."""
    facts = schedule(known)
    if facts is None:
        return Domain((), (*doubts, Doubt(why=known.why_silent or _unread(known))), "")
    unread: tuple[Gap, ...] = () if facts.beat_known else (UnreadSettings(why=_unread(known)),)
    if not facts.settings and not facts.beat:
        unread = (Doubt(why=known.why_silent or _unread(known)),)
    if facts.level is Level.SOURCE and facts.configured_by and not facts.beat:
        unread = (
            *unread,
            Doubt(why=f"`{facts.configured_by}` peut donner un planning, qui ne se lit pas dans le code"),
        )
    if facts.level is Level.SOURCE and facts.settings:
        unread = (*unread, *(gap for gap in program_gaps(known) if gap.path))
    read = f"{counted(len(facts.beat), 'entrée')} du planning"
    return Domain(tuple(filter(concerned, facts.beat)), (*doubts, *unread), read)


def empty_schedule(known: TargetFacts) -> Domain[BeatEntry] | None:
    """The schedule that surely has no entry, whichever beat would publish it; None where it has some, or may."""
    found = beat_entries(known)
    return None if found.members or found.gaps else found


def _unread(known: TargetFacts) -> str:
    host = without_application(known)
    return f"{host} : le planning est celui de l'application qui l'emploie" if host else UNREAD
