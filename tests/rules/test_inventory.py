"""Whether every task is registered, which only an import tells: on small real targets."""

from pathlib import Path

import pytest

from audit import reading as source
from audit.importing import configuration_probe as configuration
from audit.model.findings import Finding, Outcome
from audit.model.target_facts import TargetFacts
from audit.rules import every_rule
from audit.target.target_file import Target

RULE = next(rule for rule in every_rule() if rule.id == "tasks-included")
PROCFILE = "worker: celery -A shop.main worker\n"
LATE = "def ask():\n    from shop.jobs import clean\n\n    clean.delay()\n"
APP = 'from celery import Celery\napp = Celery("shop", include=["shop.tasks"{more}])\n'
TASK = "from celery import shared_task\n\n\n@shared_task\ndef {name}(): ...\n"


def answer(root: Path, *, imported: bool = True, more: str = "", procfile: str = PROCFILE, **modules: str) -> Finding:
    package = root / "shop"
    package.mkdir()
    texts = {"__init__": "", "main": APP.replace("{more}", more), "tasks": TASK.format(name="sweep"), **modules}
    for name, text in texts.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    (root / "Procfile").write_text(procfile, encoding="utf-8")
    target = Target("shop", root, celery_app="shop.main:app")
    facts = configuration.collect(target) if imported else None
    (finding,) = RULE.evaluate(TargetFacts(target, source.collect(target), facts))
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


JOBS = TASK.format(name="clean")


@pytest.mark.parametrize(
    ("modules", "who"),
    [
        ({"jobs": JOBS}, "que rien n'importe"),
        ({"jobs": JOBS, "web": LATE}, "que seule l'exécution de `ask` importe"),
        ({"jobs": JOBS, "tasks": TASK.format(name="sweep") + LATE}, "que seule l'exécution de `ask` importe"),
        (
            {
                "jobs": 'from shop.main import app\n\n\n@app.task(name="shop.clean")\ndef clean(): ...\n',
                "orders": "class Order:\n    def close(self):\n        import shop.jobs\n\n        shop.jobs.clean.delay()\n",
                "tasks": TASK.format(name="sweep") + "from shop import orders\n",
            },
            "que seule l'exécution de `Order.close` importe",
        ),
        # The web process loads it, and the worker does not.
        ({"jobs": JOBS, "web": "from shop import jobs\n"}, "que rien n'importe"),
        (
            {"jobs": JOBS, "tasks": f"TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from shop import jobs\n{JOBS}"},
            "que rien",
        ),
        ({"jobs": JOBS, "tasks": f"{JOBS}ROUTES = {{'shop.jobs.clean': 'slow', 'shop.jobs.*': 'slow'}}\n"}, "que rien"),
    ],
)
def test_a_module_that_nothing_a_worker_runs_at_its_start_imports(
    modules: dict[str, str], who: str, tmp_path: Path
) -> None:
    finding = answer(tmp_path, imported=False, **modules)
    assert (finding.outcome, f"`shop.jobs` (`clean`), {who}" in finding.sentence) == (Outcome.DEFECT, True), finding


