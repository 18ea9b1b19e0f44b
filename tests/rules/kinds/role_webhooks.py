"""Webhooks: whose session they ask for, what they keep before they answer, how they check who calls."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, WARNED, Answer, Table

_ROLE = '[roles]\nwebhook = "shop:receive"\n'
_HEAD = """
import functools
import hmac

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, Request

api = FastAPI()


def process(body): ...
"""
_END = """
    background.add_task(process, body)
    return {}
"""
_RECEIVE = '\n\n@api.post("/hooks")\nasync def receive(request: Request, background: BackgroundTasks):\n    body = await request.body()\n'


def _hook(text: str, **files: str) -> dict[str, str]:
    return {"audit.toml": _ROLE, "shop.py": _HEAD + text, **{f"{name}.py": code for name, code in files.items()}}


def _receiving(before: str, inside: str = "", **files: str) -> dict[str, str]:
    return _hook(before + _RECEIVE + inside + _END, **files)


_USER, _STORED, _SIGNED = "webhook-no-user", "webhook-stored-first", "webhook-authentic"
_RIGHT = """

def right(request, body):
    return hmac.compare_digest(request.headers["signature"], hmac.digest(KEY, body, "sha256").hex())
"""
_ROUTER = """

def {name}(request: Request):
    {body}


hooks = APIRouter(dependencies=[Depends({name})])


@hooks.post("/hooks")
async def receive(request: Request, background: BackgroundTasks):
    body = await request.body()
    background.add_task(process, body)
    return {{}}


api.include_router(hooks)
"""


_GROUPED = """
import asyncio


class Grouped:
    def __init__(self, work):
        self._work, self._waiting, self._running = work, [], None

    async def do(self, item):
        result = asyncio.get_running_loop().create_future()
        self._waiting.append((item, result))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        {wait}

    async def _run(self):
        while self._waiting:
            together, self._waiting = self._waiting, []
            {turn}


def store(bodies):
    db.execute("INSERT INTO inbox SELECT unnest(%s)", [bodies])


storing = Grouped({given})
"""
_WORK, _GIVE = (
    "await asyncio.to_thread(self._work, [item for item, _ in together])",
    "[r.set_result(1) for _, r in together]",
)
_NEXT = "\n            "


def _grouped(
    outcomes: frozenset[Outcome], *turn: str, wait: str = "return await result", given: str = "store"
) -> Answer:
    text = _GROUPED.format(wait=wait, turn=_NEXT.join(turn), given=given)
    return outcomes, _receiving(text, "    await storing.do(body)\n")


_TRIED = ("try:", f"    {_WORK}", "except Exception as error:", "    [r.set_exception(error) for _, r in together]")


TABLE: Table = {
    _USER: {
        "a dependency of a dependency": (
            WARNED,
            _hook("""

def caller(request: Request):
    return request.session["account"]


def tenant(who=Depends(caller)):
    return who


@api.post("/hooks")
async def receive(request: Request, background: BackgroundTasks, tenant=Depends(tenant)):
    background.add_task(process, await request.body())
    return {}
"""),
        ),
        "a decorator of the project": (
            WARNED,
            _hook("""

def guarded(view):
    @functools.wraps(view)
    async def inner(request, *args, **kwargs):
        if not request.session.get("login"):
            raise HTTPException(401)
        return await view(request, *args, **kwargs)
    return inner


@api.post("/hooks")
@guarded
async def receive(request: Request, background: BackgroundTasks):
    background.add_task(process, await request.body())
    return {}
