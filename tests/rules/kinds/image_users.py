"""The user of an image that a compose file builds, through an anchor or not."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, Program

_SAID = frozenset({Outcome.ESTABLISHED})
_OPEN = frozenset({Outcome.UNDETERMINED})
_APP = 'from celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n'
_ANCHOR = """
x-program: &program
  image: shop
  build: { context: ., dockerfile: Dockerfile }
services:
  worker:
    <<: *program
    command: celery -A shop worker
"""
_PLAIN = "services:\n  worker:\n    build: .\n    command: celery -A shop worker\n"
_BASE = "FROM python:3.11-slim\nCOPY . .\n"


def _built(name: str, image: str, compose: str, outcomes: frozenset[Outcome]) -> Program:
    return Program("not-root", name, outcomes, {"shop.py": _APP, "Dockerfile": image, "compose.yaml": compose})


_COPIED = """
FROM python:3.11-slim
ARG FROM_DIR=./deploy/dev
COPY ${FROM_DIR}/run /home/shop/start
USER shop
CMD ["/home/shop/start"]
"""

_RENDER = """
services:
  - {{ type: worker, name: w, runtime: docker, {where} dockerCommand: celery -A shop worker }}
"""


def _on_render(name: str, path: str, image: str, outcomes: frozenset[Outcome], where: str = "") -> Program:
    render = _RENDER.format(where=where)
    return Program("not-root", name, outcomes, {"shop.py": _APP, path: image, "render.yaml": render})


PROGRAMS = (
    _on_render("an image that Render builds", "Dockerfile", _BASE + "USER shop\n", _SAID),
    _on_render("an image that Render builds, as root", "Dockerfile", _BASE, ALARM),
    _on_render(
        "a Dockerfile that render.yaml names",
        "deploy/Dockerfile",
        _BASE + "USER 10001\n",
        _SAID,
        "dockerfilePath: ./deploy/Dockerfile,",
    ),
    _on_render("a Dockerfile that is not there", "other/Dockerfile", _BASE + "USER 10001\n", _OPEN),
    Program(
        "not-root",
        "a script copied from a folder that an argument names",
        _SAID,
        {
            "shop.py": _APP,
            "Dockerfile": _COPIED,
            "deploy/dev/run": "#!/bin/sh\nexec celery -A shop worker\n",
            "deploy/other/start": "#!/bin/sh\necho none\n",
        },
    ),
    _built("an anchor, a user", f"{_BASE}USER 10001\n", _ANCHOR, _SAID),
    _built("an anchor, root", _BASE, _ANCHOR, ALARM),
    _built("a service, a user", f"{_BASE}RUN useradd shop\nUSER shop\n", _PLAIN, _SAID),
    _built("a service, root by its name", f"{_BASE}USER root\n", _PLAIN, ALARM),
    _built("a script before the command", f'{_BASE}ENTRYPOINT ["/docker-entrypoint.sh"]\n', _PLAIN, _OPEN),
)
