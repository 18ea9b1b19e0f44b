"""Webhooks that check who calls, but not always."""

from dataclasses import replace

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_DOUBT = frozenset({Outcome.UNDETERMINED})
_ROLE = '[roles]\nwebhook = "app:receive"\n'
_HEAD = (
    "import hmac\nimport json\nimport os\n\nimport stripe\nfrom fastapi import FastAPI, HTTPException, Request\n\n"
    "api = FastAPI()\nSECRET = os.environ.get('SECRET', '')\n\n\n"
)
_RECEIVE = "@api.post('/hook')\nasync def receive(request: Request):\n    body = await request.body()\n"
_SIGNED = "hmac.compare_digest(sig, hmac.digest(SECRET.encode(), body, 'sha256').hex())"
_STORE = "    inbox.store(body)\n    return {}\n"
_SIG = "    sig = request.headers.get('x-sig')\n"
_VALID = "def valid(sig, body):\n{first}    return " + _SIGNED + "\n\n\n"
_ASKED = "    if not valid(request.headers.get('x-sig', ''), body):\n        raise HTTPException(401)\n"
_EVENT = "stripe.Webhook.construct_event(body, request.headers['stripe-signature'], SECRET)"
_TRIED = (
    "    try:\n        event = " + _EVENT + "\n    except stripe.error.SignatureVerificationError:\n        {then}\n"
)


def _webhook(name: str, outcomes: frozenset[Outcome], body: str, before: str = "") -> Program:
    files = {"audit.toml": _ROLE, "app.py": f"{_HEAD}{before}{_RECEIVE}{body}{_STORE}"}
    return Program("webhook-authentic", name, outcomes, files)


_REFUSED = "raise HTTPException(401)\n"
_BY_KEY = "hmac.compare_digest(sig, hmac.digest(SECRET, body, 'sha256').hex())"
_MADE = (
    f"def signed(secret):\n    def check(sig, body):\n        return {_BY_KEY.replace('SECRET', 'secret')}\n\n    return check\n\n\n"
    "def everybody(sig, body):\n    return True\n\n\ndef checker(secret, proof):\n{}    return signed(secret)\n\n\n"
)
_OF_MADE = "    valid = checker(SECRET, PROOF)\n" + _ASKED


def _made(
    name: str, outcomes: frozenset[Outcome], first: str, given: str = "checker(SECRET, PROOF)", said: str = ""
) -> Program:
    """The check is what a function hands out."""
    body = _OF_MADE.replace("checker(SECRET, PROOF)", given)
    return replace(_webhook(name, outcomes, body, _MADE.format(first)), said=said)


def _dependency(name: str, outcomes: frozenset[Outcome], first: str) -> Program:
    """The check is a dependency of the route, which refuses by raising."""
    check = f"async def check(request: Request):\n{first}    if not {_SIGNED.replace('sig,', 'SIG,')}:\n        {_REFUSED}\n\n"
    receive = "@api.post('/hook', dependencies=[Depends(check)])\nasync def receive(request: Request):\n"
    text = (
        f"{_HEAD.replace('HTTPException', 'Depends, HTTPException')}{check}{receive}{_STORE.replace('body', 'request')}"
    )
    return Program("webhook-authentic", name, outcomes, {"audit.toml": _ROLE, "app.py": text})


_GUARDED = (
    "async def guard(request, call_next):\n    if request.url.path.startswith('/hook'):\n"
    f"        if not {_SIGNED.replace('sig,', 'SIG,')}:\n            {_REFUSED}    return await call_next(request)\n\n\n"
    "api.middleware('http')(guard)\n\n\n"
)
PROGRAMS = (
    _webhook("a middleware that a call registers", _DOUBT, "", _GUARDED),
    _webhook("a middleware that checks nothing", ALARM, "", _GUARDED.replace("hmac.compare_digest", "print")),
    _made("made, open without a secret", _DOUBT, "    if not secret:\n        return lambda sig, body: True\n"),
    _made("made, closed without a secret", PASSES, "    if not secret:\n        return lambda sig, body: False\n"),
    _made(
        "made, open where somebody writes so",
        _DOUBT,
        "    if proof == 'none':\n        return lambda sig, body: True\n",
        "checker(SECRET, settings.proof)",
        "est appelé, sauf si `proof == 'none'` : ce que vaut `settings.proof` en production ne se lit pas, `app.py:24`",
    ),
    _made(
        "made, open by a keyword",
        _DOUBT,
        "    if not secret:\n        return signed(secret)\n    elif proof is None:\n        return lambda sig, body: True\n",
        "checker(SECRET, proof=os.environ.get('PROOF'))",
        "sauf si `proof is None` : ce que vaut `os.environ.get('PROOF')` en production ne se lit pas, `app.py:26`",
    ),
    _made("made, open where a value is empty", _DOUBT, "    if proof == '':\n        return lambda sig, body: True\n"),
    _dependency("left without a secret", _DOUBT, "    if not SECRET:\n        return\n"),
    _dependency("left without the header", ALARM, "    if 'x-sig' not in request.headers:\n        return None\n"),
    _dependency("stopped without a secret", PASSES, "    if not SECRET:\n        raise HTTPException(503)\n"),
    _webhook(
        "or without a secret", _DOUBT, _ASKED, _VALID.format(first="").replace("return ", "return not SECRET or ")
    ),
    _webhook(
        "or signed by the key of before",
        PASSES,
        _ASKED,
        _VALID.format(first="").replace("return ", f"return {_BY_KEY.replace('SECRET', 'OLD')} or "),
    ),
    _webhook("neither without a secret", _DOUBT, f"{_SIG}    if not (not SECRET or {_SIGNED}):\n        {_REFUSED}"),
    _webhook("with the header", ALARM, f"{_SIG}    if sig:\n        if not {_SIGNED}:\n            {_REFUSED}"),
    _webhook("with the header, in one test", ALARM, f"{_SIG}    if sig and not {_SIGNED}:\n        {_REFUSED}"),
    _webhook("empty key", ALARM, _ASKED, _VALID.format(first="").replace("SECRET.encode()", "b''")),
    _webhook("failure passed over", ALARM, _TRIED.format(then="event = json.loads(body)")),
    _webhook("without a secret, yes", _DOUBT, _ASKED, _VALID.format(first="    if not SECRET:\n        return True\n")),
    _webhook(
        "when it is switched on",
        _DOUBT,
        f"    if os.environ.get('CHECK'):\n    {_ASKED.replace(chr(10) + '    ', chr(10) + '        ')}",
    ),
    _webhook("without the header, refused", PASSES, f"{_SIG}    if not sig or not {_SIGNED}:\n        {_REFUSED}"),
    _webhook(
        "without the header, refused apart",
        PASSES,
        f"{_SIG}    if sig:\n        if not {_SIGNED}:\n            {_REFUSED}    else:\n        {_REFUSED}",
    ),
    _webhook("without a secret, no", PASSES, _ASKED, _VALID.format(first="    if not SECRET:\n        return False\n")),
    _webhook(
        "of the one method that works",
        PASSES,
        f"    if request.method == 'POST':\n        if not {_SIGNED.replace('sig,', 'request.headers[1],')}:\n            {_REFUSED}"
        "        inbox.store(body)\n    return Response()\n\n\ndef other(body):\n",
    ),
    _webhook("failure refused", PASSES, _TRIED.format(then=_REFUSED.strip())),
    _webhook("failure answered", PASSES, _TRIED.format(then="return {'status': 400}")),
    _webhook("failure kept", PASSES, _TRIED.format(then="event = None") + f"    if event is None:\n        {_REFUSED}"),
)
