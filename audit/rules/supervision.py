"""Something must bring a dead worker back (8.5)."""

from collections.abc import Sequence

from audit.model.facts import Process
from audit.model.findings import Finding, Outcome, Problem, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.rule import Guide, defect, established, rule, undetermined

_DOC = "https://docs.celeryq.dev/en/stable/userguide/daemonizing.html"
_BY = {
    "loop": "une boucle de redémarrage",
    "supervisor": "supervisord",
    "systemd": "systemd",
    "compose": "Docker Compose",
    "kubernetes": "Kubernetes",
}
_LOOP = """\
while true; do
    {command} || true
    echo "worker arrêté, redémarrage dans 5 s"
    sleep 5
done &"""


def _who(restart: str) -> str:
    """Who restarts; a hosting platform says so in its documentation, not in the file."""
    if restart == "platform":
        return "D'après sa documentation, la plateforme d'hébergement"
    return _capital(_BY.get(restart, restart))


def _brought_back(known: TargetFacts, worker: Process) -> Finding:
    places = [e for e in (worker.excerpt, worker.runner) if e]
    text = f"{_who(worker.restart)} relance le worker (`{worker.excerpt.path}`)"
    return established(text, *(known.source.evidence(e) for e in places))


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
    defective={"start.sh": "celery -A app worker"},
    sound={
        "start.sh": """
            while true; do
                celery -A app worker || true
                sleep 5
            done
        """,
    },
)
def _supervised(known: TargetFacts) -> Sequence[Finding]:
    sentence = "Un superviseur relance les workers"
    workers = known.workers
    if not workers:
        return [
            undetermined(
                sentence, "aucun fichier de démarrage ne lance de worker Celery", "renseigner `target.process_files`"
            )
        ]
    restarted = [w for w in workers if w.restart]
    bare = [w for w in workers if not w.restart and not w.doubt]
    if not bare:
        doubts = dict.fromkeys(w.doubt for w in workers if w.doubt)
        return [
            *(_brought_back(known, w) for w in restarted),
            *(undetermined(sentence, doubt, "préciser `target.process_files`") for doubt in doubts),
        ]
    path = bare[0].excerpt.path
    problem = Problem(
        title="Pas de redémarrage automatique des workers",
        severity=Severity.MINOR,
        impact="Faible",
        recommendation="Ajouter supervisord ou boucle de redémarrage",
        situation=(bare[0].excerpt,),
        solution=_LOOP.format(command=_aligned(known, bare[0])),
        solution_language="bash",
    )
    text = f"Le script `{path}` ne redémarre pas automatiquement les workers crashés"
    evidence = known.source.evidence(bare[0].excerpt)
    others = [w.excerpt.path for w in restarted if w.excerpt.path != path]
    if others and not known.target.process_files:
        note = f"{text}, mais `{others[0]}` les relance : préciser lequel sert en production (`target.process_files`)"
        return [Finding(Outcome.RESERVATION, note, (evidence,), problem=problem)]
    found = [defect(text, problem, evidence)]
    if not restarted:
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