"""),
        ),
        "a repository whose statement asks PostgREST who calls": (
            WARNED,
            _receiving(
                "\nimport store\n",
                "    store.Inbox().keep(body)\n",
                store='class Inbox:\n    KEEP = "INSERT INTO inbox SELECT %s WHERE auth.uid() IS NOT NULL FROM one"\n\n'
                "    def keep(self, body):\n        self.db.execute(self.KEEP, [body])\n",
            ),
        ),
        "a BackgroundTasks that nothing is given to": (DOUBTED, _hook(_RECEIVE + "    return {}\n")),
        "a router that asks for a key": (
            PASSES,
            _hook(_ROUTER.format(name="key", body='return request.headers["x-key"]')),
        ),
    },
    _STORED: {
        "inserted together, each answered after": _grouped(PASSES, _WORK, _GIVE),
        "inserted together, an error given to each": _grouped(PASSES, *_TRIED, "    return", _GIVE),
        "inserted together, answered though it failed": _grouped(DOUBTED, *_TRIED[:3], "    pass", _GIVE),
        "answered before the group is inserted": _grouped(DOUBTED, _GIVE, _WORK),
        "inserted only sometimes": _grouped(DOUBTED, f"if len(together) > 1: {_WORK}", _GIVE),
        "a group that nobody waits for": _grouped(DOUBTED, _WORK, _GIVE, wait="return None"),
        "a group that stores nothing": _grouped(DOUBTED, _WORK, _GIVE, given="print"),
        "a function that a thread runs": (
            PASSES,
            _receiving(
                "\nimport asyncio\n\n\ndef store(body):\n    db.execute('INSERT INTO inbox VALUES (%s)', [body])\n",
                "    await asyncio.to_thread(store, body)\n",
            ),
        ),
        "an object that calls what it was made with": (
            PASSES,
            _receiving(
                "\n\nclass Once:\n    def __init__(self, work):\n        self.work = work\n\n    def do(self, body):\n"
                "        return self.work(body)\n\n\ndef store(body):\n    db.execute('INSERT INTO inbox VALUES (%s)', [body])\n\n\n"
                "once = Once(store)\n",
                "    once.do(body)\n",
            ),
        ),
        "an object that only keeps what it was made with": (
            DOUBTED,
            _receiving(
                "\n\nclass Once:\n    def __init__(self, work):\n        self.work = work\n\n    def do(self, body):\n"
                "        self.last = body\n\n\ndef store(body):\n    db.execute('INSERT INTO inbox VALUES (%s)', [body])\n\n\n"
                "once = Once(store)\n",
                "    once.do(body)\n",
            ),
        ),
        "a statement that only reads": (
            ALARM,
            _receiving("", '    db.execute("SELECT 1 FROM contacts WHERE phone = %s", [body])\n'),
        ),
        "a list at the head of which it inserts": (
            ALARM,
            _receiving("\nRECENT = []\n", "    RECENT.insert(0, body)\n"),
        ),
        "a method that only bears the name": (
            ALARM,
            _receiving(
                "\n\nclass Inbox:\n    def save(self, body):\n        self.last = body\n\n\ninbox = Inbox()\n",
                "    inbox.save(body)\n",
            ),
        ),
        "a method of an object that is given": (
            DOUBTED,
            _receiving(
                "\n\nclass Inbox:\n    def save(self, body):\n        self.last = body\n",
                "    api.state.inbox.save(body)\n",
            ),
        ),
        "a method that stores": (
            PASSES,
            _receiving(
                "\n\nclass Inbox:\n    def keep(self, body):\n        db.execute('INSERT INTO inbox VALUES (%s)', [body])\n\n\ninbox = Inbox()\n",
                "    inbox.keep(body)\n",
            ),
        ),
        "a stream": (PASSES, _receiving("", "    await redis.xadd('inbox', {'body': body})\n")),
    },
    _SIGNED: {
        "an `authenticate` that nothing calls": (
            ALARM,
            _receiving(
                "\n\ndef authenticate(request, body):\n    if not hmac.compare_digest(KEY, body):\n        raise HTTPException(401)\n"
            ),
        ),
        "a comparison that nobody looks at": (ALARM, _receiving(_RIGHT, "    right(request, body)\n")),
        "a name that promises": (
            ALARM,
            _receiving(
                "\n\ndef verify_signature(request, body):\n    return True\n", "    verify_signature(request, body)\n"
            ),
        ),
        "a header that is read and compared with nothing": (
            ALARM,
            _receiving("", '    signature = request.headers["x-signature"]\n'),
        ),
        "a refusal in the endpoint": (
            PASSES,
            _receiving(_RIGHT, "    if not right(request, body):\n        raise HTTPException(401)\n"),
        ),
        "a dependency of the router": (
            PASSES,
            _hook(
                _RIGHT
                + _ROUTER.format(name="signed", body='if not right(request, b""):\n        raise HTTPException(401)')
            ),
        ),
        "a decorator": (
            PASSES,
            _hook(
                _RIGHT
                + """

def signed(view):
    @functools.wraps(view)
    async def inner(request: Request, background: BackgroundTasks):
        if not right(request, await request.body()):
            raise HTTPException(401)
        return await view(request, background)
    return inner


@api.post("/hooks")
@signed
async def receive(request: Request, background: BackgroundTasks):
    background.add_task(process, await request.body())
    return {}
"""
            ),
        ),
        "a class of a library that raises": (
            PASSES,
            _receiving(
                "\nfrom svix.webhooks import Webhook\n", "    Webhook(KEY).verify(body, dict(request.headers))\n"
            ),
        ),
        "a library that answers, and is not asked": (
            ALARM,
            _receiving(
                "\nfrom passlib.context import CryptContext\n\nkeys = CryptContext()\n",
                '    keys.verify(request.headers["x-key"], KEY)\n',
            ),
        ),
        "a library that answers, and is asked": (
            PASSES,
            _receiving(
                "\nfrom twilio.request_validator import RequestValidator\n\nsigned = RequestValidator(KEY)\n",
                "    if not signed.validate(str(request.url), body, request.headers['x-twilio-signature']):\n"
                "        raise HTTPException(403)\n",
            ),
        ),
        "a function that is not followed": (
            DOUBTED,
            _receiving("\nCHECKS = load()\n", "    CHECKS[request.url.path](request, body)\n"),
        ),
    },
}
