"""Secrets by their value and their place, environment files, files that were not read."""

from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, Program

# Only the shape of a secret.
_SHAPED = "k3y9" + "f7a2c4d8e1b6" * 2
# In two parts: a file of this repository holds no head of a key.
_PEM = "PRIVATE" + " KEY"
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
    _given("a word, the password of a service", "\nDEFAULT_DATABASE_PASSWORD = 'shopdbpass'\n"),
    _given("a word, of a class of settings", "\n\nclass Production:\n    REDIS_PASSWORD: str = 'ouvretoi'\n"),
    _given(
        "a word given with its host", "\n\ndef link():\n    return connect(host='db.internal', password='ouvretoi')\n"
    ),
    _given(
        "a word in the settings of a database",
        "\nDATABASES = {'default': {'HOST': 'pg.internal', 'USER': 'shop', 'PASSWORD': 'ouvretoi'}}\n",
    ),
    _given("a signing key without a digit", "\nDEFAULT_SECRET_KEY = 'secret-key-missing!'\n"),
    _given("a signing key with signs", f"\nSECRET_KEY = 'django-insecure-{_SHAPED}$fnc<*mxw{{di'\n"),
    _given("a private key", f'\nOPTIONS = {{"signing": """-----BEGIN RSA {_PEM}-----\n{_SHAPED * 3}\n"""}}\n'),
    _harmless("the head of a private key", f'\nHEAD = "-----BEGIN RSA {_PEM}-----"\n'),
    _harmless("an event by its name", "\nOLD = {'shop.user.password.changed': 'shop.user.password.update'}\n"),
    _harmless("a model by its name", "\nOAUTH2_ACCESS_TOKEN_MODEL = 'oauth2_provider.AccessTokenOfShop'\n"),
    _harmless("a template", "\nPASSWORD_RESET = 'registration/password_reset'\nRESET_PASSWORD = 'reset-password'\n"),
    _harmless("an action", "\nADMIN_PASSWORD = 'admin_password'\nLDAP_PASSWORD = 'userPassword'\n"),
    _harmless(
        "a key that is filled later", "\nSECRET_KEY = '${SHOP_SECRET_KEY_2}'\nAPI_TOKEN = '<token of 2024 here>'\n"
    ),
    _harmless("a group of fields", "\nGROUPS = {'smtp_host': 'mail_settings', 'smtp_password': 'settings'}\n"),
    _harmless("a label", "\nLABELS = {'password': 'Motdepasse', 'host': 'Serveur'}\n"),
    _harmless("a local database", "\nDB = {'HOST': 'localhost', 'PASSWORD': 'postgis'}\n"),
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
