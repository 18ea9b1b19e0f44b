"""Workers and beats that a program of the target in Python starts, by whatever name a process file runs it."""

import pytest

from audit.model.facts import Process
from audit.model.stops import Receives
from tests.unit.audit.reading.collecting import Collect

_COMPOSE = "services:\n  worker:\n    image: shop\n    restart: always\n    command: {}\n"
_PYPROJECT = '[project]\nname = "shop"\n\n[project.scripts]\nshop-worker = "shop.run:main"\n'
_EXEC = """
import os
import sys

def main():
    argv = [sys.executable, '-m', 'celery', '-A', 'shop', 'worker', '--max-tasks-per-child=' + '50'] + sys.argv[1:]
    os.execvp(sys.executable, argv)

if __name__ == "__main__":
    main()
"""


def _one(collect_tree: Collect, code: str, command: str = "shop-worker", **more: str) -> Process:
    files = {
        "docker-compose.yml": _COMPOSE.format(command),
        "pyproject.toml": _PYPROJECT,
        "shop/__init__.py": "",
        "shop/run.py": code,
        **more,
    }
    (process,) = collect_tree(files).processes
    return process


@pytest.mark.parametrize(
    "command",
    [
        "shop-worker",
        "python -m shop.run",
        "python3 -u shop/run.py",
        "./shop/run.py",
        "uv run shop-worker",
        "/venv/bin/shop-worker",
    ],
)
def test_ways_to_run_a_program(collect_tree: Collect, command: str) -> None:
    found = _one(collect_tree, _EXEC, command)
    assert (found.role, found.options["max-tasks-per-child"], found.restart) == ("worker", "50", "compose")
    assert found.code
    assert (found.code.path, found.code.first_line) == ("shop/run.py", 7)
    assert found.stops[0].receives is Receives.MAIN


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("setup.cfg", "[options.entry_points]\nconsole_scripts =\n    shop-worker = shop.run:main\n"),
        ("setup.py", "setup(entry_points={'console_scripts': ['x=shop.x:main', 'shop-worker=shop.run:main']})"),
        ("pyproject.toml", "[tool.poetry.scripts]\nshop-worker = { reference = 'shop.run:main', type = 'console' }\n"),
        ("shop.egg-info/entry_points.txt", "[console_scripts]\nshop-worker = shop.run:main [extra]\n"),
    ],
)
def test_where_a_name_is_given(collect_tree: Collect, name: str, text: str) -> None:
    assert _one(collect_tree, _EXEC, **{"pyproject.toml": "", name: text}).role == "worker"


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("from shop.app import app\ndef main():\n    app.worker_main(['worker', '-Q', 'mail', '--purge'])", {"queues": "mail", "purge": ""}),
        ("from shop.app import app\ndef main():\n    app.start(argv=('worker', '-P', 'solo'))", {"pool": "solo"}),
        ("from shop.app import celery\ndef main():\n    celery.Worker(concurrency=3, pool='solo', purge=True).start()", {"concurrency": "3", "purge": ""}),
        ("import subprocess as sp, sys\ndef main():\n    sys.exit(sp.call('celery -A shop worker -c 3'.split()))", {"concurrency": "3"}),
        ("import os\nN = os.getenv('N', '3')\ndef main():\n    os.system(f'celery -A shop worker -c {N}')", {"concurrency": "3"}),
        ("import os\ndef options():\n    pass\ndef start(role, *more):\n    os.execvp('celery', ['celery', '-A', 'shop', role, '-c', '3'])\ndef main():\n    start('worker')", {"concurrency": "3"}),
        ("from celery.__main__ import main as run\ndef main():\n    run(['celery', '-A', 'shop', 'worker', '-c', '3'])", {"concurrency": "3"}),
        ("import click, os\n@click.command()\ndef main():\n    cmd = ['celery', 'worker']\n    cmd += ['-c', '3']\n    cmd.append('--purge')\n    os.execvp(cmd[0], cmd)", {"concurrency": "3", "purge": ""}),
    ],
)  # fmt: skip
def test_ways_to_start_it(collect_tree: Collect, code: str, options: dict[str, str]) -> None:
    found = _one(collect_tree, code, **{"shop/app.py": "app = celery = object()"})
    assert options.items() <= found.options.items()


