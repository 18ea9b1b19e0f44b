"""What brings a worker back when another file says it: compose, Kubernetes, drop-ins, scripts that run scripts."""

import json

from tests.acceptance.reference_copy import Edit
from tests.rules.case import Case, Table, established, fails, undetermined

_WORKER = "celery -A app.tasks.celery_app worker"
_WORDS = json.dumps(_WORKER.split())
_DEPLOYMENT = "kind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - "
_UNIT = f"[Service]\nExecStart=/bin/{_WORKER}\n"
_WATCH = (
    f"#!/bin/bash\nstart() {{ {_WORKER} & PID=$!; }}\nstart\nwhile true; do\n"
    "  if ! kill -0 $PID; then start; fi\n  sleep 5\ndone\n"
)
_HONCHO = {"Procfile": f"worker: {_WORKER}\n", "run.sh": "#!/bin/sh\nexec honcho start\n"}


def _files(files: dict[str, str]) -> tuple[Edit, ...]:
    """Start files instead of the sound application's."""
    declared = Edit("audit.toml", '["start.sh"]', json.dumps(list(files)))
    return (declared, *(Edit(path, "", text) for path, text in files.items()))


def _compose(*lines: str, command: str = f"command: {_WORKER}") -> str:
    return "services:\n  w:\n" + "".join(f"    {line}\n" for line in (command, *lines) if line)


def _again(name: str, words: str, **files: str) -> Case:
    return Case("supervision", name, *established(words, *_files({k.replace("__", "."): v for k, v in files.items()})))


def _dead(name: str, files: dict[str, str]) -> Case:
    return Case("supervision", name, *fails("ne redémarre pas", *_files(files)))


def _unsure(name: str, words: str, files: dict[str, str]) -> Case:
    return Case("supervision", name, *undetermined(words, *_files(files)))


