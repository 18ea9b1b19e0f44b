"""Secrets written in full: for want of a variable, in parts, in bytes, in an address, in a header; and what only looks so."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_APP = 'import os\n\nfrom celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n'
_KEY = "kj34h5k3j4h5k3jh45"
_LOCAL = "postgresql://shop:shop1234@localhost/shop"
_BYTES = (
    "SECRET_KEY = os.environ.get('K', '')\nif not SECRET_KEY:\n    SECRET_KEY = b'\\x16\\xda\\xcb\\x07\\x9c\\x1e\\xfa'"
)
_PEM = "-----BEGIN PRIVATE KEY-----{0}MIIEpAIBAAKCAQEAwJ7m3x2Qz9v0mJ4o5rW1Zk8lqH3fYx5b7n2p4s6u8w0y1A3C5E7{0}-----END PRIVATE KEY-----"
_EXAMPLE = "from drf_spectacular.utils import OpenApiExample\n\nE = OpenApiExample('one', value={'secret': '%s'})"


def _hidden(name: str, text: str, path: str = "shop.py") -> Program:
    return Program("no-literal-secret", name, ALARM, {"main.py": _APP, path: f"import os\n\n{text}\n"})


def _reserved(name: str, text: str) -> Program:
    files = {"main.py": _APP, "shop.py": f"import os\n\n{text}\n"}
    return Program("no-literal-secret", name, frozenset({Outcome.RESERVATION}), files)


def _none(name: str, text: str, path: str = "shop.py") -> Program:
    return Program("no-literal-secret", name, PASSES, {"main.py": _APP, path: f"import os\n\n{text}\n"})


PROGRAMS = (
    _none("the name of a variable", "SECRET = 'SHOP_WEBHOOK_SECRET'\nkey = os.environ[SECRET]"),
    _hidden("a key that reads as one", "SECRET_KEY = 'DEV_SECRET_KEY'"),
    _hidden(
        "a default of django-environ",
        "import environ\nenv = environ.Env()\nSECRET_KEY = env.str('SECRET_KEY', 'shop-signing-key')",
    ),
    _hidden(
        "a default, in the image's settings",
        "from environs import Env\nenv = Env()\nSECRET_KEY = env('SECRET_KEY', default='shop-signing-key')",
        "docker/development/settings.py",
    ),
    _hidden("a default of decouple", f"from decouple import config\nKEY = config('JWT_SECRET', default='{_KEY}')"),
    _hidden("a default of the project's reader", f"from conf import read\nKEY = read('JWT_SECRET', '{_KEY}')"),
    _hidden("what replaces nothing", f"SECRET_KEY = os.environ.get('SECRET_KEY') or '{_KEY}'"),
    _hidden("a side of a choice", f"API_TOKEN = os.environ['T'] if 'T' in os.environ else '{_KEY}'"),
    _hidden("bytes", f"SECRET_KEY = b'{_KEY}'"),
    _hidden("bytes of a text", f"SECRET_KEY = '{_KEY}'.encode()"),
    _hidden("two parts", f"API_KEY = '{_KEY}' + 'a1b2c3'"),
    _hidden("a header", f"HEADERS = {{'Authorization': 'Bearer {_KEY}'}}"),
    _hidden("a key of a provider, by its shape", "client = Client('sk_live_a1b2c3d4e5f6g7h8i9')"),
    _hidden("parameters of a connection", "c = connect('host=pg.prod dbname=shop password=hunter2xx')"),
    _hidden(
        "an address for want of a variable", "URL = os.environ.get('URL', 'postgresql://shop:hunter2xx@pg.prod/shop')"
    ),
    _hidden("a private key", f"KEY = '''{_PEM.format(chr(10))}'''"),
    _hidden("a private key on one line", f"KEY = '{_PEM.format(chr(92) + 'n')}'"),
    _none("an address that somebody fills", "URL = 'postgresql://user:pass@host/shop'"),
    _none("an address of a sentence", "HELP = 'amqp://user:password@hostname:5672/vhost'"),
    _none("no default", "SECRET_KEY = os.environ.get('SECRET_KEY', '')"),
    _hidden("bytes that are no text, under `if not`", _BYTES),
    _hidden("bytes in hexadecimal", "SECRET_KEY = bytes.fromhex('16dacb079c1efa108d01aa77')"),
    _hidden("an address around a value", "H = os.environ['H']\nURL = f'postgresql://shop:hunter2xx@{H}/shop'"),
    _hidden("an address in two parts", "URL = 'postgresql://shop:hunter2xx@' + os.environ['H'] + '/shop'"),
    _hidden("an address in bytes", "URL = b'postgresql://shop:hunter2xx@pg.prod/shop'"),
    _hidden("an address, in a default of a parameter", "def f(url='amqp://shop:hunter2xx@mq.prod//'): return url"),
    _hidden("the default of a parameter", f"def f(host, *, api_key='{_KEY}'): return host"),
    _hidden(
        "the default of an option", "import click\n@click.option('--password', default='hunter2xx9')\ndef f(p): ..."
    ),
    _hidden(
        "the default of a field", f"from pydantic import Field\nclass S:\n    api_key: str = Field(default='{_KEY}')"
    ),
    _hidden("one of two values", "USER, DB_PWD = 'shop', 'hunter2xx9'"),
    _hidden("an attribute, by its name", f"import conf\nsetattr(conf, 'API_TOKEN', '{_KEY}')"),
    _hidden("parts that are joined", f"API_KEY = ''.join(['{_KEY[:9]}', '{_KEY[9:]}'])"),
    _hidden("a key of `jwt`", f"import jwt\ndef f(p): return jwt.encode(p, '{_KEY}', algorithm='HS256')"),
    _hidden("a key of `hmac`", f"import hmac\ndef f(b): return hmac.new(b'{_KEY}', b, 'sha256')"),
    _hidden("a login of a request", "import requests\ndef f(): requests.get('x', auth=('a', 'hunter2xx9'), timeout=1)"),
    _hidden(
        "a login of a mailbox", "import smtplib\ndef f():\n    s = smtplib.SMTP('m')\n    s.login('a', 'hunter2xx9')"
    ),
    _hidden("a key among parameters", f"URL = 'https://api.prod/v1?api_key={_KEY}'"),
    _reserved("an address of this machine, for want of another", f"def f(c): return c.get('URI', '{_LOCAL}')"),
    _reserved("the same, after an error", f"try:\n    URL = os.environ['URL']\nexcept KeyError:\n    URL = '{_LOCAL}'"),
    _reserved("a key that everybody knows", "SECRET_KEY = os.environ.get('SECRET_KEY') or 'change-me-in-production'"),
    _none("the same, refused", "SECRET_KEY = os.getenv('SECRET_KEY', 'changeme')\nassert SECRET_KEY != 'changeme'"),
    _none("an address of this machine", f"URL = '{_LOCAL}'"),
    _none("an address that `%` fills", "URL = 'postgresql://%s:%s@%s/shop'"),
    _none(
        "a sample in the text of an option", f"import click\n@click.option('--url', help='as {_LOCAL}')\ndef f(u): ..."
    ),
    _none("a development class", f"class DevelopmentConfig:\n    URL = os.environ.get('URL') or '{_LOCAL}'"),
    _none("a pattern", "PASSWORD_RE = r'^(?=.*[0-9]).{8,}$'"),
    _none("a key that is given", "import hmac\ndef f(key, b): return hmac.new(key, b, 'sha256')"),
    _none("an answer of the documentation", _EXAMPLE % _KEY),
    _none("a sample of the documentation", f"SAMPLE = {{'client_secret': '{_KEY}'}}", "apidocs/examples/one.py"),
    _none("the name of a header", "HEADER = os.environ.get('TOKEN_HEADER', 'X-Token-Header-123')"),
)
