"""Every program that a supervisor starts comes back, and not the workers alone."""

from collections.abc import Sequence
from dataclasses import replace

from audit.french.typography import counted
from audit.model.domains import conclude
from audit.model.facts import BROUGHT_BACK, Process
from audit.model.findings import Finding, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.domains.process_domain import all_processes, doubtful, narrowed
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide


@practice(
    "programs-restarted",
    "Redémarrage des autres programmes",
    reference="https://docs.celeryq.dev/en/stable/userguide/daemonizing.html",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Chaque programme d'un fichier qui en relance d'autres est relancé aussi, workers mis à part",
        fails="Un programme n'est pas relancé, dans un fichier qui en relance d'autres",
        advice="Donner à chaque programme la même règle de redémarrage",
        solution="[program:beat]\ncommand=celery -A application beat\nautorestart=true",
        undetermined="ce qui relance un programme ne se lit pas",
        impact="Moyen : beat, ou ce qui surveille les workers, reste arrêté",
        language="ini",
    ),
    example={
        "supervisord.conf": """
            [program:worker]
            command=celery -A app worker
            autorestart=true

            [program:watchdog]
            command=python -m app.watchdog
            autorestart=«false¦true»
        """,
    },
)
def _restarted(known: TargetFacts) -> Sequence[Finding]:
    started = all_processes(known)
    bringing = {p.excerpt.path for p in started.members if p.restart or p.doubt}
    others = [p for p in started.members if "worker" not in p.role.split("+") and p.excerpt.path in bringing]
    others = [p for p in others if p.excerpt.language in {"ini", "yaml"}]
    gaps = doubtful(others, lambda program: program.doubt or _unknown(program))
    # What a program starts does not matter where its own service is brought back.
    started = replace(started, gaps=tuple(gap for gap in started.gaps if not gap.words.partition(BROUGHT_BACK)[1]))
    answer = conclude(narrowed(started, others, gaps, counted(len(others), "programme")), _left)
    evidence = (known.source.evidence(p.excerpt) for p in others)
    nothing = "aucun fichier ne lance de tel programme"
    return answered(_restarted.guide, "Programme non relancé", answer, *evidence, nothing=nothing)


def _unknown(program: Process) -> str:
    """Why a program that is not brought back may not have to be; empty where its words are known."""
    left = program.unknown_words and not program.restart
    return f"rien ne dit si `{program.command}` se termine de lui-même" if left else ""


def _left(program: Process) -> list[Fault]:
    if program.restart or program.doubt or program.unknown_words:
        return []
    return [Fault(f"`{program.command}`, dans `{program.excerpt.path}`", program.excerpt)]
