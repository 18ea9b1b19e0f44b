"""`verify=` given something else than a plain value, and programs of others that are told to verify nothing."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, WARNED, Program

_APP = (
    'import os\nimport subprocess\n\nfrom celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n'
)
_RESERVED = frozenset({Outcome.RESERVATION})
_OPEN = frozenset({Outcome.UNDETERMINED})
_CLASS = (
    "import requests\n\n\nclass Client:\n    def __init__(self, verify=True):\n        self.verify = verify\n\n"
    "    def get(self, u):\n        return requests.get(u, timeout=3, verify=self.verify)\n\n\n"
)
_ENTRY = 'CACHES = {"default": {"OPTIONS": {}}}\n'


def _asking(name: str, how: str, outcomes: frozenset[Outcome], before: str = "import requests\n") -> Program:
    call = f"requests.get(u, timeout=3, verify={how})"
    return Program("http-verified", name, outcomes, f"{_APP}{before}\n\n@app.task\ndef t(u, v=None):\n    {call}\n")


def _writing(name: str, text: str, outcomes: frozenset[Outcome] = ALARM) -> Program:
    return Program("http-verified", name, outcomes, f"{_APP}\n{text}\n")


PROGRAMS = (
    _asking("a setting", "settings.V", _OPEN, "import requests\nfrom django.conf import settings\n"),
    _asking("an argument", "v", _OPEN | WARNED),
    _asking("a word of the environment", "os.environ.get('V') == '1'", _RESERVED),
    _asking("a setting, negated", "not config.DEBUG", _RESERVED, "import requests\nfrom conf import config\n"),
    _asking("a choice", "False if os.environ.get('DEV') else '/ca.pem'", _RESERVED),
    _asking("a choice that verifies", "os.environ.get('CA') or True", PASSES),
    _asking("an authority", "os.path.join(BASE, 'ca.pem')", PASSES),
    _asking("an authority of a library", "certifi.where()", PASSES, "import certifi\nimport requests\n"),
    _writing("an object that keeps it", f"{_CLASS}@app.task\ndef t(u):\n    Client(verify=False).get(u)\n", WARNED),
    _writing("an object that keeps what verifies", f"{_CLASS}@app.task\ndef t(u):\n    Client().get(u)\n", PASSES),
    _writing("httpx2", "import httpx2\n\nhttpx2.get('https://x', verify=False)"),
    _writing("niquests", "import niquests\n\nwith niquests.Session() as s:\n    s.verify = False"),
    _writing("urllib3", "import urllib3\n\nurllib3.request('GET', 'https://x', cert_reqs='CERT_NONE')"),
    _writing("directory", "import ldap\n\nldap.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_NEVER)"),
    _writing(
        "directory, sound", "import ldap\n\nldap.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)", PASSES
    ),
    _writing("curl", "subprocess.run(['curl', '-sk', URL])"),
    _writing("curl in a shell", "os.system(f'curl --insecure {URL}')"),
    _writing("curl, added", "cmd = ['curl']\ncmd.append('-k')\nsubprocess.run(cmd)"),
    _writing("curl, sound", "subprocess.run(['curl', '-s', '--cacert', 'k.pem', URL])", PASSES),
    _writing("wget", "subprocess.check_call(('wget', '--no-check-certificate', URL))"),
    _writing("git", "subprocess.run(['git', '-c', 'http.sslVerify=false', 'clone', URL])"),
    _writing(
        "git, by the environment", "subprocess.run(['git', 'pull'], env={**os.environ, 'GIT_SSL_NO_VERIFY': '1'})"
    ),
    _writing("a nested entry", f"{_ENTRY}CACHES['default']['OPTIONS']['ssl_cert_reqs'] = None"),
    _writing("a nested entry, sound", f"{_ENTRY}CACHES['default']['OPTIONS']['ssl_cert_reqs'] = 'required'", PASSES),
    _writing(
        "a nested entry, as the environment says",
        f"{_ENTRY}if not os.environ.get('VERIFY'):\n    CACHES['default']['OPTIONS']['ssl_cert_reqs'] = None",
        _RESERVED,
    ),
    _writing(
        "an address, as the environment says",
        "URL = f\"rediss://{H}/0?ssl_cert_reqs={'required' if os.environ.get('V') else 'CERT_NONE'}\"",
        _RESERVED,
    ),
    Program(
        "http-timeouts",
        "a header is no request",
        PASSES,
        f"""{_APP}import requests


@app.task
def t(u):
    answer = requests.get(u, timeout=5)
    return answer.headers.get("Age")
""",
    ),
    Program(
        "http-timeouts",
        "options without a timeout",
        ALARM,
        f"""{_APP}import requests


def hooks():
    return {{"hooks": {{}}}}


@app.task
def t(u):
    requests.get(u, **hooks())
""",
    ),
    Program(
        "http-timeouts",
        "options that are not read",
        _OPEN,
        f"""{_APP}import requests
from lib import hooks


@app.task
def t(u):
    requests.get(u, timeout=3)
    requests.get(u, **hooks())
""",
    ),
    Program(
        "request-within-limit",
        "a client of another name",
        ALARM,
        f"""{_APP}import httpx2

app.conf.update(task_soft_time_limit=20, task_time_limit=30)


@app.task
def t(u):
    httpx2.get(u, timeout=60)
""",
    ),
)
