"""The beats that RedBeat elects by a lock, and the settings of this lock."""

import re
from dataclasses import dataclass

from audit.model.domains import Domain
from audit.model.findings import Evidence, Excerpt
from audit.model.gaps import Gap, UnreadSettings
from audit.model.target_facts import TargetFacts
from audit.rules.domains.process_domain import doubtful
from audit.rules.effective_settings import number, read
from audit.rules.worker_pools import unread_process_files

# `celery.beat.DEFAULT_MAX_INTERVAL`.
_LOOP = 300.0


@dataclass(frozen=True)
class Lock:
    """Seconds that the lock lasts, None for RedBeat's own (five loops), and that a turn of the loop may take; `woken`: an entry wakes it before."""

    lasts: float | None
    loop: float
    woken: bool
    place: Excerpt | None
    evidence: tuple[Evidence, ...]

    @property
    def is_short(self) -> bool:
        """Whether it ends within a turn."""
        return self.lasts is not None and self.lasts > 0 and self.lasts <= self.loop


def redbeat_locks(known: TargetFacts) -> Domain[Lock]:
    """One a beat that is started with RedBeat, or one for its setting."""
    scheduler, key = read(known, "beat_scheduler", ""), read(known, "redbeat_lock_key", "")
    lock, loop = read(known, "redbeat_lock_timeout"), read(known, "beat_max_loop_interval", 0)
    started = known.processes("beat")
    ours = [b for b in started if _is_redbeat(b.options.get("scheduler") or scheduler.value)]
    unlocked = key.written and not key.missing and not key.value
    if unlocked or (started and not ours) or not (ours or _is_redbeat(scheduler.value)):
        missing: list[Gap] = [UnreadSettings(why=scheduler.missing)] if scheduler.missing and not unlocked else []
        named = [b.options.get("scheduler") or str(scheduler.value or "") for b in started] or [
            str(scheduler.value or "")
        ]
        missing += [UnreadSettings(why=f"rien ne dit de quoi hérite `{one}`") for one in named if _is_of_a_project(one)]
        return Domain((), (*missing, *unread_process_files(known)), "0 verrou")
    lasts = number(lock.value)
    periods = [entry.seconds for facts in known.probes[:1] for entry in facts.beat if entry.seconds]
    woken = bool(lasts and periods and min(periods) < lasts)
    given: list[tuple[str, Excerpt | None]] = [(b.options.get("max-interval", ""), b.excerpt) for b in ours] or [
        ("", lock.excerpt)
    ]
    # A loop that is not read is no longer than any lock.
    turn = 0.0 if loop.missing else number(loop.value) or _LOOP
    members = [
        Lock(
            lasts,
            float(told) if told.isdecimal() else turn,
            woken,
            lock.excerpt or place,
            lock.evidence,
        )
        for told, place in given
    ]
    gaps: list[Gap] = [UnreadSettings(why=r.missing) for r in (lock, loop) if r.missing]
    gaps += doubtful(ours, lambda b: "" if b.options.get("max-interval", "0").isdecimal() else "`--max-interval`")
    return Domain(tuple(members), tuple(gaps), f"{len(members)} verrou{'s' if len(members) > 1 else ''}")


def _is_of_a_project(scheduler: str) -> bool:
    """Whether a scheduler is a class of nobody known: it may be one of RedBeat's."""
    return bool(re.match(r"\w+(\.\w+)*:\w+$|\w+(\.\w+)+$", scheduler)) and not re.search(
        r"(?i)celery|redbeat|sqlalchemy|mongo", scheduler
    )


def _is_redbeat(scheduler: object) -> bool:
    return "redbeat" in str(scheduler).lower()
