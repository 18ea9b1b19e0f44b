"""What brings every program back each time: exit codes that are hidden, tries that end, services of s6, names of projects."""

from collections.abc import Callable

from tests.acceptance.reference_copy import Edit
from tests.rules.case import Case, established, fails, not_concerned, undetermined
from tests.rules.restart_cases import _files

_WORKER = "celery -A app.tasks.celery_app worker"
_SERVICE = "services:\n  w:\n    image: shop\n    command: {}\n    restart: {}\n"
_PROGRAM = f"[program:w]\ncommand={_WORKER}\nautorestart=true\n"
_UNIT = "[Unit]\n{}[Service]\nRestart=always\nExecStart=/bin/" + _WORKER + "\n"
_RUN = "s6-rc.d/w/run"


def _case(made: Callable[..., Case], name: str, words: str, files: dict[str, str]) -> Case:
    return made("supervision", name, words, *_files(files))


def _composed(command: str, policy: str = "on-failure") -> dict[str, str]:
    return {"compose.yml": _SERVICE.format(command, policy)}


CASES = (
    _case(fails, "failure hidden by true", "ne redémarre pas", _composed(f'sh -c "{_WORKER} || true"')),
    _case(fails, "failure hidden by exit 0", "ne redémarre pas", _composed(f'sh -c "{_WORKER}; exit 0"')),
    _case(fails, "failure hidden by a pipe", "ne redémarre pas", _composed(f'sh -c "{_WORKER} | tee log"')),
    _case(fails, "failure hidden by a script", "ne redémarre pas", {"w.sh": f"#!/bin/sh\n{_WORKER}\necho ended\n", **_composed("./w.sh")}),
    _case(established, "failure told by exit 1", "Docker Compose relance", _composed(f'sh -c "{_WORKER} || exit 1"')),
    _case(established, "hidden, and always started again", "Docker Compose relance", _composed(f'sh -c "{_WORKER} || true"', "always")),
    _case(undetermined, "no try of supervisord", "`startretries`", {"w.conf": f"{_PROGRAM}startretries=0\n"}),
    _case(established, "ten seconds of supervisord", "Supervisord relance", {"w.conf": f"{_PROGRAM}startsecs=10\n"}),
    _case(undetermined, "three starts in ten minutes", "`StartLimitBurst`", {"w.service": _UNIT.format("StartLimitIntervalSec=10min\nStartLimitBurst=3\n")}),
    _case(established, "five starts in ten seconds", "Systemd relance", {"w.service": _UNIT.format("")}),
    _case(established, "a service of s6, by execline", "s6, runit", {_RUN: f"#!/command/execlineb -P\ns6-setuidgid shop\n{_WORKER}\n"}),
    established("supervision", "a name of pyproject", "Docker Compose relance", *_files(_composed("pdm run w", "always")), Edit("pyproject.toml", "", f'[tool.pdm.scripts]\nw = {{cmd = "{_WORKER}"}}\n')),
    _case(fails, "a profile", "ne redémarre pas", {"compose.yml": _SERVICE.format(_WORKER, "'no'") + "    profiles: [w]\n"}),
    established("supervision", "a name in the folder of programs", "Docker Compose relance", *_files({"Dockerfile": 'FROM x\nCOPY bin/w /usr/local/bin/launch\nCMD ["launch"]\n', "compose.yml": "services:\n  w:\n    build: .\n    restart: always\n"}), Edit("bin/w", "", f"#!/bin/sh\nexec {_WORKER}\n")),
    undetermined("programs-restarted", "an entry point in Python", "`shop-watch`", Edit("compose.yaml", "", _SERVICE.format("shop-watch", "always")), Edit("pyproject.toml", "", '[project.scripts]\nshop-watch = "shop.watch:main"\n')),
    fails("programs-restarted", "a watchdog", "`python -m shop.watch`", Edit("compose.yaml", "", _SERVICE.format("celery -A shop.celery_app worker -Q default", "always") + "  d:\n    image: shop\n    command: python -m shop.watch\n")),
    established("programs-restarted", "a watchdog that comes back", "1 programme", Edit("compose.yaml", "", _SERVICE.format("celery -A shop.celery_app worker -Q default", "always") + "  d:\n    image: shop\n    command: python -m shop.watch\n    restart: always\n")),
    not_concerned("programs-restarted", "workers alone", "tel programme", Edit("start.sh", "# One machine", "# One host")),
)  # fmt: skip
