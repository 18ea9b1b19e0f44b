"""Scripts that several services run, each for a part of it: what a service starts is told by its words and its variables."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, WARNED, Program

_OPEN = frozenset({Outcome.UNDETERMINED})
_APP = """
    from celery import Celery

    app = Celery("shop", broker="redis://redis:6379/0")
    app.conf.beat_schedule = {"a": {"task": "shop.a", "schedule": 600.0}}


    @app.task
    def a(): ...


    @app.task(queue="mail")
    def mail(): ...


    def send():
        mail.delay()
"""
_BRANCHES = """
    worker) exec celery -A shop worker -Q celery,mail{0} ;;
    beat) exec celery -A shop beat --pidfile= ;;
"""
_CASE = '#!/bin/bash\nset -e\ncase "{1}" in{0}    *) exec "$@" ;;\nesac\n'
_IF = """#!/bin/sh
if [ "{1}" = worker ]; then
  exec celery -A shop worker -Q celery,mail{0}
elif [ "{1}" = beat ]; then
  exec celery -A shop beat --pidfile=
else
  exec "$@"
fi
"""
_FUNCTIONS = """#!/bin/bash
worker() {{
  celery -A shop worker -Q celery,mail{0}
}}
beat() {{
  celery -A shop beat --pidfile=
}}
"$@"
"""
_TESTS = """#!/bin/sh
ROLE="${{CONTAINER_ROLE:-worker}}"
[ "$ROLE" = beat ] && exec celery -A shop beat --pidfile=
[ "$ROLE" = worker ] && exec celery -A shop worker -Q celery,mail{0}
"""
_DOCKERFILE = 'FROM python:3.12-slim\nUSER nobody\nCOPY . .\nENTRYPOINT ["/srv/entry.sh"]\n{}'
_STAGES = """FROM python:3.12-slim AS base
USER nobody
FROM base AS web
CMD ["gunicorn", "web:app"]
FROM base AS worker
CMD ["celery", "-A", "shop", "worker", "-Q", "celery,mail"{}]
FROM base AS beat
CMD celery -A shop beat --pidfile=
"""
_LOOP = """#!/bin/bash
stopping=0
again() {{
  {} [ "$stopping" = {} ]; do
    celery -A shop "$@" &
    pid=$!
    trap '{}; kill -TERM "$pid"; wait "$pid"' TERM INT
    wait "$pid"
    sleep 2
  done
}}
again worker -Q celery,mail &
A=$!
again beat --pidfile= &
wait $A $!
"""


def _services(*services: str) -> str:
    return "services:\n" + "".join(f"  s{n}: {{{one}, restart: always}}\n" for n, one in enumerate(services))


def _pods(*given: str) -> str:
    pod = """apiVersion: apps/v1
kind: Deployment
metadata: {{name: s{0}}}
spec:
  template:
    spec:
      containers: [{{name: c, image: registry/shop:1, {1}}}]
