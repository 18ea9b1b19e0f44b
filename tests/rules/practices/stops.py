from tests.acceptance.reference_copy import Edit
from tests.rules.case import Case, established, fails, undetermined

CONF, UNIT = "shop/celery_config.py", "deploy/shop-worker.service"
_WORKER = "celery -A shop.celery_app worker -Q default"
_SERVICE = "services:\n  worker:\n    build: .\n    restart: always\n    stop_grace_period: {}\n{}"
_ENTRY = "docker/entry"


def _compose(grace: str = "120s", *lines: str) -> Edit:
    return Edit("compose.yaml", "", _SERVICE.format(grace, "".join(f"    {line}\n" for line in lines)))


def _image(*lines: str) -> Edit:
    return Edit("Dockerfile", "", "\n".join(["FROM python:3.13", "USER shop", *lines, ""]))


def _handing(last: str) -> tuple[Edit, ...]:
    """An image whose entry script ends with this line, and a service that gives it a worker to run."""
    return (
        Edit(_ENTRY, "", f"#!/bin/sh\nset -e\npython -m shop.check\n{last}\n"),
        _image("COPY docker/entry /usr/local/bin/start", 'ENTRYPOINT ["/usr/local/bin/start"]', 'CMD ["true"]'),
        _compose("120s", f"command: {_WORKER}"),
    )


def _unit(name: str, words: str, *added: str) -> Case:
    return fails("stop-grace", name, words, Edit(UNIT, "KillMode=mixed\n", "".join(f"{line}\n" for line in added)))


def _program(*lines: str) -> Edit:
    return Edit("supervisord.conf", "", "\n".join(["[program:w]", f"command={_WORKER}", *lines, ""]))


CASES = (
    _unit("systemd asks the whole group by default", "systemd envoie le signal à tous les processus"),
    _unit("the group, said", "systemd envoie le signal à tous les processus", "KillMode=control-group"),
    established(
        "stop-grace",
        "a group whose children ignore it",
        "100 s pour 15 s",
        Edit(UNIT, "KillMode=mixed", "Environment=PATH=/bin\nEnvironment=REMAP_SIGTERM=SIGQUIT"),
    ),
    established(
        "stop-grace",
        "a pool without children",
        "100 s",
        Edit(UNIT, "KillMode=mixed\n", ""),
        Edit(UNIT, "-Q default", "-Q default -P threads"),
    ),
    undetermined(
        "stop-grace",
        "an environment that is not here",
        "rien ne dit si `REMAP_SIGTERM=SIGQUIT` est réglé",
        Edit(UNIT, "KillMode=mixed", "EnvironmentFile=/etc/shop.env"),
    ),
    fails("stop-grace", "supervisor's group", "supervisor envoie", _program("stopwaitsecs=600", "stopasgroup = yes ; all")),
    established("stop-grace", "supervisor's kill", "600 s pour 90 s", _program("stopwaitsecs=600", "killasgroup=true")),
    fails("stop-grace", "an init that asks all", "`dumb-init`", _image(f"CMD dumb-init {_WORKER}"), _compose()),
    fails(
        "stop-grace",
        "the group of tini",
        "`tini -g`",
        _image(f'ENTRYPOINT ["tini", "-g", "--"]\nCMD {str(_WORKER.split()).replace(chr(39), chr(34))}'),
        _compose(),
    ),
    established(
        "stop-grace",
        "an init that asks its child",
        "120 s pour 90 s",
        _compose("2m", f"command: dumb-init --single-child {_WORKER}"),
    ),
    fails("stop-grace", "the shell of an image", "`Dockerfile` : le shell (`sh -c`)", _image(f"CMD {_WORKER}"), _compose()),
    established("stop-grace", "a shell that is replaced", "120 s", _image(f"CMD exec {_WORKER}"), _compose()),
    fails("stop-grace", "two commands", "le shell (`sh -c`)", _compose("2m", f'command: sh -c "true && {_WORKER}"')),
    established("stop-grace", "the second replaces", "120 s", _compose("2m", f'command: sh -c "true && exec {_WORKER}"')),
    fails("stop-grace", "an entry that keeps it", "le shell du script reste", *_handing('"$@"')),
    established("stop-grace", "an entry that gives way", "120 s pour 90 s", *_handing('exec "$@"')),
    established("stop-grace", "an entry with tini", "120 s pour 90 s", *_handing('exec tini -- "$@"')),
    established(
        "stop-grace",
        "a trap that passes it on",
        "120 s pour 90 s",
        Edit("w.sh", "", f"#!/bin/sh\nstop() {{\n  kill -TERM $W\n}}\ntrap stop TERM INT\n{_WORKER} &\nW=$!\nwait $W\n"),
        _compose("120s", "command: ./w.sh"),
    ),
    fails(
        "stop-grace",
        "a trap that waits for the worker first",
        "le shell du script reste",
        Edit("w.sh", "", f"#!/bin/sh\ntrap 'kill -TERM $W' TERM\n{_WORKER}\n"),
        _compose("120s", "command: ./w.sh"),
    ),
    fails("soft-shutdown", "warm in a short time", "laisse 60 s, `task_time_limit=90`", _compose("1m", f"command: {_WORKER}")),
    fails(
        "soft-shutdown",
        "another word for the signal",
        "SIGTERM y demande un arrêt à chaud",
        _compose("60s", f"command: {_WORKER}", "environment: [REMAP_SIGTERM=SIGINT]"),
    ),
    fails(
        "soft-shutdown",
        "a limit of one task",
        "laisse 120 s, `time_limit=600`",
        Edit("shop/slow.py", "", "from shop.celery_app import app\n\n\n@app.task(time_limit=600)\ndef slow():\n    pass\n"),
        _compose("2m", f"command: {_WORKER}"),
    ),
    established(
        "soft-shutdown",
        "remapped by the image",
        "60 s pour 15 s",
        _image("ENV REMAP_SIGTERM=SIGQUIT", 'CMD ["true"]'),
        _compose("60s", f"command: {_WORKER}"),
    ),
    established("soft-shutdown", "stopped by QUIT", "60 s", _compose("60s", f"command: {_WORKER}", "stop_signal: SIGQUIT")),
    established(
        "soft-shutdown",
        "remapped by a script",
        "60 s pour 15 s",
        Edit("w.sh", "", f"#!/bin/sh\nexport REMAP_SIGTERM=SIGQUIT\nexec {_WORKER}\n"),
        _compose("60s", "command: ./w.sh"),
    ),
    undetermined(
        "soft-shutdown",
        "a file of variables that is not here",
        "rien ne dit si `REMAP_SIGTERM` est réglé",
        _compose("60s", f"command: {_WORKER}", "env_file: /etc/shop.env"),
    ),
)  # fmt: skip
