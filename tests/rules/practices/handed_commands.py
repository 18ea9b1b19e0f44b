"""What stands between a file and the command that it starts: make, scripts that choose, environments that are emptied."""

from tests.acceptance.reference_copy import Edit
from tests.rules.case import established, fails, undetermined, warns

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


CASES = (
    fails("pid-file", "by make", "`/state/b.pid`", _service("make -C ops beat S=/state"), _make("ops/Makefile", f"S ?= /tmp\nbeat: check\n\t@{_BEAT}$(S)/b.pid\ncheck:\n\ttrue\n")),
    established("pid-file", "by make, in no volume", "processus", _service("make beat"), _make("Makefile", f"S ?= /tmp\nbeat:\n\t@{_BEAT}$(S)/b.pid\n")),
    undetermined("pid-file", "by a target that is not there", "`make beat`", _service("make beat"), _make("Makefile", "worker:\n\ttrue\n")),
    fails("pid-file", "the side of a case", "`/state/b.pid`", _service("./run beat"), Edit("run", "", _CHOICE)),
    established("pid-file", "the other side of a case", "processus", _service("./run worker"), Edit("run", "", _CHOICE)),
    fails("pid-file", "the side of a test", "`/state/b.pid`", _service("./run beat"), Edit("run", "", _TEST)),
    established("pid-file", "past a test", "processus", _service("./run worker"), Edit("run", "", _TEST)),
    fails("pid-file", "a script that names another", "`/state/b.pid`", _service("bin/start beat"), Edit("bin/start", "", '#!/bin/sh\nexec "bin/run-$1.sh"\n'), Edit("bin/run-beat.sh", "", f"#!/bin/sh\nexec {_BEAT}/state/b.pid\n")),
    undetermined("pid-file", "options from elsewhere", "`$OPTIONS`", Edit("beat.service", "", _UNIT.format("EnvironmentFile=/etc/shop\n", "$OPTIONS"))),
    warns("pid-file", "kept over a reboot", "`/srv/b.pid` survit au redémarrage", Edit("beat.service", "", _UNIT.format("", "--pidfile=/srv/b.pid"))),
    established("pid-file", "removed by the unit", "processus", Edit("beat.service", "", _UNIT.format("ExecStartPre=/bin/rm -f /srv/b.pid\n", "--pidfile=/srv/b.pid"))),
    established("pid-file", "forgotten by a reboot", "processus", Edit("beat.service", "", _UNIT.format("", "--pidfile=/run/shop/b.pid"))),
    warns("pid-file", "in /tmp, started again by supervisord", "`/tmp/b.pid` survit à l'arrêt brutal", _program(f"command={_BEAT}/tmp/b.pid")),
    established("pid-file", "none, started again by supervisord", "processus", _program(f"command={_BEAT}")),
    undetermined("not-root", "the user of who starts supervisord", "ne dit pas sous quel utilisateur", _program(f"command={_BEAT}", "user=%(ENV_USER)s")),
    undetermined("not-root", "a user that goes on with the value above", "ne dit pas sous quel utilisateur", _program(f"command={_BEAT}", "directory=/srv", "    user=shop")),
    established("not-root", "a user indented as its section is", "`shop`", _program(f"    command={_BEAT}", "    user=shop")),
    fails("not-root", "root, indented as its section is", "sous `root`", _program(f"    command={_BEAT}", "    user=root")),
    fails("soft-shutdown", "an emptied environment", "arrêt à chaud", _service(f"env -i PATH=/bin {_WORKER}")),
    established("soft-shutdown", "emptied, and given again", "60 s laissées, 15 s nécessaires", _service(f"env -i REMAP_SIGTERM=SIGQUIT {_WORKER}")),
    undetermined("soft-shutdown", "the environment of sudo", "`REMAP_SIGTERM`", _service(f"sudo -u shop {_WORKER}")),
    undetermined("soft-shutdown", "erased, maybe", "`REMAP_SIGTERM`", _service("./run"), Edit("run", "", f"#!/bin/sh\nif [ -f /x ]; then\n  unset REMAP_SIGTERM\nfi\nexec {_WORKER}\n")),
    fails("stop-grace", "a signal that asks nothing", "envoie KILL", Edit("deploy/shop-worker.service", "KillMode=mixed\n", "KillMode=mixed\nKillSignal=SIGKILL\n")),
    undetermined("single-beat", "options that may hold `-B`", "`$OPTIONS`", Edit("other.service", "", "[Service]\nUser=shop\nExecStart=/srv/bin/celery -A shop.celery_app worker -Q default $OPTIONS\nRestart=always\n")),
)  # fmt: skip
