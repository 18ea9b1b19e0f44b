"""The lock of RedBeat outlives a turn of its loop."""

from collections.abc import Sequence

from audit.model.domains import conclude
from audit.model.findings import Finding, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.domains.redbeat_domain import Lock, redbeat_locks
from audit.rules.example import with_app
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide


@practice(
    "redbeat-lock",
    "Verrou de RedBeat",
    reference="https://redbeat.readthedocs.io/en/latest/config.html",
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Le verrou de RedBeat dure plus qu'un tour de sa boucle",
        fails="Le verrou de RedBeat expire pendant un tour de sa boucle : beat s'arrête (`LockNotOwnedError`)",
        advice="Donner à `redbeat_lock_timeout` plusieurs fois `beat_max_loop_interval`",
        solution="beat_max_loop_interval = 10\nredbeat_lock_timeout = 50",
        undetermined="un de ces réglages ne se lit pas",
        impact="Élevé : aucune tâche périodique ne part",
    ),
    example=with_app("""
        app.conf.beat_scheduler = "redbeat.RedBeatScheduler"
        app.conf.beat_max_loop_interval = «60¦10»
        app.conf.redbeat_lock_timeout = «30¦50»
    """),
)
def _lock(known: TargetFacts) -> Sequence[Finding]:
    domain = redbeat_locks(known)
    # An entry that is due within the lock's time wakes the loop, which makes the lock last.
    answer = conclude(
        domain,
        lambda lock: [] if lock.woken else _short(lock),
        possible_of=lambda lock: _short(lock) if lock.woken else [],
    )
    evidence = (e for lock in domain.members[:1] for e in lock.evidence)
    return answered(_lock.guide, "Verrou de RedBeat trop court", answer, *evidence, nothing="RedBeat n'est pas employé")


def _short(lock: Lock) -> list[Fault]:
    told = f"`redbeat_lock_timeout={lock.lasts:g}`, boucle de {lock.loop:g} s" if lock.is_short else ""
    return [Fault(told, lock.place)] if told else []
