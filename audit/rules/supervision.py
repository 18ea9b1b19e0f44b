"""Something must bring a dead worker back (8.5)."""

from collections.abc import Sequence

from audit.model.domains import Answer, conclude
from audit.model.facts import Process
from audit.model.findings import Finding, Outcome, Problem, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.domains.process_domain import doubtful, narrowed, workers
from audit.rules.effective_settings import NO_WORKER
from audit.rules.practice import Fault, answered
from audit.rules.rule import Guide, defect, rule

_DOC = "https://docs.celeryq.dev/en/stable/userguide/daemonizing.html"
_BY = {
    "loop": "une boucle de redémarrage",
    "supervisor": "supervisord",
    "systemd": "systemd",
    "compose": "Docker Compose",
    "docker": "Docker",
    "circus": "Circus",
    "kubernetes": "Kubernetes",
    "s6": "le superviseur de services (s6, runit)",
}
_LOOP = """\
while true; do
    {command} || true
    echo "worker arrêté, redémarrage dans 5 s"
    sleep 5
done &"""


def _who(worker: Process) -> str:
    """Who restarts; a hosting platform says so in its documentation, not in the file."""
    if worker.restart == "platform":
        return f"D'après sa documentation, {'Render' if worker.excerpt.path.endswith(('.yaml', '.yml')) else 'Heroku'}"
    return _capital(_BY.get(worker.restart, worker.restart))


def _brought_back(known: TargetFacts, worker: Process, answer: Answer[Fault]) -> Finding:
    places = [e for e in (worker.excerpt, worker.runner) if e]
    text = f"{_who(worker)} relance le worker (`{worker.excerpt.path}`)"
    evidence = tuple(known.source.evidence(e) for e in places)
    return Finding(answer.outcome, text, evidence, proof=answer.proof)


@rule(
    "supervision",
    "Redémarrage des workers",
    category="Robustesse Workers",
    requirements=("8.5",),
    reference=_DOC,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Un superviseur relance les workers",
        fails="Rien ne relance un worker qui meurt",
        advice="Ajouter un superviseur, ou une boucle de redémarrage",
        solution="while true; do\n    celery -A application worker || true\n    sleep 5\ndone &",
        undetermined="aucun fichier de démarrage ne lance de worker",
        language="bash",
    ),
    example={
        "start.sh": """
            «celery -A app worker¦while true; do
                celery -A app worker || true
                sleep 5
            done»
        """,
    },
)
def _supervised(known: TargetFacts) -> Sequence[Finding]:
    guide, started = _supervised.guide, workers(known)
    # The command of an image that every service replaces is stopped, and started, by nobody.
    run = [w for w in started.members if w.stops] or started.members
    domain = narrowed(started, run, doubtful(run, lambda worker: worker.doubt))
    bare = [w for w in run if not w.restart and not w.doubt]
    others = [w.excerpt.path for w in run if w.restart and bare and w.excerpt.path != bare[0].excerpt.path]
    # Without a word on which files serve in production, the one that brings its workers back may.
    maybe = bool(others) and not known.target.process_files

    def left(worker: Process) -> list[Fault]:
        return [Fault(f"rien ne relance `{worker.excerpt.path}`", worker.excerpt)] if worker in bare else []

    answer = conclude(domain, _nothing if maybe else left, possible_of=left if maybe else _nothing)
    if answer.faults or answer.possible:
        return _left_down(known, bare[0], others[0] if maybe else "")
    if answer.outcome is Outcome.ESTABLISHED:
        return [_brought_back(known, worker, answer) for worker in run]
    return answered(guide, "", answer, nothing=NO_WORKER)


def _nothing(_: Process) -> list[Fault]:
    return []


def _left_down(known: TargetFacts, worker: Process, other: str) -> list[Finding]:
    """That nothing brings a worker back; `other`: a file that brings back those it starts, and that may be the one that serves."""
    path = worker.excerpt.path
    problem = Problem(
        title="Pas de redémarrage automatique des workers",
        severity=Severity.MINOR,
        impact="Faible",
        recommendation="Ajouter supervisord ou boucle de redémarrage",
        situation=(worker.excerpt,),
        solution=_LOOP.format(command=_aligned(known, worker)),
        solution_language="bash",
    )
    text = f"Le script `{path}` ne redémarre pas automatiquement les workers crashés"
    evidence = known.source.evidence(worker.excerpt)
    if other:
        note = f"{text}, mais `{other}` les relance : préciser lequel sert en production (`target.process_files`)"
        return [Finding(Outcome.RESERVATION, note, (evidence,), problem=problem)]
    found = [defect(text, problem, evidence)]
    # A unit of systemd, or a program of supervisord, is one that is told to leave it down.
    if not any(w.restart or w.excerpt.language == "ini" for w in known.workers):
        found.append(defect("Pas de process manager (supervisord, systemd) configuré", problem, evidence))
    return found


def _capital(text: str) -> str:
    """The text with an upper-case first letter; names inside keep theirs."""
    return text[:1].upper() + text[1:]


def _aligned(known: TargetFacts, worker: Process) -> str:
    """The command with the concurrency of the configuration: a solution must not carry another problem along."""
    wanted = next((s.value for s, _ in known.setting("worker_concurrency")), None)
    used = worker.options.get("concurrency", "")
    return (
        worker.command.replace(f"--concurrency={used}", f"--concurrency={wanted}")
        if isinstance(wanted, int)
        else worker.command
    )
