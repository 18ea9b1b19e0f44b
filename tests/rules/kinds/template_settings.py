"""Options of clients in the settings of a module, and in those of the projects that a template makes."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import PASSES, Program

_WARNED = frozenset({Outcome.RESERVATION})
_OPEN = frozenset({Outcome.UNDETERMINED})
_APP = 'from celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n\n\n@app.task\ndef t(): ...\n'
_TEMPLATE = 'ROOT_URLCONF = "{{ project_name }}.urls"\nDEBUG = {{ debug }}\n'


def _of(name: str, outcomes: frozenset[Outcome], path: str, text: str) -> Program:
    return Program("http-verified", name, outcomes, {"shop.py": _APP, path: text})


PROGRAMS = (
    _of("options of a client", _WARNED, "conf.py", 'ELASTICSEARCH_CONNECTION_OPTIONS = {"timeout": 3, "verify_certs": False}'),
    _of("options of a database", _WARNED, "conf.py", 'DATABASES = {"default": {"OPTIONS": {"ssl_verify_cert": False}}}'),
    _of("options of a client, sound", PASSES, "conf.py", 'ELASTICSEARCH_CONNECTION_OPTIONS = {"verify_certs": True}'),
    _of("columns of a form", PASSES, "conf.py", 'COLUMNS = {"verify_ssl": False}'),
    _of("a template", _WARNED, "templates/settings.py-tpl", f'{_TEMPLATE}SEARCH_OPTIONS = {{"verify_certs": False}}\n'),
    _of("a template that calls", _WARNED | {Outcome.DEFECT}, "skeleton/fetch.py.j2", "import requests\n{% if more %}\n{# more #}\n{% endif %}\n\n\ndef fetch():\n    return requests.get('{{ url }}', verify=False)\n"),
    _of("a template, sound", PASSES, "templates/settings.py-tpl", f'{_TEMPLATE}SEARCH_OPTIONS = {{"verify_certs": True}}\n'),
    _of("a template that is no Python", _OPEN, "templates/settings.py.tmpl", "{% for c in clients %}\n  {{ c.name }} = Client(verify={{ c.verify }}\n{% endfor %}\n"),
    Program("late-acknowledgement", "the application of a template", frozenset({Outcome.DEFECT}), {"shop.py": _APP, "t/celery.py-tpl": 'from celery import Celery\napp = Celery("{{ n }}")\napp.conf.task_acks_late = True\n'}),
)  # fmt: skip
