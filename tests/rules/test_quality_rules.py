"""The rules of family 10 on a small tree: sound, then with one defect each, through the real tools."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from audit import reading as source
from audit.model.findings import Finding, Level, Outcome
from audit.model.quality_facts import ToolRun
from audit.model.target_facts import TargetFacts
from audit.quality import quality_probe as probe
from audit.quality import static_tools as tools
from audit.rules import every_rule
from audit.rules.rule import Rule
from audit.target.target_file import load_target
from tests.rules.example_projects import write

RULES = {rule.id: rule for rule in every_rule() if rule.category == "Qualité du Code"}
TREE = {
    "pyproject.toml": "[tool.ruff]\nformat.quote-style = 'preserve'\n[tool.vulture]\npaths = ['app.py', 'main.py']\n",
    "audit.toml": "[quality]\njunit = 'build/junit.xml'\ncoverage = 'build/coverage.xml'\n",
    "app.py": "import os\n\n\ndef here() -> str:\n    return os.getcwd()\n",
    "main.py": "from app import here\n\nhere()\n",
    "tests/test_app.py": "def test_it():\n    print('seen')\n",
    "build/junit.xml": "<testsuites><testsuite tests='7' failures='0' errors='0' skipped='2'/></testsuites>",
    "build/coverage.xml": "",
}


def coverage(covered: int, lines: int, name: str = "app.py", beside: str = "") -> str:
    """A report of coverage: of `name`, with so many lines covered, of `main.py`, and of `beside`."""
    told = "".join(f'<line number="{n}" hits="{int(n <= covered)}"/>' for n in range(1, lines + 1))
    rest = "".join(f'<class filename="{path}"/>' for path in ("main.py", beside) if path)
    return f'<coverage lines-valid="{lines}"><class filename="{name}">{told}</class>{rest}</coverage>'


TREE["build/coverage.xml"] = coverage(89, 100)
Answer = Callable[..., Finding]


@pytest.fixture
def answer(tmp_path: Path) -> Answer:
    def of(rule: str, path: str = "", text: str | None = "") -> Finding:
        for name, content in (TREE | ({path: text} if path else {})).items():
            if content is not None:
                (tmp_path / name).parent.mkdir(exist_ok=True)
                (tmp_path / name).write_text(content, encoding="utf-8")
        (finding,) = evaluate(RULES[rule], tmp_path)
        return finding

    return of


def evaluate(rule: Rule, root: Path) -> tuple[Finding, ...]:
    target = load_target(root)
    return rule.evaluate(TargetFacts(target, source.collect(target), None, probe.collect(target)))


def words(finding: Finding) -> str:
    return f"{finding.sentence} {finding.missing}".replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("dead-code", "`vulture`, réglé par la cible (`pyproject.toml`), ne signale aucun code mort"),
        ("unused-imports", "--select F401"),
        ("stray-prints", "ne signale aucun `print`"),
        (
            "tests-pass",
            "5 tests passés, 2 autres sans objet ou laissés de côté, d'après `build/junit.xml`. Cet audit n'a pas écrit ce fichier, qui est du ",
        ),
        ("test-coverage", "89,0 % des lignes et des branches de 2 fichiers de la cible"),
        ("uniform-style", "`ruff format --check --no-cache .` ne signale rien à reformater"),
    ],
)
def test_a_sound_tree(rule: str, told: str, answer: Answer) -> None:
    finding = answer(rule)
    assert (finding.outcome, finding.level) == (Outcome.ESTABLISHED, Level.SOURCE), finding
    assert told in words(finding)


def test_what_a_tool_is_told_to_ignore_is_said(answer: Answer, tmp_path: Path) -> None:
    """« ce que l'outil ne voit pas » stood beside a hundred names that nobody counted."""
    kept = 'min_confidence = 60\nignore_names = ["a", "b_*"]\npaths = ["app.py", "main.py", "checks"]\n'
    answer("dead-code", "checks/x.py", "x = 1\nprint(x)\n")
    (tmp_path / "pyproject.toml").write_text(f"[tool.vulture]\n{kept}", encoding="utf-8")
    (tmp_path / "audit.toml").write_text('[target]\nexclude = ["checks"]\n', encoding="utf-8")
    (finding,) = evaluate(RULES["dead-code"], tmp_path)
    told = "(`pyproject.toml` : confiance 60 %, 2 noms ignorés, ce qu'appelle `checks`, hors de la cible, compte"
    assert told in words(finding)


