"""The code's own quality, from what tools and test runs say (family 10)."""

from collections.abc import Callable, Mapping, Sequence

from audit.french.typography import counted, french_percent
from audit.model.findings import Finding, Outcome, Problem, Severity
from audit.model.quality_facts import QualityFacts, ResultFile, ToolRun
from audit.model.target_facts import TargetFacts
from audit.rules.rule import Guide, Rule, defect, established, rule, undetermined

_DOC = "https://docs.astral.sh/ruff/rules/"
_LEAST_COVERAGE = 0.80
_Answer = Callable[[QualityFacts], Finding]


def _quality(
    identifier: str,
    title: str,
    *,
    requirement: str,
    asked: str,
    passes: str,
    fails: str,
    solution: str,
    defective: str | Mapping[str, str],
    sound: str | Mapping[str, str],
) -> Callable[[_Answer], Rule]:
    """Make an answer over what tools said a rule; `asked` is the sentence where no tool was called."""
    guide = Guide(
        severity=Severity.MINOR,
        passes=passes,
        fails=fails,
        advice="Corriger ce que l'outil signale",
        solution=solution,
        undetermined="l'outil ou le fichier de résultats qui le dirait manque",
        language="bash",
    )

    def named(answer: _Answer) -> Rule:
        def check(known: TargetFacts) -> Sequence[Finding]:
            if known.quality is None:
                return [undetermined(asked, "la sonde `quality` n'a pas été appelée")]
            return [answer(known.quality)]

        return rule(
            identifier,
            title,
            category="Qualité du Code",
            requirements=(requirement,),
            decides=(requirement,),
            reference=_DOC,
            guide=guide,
            defective=defective,
            sound=sound,
        )(check)

    return named


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
    facts: QualityFacts,
    question: str,
    sound: str,
    title: str,
    recommendation: str,
    *,
    outcome: Outcome = Outcome.DEFECT,
) -> Finding:
    run = facts.runs[question]
    if run.why_unknown:
        return undetermined(sound, run.why_unknown)
    if run.complaints:
        return _complaint(run, facts, title, recommendation, outcome)
    return established(f"{sound} : `{run.command}` ne signale rien", facts.evidence(commande=run.command))


@_quality(
    "dead-code",
    "Code mort",
    requirement="10.1",
    asked="Pas de code mort",
    passes="Aucun code mort n'a été trouvé",
    fails="Du code n'est appelé par personne",
    solution="vulture application/",
    defective={
        "pyproject.toml": """
            [tool.vulture]
            paths = ["app.py"]
        """,
        "app.py": """
            def send(message_id):
                return message_id
                print("sent")


            send(1)
        """,
    },
    sound={
        "pyproject.toml": """
            [tool.vulture]
            paths = ["app.py"]
        """,
        "app.py": """
            def send(message_id):
                return message_id


            send(1)
        """,
    },
)
def _dead_code(facts: QualityFacts) -> Finding:
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


@_quality(
    "unused-imports",
    "Imports inutilisés",
    requirement="10.2",
    asked="Pas d'import inutilisé",
    passes="Aucun import n'est inutilisé",
    fails="Des imports sont inutilisés",
    solution="ruff check --select F401 --fix",
    defective="""
        import os
        import sys

        print(os.getcwd())
    """,
    sound="""
        import os

        print(os.getcwd())
    """,
)
def _unused_imports(facts: QualityFacts) -> Finding:
    return _tool(facts, "unused-imports", "Pas d'import inutilisé", "Imports inutilisés", "Supprimer ces imports")


@_quality(
    "stray-prints",
    "`print` de mise au point",
    requirement="10.3",
    asked="Pas de `print` hors des tests",
    passes="Aucun `print` hors des tests",
    fails="Des `print` de mise au point restent",
    solution="ruff check --select T20",
    defective="""
        def send(message_id):
            print(message_id)
    """,
    sound="""
        import logging


        def send(message_id):
            logging.getLogger(__name__).info("sent %s", message_id)
    """,
)
def _stray_prints(facts: QualityFacts) -> Finding:
    return _tool(
        facts,
        "stray-prints",
        "Pas de `print` hors des tests",
        "Appels à `print` dont seul l'auteur sait s'ils servent à la mise au point",
        "Les remplacer par le journal, ou les déclarer voulus (`# noqa: T201`)",
        outcome=Outcome.RESERVATION,
    )


@_quality(
    "tests-pass",
    "Tests",
    requirement="10.4",
    asked="Tous les tests passent",
    passes="Tous les tests passent",
    fails="Des tests échouent",
    solution="pytest --junitxml=junit.xml",
    defective={
        "audit.toml": """
            [quality]
            junit = "junit.xml"
        """,
        "junit.xml": '<testsuites><testsuite tests="7" failures="1" errors="0" skipped="2"/></testsuites>',
    },
    sound={
        "audit.toml": """
            [quality]
            junit = "junit.xml"
        """,
        "junit.xml": '<testsuites><testsuite tests="7" failures="0" errors="0" skipped="2"/></testsuites>',
    },
)
def _tests_pass(facts: QualityFacts) -> Finding:
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


@_quality(
    "test-coverage",
    "Couverture",
    requirement="10.5",
    asked="Couverture des tests",
    passes="La couverture des tests est supérieure à 80 %",
    fails="La couverture des tests est de 80 % ou moins",
    solution="coverage run -m pytest && coverage xml",
    defective={
        "audit.toml": """
            [quality]
            coverage = "coverage.xml"
        """,
        "coverage.xml": '<coverage lines-valid="90" lines-covered="50" branches-valid="10" branches-covered="9"/>',
    },
    sound={
        "audit.toml": """
            [quality]
            coverage = "coverage.xml"
        """,
        "coverage.xml": '<coverage lines-valid="90" lines-covered="80" branches-valid="10" branches-covered="9"/>',
    },
)
def _coverage(facts: QualityFacts) -> Finding:
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


@_quality(
    "uniform-style",
    "Style uniforme",
    requirement="10.6",
    asked="Style uniforme",
    passes="Le style est uniforme",
    fails="Le style n'est pas uniforme",
    solution="ruff format",
    defective={
        "ruff.toml": "line-length = 100",
        "app.py": "total = {'a':1 }",
    },
    sound={
        "ruff.toml": "line-length = 100",
        "app.py": 'total = {"a": 1}',
    },
)
def _uniform_style(facts: QualityFacts) -> Finding:
    return _tool(
        facts, "uniform-style", "Style uniforme", "Style non uniforme", "Appliquer l'outil de style de la cible"
    )


def _unread(result: ResultFile, total: str) -> str:
    """Why the file says nothing, as a French sentence; empty when it does."""
    return result.why_unknown or ("" if result.numbers.get(total, 0) > 0 else f"`{result.path}` ne compte rien")


def _again(result: ResultFile) -> str:
    return f"lancer les tests de la cible, qui écrivent `{result.path}`, puis l'audit" if result.path else ""
