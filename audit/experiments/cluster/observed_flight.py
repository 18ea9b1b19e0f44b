"""From an observation file to the findings of the canary: what it saw on a cluster, judged as what the canary sees itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from audit.experiments.canary.canary_findings import Context, conclude
from audit.experiments.canary.canary_run import Flight
from audit.experiments.canary.questions import QUESTIONS, CanaryQuestion
from audit.experiments.canary.scenario_counts import Observation, observation
from audit.experiments.canary.shipped_stop import shipped_stop
from audit.experiments.canary.stop_scenario import WITHOUT_END
from audit.experiments.evidence_files import Dossier
from audit.experiments.experiment import Record
from audit.experiments.observation_file import Observations
from audit.french.typography import french_seconds
from audit.model.findings import Finding, Outcome
from audit.model.target_facts import TargetFacts

# A worker that pytest-celery starts again says nothing of what starts it again in production.
_NEVER = "8.5"
_SETTLES = "rejouer la fixture `celery_canary` sur cet arbre, ou relancer avec `--yes` sans ce fichier"


def observed_flight(
    evidence: Observations, known: TargetFacts, dossier: Dossier, questions: Sequence[CanaryQuestion] = QUESTIONS
) -> Flight:
    """Findings and records of each question; « indéterminé » with why for what this file does not tell."""
    foreign = _foreign(evidence, dossier)
    if foreign:
        return Flight({q.id: (_open(q, foreign),) for q in questions})
    seen_by = {record["scenario"]: observation(record) for record in evidence.document["observations"]}
    settings, stop = evidence.document["settings"], shipped_stop(known)
    # Without workers: of the files that start them, this says nothing.
    context = Context(settings, stop=stop)
    findings: dict[str, tuple[Finding, ...]] = {}
    records: dict[str, Record] = {}
    for question in questions:
        seen = seen_by.get(question.id)
        if seen is None:
            findings[question.id] = (_open(question, f"`{evidence.path}` ne contient pas ce scénario"),)
            continue
        found, record = conclude(question, seen, context)
        kept = tuple(replace(f, requirements=own) for f in found if (own := _without_return(f)))
        kept = kept or (_open(question, "le worker tué n'est pas revenu sur ce banc"),)
        findings[question.id] = _bounded(question, kept, seen, settings, stop)
        if not seen.not_played:
            records[question.id] = record
    return Flight(findings, records, _conditions(evidence))


def _foreign(evidence: Observations, dossier: Dossier) -> str:
    """Why this file cannot be said to bear on what is audited, in French; empty when it does."""
    digest, path = dossier.digest(), evidence.path
    if evidence.digest != digest:
        return f"`{path}` porte sur un autre arbre ({evidence.digest[:12]}) que celui-ci ({digest[:12]})"
    if hidden := dossier.hidden():
        return f"l'empreinte ne tient pas compte de tout le code ({hidden[0]}) : `{path}` peut porter sur un autre"
    audited, found = dossier.application(), evidence.document["applications"]
    if not audited:
        return f"aucune application Celery n'est trouvée dans la source auditée : `{path}` ne peut pas porter sur elle"
    if audited not in found:
        told = ", ".join(f"`{name}`" for name in found) or "une application qui n'est pas dans cet arbre"
        return f"`{path}` : le worker du banc exécute {told}, l'application auditée est `{audited}`"
    return ""


def _without_return(finding: Finding) -> tuple[str, ...]:
    return tuple(r for r in finding.requirements if r != _NEVER)


def _bounded(
    question: CanaryQuestion,
    found: tuple[Finding, ...],
    seen: Observation,
    settings: Mapping[str, Any],
    stop: Mapping[str, Any],
) -> tuple[Finding, ...]:
    """A sound stop is not concluded where the shipped files stop the worker otherwise than the cluster did."""
    established = all(f.outcome is Outcome.ESTABLISHED for f in found)
    if question.id != "canary-sigterm" or not established or seen.not_played:
        return found
    missing = _other_stop(settings, stop)
    return (_open(question, missing),) if missing else found


def _other_stop(settings: Mapping[str, Any], stop: Mapping[str, Any]) -> str:
    whose = f" (`{stop['path']}`)" if stop["path"] else ""
    if stop["group"] or stop["signal"] != "TERM" or stop["remapped"]:
        return (
            f"le banc envoie SIGTERM au processus principal, et les fichiers livrés arrêtent le worker autrement{whose}"
        )
    longest = settings["longest_task"] or stop["time_limit"]
    if stop["grace"] < WITHOUT_END and (longest is None or longest >= stop["grace"]):
        return (
            f"des tâches peuvent durer plus que le délai de grâce ({french_seconds(stop['grace'])}), ce que le banc n'a pas joué ; "
            "celles qui finissent à temps n'ont été ni perdues ni répétées"
        )
    return ""


def _open(question: CanaryQuestion, missing: str) -> Finding:
    return question.bind(Finding(Outcome.UNDETERMINED, question.title, missing=missing, settles=_SETTLES))


def _conditions(evidence: Observations) -> tuple[str, ...]:
    document = evidence.document
    return (
        (
            f"canari : joué par la fixture `celery_canary` sur un banc de pytest-celery (nœuds `{document['nodes']}`), lu dans `{evidence.path}`, "
            "fichier non signé, dont l'auteur répond ; le worker a été relancé par le banc, ce qui ne dit rien de 8.5"
        ),
    )
