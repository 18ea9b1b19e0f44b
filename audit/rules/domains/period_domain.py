"""The entries of beat's schedule that run the task of a role."""

from dataclasses import dataclass

from audit.french.typography import counted
from audit.model.domains import Domain
from audit.model.facts import BeatEntry, Facts
from audit.model.gaps import Doubt, Gap
from audit.model.target_facts import TargetFacts
from audit.rules.crontabs import crontab_zone, same_as_utc

_NO_ZONE = "le fuseau horaire de beat (`timezone`, `enable_utc`) ne se lit pas, n'est pas connu ou dépend de la machine"


@dataclass(frozen=True)
class Planned:
    """The entries of one task, none where the schedule lacks it, as a probe that can tell all of them sees them."""

    entries: tuple[BeatEntry, ...]
    facts: Facts


def planned(known: TargetFacts, role: str, *, zoned: bool) -> Domain[Planned]:
    """What the strongest probe that can tell says of the task's entries; `zoned`: the zone that beat works in matters."""
    seen = [Planned(entries, facts) for entries, facts in known.beat_of(known.target.role(role))]
    if not seen:
        why = known.why_silent or "le planning de beat n'a pas pu être lu en entier"
        return Domain((), (Doubt(why=why),), "")
    zone = crontab_zone(known)
    unknown = zoned and (not zone or same_as_utc(zone) is None)
    gaps: tuple[Gap, ...] = (Doubt(why=_NO_ZONE),) if unknown else ()
    return Domain((seen[0],), gaps, counted(len(seen[0].facts.beat), "entrée"))
