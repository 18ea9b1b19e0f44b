"""Whether every task is registered, which only an import tells: on small real targets."""

from pathlib import Path

import pytest

from audit.known import Known
from audit.model import Finding, Outcome
from audit.probes import configuration, source
from audit.rules.inventory import RULES
from audit.target import Target

RULE = next(rule for rule in RULES if rule.id == "tasks-included")
APP = 'from celery import Celery\napp = Celery("shop", include=["shop.tasks"{more}])\n'
TASK = "from celery import shared_task\n\n\n@shared_task\ndef {name}(): ...\n"


def answer(root: Path, *, imported: bool = True, more: str = "", **modules: str) -> Finding:
    package = root / "shop"
    package.mkdir()
    texts = {"__init__": "", "main": APP.replace("{more}", more), "tasks": TASK.format(name="sweep"), **modules}
    for name, text in texts.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    target = Target("shop", root, celery_app="shop.main:app")
    facts = configuration.collect(target) if imported else None
    (finding,) = RULE.evaluate(Known(target, source.collect(target), facts))
    return finding


def test_every_task_is_imported(tmp_path: Path) -> None:
    assert answer(tmp_path).outcome is Outcome.ESTABLISHED


@pytest.mark.parametrize(
    "jobs",
    [
        TASK.format(name="clean"),
        'from shop.main import app\n\n\n@app.task(name="shop.clean")\ndef clean(): ...\n',
    ],
)
def test_a_module_of_tasks_that_nobody_imports(jobs: str, tmp_path: Path) -> None:
    finding = answer(tmp_path, jobs=jobs)
    assert (finding.outcome, "`shop.jobs` (`clean`)" in finding.sentence) == (Outcome.DEFECT, True), finding


def test_one_that_another_imports(tmp_path: Path) -> None:
    tasks = TASK.format(name="sweep") + "from shop import jobs\n"
    assert answer(tmp_path, tasks=tasks, jobs=TASK.format(name="clean")).outcome is Outcome.ESTABLISHED


def test_an_import_that_fails_leaves_it_open(tmp_path: Path) -> None:
    finding = answer(tmp_path, more=', "shop.absent"', jobs=TASK.format(name="clean"))
    assert (finding.outcome, "shop.absent" in finding.missing) == (Outcome.UNDETERMINED, True)


def test_without_an_import_it_cannot_tell(tmp_path: Path) -> None:
    assert answer(tmp_path, imported=False).outcome is Outcome.UNDETERMINED
