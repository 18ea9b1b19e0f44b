"""Secrets written in full: for want of a variable, in parts, in bytes, in an address, in a header; and what only looks so."""

from tests.rules.kinds.program import ALARM, PASSES, Program

_APP = 'import os\n\nfrom celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n'
_KEY = "kj34h5k3j4h5k3jh45"
_PEM = "-----BEGIN PRIVATE KEY-----{0}MIIEpAIBAAKCAQEAwJ7m3x2Qz9v0mJ4o5rW1Zk8lqH3fYx5b7n2p4s6u8w0y1A3C5E7{0}-----END PRIVATE KEY-----"
_EXAMPLE = "from drf_spectacular.utils import OpenApiExample\n\nE = OpenApiExample('one', value={'secret': '%s'})"


def _hidden(name: str, text: str, path: str = "shop.py") -> Program:
    return Program("no-literal-secret", name, ALARM, {"main.py": _APP, path: f"import os\n\n{text}\n"})


def _none(name: str, text: str, path: str = "shop.py") -> Program:
    return Program("no-literal-secret", name, PASSES, {"main.py": _APP, path: f"import os\n\n{text}\n"})


PROGRAMS = (
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
    _none("a default that says so", "SECRET_KEY = os.environ.get('SECRET_KEY') or 'change-me-in-production'"),
    _none("an answer of the documentation", _EXAMPLE % _KEY),
    _none("a sample of the documentation", f"SAMPLE = {{'client_secret': '{_KEY}'}}", "apidocs/examples/one.py"),
    _none("the name of a header", "HEADER = os.environ.get('TOKEN_HEADER', 'X-Token-Header-123')"),
)
