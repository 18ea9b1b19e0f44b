"""One beat alone publishes the schedule."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from audit.model.domains import conclude
from audit.model.facts import Process
from audit.model.findings import Excerpt, Finding, Severity
from audit.model.gaps import Gap, UnreadProcess
from audit.model.observations.deployment_statements import OtherScheduler
from audit.model.target_facts import TargetFacts
from audit.rules.domains.beat_domain import NO_ENTRY, empty_schedule
from audit.rules.domains.process_domain import beats, beats_apart, copies, doubtful, narrowed, unread_options
from audit.rules.effective_settings import places, read
from audit.rules.example import with_app
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide

_BEAT = "https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html"


@practice(
    "single-beat",
    "Un seul beat",
    reference=_BEAT + "#starting-the-scheduler",
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Aucun fichier ne lance deux beats de la même application",
        fails="Plusieurs beats publient le même planning : chaque tâche périodique part plusieurs fois",
        advice="Ne lancer qu'un `celery beat`, hors des workers répliqués",
        solution="celery -A application beat --loglevel=info",
        undetermined="aucun fichier de démarrage ne lance beat",
        impact="Élevé : tâches périodiques en double",
        language="bash",
    ),
    example={
        "app.py": with_app("""
        """),
        "start.sh": """
            celery -A app beat &
            celery -A app worker« -B¦»
        """,
    },
)
def _single(known: TargetFacts) -> Sequence[Finding]:
    guide, started = _single.guide, beats(known)
    if not started.members and (empty := empty_schedule(known)):
        return answered(guide, "Plusieurs beats", conclude(empty, lambda _: ()), nothing=NO_ENTRY)
    scheduler = str(read(known, "beat_scheduler", "").value)
    lock = read(known, "redbeat_lock_key", "redbeat::lock")
    is_locked = lock.value not in (None, "")
    elected = [b for b in started.members if is_locked and "redbeat" in b.options.get("scheduler", scheduler).lower()]
    own = [b for b in started.members if b not in elected]
    several = _in_one_file(own) | _beside(known, own)
    # `-B` may be among the words of a worker that are not known.
    others = [o.excerpt for o in known.source.observations_of(OtherScheduler) if o.excerpt]
    told = "un autre planificateur y publie une tâche, une fois par processus"
    besides = [UnreadProcess(e.path, e.first_line, told) for e in others]
    gaps = (*besides, *doubtful(own, _open_ended), *doubtful(known.workers, unread_options), *_of_two_names(known, own))
    answer = conclude(narrowed(started, started.members, gaps), lambda beat: several.get(beat.excerpt, ()))
    quoted = list(dict.fromkeys(f.excerpt for f in answer.faults)) or [b.excerpt for b in started.members]
    if len({b.excerpt.path for b in own}) > 1:
        guide = replace(guide, unsought="que deux de ces fichiers servent ensemble n'est pas cherché")
    evidence = (known.source.evidence(place) for place in quoted)
    detail = "RedBeat en élit un" if len(elected) == len(started.members) else places(started.members)
    return answered(guide, "Plusieurs beats", answer, *evidence, nothing="aucun beat", detail=detail)


def _in_one_file(started: Sequence[Process]) -> dict[Excerpt, list[Fault]]:
    """The beats of an application that one file starts several times, by their lines."""
    groups: dict[tuple[str, str], list[Process]] = {}
    for beat in started:
        groups.setdefault((beat.excerpt.path, beat.options.get("app", "")), []).append(beat)
    found: dict[Excerpt, list[Fault]] = {}
    for (path, _), group in groups.items():
        count = sum(copies(b) for b in group)
        inside = ", dans des workers (`-B`)" if all("worker" in b.role for b in group) else ""
        if count > 1:
            found |= {b.excerpt: [Fault(f"`{path}` en lance {count}{inside}", b.excerpt)] for b in group}
    return found


def _beside(known: TargetFacts, started: Sequence[Process]) -> dict[Excerpt, list[Fault]]:
    """The beats inside workers (`-B`), where a file of the same folder starts one apart."""
    return {
        b.excerpt: [Fault(f"`{b.excerpt.path}` en lance un, et `{one.excerpt.path}` un autre", b.excerpt)]
        for one in beats_apart(known)
        for b in started
        if "worker" in b.role and _folder(b) == _folder(one)
    }


def _of_two_names(known: TargetFacts, started: Sequence[Process]) -> tuple[Gap, ...]:
    """The beats of one file whose `-A` differs, where only one application is known that both may name."""
    if len([a for a in known.source.applications if a.kind == "celery"]) != 1:
        return ()
    first: dict[str, Process] = {}
    for beat in (b for b in started if copies(b)):
        first.setdefault(beat.excerpt.path, beat)
    others = [b for b in started if copies(b) and _named(b) != _named(first[b.excerpt.path])]
    why = "`-A {}` et `-A {}` peuvent nommer la même application".format
    return doubtful(others, lambda beat: why(_named(first[beat.excerpt.path]), _named(beat)))


def _named(beat: Process) -> str:
    return beat.options.get("app", "")


def _open_ended(beat: Process) -> str:
    if beat.copies is not None:
        return ""
    path = (beat.runner or beat.excerpt).path
    return f"le nombre de beats que lance `{path}` : un par machine, ou un nombre qui n'est pas écrit"


def _folder(process: Process) -> PurePosixPath:
    return PurePosixPath(process.excerpt.path).parent
