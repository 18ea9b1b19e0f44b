"""Deployment files: users, health checks, watched processes, time to stop, the release of Celery."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from audit.model.domains import conclude
from audit.model.facts import Process
from audit.model.findings import Finding, Severity
from audit.model.gaps import UnreadProcess
from audit.model.observations.deployment_statements import (
    ContainerUser,
    ForcedRoot,
    WatchedWorker,
)
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN
from audit.rules.domains.process_domain import celery_processes, doubtful, narrowed, statements
from audit.rules.domains.release_domain import celery_releases
from audit.rules.effective_settings import NO_WORKER
from audit.rules.example import with_app
from audit.rules.health_checks import Check, health_checks
from audit.rules.measured_releases import measured_releases
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide
from audit.rules.told_release import Release
from audit.rules.worker_stops import judge_stops

_DAEMON = "https://docs.celeryq.dev/en/stable/userguide/daemonizing.html"
_ROOT = _DAEMON + "#running-the-worker-with-superuser-privileges-root"
_PING = "https://docs.celeryq.dev/en/stable/userguide/monitoring.html#commands"
_PID = "https://www.gnu.org/software/bash/manual/html_node/Special-Parameters.html"
_SOFT = "https://docs.celeryq.dev/en/stable/userguide/workers.html#stopping-the-worker"
_RELEASE = "https://github.com/celery/celery/releases/tag/v5.7.0"

# A name that a variable or a template gives: nothing tells that it is not root's.
_FILLED = re.compile(r"[$%{<]")
_BECOMES = re.compile(
    r"\b(?:gosu|su-exec|setuidgid)\s+([^\s-]\S*)|\b(?:sudo|doas|chpst|runuser)\b.*?\s(?:-u|--user)[= ]?(\S+)"
    r"|\bsetpriv\b.*?\s--reuid[= ](\S+)"
)
_AS_ROOT = frozenset({"root", "0"})


@practice(
    "not-root",
    "Workers sans privilège",
    reference=_ROOT,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Les fichiers de démarrage ne lancent ni worker ni beat en root",
        fails="Celery tourne en root : qui lui fait exécuter du code a toute la machine",
        advice="Donner un utilisateur ordinaire aux workers et à beat, et retirer `C_FORCE_ROOT`",
        solution="RUN useradd --system worker\nUSER worker",
        undetermined="les fichiers de démarrage ne disent pas sous quel utilisateur un worker, ou beat, tourne",
        impact="Moyen : une faille d'une tâche devient celle de la machine",
        language="dockerfile",
    ),
    example={
        "worker.service": """
            [Service]«¦
            User=shop»
            ExecStart=/srv/shop/.venv/bin/celery -A app worker
            Restart=always
        """,
    },
)
def _root(known: TargetFacts) -> Sequence[Finding]:
    guide, started = _root.guide, celery_processes(known)
    users = {o.excerpt.path: o for o in known.source.observations_of(ContainerUser) if o.excerpt}
    # What nothing starts runs under nobody.
    awake = [p for p in started.members if not p.asleep] or started.members
    runs = [_RunAs(p, _user(p, users), _image(p, users)) for p in awake]
    forced = [o for o in known.source.observations_of(ForcedRoot) if o.excerpt]
    gaps = [*doubtful(awake, lambda p: next(r.gap() for r in runs if r.process is p))]
    gaps += [] if known.workers else [UnreadProcess(why=NO_WORKER)]
    members: list[ForcedRoot | _RunAs] = [*forced, *runs]
    answer = conclude(narrowed(started, members, gaps), _as_root)
    quoted = [f.excerpt for f in answer.faults] or [p.excerpt for p in started.members]
    named = ", ".join(dict.fromkeys(f"`{run.user}`" for run in runs))
    evidence = (known.source.evidence(place) for place in quoted)
    return answered(guide, "Celery lancé en root", answer, *evidence, nothing=NO_WORKER, detail=named)


@dataclass(frozen=True)
class _RunAs:
    """A process and its user, as `_user` says it; `stage`: the image that gives it one, or gives none."""

    process: Process
    user: str | None
    stage: ContainerUser | None

    def gap(self) -> str:
        """Why its user is not known, in French."""
        whose = "de beat" if self.process.role == "beat" else "du worker"
        path = self.process.excerpt.path
        return f"`{path}` ne dit pas sous quel utilisateur tourne le processus {whose}" if self.user is None else ""


def _as_root(member: ForcedRoot | _RunAs) -> list[Fault]:
    if isinstance(member, ForcedRoot):
        return [Fault(f"`{member.excerpt.path}` pose `C_FORCE_ROOT`", member.excerpt)] if member.excerpt else []
    user, process = member.user, member.process
    if user is None or (user and user.partition(":")[0] not in _AS_ROOT):
        return []
    why = f"le lance sous `{user}`" if user else "ne donne aucun utilisateur"
    stage = None if process.user else member.stage
    return [Fault(f"`{process.excerpt.path}` {why}", stage.excerpt if stage else process.excerpt)]


def _image(process: Process, containers: dict[str, ContainerUser]) -> ContainerUser | None:
    """The image that a process runs in: its file's own, the one that its service builds, or the one that runs its script."""
    ways = (process.excerpt.path, process.built, process.runner.path if process.runner else "")
    return next((containers[way] for way in ways if way in containers), None)


