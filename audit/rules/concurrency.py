"""The concurrency of the start-up files must be the one the configuration sets (8.4)."""

from collections.abc import Sequence

from audit.french.typography import counted
from audit.model.domains import conclude
from audit.model.facts import Process, Setting
from audit.model.findings import Finding, Problem, Severity
from audit.model.gaps import UnreadSettings
from audit.model.target_facts import TargetFacts
from audit.rules.domains.process_domain import doubtful, narrowed, unread_options, workers
from audit.rules.domains.setting_domain import place_of, ruled_by, scope_of
from audit.rules.effective_settings import read
from audit.rules.example import with_app
from audit.rules.practice import Fault, answered
from audit.rules.rule import Guide, defect, rule

_DOC = "https://docs.celeryq.dev/en/stable/userguide/workers.html#concurrency"


@rule(
    "concurrency",
    "Concurrence alignée",
    category="Robustesse Workers",
    requirements=("8.4",),
    reference=_DOC,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Même concurrence dans la configuration et dans les scripts de démarrage",
        fails="Un script lance le worker avec une autre concurrence que la configuration, et l'emporte",
        advice="Écrire la même valeur aux deux endroits",
        solution="celery -A application worker --concurrency=4",
        undetermined="aucun fichier de démarrage ne lance de worker, ou la concurrence ne se lit pas",
        language="bash",
    ),
    example={
        "app.py": with_app("""
            celery_app.conf.worker_concurrency = 4
        """),
        "start.sh": "celery -A app worker --concurrency=«1¦4»",
    },
)
def _aligned(known: TargetFacts) -> Sequence[Finding]:
    guide, started = _aligned.guide, workers(known)
    seen = list(known.setting("worker_concurrency"))
    wanted = seen[0][0].value if seen else None
    if not isinstance(wanted, int):
        return _unset(known, guide)
    setting, facts = seen[0]
    written = next((s for s, _ in seen if s.excerpt), setting)
    gaps = doubtful(started.members, lambda worker: _gap(worker, wanted))
    answer = conclude(narrowed(started, started.members, gaps), lambda worker: _other(worker, wanted))
    if answer.faults:
        return [_mismatch(known, written, w) for w in started.members if _other(w, wanted)]
    told = (facts.evidence(written.excerpt), *(known.source.evidence(w.excerpt) for w in started.members))
    return answered(guide, "", answer, *told, nothing="", detail=f"`worker_concurrency={wanted}`, {started.read}")


def _unset(known: TargetFacts, guide: Guide) -> Sequence[Finding]:
    """Nothing to agree with where the configuration surely sets none, or no start line gives any; else a gap."""
    started = workers(known)
    bare = not any({"concurrency", "autoscale"} & w.options.keys() or w.unknown_words for w in started.members)
    if started.members and bare and known.setting("worker_concurrency"):
        told = "aucune commande de worker ne donne de concurrence"
        return answered(guide, "", conclude(narrowed(started, ()), _nothing), nothing=told)
    reading = read(known, "worker_concurrency")
    unread = reading.missing or ("" if reading.value is None else "`worker_concurrency` ne se lit pas dans le code")
    outside = "`worker_concurrency` n'est pas réglé"
    gaps = [UnreadSettings(*place_of(reading.excerpt), unread)] if unread else []
    scope = scope_of(known, outside, reading, gaps=gaps)
    answer = conclude(ruled_by(known, (reading,), (), "", scope=scope), _nothing)
    return answered(guide, "", answer, nothing=outside)


def _nothing(_: object) -> tuple[Fault, ...]:
    return ()


def _other(worker: Process, wanted: int) -> list[Fault]:
    """That its start line surely gives it another concurrency."""
    used = worker.options.get("concurrency", str(wanted))
    differs = used.isdigit() and used != str(wanted) and not _meaning(worker, wanted)
    return [Fault(f"`{worker.excerpt.path}` : {used}", worker.excerpt)] if differs else []


def _gap(worker: Process, wanted: int) -> str:
    """Why its concurrency does not compare, in French; empty when it does."""
    used = worker.options.get("concurrency", "")
    if not used and worker.unknown_words:
        return unread_options(worker)
    if used and not used.isdigit():
        return f"la concurrence de `{worker.excerpt.path}` ne se lit pas : `{used}`"
    meaning = _meaning(worker, wanted)
    path = worker.excerpt.path
    return f"le nombre de tâches simultanées ne se compare pas (`{path}` : {meaning})" if meaning else ""


def _meaning(worker: Process, wanted: int) -> str:
    """The option that gives the number of processes another meaning than `wanted` processes; empty when none does."""
    autoscale, pool = worker.options.get("autoscale", ""), worker.options.get("pool", "prefork")
    if autoscale and autoscale.replace(" ", "") != f"{wanted},{wanted}":
        return f"`--autoscale={autoscale}`"
    if pool in {"prefork", "processes"} or (pool == "solo" and wanted == 1):
        return ""
    return f"`--pool={pool}`"


def _mismatch(known: TargetFacts, setting: Setting, worker: Process) -> Finding:
    path, used = worker.excerpt.path, worker.options["concurrency"]
    problem = Problem(
        title=f"Concurrency différente entre config et {path.rpartition('/')[2]}",
        severity=Severity.MINOR,
        impact="Faible",
        recommendation=f"Aligner `--concurrency={setting.value}` dans {path.rpartition('/')[2]}",
        situation=tuple(e for e in (setting.excerpt, worker.excerpt) if e),
        # What is to change first.
        places=tuple(f"{e.path}:{e.first_line}" for e in (worker.excerpt, setting.excerpt) if e),
        # The lines of the file as they stand: a command alone would lose its `&`.
        solution=(worker.excerpt.text if f"--concurrency={used}" in worker.excerpt.text else worker.command).replace(
            f"--concurrency={used}", f"--concurrency={setting.value}"
        ),
        solution_language="bash",
    )
    # None stands for as many as there are processors.
    tasks = f" ({counted(int(used), 'tâche')} à la fois, et non {setting.value})" if used.strip("0").isdigit() else ""
    text = f"`{path}` lance le worker avec `--concurrency={used}` alors que la configuration dit {setting.value} : le script l'emporte{tasks}"
    return defect(text, problem, known.source.evidence(worker.excerpt), known.source.evidence(setting.excerpt))
