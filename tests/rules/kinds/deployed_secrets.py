"""Secrets in the files that deploy a project, and what only looks so."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_APP = 'import os\n\nfrom celery import Celery\n\napp = Celery("shop", broker=os.environ["BROKER"])\n'
_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzXw12AB9Qk"
_PASSWORD = "hJ8s9dK2mQ7zX4pL"
_COMPOSE = "services:\n  worker:\n    image: shop\n    command: celery -A shop worker\n    environment:\n      {0}\n"


def _deployed(name: str, path: str, text: str, outcomes: frozenset[Outcome] = ALARM) -> Program:
    return Program("no-literal-secret", name, outcomes, {"shop.py": _APP, path: text})


_SECRET = "apiVersion: v1\nkind: {0}\nmetadata: {{name: shop}}\n{1}:\n  DB_PASSWORD: {2}\n"

PROGRAMS = (
    _deployed("variable", "compose.yaml", _COMPOSE.format(f"AWS_SECRET_ACCESS_KEY: {_KEY}")),
    _deployed("variable in a list", "compose.yaml", _COMPOSE.format(f"- AWS_SECRET_ACCESS_KEY={_KEY}")),
    _deployed("address", "compose.yaml", _COMPOSE.format(f"BROKER: redis://:{_PASSWORD}@redis:6379/0")),
    _deployed("texts of a Secret", "k8s/secret.yaml", _SECRET.format("Secret", "stringData", _PASSWORD)),
    _deployed("data of a Secret", "k8s/secret.yaml", _SECRET.format("Secret", "data", "aEo4czlkSzJtUTd6WDRwTA==")),
    _deployed("pod", "k8s/pod.yaml", f"env:\n  - name: API_TOKEN\n    value: {_KEY}\n"),
    _deployed("values of a chart", "chart/values.yaml", f"redis:\n  password: {_PASSWORD}\n"),
    _deployed("image", "Dockerfile", f"FROM python\nENV API_TOKEN={_KEY}\nCMD celery -A shop worker\n"),
    _deployed("image, by a space", "Dockerfile", f"FROM python\nENV API_TOKEN {_KEY}\n"),
    _deployed("image, over several lines", "Dockerfile", f'FROM python\nENV API_TOKEN="{_KEY}" \\\n    DEBUG=0\n'),
    _deployed("option of a command", "start.sh", f"docker run -e A=1 -e API_TOKEN={_KEY} shop celery -A shop worker\n"),
    _deployed(
        "task definition", "task-definition.json", f'{{"environment": [{{"name": "API_TOKEN", "value": "{_KEY}"}}]}}'
    ),
    _deployed(
        "task definition, over lines",
        "ecs.json",
        f'{{"environment": [{{\n "name": "API_TOKEN",\n "value": "{_KEY}"}}]}}',
    ),
    _deployed("address with a parameter", "start.sh", f"curl https://shop.example/?next={_KEY}\n", PASSES),
    _deployed("unit", "shop.service", f"[Service]\nEnvironment=API_TOKEN={_KEY}\nExecStart=celery -A shop worker\n"),
    _deployed("script", "start.sh", f"export API_TOKEN='{_KEY}'\nexec celery -A shop worker\n"),
    _deployed("variable of the host", "compose.yaml", _COMPOSE.format("API_TOKEN: ${API_TOKEN}"), PASSES),
    _deployed("word of a developer", "compose.yaml", _COMPOSE.format("POSTGRES_PASSWORD: postgres"), PASSES),
    _deployed("address of a developer", "compose.yaml", _COMPOSE.format("BROKER: redis://:redis@redis:6379/0"), PASSES),
    _deployed("developer's file", "compose.dev.yaml", _COMPOSE.format(f"API_TOKEN: {_KEY}"), PASSES),
    _deployed("sealed", "k8s/secret.yaml", _SECRET.format("SealedSecret", "encryptedData", _KEY), PASSES),
    _deployed(
        "reference",
        "k8s/pod.yaml",
        "env:\n  - name: API_TOKEN\n    valueFrom:\n      secretKeyRef: {name: shop, key: TOKEN1a}\n",
        PASSES,
    ),
    _deployed(
        "chart that is filled", "chart/secret.yaml", "data:\n  password: {{ .Values.password | b64enc }}\n", PASSES
    ),
    _deployed("digest", "compose.yaml", f"services:\n  worker:\n    image: shop@sha256:{'aB3' * 20}\n", PASSES),
    _deployed("argument that a build is given", "Dockerfile", "FROM python\nARG SECRET_KEY=build-only\n", PASSES),
    _deployed("a file to fill", "ops/shop.conf.dist", "environment=SECRET_KEY=changeme\n", PASSES),
    _deployed(
        "template of Ansible", "roles/shop/templates/shop.service.j2", f"[Service]\nEnvironment=API_TOKEN={_KEY}\n"
    ),
)
