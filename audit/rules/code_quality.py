"""The code's own quality, from what tools and test runs say (family 10)."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import takewhile

from audit.french.typography import counted, french_integer, french_moment, french_percent
from audit.model.domains import conclude
from audit.model.findings import Finding, Problem, Severity
from audit.model.quality_facts import QualityFacts, ResultFile, ToolRun
from audit.model.target_facts import TargetFacts
from audit.model.test_files import globs_of_test_files
from audit.rules.concluded_points import Wrong, concluded
from audit.rules.domains.quality_domain import coverage_run, test_run, tool_run
from audit.rules.example import Example
from audit.rules.rule import Guide, Rule, rule, undetermined

_DOC = "https://docs.astral.sh/ruff/rules/"
_LEAST_COVERAGE = 0.80
_LEFT_OUT = re.compile(r" --extend-exclude ('[^']*'|\S+)")
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
    example: Example,
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
            example=example,
        )(check)

    return named


def _complaints(run: ToolRun, facts: QualityFacts, title: str, recommendation: str) -> list[Wrong]:
    if not run.complaints:
        return []
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
    told = counted(len(run.complaints), "signalement")
    sentence = f"{title} : {told} de `{run.command.split()[0]}`, dont `{run.complaints[0]}`"
    return [Wrong(sentence, problem, (facts.evidence(commande=run.command),))]


def _nothing(_: ToolRun) -> tuple[Wrong, ...]:
    return ()


def _tool(
    facts: QualityFacts, question: str, sound: str, title: str, recommendation: str, *, intended: bool = False
) -> Finding:
    """What the tool says, which is all that a pass, `sound`, tells; where it may be `intended`, a complaint is a reservation."""

    def faults(run: ToolRun) -> list[Wrong]:
        return _complaints(run, facts, title, recommendation)

    domain = tool_run(facts, question)
    answer = conclude(domain, _nothing, possible_of=faults) if intended else conclude(domain, faults)
    command = facts.runs[question].command
    tool = command.split()[0] if command else ""
    told = f"{_without_paths(command)} ne signale {sound}"
    if question == "dead-code" and tool in facts.configured:
        ignored = facts.runs[question].ignored
        told = f"`{tool}`, réglé par la cible (`{facts.configured[tool]}`{ignored and f' : {ignored}'}), ne signale {sound}"
    return concluded(sound[:1].upper() + sound[1:], answer, facts.evidence(commande=command), told=told)


def _without_paths(command: str) -> str:
    """A command for a sentence: the paths that it leaves out are counted, those of tests last and apart, and the evidence names them."""
    left_out = [glob.strip("'") for glob in _LEFT_OUT.findall(command)]
    aside = len([*takewhile({*globs_of_test_files("")}.__contains__, reversed(left_out))])
    told = [counted(len(left_out) - aside, "chemin exclu")] if len(left_out) > aside else []
    told += [f"{counted(aside, 'motif')} de fichiers de test, de documentation et d'exemples"] if aside else []
    return f"`{_LEFT_OUT.sub('', command)}`" + (f" (hors {' et '.join(told)})" if told else "")


@_quality(
    "dead-code",
    "Code mort",
    requirement="10.1",
    asked="Pas de code mort",
    passes="L'outil de la cible ne signale aucun code mort",
    fails="Du code n'est appelé par personne",
    solution="vulture application/",
    example={
        "pyproject.toml": """
            [tool.vulture]
            paths = ["app.py"]
        """,
        "app.py": """
            def send(message_id):
                return message_id«
                print("sent")¦»


            send(1)
        """,
    },
)
def _dead_code(facts: QualityFacts) -> Finding:
    return _tool(facts, "dead-code", "aucun code mort", "Code mort", "Supprimer ce que personne n'appelle")


@_quality(
    "unused-imports",
    "Imports inutilisés",
    requirement="10.2",
    asked="Pas d'import inutilisé",
    passes="`ruff` ne signale aucun import inutilisé",
    fails="Des imports sont inutilisés",
    solution="ruff check --select F401 --fix",
    example="""
        import os«
        import sys¦»

        print(os.getcwd())
    """,
)
def _unused_imports(facts: QualityFacts) -> Finding:
    return _tool(facts, "unused-imports", "aucun import inutilisé", "Imports inutilisés", "Supprimer ces imports")


@_quality(
    "stray-prints",
    "`print` de mise au point",
    requirement="10.3",
    asked="Pas de `print` hors des tests",
    passes="`ruff` ne signale aucun `print`, hors des chemins exclus",
    fails="Des `print` de mise au point restent",
    solution="ruff check --select T20",
    example="""
        «¦import logging


        »def send(message_id):
            «print(message_id)¦logging.getLogger(__name__).info("sent %s", message_id)»
    """,
)
def _stray_prints(facts: QualityFacts) -> Finding:
    return _tool(
        facts,
        "stray-prints",
        "aucun `print`",
        "Appels à `print` dont seul l'auteur sait s'ils servent à la mise au point",
        "Les remplacer par le journal, ou les déclarer voulus (`# noqa: T201`)",
        intended=True,
    )


@_quality(
    "tests-pass",
    "Tests",
    requirement="10.4",
    asked="Tous les tests passent",
    passes="Aucun test de la cible n'échoue, d'après le fichier de résultats",
    fails="Des tests de la cible échouent",
    solution="pytest --junitxml=junit.xml",
    example={
        "audit.toml": """
            [quality]
            junit = "junit.xml"
        """,
        "junit.xml": '<testsuites><testsuite tests="7" failures="«1¦0»" errors="0" skipped="2"/></testsuites>',
    },
)
def _tests_pass(facts: QualityFacts) -> Finding:
    result, sound = facts.junit, "Aucun test de la cible n'échoue"

    def faults(run: ResultFile) -> list[Wrong]:
        broken = run.numbers["failures"] + run.numbers["errors"]
        problem = Problem("Des tests échouent", Severity.MINOR, "Moyen", "Corriger ce que ces tests montrent")
        text = f"Des tests échouent : {broken} sur {run.numbers['tests']} (`{run.path}`)"
        return [Wrong(text, problem, (evidence,))] if broken else []

    evidence = facts.evidence(None, fichier=result.path, empreinte=result.digest, **result.numbers)
    answer = conclude(test_run(result), faults)
    return concluded(sound, answer, evidence, told=_passed(result, sound), settles=_again(result))


def _passed(result: ResultFile, sound: str) -> str:
    told = {"tests": 0, "skipped": 0, "others": 0, **result.numbers}
    ran = counted(told["tests"] - told["skipped"], "test passé")
    none = ", aucun laissé de côté" if "skipped" in result.numbers else ""
    skipped = f", {counted(told['skipped'], 'autre')} sans objet ou laissés de côté" if told["skipped"] else none
    count = told["others"]
    several = f"{french_integer(count)} autres ne portent" if count > 1 else "1 autre ne porte"
    others = f" ({several} que sur ce que la cible exclut)" if count else ""
    return f"{sound} : {ran}{skipped}{others}, d'après `{result.path}`. {_origin(result)}"


def _origin(result: ResultFile) -> str:
    """Which file says it: its date, which is later than the tree's last change, and its digest."""
    written = datetime.fromtimestamp(result.written_at, UTC)
    return (
        f"Cet audit n'a pas écrit ce fichier, qui est du {french_moment(written)}, plus récent que l'arbre (SHA-256 "
        f"`{result.digest[:12]}`) ; rien n'y dit quel arbre a été testé"
    )


