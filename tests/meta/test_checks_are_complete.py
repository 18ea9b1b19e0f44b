"""Every question that profile strict asks of the reference stack is a check, under the criterion it bears on."""

import importlib
from pathlib import Path

from audit.experiments import EXPERIMENTS
from audit.profiles import STRICT
from audit.rules import RULES

CHECKS = Path(__file__).resolve().parents[2] / "checks"


def test_every_question_is_asked_once_under_its_criterion() -> None:
    requirements = {r.id: r.requirements for r in RULES} | {e.id: e.requirements for e in EXPERIMENTS}
    asked: list[str] = []
    for path in sorted(CHECKS.glob("test_*.py")):
        criterion = ".".join(path.stem.split("_")[1:3]) if path.stem != "test_bonnes_pratiques" else ""
        questions = importlib.import_module(f"checks.{path.stem}").QUESTIONS
        asked += questions
        assert not criterion or all(criterion in requirements[question] for question in questions), path.name
    assert sorted(asked) == sorted(i for ids in STRICT.categories.values() for i in ids)
