"""A pid file that outlives its container may keep Celery from starting again."""

import posixpath
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatch

from audit.model.domains import conclude
from audit.model.facts import Process
from audit.model.findings import Finding, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.domains.process_domain import celery_processes, doubtful, narrowed, unread_options
from audit.rules.effective_settings import read
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide

# What a reboot empties, and systemd with the unit where it made the folder; supervisord leaves the file when it starts again.
_FORGOTTEN = ("/run/", "/var/run/", "/dev/", "/var/lock/")
_NONE = frozenset({"", "/dev/null", "None"})


@practice(
    "pid-file",
    "Fichier de pid",
    reference="https://docs.celeryq.dev/en/stable/reference/celery.bin.beat.html",
    guide=Guide(
        severity=Severity.MINOR,
        passes="Aucun fichier de pid n'est écrit où il survivrait à l'arrêt brutal de Celery",
        fails="Un fichier de pid, resté après un arrêt brutal, peut empêcher Celery de redémarrer",
        advice="Lancer Celery avec `--pidfile=` (sans fichier) : l'orchestrateur sait déjà ce qui tourne",
        solution="celery -A application beat --pidfile=",
        undetermined="aucun fichier de démarrage ne lance Celery, ou le dossier du fichier de pid ne se lit pas",
        impact="Moyen : beat s'arrête au démarrage (code 73) tant que ce pid est celui d'un processus vivant",
        language="bash",
    ),
    example={
        "compose.yaml": """
            services:
              beat:
                image: shop
                command: celery -A app beat --«pidfile=/state/beat.pid¦schedule=/state/beat --pidfile=»
                restart: always
                volumes: ["state:/state"]
        """,
    },
)
def _pid_file(known: TargetFacts) -> Sequence[Finding]:
    started = celery_processes(known)
    started = narrowed(started, [_with_setting(known, process) for process in started.members])
    gaps = doubtful(started.members, _unread_folder)
    gaps += doubtful(started.members, lambda p: unread_options(p) if p.mounts or _of_host(p) else "")
    answer = conclude(narrowed(started, started.members, gaps), _left, possible_of=_on_host)
    places = (known.source.evidence(p.excerpt) for p in started.members)
    return answered(_pid_file.guide, "Fichier de pid durable", answer, *places, nothing="aucun processus")


def _with_setting(known: TargetFacts, process: Process) -> Process:
    """The process, with the file that `beat_pidfile` or `worker_pidfile` names where its line names none."""
    name = "beat_pidfile" if process.role == "beat" else "worker_pidfile"
    written = read(known, name).value if "pidfile" not in process.options else None
    return replace(process, options={**process.options, "pidfile": written}) if isinstance(written, str) else process


def _unread_folder(process: Process) -> str:
    file = _file(process)
    if not file or _is_cleared(process):
        return ""
    if process.mounts and not file.startswith("/"):
        return "le dossier du fichier de pid ne se lit pas"
    lasting = file.startswith("/") and not file.startswith((*_FORGOTTEN, "/tmp/"))  # noqa: S108  compared
    nowhere = process.excerpt.language in {"bash", "make"} and not process.runner and not process.mounts
    return f"rien ne dit si la machine qui le lance garde `{file}`" if lasting and nowhere else ""


def _left(process: Process) -> list[Fault]:
    """Celery takes over the file of a dead process, or of its own pid; another's, in a container, is often alive."""
    file = _file(process)
    kept = next((m for m in process.mounts if file and file.startswith(f"{m.rstrip('/')}/")), "")
    if not kept or _is_cleared(process):
        return []
    return [Fault(f"`{process.excerpt.path}` : `{file}` est dans `{kept}`, qui survit au conteneur", process.excerpt)]


def _of_host(process: Process) -> bool:
    """Whether a supervisor of the machine itself starts it, again after a crash or not."""
    return process.excerpt.language == "ini" and not process.mounts


def _by_systemd(process: Process) -> bool:
    return process.restart == "systemd" or ".service" in process.excerpt.path


def _on_host(process: Process) -> list[Fault]:
    """Celery starts again over a dead pid; after a reboot, or later, that pid is sometimes another process's."""
    file = _file(process)
    forgotten = file.startswith(_FORGOTTEN) or (file.startswith("/tmp/") and "PrivateTmp=" in process.excerpt.text)  # noqa: S108  compared
    if not file.startswith("/") or not _of_host(process) or _is_cleared(process):
        return []
    if _by_systemd(process) and forgotten:
        return []
    emptied = file.startswith((*_FORGOTTEN, "/tmp/"))  # noqa: S108  as above
    past = "à l'arrêt brutal de Celery" if emptied else "au redémarrage de la machine"
    return [Fault(f"`{process.excerpt.path}` : `{file}` survit {past}", process.excerpt)]


def _file(process: Process) -> str:
    given = process.options.get("pidfile", "")
    return "" if given in _NONE else given


def _is_cleared(process: Process) -> bool:
    name = posixpath.basename(_file(process))
    return any(fnmatch(name, posixpath.basename(word)) for word in process.clears if not word.startswith("-"))