def test_words_added_under_a_condition_are_not_known(collect_tree: Collect) -> None:
    code = "import os\ndef main(flush=False):\n    argv = ['celery', 'worker']\n    if flush:\n        argv.append('--purge')\n    os.execvp('celery', argv)"
    assert _one(collect_tree, code).unknown_words == ("$argv",)


def test_a_child_is_not_stopped_with_its_parent(collect_tree: Collect) -> None:
    found = _one(
        collect_tree,
        "import subprocess\ndef main():\n    subprocess.run(['celery', '-A', 'shop', 'worker'], check=True)",
    )
    assert found.stops[0].receives is Receives.NOBODY


def test_a_loop_starts_it_again(collect_tree: Collect) -> None:
    code = "import subprocess, time\ndef main():\n    while True:\n        subprocess.call(['celery', 'worker'])\n        time.sleep(1)"
    assert _one(collect_tree, code).command.endswith("celery worker")


def test_a_command_of_django(collect_tree: Collect) -> None:
    code = "import subprocess\nclass Command(BaseCommand):\n    def handle(self, *args, **options):\n        self.start()\n    def start(self):\n        subprocess.check_call(['celery', '-A', 'shop', 'worker', '-B'])"
    files = {"Procfile": "worker: python manage.py work", "manage.py": "", "shop/management/commands/work.py": code}
    (found,) = collect_tree(files).processes
    assert found.role == "worker+beat"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import click, os\n@click.group()\ndef main(): ...\n@main.command()\ndef start_worker():\n    os.execvp('celery', ['celery', 'worker', '-c', '3'])\n@main.command()\ndef web():\n    print(1)", "start-worker"),
        ("import click, os\n@click.group\ndef main(): ...\n@main.command('work')\n@click.pass_context\ndef start(ctx):\n    os.execvp('celery', ['celery', 'worker', '-c', '3'])", "--verbose work"),
        ("import typer\nfrom shop.app import app\nmain = typer.Typer()\n@main.command(name='work')\ndef start():\n    app.worker_main(['worker', '-c', '3'])", "work"),
    ],
)  # fmt: skip
def test_a_command_of_a_group(collect_tree: Collect, code: str, words: str) -> None:
    found = _one(collect_tree, code, f"shop-worker {words}")
    assert (found.role, found.options["concurrency"]) == ("worker", "3")


def test_another_command_of_a_group_starts_no_worker(collect_tree: Collect) -> None:
    code = "import click, os\n@click.group()\ndef main(): ...\n@main.command()\ndef work():\n    os.execvp('celery', ['celery', 'worker'])\n@main.command()\ndef web():\n    print(1)"
    files = {
        "docker-compose.yml": _COMPOSE.format("shop-worker web"),
        "pyproject.toml": _PYPROJECT,
        "shop/__init__.py": "",
        "shop/run.py": code,
    }
    assert not [p for p in collect_tree(files).processes if p.role == "worker"]


def test_an_entry_point_that_nothing_runs(collect_tree: Collect) -> None:
    files = {"pyproject.toml": _PYPROJECT, "shop/__init__.py": "", "shop/run.py": _EXEC}
    (found,) = collect_tree(files).processes
    assert (found.role, found.copies, found.restart) == ("worker", None, "")
    assert "`shop-worker`" in found.doubt


def test_an_entry_point_of_tests_starts_nothing(collect_tree: Collect) -> None:
    files = {
        "tests/setup.cfg": "[options.entry_points]\nconsole_scripts =\n    w = shop.run:main\n",
        "shop/run.py": _EXEC,
    }
    assert not collect_tree({**files, "shop/__init__.py": ""}).processes


def test_what_is_not_followed_is_said(collect_tree: Collect) -> None:
    files = {
        "docker-compose.yml": _COMPOSE.format("shop-worker"),
        "pyproject.toml": _PYPROJECT.replace("shop.run", "lost.run"),
    }
    facts = collect_tree(files)
    assert [process.role for process in facts.processes] == ["other"]
    assert any("point d'entrée" in why for _, why in facts.unread)


def test_a_program_without_celery_is_no_gap(collect_tree: Collect) -> None:
    files = {
        "docker-compose.yml": _COMPOSE.format("shop-worker"),
        "pyproject.toml": _PYPROJECT,
        "shop/__init__.py": "",
        "shop/run.py": "def main():\n    serve()\ndef serve():\n    print('hello')",
    }
    facts = collect_tree(files)
    assert not [p for p in facts.processes if p.role != "other"]
    assert not facts.unread
