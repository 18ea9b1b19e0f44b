"""Process files that are templates, and units whose words are in other files: judged as what they make."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Answer, Table

_OPEN = frozenset({Outcome.UNDETERMINED})
_APP = 'from celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n'
_SCHEDULE = 'app.conf.beat_schedule = {"a": {"task": "shop.a", "schedule": 60.0}}\n\n\n@app.task\ndef a(): ...\n'


def _of(outcomes: frozenset[Outcome], app: str = _APP, **files: str) -> Answer:
    named = {path.replace("__", "/"): text for path, text in files.items()}
    return outcomes, {"shop.py": app, **named}


def _named(outcomes: frozenset[Outcome], path: str, text: str, app: str = _APP) -> Answer:
    return outcomes, {"shop.py": app, path: text}


_COMPOSE = """services:
{{% for worker in workers %}}
  worker-{{{{ worker.name }}}}:
    image: {{{{ image }}}}:{{{{ tag | default("latest") }}}}
    command: celery -A shop worker -Q {{{{ worker.queue }}}} {0}
    {1}
{{% endfor %}}
"""
_SUPERVISOR = """{{% load tags %}}
[program:worker]
command = nice -n {{{{ level }}}} %(ENV_COMMAND)s
environment =
  COMMAND = "%(ENV_BIN)scelery -A shop worker {0}",
  HOME = {{{{ home }}}}
{{% if log %}}stdout_logfile = {{{{ log }}}}{{% endif %}}
autorestart = {1}
"""
_HELM = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{{{ include "shop.name" . }}}}
  labels:
    {{{{- include "shop.labels" . | nindent 4 }}}}
spec:
  replicas: {{{{ .Values.replicas }}}}
  template:
    spec:
      containers:
        - name: worker
          image: "{{{{ .Values.image }}}}"
          {{{{- if .Values.worker }}}}
          command: ["celery", "-A", "shop", "worker"{0}]
          {{{{- end }}}}
"""
_UNIT = """[Service]
Type=forking
EnvironmentFile=-/etc/default/shop
ExecStart=/bin/sh -c '${{CELERY_BIN}} -A shop multi start $NODES $OPTIONS'
{0}
"""
_GIVEN = 'NODES="{0}"\nCELERY_BIN=/srv/bin/celery\nOPTIONS="{1}"\n'


def _unit(outcomes: frozenset[Outcome], nodes: str, options: str, said: str = "") -> Answer:
    files = {"etc/shop.service": _UNIT.format(said), "etc/shop.conf": _GIVEN.format(nodes, options)}
    return outcomes, {"shop.py": _APP + _SCHEDULE, **files}


TABLE: Table = {
    "no-purge": {
        "compose of Jinja": _named(ALARM, "docker-compose.yml.j2", _COMPOSE.format("--purge", "")),
        "compose of Jinja, sound": _named(PASSES, "docker-compose.yml.j2", _COMPOSE.format("", "")),
        "a purge that is chosen": _named(
            _OPEN, "compose.yml-tpl", _COMPOSE.format("{% if flush %}--purge{% endif %}", "")
        ),
        "supervisor of Django": _named(ALARM, "partial_supervisord.tmpl", _SUPERVISOR.format("--purge", "true")),
        "a chart of Helm": _named(ALARM, "chart/templates/worker.yaml", _HELM.format(', "--purge"')),
        "a chart of Helm, sound": _named(PASSES, "chart/templates/worker.yaml", _HELM.format("")),
        "an ERB of Procfile": _named(ALARM, "Procfile.erb", "worker: celery -A shop worker -Q <%= queue %> --purge\n"),
        "a script without a suffix": _named(ALARM, "bin/worker", "#!/bin/sh\nexec celery -A shop worker --purge\n"),
        "a script without a suffix, sound": _named(PASSES, "bin/worker", "#!/bin/sh\nexec celery -A shop worker\n"),
        "options of a file": _unit(ALARM, "mail", "--purge"),
        "options of a file, sound": _unit(PASSES, "mail", "-c 4"),
        "options that no file has": _of(
            _OPEN, **{"shop.service": _UNIT.format("").replace("default/shop", "default/other")}
        ),
    },
    "supervision": {
        "compose of Jinja, restarted": _named(PASSES, "compose.yaml.tmpl", _COMPOSE.format("", "restart: always")),
        "compose of Jinja, left dead": _named(ALARM, "compose.yaml.tmpl", _COMPOSE.format("", "")),
        "supervisor of Django, restarted": _named(PASSES, "supervisord.conf.jinja", _SUPERVISOR.format("", "true")),
        "supervisor of Django, left dead": _named(ALARM, "supervisord.conf.tpl", _SUPERVISOR.format("", "false")),
        "supervisor of Django, by a variable": _named(
            _OPEN, "supervisord.conf.tpl", _SUPERVISOR.format("", "{{ again }}")
        ),
        "supervisor, by the environment": _named(_OPEN, "supervisord.tmpl", _SUPERVISOR.format("", "%(ENV_AGAIN)s")),
        "several daemons, left dead": _unit(ALARM, "mail web", ""),
        "a daemon that is guessed": _unit(_OPEN, "mail web", "", "Restart=always"),
        "a daemon that is known": _unit(PASSES, "mail", "", "Restart=always\nPIDFile=/run/mail.pid"),
    },
    "single-beat": {
        # One beat a node, or one.
        "a beat a node": _unit(ALARM, "3", "-B"),
        "a beat in one node": _unit(PASSES, "mail web", "--beat:mail -Q:mail mail -Q:web web"),
    },
    "worker-names": {"nodes have names": _unit(PASSES, "mail web", "")},
}
