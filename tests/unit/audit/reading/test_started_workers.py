"""Workers that Python code starts."""

import pytest

from audit.model.observations.deployment_statements import WorkerStartedByCode
from tests.unit.audit.reading.collecting import Collect


@pytest.mark.parametrize(
    "text",
    [
        "import subprocess\nsubprocess.run(['celery', '-A', 'shop', 'worker', '--max-tasks-per-child', '9'])",
        "import subprocess\nsubprocess.Popen(args=('/usr/bin/celery', 'worker', '--max-tasks-per-child=9'))",
        "def main(app):\n    app.worker_main(argv=['worker', '--max-tasks-per-child=9'])",
        "import os\nCOMMAND = ['celery', 'worker', '--max-tasks-per-child=' + os.environ['N']]\nos.execvp('celery', COMMAND)",
        "import os\nos.execlp('celery', 'celery', 'worker', f'--max-tasks-per-child={1 + 1}')",
    ],
)
def test_a_worker(collect_tree: Collect, text: str) -> None:
    (found,) = collect_tree({"run.py": text}).observations_of(WorkerStartedByCode)
    assert "max-tasks-per-child" in found.options


@pytest.mark.parametrize(
    "text",
    [
        "import subprocess\nsubprocess.run(['celery', '-A', 'shop', 'beat'])",
        "import subprocess\nsubprocess.run(['nginx', 'worker'])",
        "ROLES = ['celery', 'worker']",
    ],
)
def test_no_worker(collect_tree: Collect, text: str) -> None:
    assert not list(collect_tree({"run.py": text}).observations_of(WorkerStartedByCode))
