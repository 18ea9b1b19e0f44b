"""Workers and beats that a program in Python starts: judged as those of a script, where a process file runs the program."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_OPEN = frozenset({Outcome.UNDETERMINED})
_APP = 'from celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n'
_NAMED = '[project]\nname = "shop"\n\n[project.scripts]\nshop-worker = "shop.start:main"\n'


def _started(rule: str, name: str, outcomes: frozenset[Outcome], body: str, run: str = "shop-worker") -> Program:
    compose = f"services:\n  worker:\n    image: shop\n    restart: unless-stopped\n    command: {run}\n"
    start = f"import os, subprocess, sys\nfrom shop import app\n\n\ndef main():\n    {body}\n\n\nif __name__ == '__main__':\n    main()\n"
    return Program(
        rule,
        name,
        outcomes,
        {"shop/__init__.py": _APP, "shop/start.py": start, "pyproject.toml": _NAMED, "compose.yml": compose},
    )


_EXEC = "os.execvp('celery', ['celery', '-A', 'shop', 'worker', {}] + sys.argv[1:])"
_WAY = {
    "an exec": _EXEC,
    "worker_main": "app.worker_main(argv=['worker', {}])",
    "a child": "sys.exit(subprocess.call(['celery', '-A', 'shop', 'worker', {}]))",
    "a shell": "raise SystemExit(os.system(' '.join(['celery', '-A', 'shop', 'worker', {}])))",
    "words of its own": "sys.argv[1:1] = ['worker', {}]\n    app.start(sys.argv[1:])",
}

_MAIL = '\n\n@app.task(queue="mail")\ndef send(x): ...\n\n\ndef go(x):\n    send.delay(x)\n'


def _beside(name: str, outcomes: frozenset[Outcome], code: str) -> Program:
    files = {
        "shop.py": _APP + _MAIL,
        "run.py": f"from shop import app\n{code}\n",
        "start.sh": "celery -A shop worker\n",
    }
    return Program("queues-consumed", name, outcomes, files)


PROGRAMS = (
    _beside("a queue that nobody takes", ALARM, "print(app)"),
    _beside("a queue that code may take", _OPEN, "def main():\n    app.worker_main(['worker', '-Q', 'mail'])"),
    Program(
        "queues-consumed",
        "an unread setting",
        _OPEN,
        {"shop.py": f"{_APP}app.conf.update(open('x').read()){_MAIL}", "start.sh": "celery -A shop worker\n"},
    ),
    *(
        program
        for way in ("an exec", "worker_main", "a child")
        for program in (
            _started("no-purge", f"{way} that purges", ALARM, _WAY[way].format("'--purge'")),
            _started("no-purge", f"{way}, sound", PASSES, _WAY[way].format("'-E'")),
            _started("supervision", f"{way} that compose restarts", PASSES, _WAY[way].format("'-E'")),
        )
    ),
    # How they are put together is not read: no pass.
    *(
        _started("no-purge", f"{way} that purges", ALARM | _OPEN, _WAY[way].format("'--purge'"))
        for way in ("a shell", "words of its own")
    ),
    _started("no-purge", "an argument of the service", ALARM, _EXEC.format("'-E'"), "shop-worker --purge"),
    _started(
        "no-purge",
        "a purge under a condition",
        _OPEN,
        "argv = ['worker']\n    if os.environ.get('FLUSH'):\n        argv += ['--purge']\n    app.worker_main(argv)",
    ),
    _started(
        "supervision", "a child whose failure is not told", PASSES | ALARM, "subprocess.run(['celery', 'worker'])"
    ),
    _started(
        "stop-grace",
        "a child that nothing tells to stop",
        ALARM,
        "subprocess.run(['celery', '-A', 'shop', 'worker'], check=True)",
    ),
    _started(
        "no-purge",
        "a loader",
        ALARM,
        "start()\n\n\ndef start(more=('--purge',)):\n    app.worker_main(['worker', *more])",
    ),
)
