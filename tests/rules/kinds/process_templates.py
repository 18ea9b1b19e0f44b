"""Process files that are templates, and units whose words are in other files: judged as what they make."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_OPEN = frozenset({Outcome.UNDETERMINED})
_APP = 'from celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n'
_SCHEDULE = 'app.conf.beat_schedule = {"a": {"task": "shop.a", "schedule": 60.0}}\n\n\n@app.task\ndef a(): ...\n'


def _of(rule: str, name: str, outcomes: frozenset[Outcome], app: str = _APP, **files: str) -> Program:
    named = {path.replace("__", "/"): text for path, text in files.items()}
    return Program(rule, name, outcomes, {"shop.py": app, **named})


def _named(rule: str, name: str, outcomes: frozenset[Outcome], path: str, text: str, app: str = _APP) -> Program:
    return Program(rule, name, outcomes, {"shop.py": app, path: text})


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


def _unit(rule: str, name: str, outcomes: frozenset[Outcome], nodes: str, options: str, said: str = "") -> Program:
    files = {"etc/shop.service": _UNIT.format(said), "etc/shop.conf": _GIVEN.format(nodes, options)}
    return Program(rule, name, outcomes, {"shop.py": _APP + _SCHEDULE, **files})


PROGRAMS = (
    _named("no-purge", "compose of Jinja", ALARM, "docker-compose.yml.j2", _COMPOSE.format("--purge", "")),
    _named("no-purge", "compose of Jinja, sound", PASSES, "docker-compose.yml.j2", _COMPOSE.format("", "")),
    _named(
        "supervision",
        "compose of Jinja, restarted",
        PASSES,
        "compose.yaml.tmpl",
        _COMPOSE.format("", "restart: always"),
    ),
    _named("supervision", "compose of Jinja, left dead", ALARM, "compose.yaml.tmpl", _COMPOSE.format("", "")),
    _named(
        "no-purge",
        "a purge that is chosen",
        _OPEN,
        "compose.yml-tpl",
        _COMPOSE.format("{% if flush %}--purge{% endif %}", ""),
    ),
    _named(
        "no-purge", "supervisor of Django", ALARM, "partial_supervisord.tmpl", _SUPERVISOR.format("--purge", "true")
    ),
    _named(
        "supervision",
        "supervisor of Django, restarted",
        PASSES,
        "supervisord.conf.jinja",
        _SUPERVISOR.format("", "true"),
    ),
    _named(
        "supervision", "supervisor of Django, left dead", ALARM, "supervisord.conf.tpl", _SUPERVISOR.format("", "false")
    ),
    _named(
        "supervision",
        "supervisor of Django, by a variable",
        _OPEN,
        "supervisord.conf.tpl",
        _SUPERVISOR.format("", "{{ again }}"),
    ),
    _named(
        "supervision",
        "supervisor, by the environment",
        _OPEN,
        "supervisord.tmpl",
        _SUPERVISOR.format("", "%(ENV_AGAIN)s"),
    ),
    _named("no-purge", "a chart of Helm", ALARM, "chart/templates/worker.yaml", _HELM.format(', "--purge"')),
    _named("no-purge", "a chart of Helm, sound", PASSES, "chart/templates/worker.yaml", _HELM.format("")),
    _named(
        "no-purge",
        "an ERB of Procfile",
        ALARM,
        "Procfile.erb",
        "worker: celery -A shop worker -Q <%= queue %> --purge\n",
    ),
    _named(
        "no-purge", "a script without a suffix", ALARM, "bin/worker", "#!/bin/sh\nexec celery -A shop worker --purge\n"
    ),
    _named(
        "no-purge", "a script without a suffix, sound", PASSES, "bin/worker", "#!/bin/sh\nexec celery -A shop worker\n"
    ),
    # One beat a node, or one.
    _unit("single-beat", "a beat a node", ALARM, "3", "-B"),
    _unit("single-beat", "a beat in one node", PASSES, "mail web", "--beat:mail -Q:mail mail -Q:web web"),
    _unit("no-purge", "options of a file", ALARM, "mail", "--purge"),
    _unit("no-purge", "options of a file, sound", PASSES, "mail", "-c 4"),
    _unit("supervision", "several daemons, left dead", ALARM, "mail web", ""),
    _unit("supervision", "a daemon that is guessed", _OPEN, "mail web", "", "Restart=always"),
    _unit("supervision", "a daemon that is known", PASSES, "mail", "", "Restart=always\nPIDFile=/run/mail.pid"),
    _unit("worker-names", "nodes have names", PASSES, "mail web", ""),
    _of(
        "no-purge",
        "options that no file has",
        _OPEN,
        **{"shop.service": _UNIT.format("").replace("default/shop", "default/other")},
    ),
)