TABLE: Table = {
    "supervision": {
        "drop-in": established(
            "Systemd relance",
            *_files({"w.service": _UNIT}),
            Edit("w.service.d/r.conf", "", "[Service]\nRestart=always\n"),
        ),
        "drop-in that leaves it down": fails(
            "ne redémarre pas",
            *_files({"w.service": f"{_UNIT}Restart=always\n"}),
            Edit("w.service.d/override.conf", "", "[Service]\nRestart=no\n"),
        ),
        "script of tests only": undetermined(
            "aucun fichier de démarrage",
            Edit("audit.toml", 'process_files = ["start.sh"]\n', ""),
            Edit("start.sh", _WORKER, ": worker"),
            Edit("scripts/test.sh", "", f"#!/bin/sh\n{_WORKER} &\npytest\n"),
        ),
    }
}
RESTARTS = (
    _again(
        "image built by compose",
        "Docker Compose relance le worker (`Dockerfile`)",
        Dockerfile=f"FROM x\nCMD {_WORDS}\n",
        compose__yml=_compose("build: .", "restart: always", command=""),
    ),
    _dead(
        "image built by compose and left down",
        {"Dockerfile": f"FROM x\nCMD {_WORDS}\n", "compose.yml": _compose("build: .", command="")},
    ),
    _unsure(
        "image of another name",
        "rien ne dit si l'image `shop`",
        {"Dockerfile": f"FROM x\nCMD {_WORDS}\n", "k.yaml": f"{_DEPLOYMENT}image: shop\n"},
    ),
    _unsure(
        "stage of an image",
        "une étape de son image",
        {
            "Dockerfile": f"FROM x\nCMD {_WORDS}\n",
            "compose.yml": _compose("build: {context: ., target: t}", "restart: always", command=""),
        },
    ),
    _again(
        "script run by compose",
        "Docker Compose relance le worker (`worker.sh`)",
        worker__sh=f"#!/bin/sh\nexec {_WORKER}\n",
        compose__yml=_compose("restart: always", command="command: ./worker.sh"),
    ),
    _dead(
        "script run by compose, which forgets its worker",
        {
            "worker.sh": f"#!/bin/sh\n{_WORKER} &\nexec gunicorn a:b\n",
            "compose.yml": _compose("restart: always", command="command: ./worker.sh"),
        },
    ),
    _again(
        "script that ends with the first to die",
        "Docker Compose relance",
        start2__sh=f"#!/bin/bash\n{_WORKER} &\nuvicorn a:b &\nwait -n\nexit 1\n",
        compose__yml=_compose("restart: always", command="command: ./start2.sh"),
    ),
    _unsure(
        "script run twice",
        "lance `worker.sh` sans le relancer",
        {
            "worker.sh": f"#!/bin/sh\nexec {_WORKER}\n",
            "compose.yml": _compose("restart: always", command="command: ./worker.sh"),
            "dev.sh": "#!/bin/sh\n./worker.sh\n",
        },
    ),
    _again(
        "extended service",
        "Docker Compose relance",
        compose__yml="services:\n  b:\n    restart: always\n" + _compose("extends: {service: b}")[10:],
    ),
    _again(
        "service extended from another file",
        "Docker Compose relance",
        compose__yml=_compose("extends: {service: b, file: common.yml}"),
        common__yml="services:\n  b:\n    restart: always\n",
    ),
    _dead("extended and left down", {"compose.yml": _compose("extends: {service: b}") + "  b:\n    image: x\n"}),
    _again(
        "production file",
        "Docker Compose relance",
        compose__yml=_compose(),
        compose__prod__yml=_compose("restart: always", command=""),
    ),
    _unsure(
        "production file that may stand alone",
        "règle autrement",
        {"compose.yml": _compose(), "compose.prod.yml": _compose("image: x", "restart: always", command="")},
    ),
    _dead(
        "override that leaves it down",
        {"compose.yml": _compose("restart: always"), "compose.override.yml": _compose("restart: 'no'", command="")},
    ),
    _again("policy by default", "Docker Compose relance", compose__yml=_compose("restart: ${R:-always}")),
    _unsure("policy from elsewhere", "que rien ne donne", {"compose.yml": _compose("restart: ${R}")}),
    _unsure("a few times only", "nombre limité de fois (1)", {"compose.yml": _compose("restart: on-failure:1")}),
    _unsure(
        "a few attempts only",
        "nombre limité de fois (1)",
        {"compose.yml": _compose("deploy: {restart_policy: {condition: any, max_attempts: 1}}")},
    ),
    _dead(
        "outlived in compose",
        {"compose.yml": _compose("restart: always", command=f"command: sh -c '{_WORKER}; sleep infinity'")},
    ),
    _again(
        "set -e before a sleep",
        "Docker Compose relance",
        compose__yml=_compose("restart: always", command=f"command: sh -ec '{_WORKER}; sleep infinity'"),
    ),
    _dead("outlived in Kubernetes", {"k.yaml": f"{_DEPLOYMENT}command: [sh, -c, '{_WORKER}; sleep 86400']\n"}),
    _dead("outlived in a Procfile", {"Procfile": f"worker: {_WORKER} || tail -f /dev/null\n"}),
    _again("replaced in a Procfile", "Heroku", Procfile=f"worker: exec {_WORKER} || tail -f /dev/null\n"),
    _unsure("Procfile run by honcho", "lance le Procfile", _HONCHO),
    _dead(
        "pods that are never started again", {"k.yaml": f"{_DEPLOYMENT}command: {_WORDS}\n      restartPolicy: Never\n"}
    ),
    _dead("second section", {"w.service": f"{_UNIT}Restart=always\n[Install]\nA=b\n[Service]\nRestart=no\n"}),
    _dead("killed is final", {"w.service": f"{_UNIT}Restart=always\nRestartPreventExitStatus=SIGKILL\n"}),
    _dead("killed is a success", {"w.service": f"{_UNIT}Restart=on-failure\nSuccessExitStatus=143 SIGKILL\n"}),
    _again(
        "killed was a success",
        "Systemd relance",
        w__service=f"{_UNIT}Restart=on-failure\nSuccessExitStatus=SIGKILL\nSuccessExitStatus=\n",
    ),
    _unsure(
        "a few starts only",
        "StartLimitBurst",
        {"w.service": f"[Unit]\nStartLimitIntervalSec=infinity\n{_UNIT}Restart=always\n"},
    ),
    _again("loop without a condition", "Une boucle", run__sh=f"for ((;;)); do {_WORKER}; sleep 1; done\n"),
    _dead("loop with a condition", {"run.sh": f"for ((i=0; i<2; i++)); do {_WORKER}; done\n"}),
    _dead("loop that stays asleep", {"run.sh": f"while true; do {_WORKER}; sleep infinity; done\n"}),
    _unsure("watched by a loop", "lance aussi ce worker", {"watch.sh": _WATCH}),
)
