"""The code's own quality, from what tools and test runs say (family 10)."""

from collections.abc import Callable, Sequence

from audit.french.typography import counted, french_percent
from audit.model.findings import Finding, Outcome, Problem, Severity
from audit.model.quality_facts import QualityFacts, ResultFile, ToolRun
from audit.model.target_facts import TargetFacts
from audit.rules.rule import Rule, defect, established, undetermined

_DOC = "https://docs.astral.sh/ruff/rules/"
_CATEGORY = "Qualité du Code"
_LEAST_COVERAGE = 0.80
_Answer = Callable[[TargetFacts, QualityFacts], Finding]


def _about(answer: _Answer, sentence: str) -> Callable[[TargetFacts], Sequence[Finding]]:
    def check(known: TargetFacts) -> Sequence[Finding]:
        if known.quality is None:
            return [undetermined(sentence, "la sonde `quality` n'a pas été appelée")]
        return [answer(known, known.quality)]

    return check


def _complaint(run: ToolRun, facts: QualityFacts, title: str, recommendation: str, outcome: Outcome) -> Finding:
    shown = "\n".join(run.complaints[:20]) + ("\n…" if len(run.complaints) > 20 else "")
    problem = Problem(
        title=title,
        severity=Severity.MINOR,
        impact="Faible",
        recommendation=recommendation,
        situation_text=f"`{run.command}` répond :",
        solution=shown,
        solution_language="text",
    )
    sentence = f"{title} : {counted(len(run.complaints), 'signalement')} de `{run.command.split()[0]}`, dont `{run.complaints[0]}`"
    return Finding(outcome, sentence, (facts.evidence(commande=run.command),), problem=problem)


def _tool(
    question: str, sound: str, title: str, recommendation: str, outcome: Outcome = Outcome.DEFECT
) -> Callable[[TargetFacts], Sequence[Finding]]:
    def answer(_: TargetFacts, facts: QualityFacts) -> Finding:
        run = facts.runs[question]
        if run.why_unknown:
            return undetermined(sound, run.why_unknown)
        if run.complaints:
            return _complaint(run, facts, title, recommendation, outcome)
        return established(f"{sound} : `{run.command}` ne signale rien", facts.evidence(commande=run.command))

    return _about(answer, sound)


def _dead_code(_: TargetFacts, facts: QualityFacts) -> Finding:
    run, sound = facts.runs["dead-code"], "Pas de code mort"
    if run.why_unknown:
        return undetermined(sound, run.why_unknown)
    if run.complaints:
        return _complaint(run, facts, "Code mort", "Supprimer ce que personne n'appelle", Outcome.DEFECT)
    if "vulture" not in facts.configured:
        missing = "la cible ne règle pas `vulture`, et rien ne dit quels noms ses cadriciels appellent ; aucun code sûrement mort"
        return undetermined(sound, missing)
    sentence = f"{sound} : `vulture`, réglé par la cible (`{facts.configured['vulture']}`), ne signale rien"
    return established(sentence, facts.evidence(commande=run.command))


def _tests_pass(_: TargetFacts, facts: QualityFacts) -> Finding:
    result, sound = facts.junit, "Tous les tests passent"
    if why := _unread(result, "tests"):
        return undetermined(sound, why, _again(result))
    told = result.numbers
    broken = told["failures"] + told["errors"]
    evidence = facts.evidence(None, fichier=result.path, **told)
    if not broken:
        ran = told["tests"] - told["skipped"]
        skipped = f", {counted(told['skipped'], 'autre')} sans objet ou laissés de côté" if told["skipped"] else ""
        return established(f"{sound} : {counted(ran, 'test')} passés{skipped} (`{result.path}`)", evidence)
    title = "Des tests échouent"
    problem = Problem(title, Severity.MINOR, "Moyen", "Corriger ce que ces tests montrent")
    return defect(f"{title} : {broken} sur {told['tests']} (`{result.path}`)", problem, evidence)


def _coverage(_: TargetFacts, facts: QualityFacts) -> Finding:
    result, sound = facts.coverage, "Couverture des tests supérieure à 80 %"
    if why := _unread(result, "valid"):
        return undetermined(sound, why, _again(result))
    share = result.numbers["covered"] / result.numbers["valid"]
    shown = f"{french_percent(share)} des lignes et des branches mesurées (`{result.path}`)"
    evidence = facts.evidence(None, fichier=result.path, **result.numbers)
    if share > _LEAST_COVERAGE:
        return established(f"{sound} : {shown}", evidence)
    problem = Problem("Couverture insuffisante", Severity.MINOR, "Moyen", "Tester ce qui ne l'est pas, et le mesurer")
    return defect(f"Couverture des tests de 80 % ou moins : {shown}", problem, evidence)


def _unread(result: ResultFile, total: str) -> str:
    """Why the file says nothing, as a French sentence; empty when it does."""
    return result.why_unknown or ("" if result.numbers.get(total, 0) > 0 else f"`{result.path}` ne compte rien")


def _again(result: ResultFile) -> str:
    return f"lancer les tests de la cible, qui écrivent `{result.path}`, puis l'audit" if result.path else ""


RULES = (
    Rule("dead-code", "Code mort", _CATEGORY, ("10.1",), _DOC, _about(_dead_code, "Pas de code mort")),
    Rule(
        "unused-imports",
        "Imports inutilisés",
        _CATEGORY,
        ("10.2",),
        _DOC,
        _tool("unused-imports", "Pas d'import inutilisé", "Imports inutilisés", "Supprimer ces imports"),
    ),
    Rule(
        "stray-prints",
        "`print` de mise au point",
        _CATEGORY,
        ("10.3",),
        _DOC,
        _tool(
            "stray-prints",
            "Pas de `print` hors des tests",
            "Appels à `print` dont seul l'auteur sait s'ils servent à la mise au point",
            "Les remplacer par le journal, ou les déclarer voulus (`# noqa: T201`)",
            Outcome.RESERVATION,
        ),
    ),
    Rule("tests-pass", "Tests", _CATEGORY, ("10.4",), _DOC, _about(_tests_pass, "Tous les tests passent")),
    Rule("test-coverage", "Couverture", _CATEGORY, ("10.5",), _DOC, _about(_coverage, "Couverture des tests")),
    Rule(
        "uniform-style",
        "Style uniforme",
        _CATEGORY,
        ("10.6",),
        _DOC,
        _tool("uniform-style", "Style uniforme", "Style non uniforme", "Appliquer l'outil de style de la cible"),
    ),
)
