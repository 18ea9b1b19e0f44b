"""Webhooks that check who calls, but not always."""

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
PROGRAMS = (
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
