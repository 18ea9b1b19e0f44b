"""Secrets by their value and their place, environment files, files that were not read."""

from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, Program

# Only the shape of a secret.
_SHAPED = "k3y9" + "f7a2c4d8e1b6" * 2
_APP = 'from celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n'
_RULE = "no-literal-secret"


def _given(name: str, text: str) -> Program:
    return Program(_RULE, name, ALARM, _APP + text)


def _harmless(name: str, text: str) -> Program:
    return Program(_RULE, name, PASSES, _APP + text)


PROGRAMS = (
    _given("inside a wrapping call", f'\nfrom pydantic import SecretStr\n\nAPI_KEY = SecretStr("{_SHAPED}")\n'),
    _given("the default of a class of settings", f'\n\nclass Settings:\n    api_key: str = "{_SHAPED}"\n'),
    _given("given to a client", f'\n\ndef client():\n    return Client(api_key="{_SHAPED}")\n'),
    _harmless("an identifier", '\nAPI_KEY = "3f2b8c1e-90ab-4cde-8f01-23456789abcd"\n'),
    _harmless("the name of a file", '\nSECRET_KEY = "service-account-prod-2024.json"\n'),
    _harmless("a mask", '\nAPI_KEY = "sk_live_xxxxxxxxxxxxxxxx"\nPASSWORD = "********12"\n'),
    _harmless("a class for tests", f'\n\nclass TestSettings:\n    api_key: str = "{_SHAPED}"\n'),
    _harmless("a class for development", f'\n\nclass DevelopmentConfig:\n    SECRET_KEY = "{_SHAPED}"\n'),
    Program(_RULE, "a file that is not read", DOUBTED, {"shop.py": _APP, "keys.py": "def keys(:\n    pass\n"}),
    Program(
        "http-verified",
        "a file that is not read",
        DOUBTED,
        {"shop.py": _APP, "fetch.py": "import requests\n\ndef fetch(:\n    requests.get(u, verify=False)\n"},
    ),
)