"""
    return "---\n".join(pod.format(n, one) for n, one in enumerate(given))


def _words(*roles: str) -> str:
    return _services(*(f"build: ., command: {role}" for role in roles))


def _variables(name: str, *roles: str) -> str:
    return _services(*(f"image: x, entrypoint: ./entry.sh, environment: {{{name}: {role}}}" for role in roles))


_ROLES = {
    "a case of $1": (_CASE.format(_BRANCHES.format("{0}"), "$1"), _words),
    "an if of $1": (_IF.format("{0}", "$1"), _words),
    "functions": (_FUNCTIONS, _words),
    "a case of a variable": (_CASE.format(_BRANCHES.format("{0}"), "$ROLE"), lambda *r: _variables("ROLE", *r)),
    "an if of a variable": (_IF.format("{0}", "$ROLE"), lambda *r: _variables("ROLE", *r)),
    "tests of a variable": (_TESTS, lambda *r: _variables("CONTAINER_ROLE", *r)),
    "an image by its name": (
        _CASE.format(_BRANCHES.format("{0}"), "$1"),
        lambda *r: _services(*(f"image: registry/shop, command: {one}" for one in r)),
    ),
    "args of pods": (_CASE.format(_BRANCHES.format("{0}"), "$1"), lambda *r: _pods(*(f"args: [{one}]" for one in r))),
}


def _scripted(rule: str, outcomes: frozenset[Outcome], *roles: str, option: str = "", image: str = "") -> list[Program]:
    return [
        Program(
            rule,
            f"{name}: {', '.join(roles)}{option}{image.strip()}",
            outcomes,
            {
                "shop.py": _APP,
                "entry.sh": script.replace("{0}", option).replace("{{", "{").replace("}}", "}"),
                "Dockerfile": _DOCKERFILE.format(image),
                "deploy/services.yaml" if "pods" in name else "compose.yaml": given(*roles),
            },
        )
        for name, (script, given) in _ROLES.items()
    ]


def _staged(rule: str, outcomes: frozenset[Outcome], *targets: str, option: str = "") -> Program:
    services = _services(*(f"build: {{context: ., target: {one}}}" for one in targets))
    files = {"shop.py": _APP, "Dockerfile": _STAGES.format(option), "compose.yaml": services}
    return Program(rule, f"stages: {', '.join(targets)}{option}", outcomes, files)


def _looped(name: str, outcomes: frozenset[Outcome], *parts: str) -> Program:
    return Program("supervision", name, outcomes, {"shop.py": _APP, "start.sh": _LOOP.format(*parts)})


def _asleep(rule: str, outcomes: frozenset[Outcome], path: str, text: str) -> Program:
    return Program(rule, f"asleep in {path}", outcomes, {"shop.py": _APP, path: text})


_LIBRARY = "start_worker() {{\n  celery -A shop worker{}\n}}\n{}\n"
_SOURCES = '#!/bin/bash\n{} "$(dirname "$0")/lib.sh"\n{}\n'


def _sourced(rule: str, name: str, outcomes: frozenset[Outcome], library: str, script: str) -> Program:
    compose = _services("image: x, entrypoint: ./entry.sh")
    return Program(
        rule, name, outcomes, {"shop.py": _APP, "lib.sh": library, "entry.sh": script, "compose.yaml": compose}
    )


_SUPERVISED = "[program:{0}]\ncommand=celery -A shop {0} {1}\nautostart={2}\nautorestart=true\n"
PROGRAMS = (
    *_scripted("single-beat", PASSES, "worker", "beat"),
    *_scripted("single-beat", PASSES, "worker", "beat", image='CMD ["worker"]\n'),
    *_scripted("single-beat", ALARM, "worker", "beat", "beat"),
    *_scripted("worker-names", PASSES, "worker", "beat"),
    *_scripted("beat-started", PASSES, "worker", "beat"),
    *_scripted("beat-started", WARNED | _OPEN, "worker", "worker"),
    *_scripted("queues-consumed", PASSES, "worker", "beat"),
    *_scripted("queues-consumed", WARNED | _OPEN, "beat", "beat"),
    *_scripted("no-purge", PASSES, "worker", "beat"),
    *_scripted("no-purge", ALARM, "worker", "beat", option=" --purge"),
    *_scripted("supervision", PASSES, "worker", "beat"),
    _sourced(
        "no-purge",
        "a function that is sourced",
        ALARM,
        _LIBRARY.format(" --purge", ""),
        _SOURCES.format(".", "start_worker"),
    ),
    _sourced("no-purge", "sound, sourced", PASSES, _LIBRARY.format("", ""), _SOURCES.format("source", "start_worker")),
    _sourced(
        "single-beat", "started once", PASSES, _LIBRARY.format(" -B", "start_worker"), _SOURCES.format(".", "wait")
    ),
    _sourced(
        "single-beat",
        "started twice",
        ALARM,
        _LIBRARY.format(" -B", "start_worker &"),
        _SOURCES.format(".", "start_worker"),
    ),
    _staged("single-beat", PASSES, "web", "worker", "beat"),
    _staged("single-beat", ALARM, "web", "worker", "beat", "beat"),
    _staged("single-beat", ALARM, "worker", "beat", option=', "-B"'),
    _staged("beat-started", _OPEN, "web", "worker"),
    _staged("no-purge", PASSES, "web", "worker", "beat"),
    _staged("no-purge", ALARM, "web", "worker", option=', "--purge"'),
    _looped("a loop that a signal ends", PASSES, "while", "0", "stopping=1"),
    _looped("until a signal ends it", PASSES, "until", "1", "stopping=1"),
    _looped("a loop that nothing brings back", ALARM, "while", "0", ":"),
    _asleep(
        "beat-started",
        _OPEN,
        "supervisord.conf",
        _SUPERVISED.format("worker", "-c 2", "true") + _SUPERVISED.format("beat", "", "false"),
    ),
    _asleep(
        "beat-started",
        PASSES,
        "supervisord.ini",
        _SUPERVISED.format("worker", "-c 2", "true") + _SUPERVISED.format("beat", "", "true"),
    ),
    _asleep(
        "beat-started",
        _OPEN,
        "compose.yaml",
        _services(
            "image: x, command: celery -A shop worker", "image: x, profiles: [cron], command: celery -A shop beat"
        ),
    ),
)
