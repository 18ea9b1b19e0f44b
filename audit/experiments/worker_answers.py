"""8.4: the worker in service has the settings of delivery that an import of the target gives."""

from collections.abc import Sequence
from typing import Any

from audit.experiments.abilities import AskedWorker
from audit.experiments.experiment import Experiment, Record
from audit.french.typography import counted
from audit.model.findings import Finding, Outcome, Problem, Severity

_ID = "worker-answers"
_SHOWN = 8


def run(driver: AskedWorker, record: Record) -> Sequence[Finding]:
    """Each worker is asked for its settings and its tasks; what differs from the import is a defect, by name."""
    nodes = {node: answers for node, answers in driver.worker_answers().items() if answers}
    if not nodes:
        missing = "aucun worker ne répond à `inspect` (`worker_enable_remote_control`, ou un autre obstacle)"
        return [Finding(Outcome.UNDETERMINED, EXPERIMENT.title, missing=missing)]
    settings = sum(len(answers["conf"]) for answers in nodes.values())
    tasks = sum(len(answers["tasks"]) for answers in nodes.values())
    different = [one for answers in nodes.values() for kind in ("conf", "tasks") for one in _different(answers[kind])]
    record.figure("Workers interrogés", len(nodes))
    record.figure("Réglages comparés", settings)
    record.figure("Tâches comparées", tasks)
    record.figure("Différences", len(different))
    record.note(f"`inspect` : {counted(len(nodes), 'worker')}, {counted(len(different), 'différence')}")
    evidence = (record.evidence(_ID),)
    if different:
        sentence = (
            f"Le worker en marche ne répond pas ce que l'import de la cible donne : {' ; '.join(different[:_SHOWN])}"
        )
        problem = Problem(
            title="Le worker en marche a d'autres réglages que ceux qui sont lus",
            severity=Severity.CRITICAL,
            impact="Bloquant : du travail est perdu ou s'arrête",
            recommendation="Régler la livraison dans la configuration, et non dans un signal de démarrage du worker",
            situation_text="\n".join(different),
        )
        return [Finding(Outcome.DEFECT, sentence, evidence, problem=problem)]
    sentence = (
        f"Le worker en marche répond (`inspect`) ce que l'import de la cible donne : {counted(settings, 'réglage')} et "
        f"{counted(tasks, 'tâche')}, sur {counted(len(nodes), 'worker')}"
    )
    return [Finding(Outcome.ESTABLISHED, sentence, evidence)]


def _different(pairs: dict[str, list[Any]]) -> list[str]:
    return [
        f"`{name}` : `{running}` au lieu de `{read}`"
        for name, (read, running) in sorted(pairs.items())
        if read != running
    ]


EXPERIMENT = Experiment(_ID, "Réponses du worker en marche", ("8.4",), run, AskedWorker, decides=())
