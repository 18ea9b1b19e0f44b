"""Two applications of one module name, each in the folder of its own image."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_DOUBTED = frozenset({Outcome.UNDETERMINED})
_APP = (
    'from celery import Celery\n\napp = Celery("{0}", broker="redis://queue:6379/{1}")\n\n\n@app.task\ndef {0}(): ...\n'
)
_BUILT = (
    "services:\n  a:\n    build: ./shop\n    command: celery -A app worker\n"
    "  b:\n    build: {{context: {}}}\n    command: celery -A app worker\n"
)
_CHANGED = "(cd shop && exec celery -A app worker) &\n(cd blog && exec celery -A app worker) &\nwait\n"
_UNITS = "[program:a]\ndirectory=/srv/shop\ncommand=celery -A app worker\n[program:b]\ndirectory=/srv/blog\ncommand=celery -A app worker\n"


def _two(name: str, outcomes: frozenset[Outcome], path: str, text: str, database: int = 0) -> Program:
    files = {"shop/app.py": _APP.format("shop", 0), "blog/app.py": _APP.format("blog", database), path: text}
    return Program("own-queues", name, outcomes, files)


PROGRAMS = (
    _two("of images", ALARM, "compose.yaml", _BUILT.format("./blog")),
    _two("of images, on two databases", PASSES, "compose.yaml", _BUILT.format("./blog"), 1),
    _two("of one image", PASSES, "compose.yaml", _BUILT.format("./shop")),
    _two("of folders that a script enters", _DOUBTED, "start.sh", _CHANGED),
    _two("of folders that a supervisor enters", _DOUBTED, "ops/supervisord.conf", _UNITS),
)