@_quality(
    "test-coverage",
    "Couverture",
    requirement="10.5",
    asked="Couverture des tests",
    passes="La couverture des tests, sur le code de la cible, est supérieure à 80 %",
    fails="La couverture des tests, sur le code de la cible, est de 80 % ou moins",
    solution="coverage run -m pytest && coverage xml",
    example={
        "audit.toml": """
            [quality]
            coverage = "coverage.xml"
        """,
        "app.py": "x = 1\ny = 2\n",
        "coverage.xml": """
            <coverage lines-valid="2" lines-covered="«1¦2»"><class filename="app.py">
              <line number="1" hits="1"/><line number="2" hits="«0¦1»"/>
            </class></coverage>
        """,
    },
)
def _coverage(facts: QualityFacts) -> Finding:
    result, sound = facts.coverage, "Couverture des tests supérieure à 80 %"
    evidence = facts.evidence(None, fichier=result.path, empreinte=result.digest, **result.numbers)
    share = result.numbers.get("covered", 0) / max(result.numbers.get("valid", 0), 1)
    files = counted(result.numbers.get("files", 0), "fichier")
    others = result.numbers.get("others", 0)
    beside = f" ({french_integer(others)} autres n'en sont pas)" if others else ""
    shown = f"{french_percent(share)} des lignes et des branches de {files} de la cible{beside}, d'après `{result.path}`. {_origin(result)}"

    def faults(_: ResultFile) -> list[Wrong]:
        problem = Problem(
            "Couverture insuffisante", Severity.MINOR, "Moyen", "Tester ce qui ne l'est pas, et le mesurer"
        )
        text = f"Couverture des tests de 80 % ou moins : {shown}"
        return [] if share > _LEAST_COVERAGE else [Wrong(text, problem, (evidence,))]

    answer = conclude(coverage_run(result), faults)
    return concluded(sound, answer, evidence, told=f"{sound} : {shown}", settles=_again(result))


@_quality(
    "uniform-style",
    "Style uniforme",
    requirement="10.6",
    asked="Style uniforme",
    passes="L'outil de style de la cible ne signale rien à reformater",
    fails="Le style n'est pas uniforme",
    solution="ruff format",
    example={
        "ruff.toml": "line-length = 100",
        "app.py": "total = {«'a':1 ¦\"a\": 1»}",
    },
)
def _uniform_style(facts: QualityFacts) -> Finding:
    return _tool(
        facts, "uniform-style", "rien à reformater", "Style non uniforme", "Appliquer l'outil de style de la cible"
    )


def _again(result: ResultFile) -> str:
    return f"lancer les tests de la cible, qui écrivent `{result.path}`, puis l'audit" if result.path else ""
