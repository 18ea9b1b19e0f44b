"""What brings every program back each time: exit codes that are hidden, tries that end, services of s6, names of projects."""

from collections.abc import Callable

from tests.acceptance.reference_copy import Edit
from tests.rules.case import Answer, Table, established, fails, not_concerned, undetermined
from tests.rules.restart_cases import _files

_WORKER = "celery -A app.tasks.celery_app worker"
_SERVICE = "services:\n  w:\n    image: shop\n    command: {}\n    restart: {}\n"
_PROGRAM = f"[program:w]\ncommand={_WORKER}\nautorestart=true\n"
_UNIT = "[Unit]\n{}[Service]\nRestart=always\nExecStart=/bin/" + _WORKER + "\n"
_RUN = "s6-rc.d/w/run"


def _case(made: Callable[..., Answer], words: str, files: dict[str, str]) -> Answer:
    return made(words, *_files(files))


def _composed(command: str, policy: str = "on-failure") -> dict[str, str]:
    return {"compose.yml": _SERVICE.format(command, policy)}


TABLE: Table = {
    "supervision": {
        "failure hidden by true": _case(fails, "ne redémarre pas", _composed(f'sh -c "{_WORKER} || true"')),
        "failure hidden by exit 0": _case(fails, "ne redémarre pas", _composed(f'sh -c "{_WORKER}; exit 0"')),
        "failure hidden by a pipe": _case(fails, "ne redémarre pas", _composed(f'sh -c "{_WORKER} | tee log"')),
        "failure hidden by a script": _case(fails, "ne redémarre pas", {"w.sh": f"#!/bin/sh\n{_WORKER}\necho ended\n", **_composed("./w.sh")}),
        "failure told by exit 1": _case(established, "Docker Compose relance", _composed(f'sh -c "{_WORKER} || exit 1"')),
        "hidden, and always started again": _case(established, "Docker Compose relance", _composed(f'sh -c "{_WORKER} || true"', "always")),
        "no try of supervisord": _case(undetermined, "`startretries`", {"w.conf": f"{_PROGRAM}startretries=0\n"}),
        "ten seconds of supervisord": _case(established, "Supervisord relance", {"w.conf": f"{_PROGRAM}startsecs=10\n"}),
        "three starts in ten minutes": _case(undetermined, "`StartLimitBurst`", {"w.service": _UNIT.format("StartLimitIntervalSec=10min\nStartLimitBurst=3\n")}),
        "five starts in ten seconds": _case(established, "Systemd relance", {"w.service": _UNIT.format("")}),
        "a service of s6, by execline": _case(established, "s6, runit", {_RUN: f"#!/command/execlineb -P\ns6-setuidgid shop\n{_WORKER}\n"}),
        "a profile": _case(fails, "ne redémarre pas", {"compose.yml": _SERVICE.format(_WORKER, "'no'") + "    profiles: [w]\n"}),
        "a name of pyproject": established("Docker Compose relance", *_files(_composed("pdm run w", "always")), Edit("pyproject.toml", "", f'[tool.pdm.scripts]\nw = {{cmd = "{_WORKER}"}}\n')),
        "a name in the folder of programs": established("Docker Compose relance", *_files({"Dockerfile": 'FROM x\nCOPY bin/w /usr/local/bin/launch\nCMD ["launch"]\n', "compose.yml": "services:\n  w:\n    build: .\n    restart: always\n"}), Edit("bin/w", "", f"#!/bin/sh\nexec {_WORKER}\n")),
    },
    "programs-restarted": {
        "an entry point in Python": undetermined("`shop-watch`", Edit("compose.yaml", "", _SERVICE.format("shop-watch", "'no'")), Edit("pyproject.toml", "", '[project.scripts]\nshop-watch = "shop.watch:main"\n')),
        "an entry point that comes back": established("1 programme", Edit("compose.yaml", "", _SERVICE.format("shop-watch", "always")), Edit("pyproject.toml", "", '[project.scripts]\nshop-watch = "shop.watch:main"\n')),
        "a watchdog": fails("`python -m shop.watch`", Edit("compose.yaml", "", _SERVICE.format("celery -A shop.celery_app worker -Q default", "always") + "  d:\n    image: shop\n    command: python -m shop.watch\n")),
        "a watchdog that comes back": established("1 programme", Edit("compose.yaml", "", _SERVICE.format("celery -A shop.celery_app worker -Q default", "always") + "  d:\n    image: shop\n    command: python -m shop.watch\n    restart: always\n")),
        "workers alone": not_concerned("tel programme", Edit("start.sh", "# One machine", "# One host")),
    },
}  # fmt: skip