@pytest.mark.parametrize(
    "main",
    [
        "from shop import jobs\n",
        "@app.on_after_configure.connect\ndef late(sender, **more):\n    from shop import jobs\n",
        "def load():\n    import shop.jobs\n\n\nload()\n",
        "class Loader:\n    def load(self):\n        self.read()\n\n    def read(self):\n        from .jobs import clean\n\n\nLoader().load()\n",
        "def load(**more):\n    from . import jobs\n\n\nfrom celery import signals\nsignals.worker_init.connect(load)\n",
        'def load():\n    from shop import jobs\n\n\nglobals()["load"]()\n',
        'app.conf.imports = ["shop.jobs"]\n',
        'import os\napp.conf.imports = os.environ["MODULES"].split(",")\n',
        'app.conf.imports = [f"shop.{name}" for name in ("tasks", "jobs")]\n',
        'NAMES = ("tasks", "jobs")\napp.conf.update(CELERY_IMPORTS=["shop." + NAMES[0], "shop." + NAMES[1]])\n',
        'app.autodiscover_tasks(["shop"], related_name="jobs")\n',
        "app.autodiscover_tasks(['shop'], related_name=app.main)\n",
        'from importlib import import_module\nfor name in ("jobs",):\n    import_module(f"shop.{name}")\n',
        "import importlib, os\nNAMES = os.environ['MODULES'].split(',')\nfor name in NAMES:\n    importlib.import_module(name)\n",
        "import importlib as i, pkgutil as p, shop\nfor m in p.iter_modules(shop.__path__): i.import_module(f'shop.{m.name}')\n",
        "from shop.missing import *\ndef connect(function): return function()\n@connect\ndef load():\n    from shop import jobs\n",
    ],
)
def test_one_that_may_be_imported_at_the_start(main: str, tmp_path: Path) -> None:
    text = APP.replace("{more}", "") + main
    assert answer(tmp_path, imported=False, main=text, jobs=JOBS).outcome is Outcome.UNDETERMINED


BY_NAME = "import importlib, os\nMODULES = {value}\n\n\ndef load():\n    importlib.import_module(MODULES)\n\n\nload()\n"


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ('os.environ["MODULES"]', Outcome.UNDETERMINED),
        ('os.getenv("MODULES", "shop.tasks").strip()', Outcome.UNDETERMINED),
        ('"shop.tasks"', Outcome.DEFECT),
    ],
)
def test_a_name_that_the_environment_gives_elsewhere_in_the_module(
    value: str, outcome: Outcome, tmp_path: Path
) -> None:
    text = APP.replace("{more}", "") + BY_NAME.replace("{value}", value)
    assert answer(tmp_path, imported=False, main=text, jobs=JOBS).outcome is outcome


@pytest.mark.parametrize(
    ("procfile", "words"),
    [
        ("web: python -m shop\n", "la commande du worker, qui n'a pas été lue"),
        ("worker: celery -A $APP worker\n", "la commande du worker, qui n'a pas été lue"),
    ],
)
def test_a_worker_whose_command_was_not_read(procfile: str, words: str, tmp_path: Path) -> None:
    finding = answer(tmp_path, imported=False, procfile=procfile, jobs=JOBS)
    assert (finding.outcome, words in finding.sentence) == (Outcome.RESERVATION, True), finding


@pytest.mark.parametrize(
    ("procfile", "modules"),
    [
        ("worker: celery -A shop.main worker -I shop.jobs\n", {}),
        ("worker: celery -A shop.other worker\n", {"other": "from shop.main import app\nfrom shop import jobs\n"}),
        ("", {"other": "from shop.main import app as celery\nfrom shop import jobs\n"}),
        ("worker: celery -A shop.main worker\nflower: LOAD=shop.jobs celery flower\n", {}),
        (PROCFILE, {"broken": "from shop import jobs(\n"}),
    ],
)
def test_a_worker_that_may_load_it(procfile: str, modules: dict[str, str], tmp_path: Path) -> None:
    assert answer(tmp_path, imported=False, procfile=procfile, jobs=JOBS, **modules).outcome is Outcome.UNDETERMINED


def test_a_setting_that_the_environment_may_change(tmp_path: Path) -> None:
    main = 'import os\nfrom celery import Celery\napp = Celery("shop")\napp.conf.imports = os.getenv("MODULES", "shop.tasks")\n'
    finding = answer(tmp_path, imported=False, main=main, jobs=JOBS)
    assert (finding.outcome, "`MODULES` ne l'ajoute à `imports`" in finding.sentence) == (Outcome.RESERVATION, True), (
        finding
    )


def test_django_loads_more(tmp_path: Path) -> None:
    urls = {"urls": "import django\nfrom shop import views\n", "views": "from shop import jobs\n"}
    main = APP.replace("{more}", "") + "import django\n"
    assert answer(tmp_path, imported=False, main=main, jobs=JOBS, **urls).outcome is Outcome.UNDETERMINED