def _user(process: Process, containers: dict[str, ContainerUser]) -> str | None:
    """The user that the file gives to this process; empty where it gives none and root is the default, None where another file decides."""
    text, language = process.excerpt.text, process.excerpt.language
    becomes = _BECOMES.search(process.command)
    if becomes:
        return str(next(filter(None, becomes.groups()))).strip("\"'")
    if process.user:
        return None if _FILLED.search(process.user.partition(":")[0]) else process.user
    if image := _image(process, containers):
        user = image.user
        if user == "" and image.scripted and process.excerpt.path not in containers:
            # The script that comes before the command may change the user.
            return None
        return None if user is UNKNOWN else user
    found = re.search(r"(?im)^\s*(?:user|runAsUser)\s*[=:]\s*[\"']?([^\s\"'#;]+)", text)
    uid = re.search(r"--uid[= ](\S+)", process.command)
    # supervisord's own reading of `user=` is `process.user`: a line that goes on with another value is none.
    told = uid or (None if language == "ini" and "[program:" in text else found)
    if told:
        return None if _FILLED.search(told.group(1)) else told.group(1)
    system_unit = (
        language == "ini" and process.excerpt.path.endswith(".service") and "/user/" not in process.excerpt.path
    )
    return "" if system_unit and "DynamicUser" not in text else None


@practice(
    "own-health-check",
    "Sonde de son propre nœud",
    reference=_PING,
    guide=Guide(
        severity=Severity.MINOR,
        passes="La sonde de santé d'un worker interroge son propre nœud, et lui laisse le temps de répondre",
        fails="La sonde de santé d'un worker ne dit pas s'il vit",
        advice=(
            "Désigner le nœud avec `--destination`, donner à la sonde qui tue plus de temps qu'à la réponse "
            "(`timeoutSeconds` au-dessus de `--timeout`), et ne pas interroger ainsi un worker `solo`"
        ),
        solution='celery -A application inspect ping --destination "celery@$(hostname)"',
        undetermined="les fichiers de déploiement n'ont pas pu être lus",
        impact="Moyen : un worker mort passe pour sain, ou un worker occupé est tué",
        language="bash",
    ),
    example={
        "compose.yaml": """
            services:
              worker:
                image: shop
                command: celery -A app worker
                restart: always
                healthcheck:
                  test: celery -A app inspect ping«¦ --destination celery@$$HOSTNAME»
        """,
    },
)
def _health(known: TargetFacts) -> Sequence[Finding]:
    domain = health_checks(known)
    nothing = "aucune sonde n'interroge les workers par `celery inspect ping`"
    answer = conclude(domain, Check.faults, possible_of=Check.possible_faults)
    evidence = (known.source.evidence(check.excerpt) for check in domain.members)
    return answered(_health.guide, "Sonde de santé qui se trompe", answer, *evidence, nothing=nothing)


@practice(
    "watched-process",
    "Processus surveillé",
    reference=_PID,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Le processus dont un script lit le pid (`$!`) est celui de Celery",
        fails="Le processus surveillé n'est pas Celery, mais le filtre au bout de son tube, ou un autre",
        advice="Rediriger vers le filtre sans tube, avant de lire `$!`",
        solution="celery -A application worker > >(sed 's/^/worker: /') 2>&1 &\nPID=$!",
        undetermined="aucun script de démarrage n'a été lu",
        impact="Moyen : la mort du worker n'est pas vue, et l'arrêt ne lui parvient pas",
        language="bash",
    ),
    example={
        "start.sh": """
            celery -A app worker «2>&1 | sed 's/^/worker: /'¦> >(sed 's/^/worker: /') 2>&1» &
            WORKER=$!
            trap "kill -TERM $WORKER" TERM
            wait $WORKER
        """,
    },
)
def _watched(known: TargetFacts) -> Sequence[Finding]:
    read, others = known.source.observations_of(WatchedWorker), [w for w in known.workers if w.filtered or w.aside]
    told = {w.excerpt.path for w in others}
    watched = [o for o in read if not (o.excerpt and o.excerpt.path in told)]
    members: list[WatchedWorker | Process] = [*watched, *others]
    domain = statements(known, members, f"{len(read)} `$!`")
    answer = conclude(domain, _piped, possible_of=_aside)
    quoted = [f.excerpt for f in (*answer.faults, *answer.possible)] or [o.excerpt for o in watched]
    evidence = (known.source.evidence(place) for place in quoted)
    nothing = "aucun script ne lit `$!` après avoir lancé un worker"
    return answered(_watched.guide, "Mauvais processus surveillé", answer, *evidence, nothing=nothing)