def test_no_test_left_out_is_said(answer: Answer) -> None:
    told = words(answer("tests-pass", "build/junit.xml", '<testsuite tests="3" failures="0" errors="0" skipped="0"/>'))
    assert "3 tests passés, aucun laissé de côté, d'après `build/junit.xml`. Cet" in told


@pytest.mark.parametrize(
    ("rule", "path", "text", "outcome", "told"),
    [
        ("dead-code", "app.py", TREE["app.py"] + "\n\ndef gone():\n    pass\n", Outcome.DEFECT, "unused function"),
        ("dead-code", "pyproject.toml", None, Outcome.UNDETERMINED, "la cible ne règle pas `vulture`"),
        ("unused-imports", "app.py", "import sys\n" + TREE["app.py"], Outcome.DEFECT, "1 signalement de `ruff`"),
        ("stray-prints", "main.py", "print(1)\n", Outcome.RESERVATION, "dont seul l'auteur sait"),
        ("tests-pass", "build/junit.xml", "<testsuite tests='3' errors='1'/>", Outcome.DEFECT, "échouent : 1 sur 3"),
        ("tests-pass", "build/junit.xml", "<testsuite tests='0'/>", Outcome.UNDETERMINED, "ne compte rien"),
        ("tests-pass", "build/junit.xml", "<testsuite", Outcome.UNDETERMINED, "ne peut pas servir"),
        ("tests-pass", "build/junit.xml", "<a/>", Outcome.UNDETERMINED, "aucun `testsuite`"),
        ("tests-pass", "build/junit.xml", "<!DOCTYPE a><a/>", Outcome.UNDETERMINED, "définit des entités"),
        ("tests-pass", "build/junit.xml", None, Outcome.UNDETERMINED, "est absent"),
        ("tests-pass", "audit.toml", "", Outcome.UNDETERMINED, "ne nomme aucun fichier"),
        (
            "test-coverage",
            "build/coverage.xml",
            coverage(80, 100),
            Outcome.DEFECT,
            "80 % ou moins : 80,0 %",
        ),
        (
            "test-coverage",
            "build/coverage.xml",
            coverage(9, 10, "elsewhere.py"),
            Outcome.UNDETERMINED,
            "ne compte rien de la cible",
        ),
        (
            "test-coverage",
            "build/coverage.xml",
            coverage(9, 10).replace("main.py", "beside.py"),
            Outcome.UNDETERMINED,
            "`main.py` n'est pas mesuré (absent de `build/coverage.xml`)",
        ),
        ("test-coverage", "build/coverage.xml", "<other/>", Outcome.UNDETERMINED, "pas un rapport de couverture"),
        ("uniform-style", "main.py", "x  =  1\n", Outcome.DEFECT, "main.py"),
        ("uniform-style", "pyproject.toml", "", Outcome.UNDETERMINED, "ne règle ni `ruff` ni `black`"),
        ("uniform-style", "main.py", "def (\n", Outcome.UNDETERMINED, "`ruff` a échoué (code 2)"),
    ],
)
def test_a_seeded_defect(rule: str, path: str, text: str | None, outcome: Outcome, told: str, answer: Answer) -> None:
    finding = answer(rule, path, text)
    assert finding.outcome is outcome, finding
    assert told in words(finding)


