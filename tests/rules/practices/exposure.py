from tests.acceptance.reference_copy import Edit
from tests.rules.case import Case, Table, established, fails, undetermined

TASKS, STORE, WEB = "shop/tasks.py", "shop/store.py", "shop/web.py"
_KEY = 'os.environ["SUPABASE_KEY"]'
_POST = 'json={"order": order_id}, timeout=(5, 30)'
_CHECK = (
    '    if not hmac.compare_digest(request.headers.get("x-signature", ""), expected(body)):\n'
    "        raise HTTPException(status_code=401)\n"
)
_DIGEST = 'return hmac.new(os.environ["WEBHOOK_SECRET"].encode(), body, "sha256").hexdigest()'
_RIGHT = (
    "def right(body, request):\n"
    '    return hmac.compare_digest(request.headers.get("x-signature", ""), expected(body))\n\n\n'
)
_KEPT = "    store(body)\n"
# Not a secret of anybody: only the shape of one.
_SHAPED = "k3y9" + "f7a2c4d8e1b6" * 2
_NO_CHECK = (Edit(WEB, _CHECK, ""), Edit(WEB, _DIGEST, "return None"), Edit(WEB, "import hmac\n", ""))

_STORED_LATER = (
    Edit(WEB, "import hmac\n", "import asyncio\nimport hmac\n"),
    Edit(WEB, "def store(body):", "async def stored(body):\n    store(body)\n\n\ndef store(body):"),
)

_UNVERIFIED = (
    (
        "a context that requires nothing",
        "verify_mode = ssl.CERT_NONE",
        "import ssl\n\n\ndef context():\n    made = ssl.create_default_context()\n    made.verify_mode = ssl.CERT_NONE\n    return made\n",
    ),
    (
        "an attribute of the class",
        "verify_mode = self.mode",
        (
            "import ssl\n\n\nclass Calls:\n    mode = ssl.CERT_NONE\n\n    def context(self):\n        made = ssl.create_default_context()\n"
            "        made.verify_mode = self.mode\n        return made\n"
        ),
    ),
    (
        "a host that is not checked",
        "check_hostname = False",
        "import ssl\n\ncontext = ssl.create_default_context()\ncontext.check_hostname = False\n",
    ),
    (
        "an unverified context by another name",
        "`fetch` (`_create_unverified_context`)",
        "import httpx\nfrom ssl import _create_unverified_context as made\n\n\ndef fetch(url):\n    return httpx.get(url, verify=made())\n",
    ),
    (
        "the default of every connection",
        "_create_default_https_context",
        "import ssl\n\nssl._create_default_https_context = ssl._create_unverified_context\n",
    ),
    (
        "a constant of another module",
        "verify=CHECK",
        "import requests\nfrom shop.tls import CHECK\n\n\ndef fetch(url):\n    return requests.get(url, timeout=3, verify=CHECK)\n",
    ),
    (
        "a constant imported with all others",
        "verify = CHECK",
        "import requests\nfrom shop.tls import *\n\n\ndef client():\n    made = requests.Session()\n    made.verify = CHECK\n    return made\n",
    ),
    (
        "an option by default",
        "verify=CHECK",
        (
            "import requests\nfrom shop.tls import CHECK\n\n\ndef fetch(url, **options):\n    options.setdefault('verify', CHECK)\n"
            "    return requests.get(url, **options)\n"
        ),
    ),
    ("a pool", "cert_reqs='CERT_NONE'", "import urllib3\n\npool = urllib3.PoolManager(cert_reqs='CERT_NONE')\n"),
    (
        "a pool made later",
        "cert_reqs=ssl.CERT_NONE",
        "import ssl\nfrom functools import partial\nimport urllib3\n\npool = partial(urllib3.PoolManager, cert_reqs=ssl.CERT_NONE)\n",
    ),
)
_SETTLED = 'CHECK = "/etc/ssl/internal.pem"\n'
_VERIFIED = (
    (
        "a constant that names an authority",
        "import requests\nfrom shop.tls import CHECK\n\n\ndef fetch(url):\n    return requests.get(url, timeout=3, verify=CHECK)\n",
    ),
    (
        "a context of a server",
        (
            "import ssl\n\ncontext = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\ncontext.verify_mode = ssl.CERT_NONE\n\n\n"
            "def context_of_clients():\n    made = ssl.create_default_context()\n    made.verify_mode = ssl.CERT_REQUIRED\n    return made\n"
        ),
    ),
    (
        "what an object of the project verifies, or a pool",
        (
            "import requests\nimport urllib3\n\npool = urllib3.PoolManager(cert_reqs='CERT_REQUIRED')\n\n\nclass Mail:\n"
            "    def __init__(self):\n        self.verify = False\n        self.options = {'verify': False}\n"
        ),
    ),
)