def _piped(member: WatchedWorker | Process) -> list[Fault]:
    if isinstance(member, Process):
        return [Fault(member.filtered, member.runner or member.excerpt)] if member.filtered else []
    return [Fault(f"`{member.excerpt.path}`", member.excerpt)] if member.piped and member.excerpt else []


def _aside(member: WatchedWorker | Process) -> list[Fault]:
    aside = isinstance(member, Process) and member.aside
    return [Fault(aside, member.excerpt)] if aside else []


@practice(
    "stop-grace",
    "Temps d'arrêt",
    reference=_SOFT,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Chaque orchestrateur demande l'arrêt au worker seul, et lui laisse le temps de finir, ou de rendre ce qu'il n'a pas fini",
        fails="L'orchestrateur coupe les tâches d'un worker qu'il arrête",
        advice=(
            "Lancer le worker par `exec`, envoyer SIGTERM à lui seul (`stopasgroup=false`, `KillMode=mixed`), et donner à "
            "l'arrêt plus que la limite de temps des tâches, ou que `worker_soft_shutdown_timeout` sous `REMAP_SIGTERM=SIGQUIT`"
        ),
        solution="worker:\n  command: [celery, -A, application, worker]\n  stop_grace_period: 100s",
        undetermined="le délai d'arrêt des workers, ce que le signal atteint, ou la durée des tâches, ne se lit pas",
        impact="Moyen : des tâches coupées à chaque déploiement",
        language="yaml",
    ),
    example={
        "app.py": with_app("""
            app.conf.task_time_limit = 90
        """),
        "compose.yaml": """
            services:
              worker:
                image: shop
                command: celery -A app worker
                restart: always«¦
                stop_grace_period: 100s»
        """,
    },
)
def _grace(known: TargetFacts) -> Sequence[Finding]:
    places = (known.source.evidence(w.runner or w.excerpt) for w in known.workers if any(s.by for s in w.stops))
    nothing = "aucun orchestrateur n'arrête de worker"
    return answered(_grace.guide, "Arrêt qui coupe les tâches", judge_stops(known), *places, nothing=nothing)


@practice(
    "celery-release",
    "Version de Celery",
    reference=_RELEASE,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Cette version de Celery survit à la chute de son broker, dans les essais faits avec l'outil, hors de cet audit",
        fails="Le worker de cette version de Celery s'arrête quand son broker tombe (mesuré)",
        advice="Garder Celery 5.6, ou n'avoir rien de précieux dans la mémoire d'un worker supervisé",
        solution="celery==5.6.3\nkombu==5.6.2",
        undetermined="la version de Celery n'est épinglée dans aucun fichier, ou sa série n'a pas été essayée, et rien n'a été importé",
        impact="Moyen : chaque coupure du broker arrête les workers",
        language="text",
    ),
    example={
        "app.py": with_app("""
            app.conf.task_acks_late = True
        """),
        "requirements.txt": "celery==«5.7.0¦5.6.3»",
    },
)
def _release(known: TargetFacts) -> Sequence[Finding]:
    domain = celery_releases(known)
    answer = conclude(domain, _dies)
    evidence = (release.evidence for release in domain.members)
    guide = _release.guide
    if any(release.version not in measured_releases() for release in domain.members):
        passes = "La version essayée de cette série de Celery survit à la chute de son broker, dans les essais faits avec l'outil, hors de cet audit"
        guide = replace(guide, passes=passes)
    return answered(guide, "Version de Celery", answer, *evidence, nothing="aucune version")


def _dies(release: Release) -> list[Fault]:
    played = measured_releases().get(release.version)
    if played is None or not played.died:
        return []
    told = f"version {release.version}, dans {len(played.died)} des {played.played} combinaisons essayées"
    return [Fault(told, release.place)]