def test_results_older_than_the_code_say_nothing(answer: Answer, tmp_path: Path) -> None:
    answer("tests-pass")
    os.utime(tmp_path / "build" / "junit.xml", (1, 1))
    (finding,) = evaluate(RULES["tests-pass"], tmp_path)
    assert (finding.outcome, "antérieur au dernier changement" in finding.missing) == (Outcome.UNDETERMINED, True)


def test_unreachable_code_is_dead_whatever_the_target_configures(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def here():\n    return 1\n    here()\n", encoding="utf-8")
    (finding,) = evaluate(RULES["dead-code"], tmp_path)
    assert (finding.outcome, "unreachable code" in finding.sentence) == (Outcome.DEFECT, True)


def test_without_the_probe_nothing_is_known(tmp_path: Path) -> None:
    target = load_target(tmp_path)
    for rule in RULES.values():
        (finding,) = rule.evaluate(TargetFacts(target, source.collect(target)))
        assert finding.outcome is Outcome.UNDETERMINED


def test_a_tree_without_python_has_no_unused_import(tmp_path: Path) -> None:
    (finding,) = evaluate(RULES["unused-imports"], tmp_path)
    assert (finding.outcome, "aucun fichier Python" in finding.missing) == (Outcome.UNDETERMINED, True)


def test_a_tool_that_is_not_installed(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.black]\n", encoding="utf-8")
    run = tools.run(load_target(tmp_path), "uniform-style")
    assert run == ToolRun("black --check --quiet .", why_unknown="`black` n'est pas installé")


def test_what_is_no_toml_configures_nothing(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[", encoding="utf-8")
    assert tools.configured(tmp_path) == {}
    (tmp_path / "ruff.toml").touch()
    assert tools.configured(tmp_path) == {"ruff": "ruff.toml"}


_BESIDE = {
    "audit.toml": "[target]\nexclude = ['harness', 'tests']\n[quality]\njunit = 'junit.xml'\ncoverage = 'coverage.xml'\n",
    "app.py": "def here():\n    return 1\n",
    "harness/run.py": "def run():\n    return 1\n",
    "tests/test_app.py": "from app import here\n",
    "tests/test_run.py": "import harness.run\n",
}
_CASE = '<testcase classname="tests.test_{}" name="test_it">{}</testcase>'


@pytest.mark.parametrize(
    ("app", "run", "outcome", "told"),
    [
        (
            "",
            "<failure/>",
            Outcome.ESTABLISHED,
            "1 autre ne porte que sur ce que la cible exclut",
        ),
        ("<failure/>", "", Outcome.DEFECT, "échouent : 1 sur 1"),
        (None, "", Outcome.UNDETERMINED, "ne compte rien de la cible"),
    ],
)
def test_results_of_what_the_target_excludes_are_not_its_own(
    app: str | None, run: str, outcome: Outcome, told: str, tmp_path: Path
) -> None:
    cases = _CASE.format("run", run) + ("" if app is None else _CASE.format("app", app))
    write(tmp_path, {**_BESIDE, "junit.xml": f"<testsuite tests='9'>{cases}</testsuite>"})
    (finding,) = evaluate(RULES["tests-pass"], tmp_path)
    assert (finding.outcome, told in words(finding)) == (outcome, True), words(finding)


@pytest.mark.parametrize(
    ("of_app", "of_harness", "outcome"),
    [(3, 10, Outcome.DEFECT), (9, 0, Outcome.ESTABLISHED)],
)
def test_coverage_of_what_the_target_excludes_is_not_its_own(
    of_app: int, of_harness: int, outcome: Outcome, tmp_path: Path
) -> None:
    shown = [coverage(n, 10, name) for n, name in ((of_app, "app.py"), (of_harness, "harness/run.py"))]
    inside = "".join(text.partition(">")[2].removesuffix("</coverage>") for text in shown)
    write(tmp_path, {**_BESIDE, "coverage.xml": f"<coverage lines-valid='20'>{inside}</coverage>"})
    (finding,) = evaluate(RULES["test-coverage"], tmp_path)
    assert finding.outcome is outcome, words(finding)
