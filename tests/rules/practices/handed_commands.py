"""What stands between a file and the command that it starts: make, scripts that choose, environments that are emptied."""

from tests.acceptance.reference_copy import Edit
from tests.rules.case import Table, established, fails, undetermined, warns

_BEAT = "celery -A shop.celery_app beat --pidfile="
_WORKER = "celery -A shop.celery_app worker -Q default"
_CHOICE = f'#!/bin/sh\ncase "$1" in\n  work*) exec {_WORKER} ;;\n  beat) exec {_BEAT}/state/b.pid ;;\nesac\n'
_TEST = f'#!/bin/sh\nif [ "$1" = beat ]; then\n  exec {_BEAT}/state/b.pid\nfi\nexec {_WORKER}\n'
_UNIT = "[Service]\n{}ExecStart=/srv/bin/celery -A shop.celery_app beat {}\nUser=shop\nRestart=always\n"


def _service(command: str) -> Edit:
    lines = (f"command: {command}", "restart: always", "stop_grace_period: 60s", "volumes: ['s:/state']")
    variables = "environment: {REMAP_SIGTERM: SIGQUIT}"
    return Edit("compose.yaml", "", "services:\n  one:\n" + "".join(f"    {line}\n" for line in (*lines, variables)))


def _program(*lines: str) -> Edit:
    return Edit("w.conf", "", "\n".join(["[program:beat]", *lines, ""]))


def _make(path: str, text: str) -> Edit:
    return Edit(path, "", text)


TABLE: Table = {
    "pid-file": {
        "by make": fails("`/state/b.pid`", _service("make -C ops beat S=/state"), _make("ops/Makefile", f"S ?= /tmp\nbeat: check\n\t@{_BEAT}$(S)/b.pid\ncheck:\n\ttrue\n")),
        "by make, in no volume": established("processus", _service("make beat"), _make("Makefile", f"S ?= /tmp\nbeat:\n\t@{_BEAT}$(S)/b.pid\n")),
        "by a target that is not there": undetermined("`make beat`", _service("make beat"), _make("Makefile", "worker:\n\ttrue\n")),
        "the side of a case": fails("`/state/b.pid`", _service("./run beat"), Edit("run", "", _CHOICE)),
        "the other side of a case": established("processus", _service("./run worker"), Edit("run", "", _CHOICE)),
        "the side of a test": fails("`/state/b.pid`", _service("./run beat"), Edit("run", "", _TEST)),
        "past a test": established("processus", _service("./run worker"), Edit("run", "", _TEST)),
        "a script that names another": fails("`/state/b.pid`", _service("bin/start beat"), Edit("bin/start", "", '#!/bin/sh\nexec "bin/run-$1.sh"\n'), Edit("bin/run-beat.sh", "", f"#!/bin/sh\nexec {_BEAT}/state/b.pid\n")),
        "options from elsewhere": undetermined("`$OPTIONS`", Edit("beat.service", "", _UNIT.format("EnvironmentFile=/etc/shop\n", "$OPTIONS"))),
        "kept over a reboot": warns("`/srv/b.pid` survit au redémarrage", Edit("beat.service", "", _UNIT.format("", "--pidfile=/srv/b.pid"))),
        "removed by the unit": established("processus", Edit("beat.service", "", _UNIT.format("ExecStartPre=/bin/rm -f /srv/b.pid\n", "--pidfile=/srv/b.pid"))),
        "forgotten by a reboot": established("processus", Edit("beat.service", "", _UNIT.format("", "--pidfile=/run/shop/b.pid"))),
        "in /tmp, started again by supervisord": warns("`/tmp/b.pid` survit à l'arrêt brutal", _program(f"command={_BEAT}/tmp/b.pid")),
        "none, started again by supervisord": established("processus", _program(f"command={_BEAT}")),
    },
    "not-root": {
        "the user of who starts supervisord": undetermined("ne dit pas sous quel utilisateur", _program(f"command={_BEAT}", "user=%(ENV_USER)s")),
        "a user that goes on with the value above": undetermined("ne dit pas sous quel utilisateur", _program(f"command={_BEAT}", "directory=/srv", "    user=shop")),
        "a user indented as its section is": established("`shop`", _program(f"    command={_BEAT}", "    user=shop")),
        "root, indented as its section is": fails("sous `root`", _program(f"    command={_BEAT}", "    user=root")),
    },
    "soft-shutdown": {
        "an emptied environment": fails("arrêt à chaud", _service(f"env -i PATH=/bin {_WORKER}")),
        "emptied, and given again": established("60 s laissées, 15 s nécessaires", _service(f"env -i REMAP_SIGTERM=SIGQUIT {_WORKER}")),
        "the environment of sudo": undetermined("`REMAP_SIGTERM`", _service(f"sudo -u shop {_WORKER}")),
        "erased, maybe": undetermined("`REMAP_SIGTERM`", _service("./run"), Edit("run", "", f"#!/bin/sh\nif [ -f /x ]; then\n  unset REMAP_SIGTERM\nfi\nexec {_WORKER}\n")),
    },
    "stop-grace": {
        "a signal that asks nothing": fails("envoie KILL", Edit("deploy/shop-worker.service", "KillMode=mixed\n", "KillMode=mixed\nKillSignal=SIGKILL\n")),
    },
    "single-beat": {
        "options that may hold `-B`": undetermined("`$OPTIONS`", Edit("other.service", "", "[Service]\nUser=shop\nExecStart=/srv/bin/celery -A shop.celery_app worker -Q default $OPTIONS\nRestart=always\n")),
    },
}  # fmt: skip