TABLE: Table = {
    "no-literal-secret": {
        "argument": fails("`SUPABASE_ROLE_KEY`", Edit(STORE, _KEY, f'os.getenv("SUPABASE_ROLE_KEY", "{_SHAPED}")')),
        "constant": fails(
            "`API_TOKEN`, `shop/store.py` ligne 6",
            Edit(STORE, "redis = Redis", f'API_TOKEN: str = "{_SHAPED}"\nredis = Redis'),
        ),
        "password of an address": fails(
            "une adresse avec son mot de passe",
            Edit(STORE, 'os.environ["REDIS_URL"]', f'"redis://:{_SHAPED}@cache.internal:6379/0"'),
        ),
        "dictionary": fails(
            "`password`",
            Edit(STORE, "redis = Redis", 'LOGIN = {"user": "shop", "password": "S3same!ouvre"}\nredis = Redis'),
        ),
        "names, headers and placeholders": established(
            "Aucun secret",
            Edit(
                STORE,
                "redis = Redis",
                'API_KEY_HEADER = "X-Api-Key-Of-The-Shop-2024"\nPASSWORD = "change-me-1234"\nTOKEN_URL = "https://shop.internal/token"\n'
                'LOCAL = "amqp://guest:guest@localhost//"\nredis = Redis',
            ),
        ),
    },
    "environment-untracked": {
        "of production": fails("`deploy/.env.production`", Edit("deploy/.env.production", "", "A=1\n")),
        "an example": established("fichiers suivis", Edit(".env.example", "", "A=\n")),
    },
    "http-verified": {
        "session": fails(
            "`shop/tasks.py`",
            Edit(
                TASKS,
                "from shop.celery_app import app\n",
                "from shop.celery_app import app\n\nsession = requests.Session()\nsession.verify = False\n",
            ),
        ),
        "a session by another name": fails(
            "verify = False",
            Edit(TASKS, "import requests\n", "import requests\n\nhttp = requests.Session()\nhttp.verify = False\n"),
        ),
        "a session that a `with` opens, asynchronous": fails(
            "ssl=False",
            Edit(
                "shop/fetch.py",
                "",
                "import aiohttp\n\n\nasync def fetch(url):\n    async with aiohttp.ClientSession() as s:\n"
                "        async with s.get(url, ssl=False) as answer:\n            return await answer.json()\n",
            ),
        ),
        "a session that somebody gives": fails(
            "verify=False",
            Edit(
                "shop/fetch.py",
                "",
                "import requests\n\n\ndef fetch(s: requests.Session, url):\n    return s.get(url, verify=False)\n",
            ),
        ),
        "what is not verified is no certificate": established(
            "certificat",
            Edit(
                "shop/fetch.py",
                "",
                "import requests\n\n\ndef fetch(store, url):\n    return store.read(url, verify=False), requests.get(url, timeout=3)\n",
            ),
        ),
        "options in a dictionary": fails(
            "`deliver`",
            Edit(TASKS, _POST, f"{_POST}, **OPTIONS"),
            Edit(TASKS, "import requests\n", 'import requests\n\nOPTIONS = {"verify": False}\n'),
        ),
        "Redis": fails(
            "`shop/store.py` (`ssl_cert_reqs='none'`)",
            Edit(STORE, "socket_timeout=5", 'ssl_cert_reqs="none", socket_timeout=5'),
        ),
        "a value that the environment gives": undetermined(
            "`verify=CHOSEN`",
            Edit(
                "shop/fetch.py",
                "",
                "import requests\nfrom shop.tls import CHOSEN\n\n\ndef fetch(url):\n    return requests.get(url, timeout=3, verify=CHOSEN)\n",
            ),
            Edit("shop/tls.py", "", _SETTLED),
        ),
    },
    "webhook-authentic": {
        "a look at the body": fails(
            "`receive`",
            *_NO_CHECK,
            Edit(WEB, _KEPT, f"    if not body:\n        raise HTTPException(status_code=400)\n{_KEPT}"),
        ),
        "in a function it calls": established(
            "`hmac.compare_digest`",
            Edit(WEB, _CHECK, "    if not right(body, request):\n        raise HTTPException(status_code=401)\n"),
            Edit(WEB, "def expected(body):", f"{_RIGHT}def expected(body):"),
        ),
        "in a function whose answer is lost": fails(
            "n'emploie pas la réponse de `hmac.compare_digest`",
            Edit(WEB, _CHECK, "    right(body, request)\n"),
            Edit(WEB, "def expected(body):", f"{_RIGHT}def expected(body):"),
        ),
        "by its name alone": fails(
            "`receive`",
            Edit(WEB, _CHECK, "    signature_is_right(body)\n"),
            Edit(
                WEB,
                "def expected(body):",
                "def signature_is_right(body):\n    return expected(body)\n\n\ndef expected(body):",
            ),
        ),
        "perhaps in a middleware": undetermined(
            "`OurMiddleware.dispatch` s'exécute peut-être avant le webhook",
            *_NO_CHECK,
            Edit(
                "shop/middleware.py",
                "",
                "import hmac\n\n\nclass OurMiddleware:\n    def dispatch(self, request):\n"
                "        return hmac.compare_digest(request.key, KEY)\n",
            ),
        ),
        "a middleware that checks nothing": fails(
            "`receive`",
            *_NO_CHECK,
            Edit(
                "shop/middleware.py",
                "",
                "class OurMiddleware:\n    def dispatch(self, request):\n        return None\n",
            ),
        ),
        "no role": undetermined("n'est pas renseigné", Edit("audit.toml", 'webhook = "shop.web:receive"\n', "")),
    },
    "webhook-stored-first": {
        "a thread": fails(
            "`receive`",
            Edit(WEB, _KEPT, ""),
            Edit(WEB, "background_tasks.add_task(process, body)", "threading.Thread(target=process, args=(body,))"),
            Edit(WEB, "import hmac\n", "import hmac\nimport threading\n"),
        ),
        "as a task": established(
            "`delay`", Edit(WEB, _KEPT, ""), Edit(WEB, "background_tasks.add_task(process, body)", "keep.delay(body)")
        ),
        "out of reach": undetermined(
            "ce que fait l'appel `inbox.keep(…)` (`shop/web.py`, ligne ", Edit(WEB, _KEPT, "    inbox.keep(body)\n")
        ),
        "a secret is read, and nothing stored": fails(
            "`receive`", Edit(WEB, _KEPT, "    settings.secret.get_secret_value()\n")
        ),
        "stored by what it does not wait for": fails(
            "`receive`", Edit(WEB, _KEPT, "    asyncio.create_task(stored(body))\n"), *_STORED_LATER
        ),
        "stored by what a loop is given": fails(
            "`receive`", Edit(WEB, _KEPT, "    asyncio.ensure_future(stored(body))\n"), *_STORED_LATER
        ),
        "stored by what it starts and waits for": established(
            "`execute`",
            Edit(WEB, _KEPT, "    keeping = asyncio.create_task(stored(body))\n    await keeping\n"),
            *_STORED_LATER,
        ),
        "stored by a group it leaves last": established(
            "`execute`",
            Edit(WEB, _KEPT, "    async with asyncio.TaskGroup() as group:\n        group.create_task(stored(body))\n"),
            *_STORED_LATER,
        ),
        "stored in another thread it waits for": undetermined(
            "run_in_executor", Edit(WEB, _KEPT, "    await loop.run_in_executor(None, store, body)\n")
        ),
        "a failure passed over": undetermined(
            "`execute` est sous une condition ou un `except`",
            Edit(WEB, _KEPT, "    try:\n        store(body)\n    except Exception:\n        pass\n"),
        ),
        "a failure suppressed": undetermined(
            "`delay` est sous une condition ou un `except`",
            Edit(WEB, _KEPT, "    with contextlib.suppress(Exception):\n        keep.delay(body)\n"),
        ),
        "a failure that is answered as one": established(
            "`execute`",
            Edit(
                WEB,
                _KEPT,
                "    try:\n        store(body)\n    except Exception:\n        return Response(status_code=503)\n",
            ),
        ),
        "what is already there": established(
            "`execute`",
            Edit(
                WEB,
                _KEPT,
                '    try:\n        store(body)\n    except UniqueViolation:\n        return {"status": "known"}\n',
            ),
        ),
    },
}
CASES = (
    *(
        Case(
            "http-verified",
            name,
            *fails(words, Edit("shop/fetch.py", "", text), Edit("shop/tls.py", "", "CHECK = False\n")),
        )
        for name, words, text in _UNVERIFIED
    ),
    *(
        Case(
            "http-verified",
            name,
            *established("certificat", Edit("shop/fetch.py", "", text), Edit("shop/tls.py", "", _SETTLED)),
        )
        for name, text in _VERIFIED
    ),
)
