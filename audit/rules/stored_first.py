"""Whether a webhook keeps what it receives before it answers."""

from collections.abc import Iterator, Sequence

from audit.model.call_completion import DEFERRING
from audit.model.facts import Call, Function
from audit.model.findings import Finding, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.effective_settings import short
from audit.rules.handler_calls import Reached, before_the_answer
from audit.rules.practice import Fault, failed, out_of_scope, passed, practice, unknown
from audit.rules.rule import Guide

_BACKGROUND = "https://www.starlette.io/background/"
_STORES = frozenset(
    [
        "insert",
        "insert_one",
        "commit",
        "save",
        "asave",
        "create",
        "acreate",
        "bulk_create",
        "get_or_create",
        "upsert",
        "execute",
        "executemany",
        "put_item",
        "xadd",
        "rpush",
        "lpush",
        "delay",
        "apply_async",
        "send_task",
    ]
)
_HARMLESS = frozenset(
    [
        "json",
        "get",
        "body",
        "form",
        "loads",
        "dumps",
        "info",
        "debug",
        "warning",
        "error",
        "exception",
        "getLogger",
        "HTTPException",
        "JSONResponse",
        "Response",
        "PlainTextResponse",
        "str",
        "int",
        "len",
        "dict",
        "list",
        "bytes",
        "isinstance",
        "decode",
        "encode",
        "lower",
        "upper",
        "strip",
        "split",
        "match",
        "search",
        "startswith",
        "endswith",
        "removeprefix",
        "hexdigest",
        "get_secret_value",
        "digest",
        "new",
        "sha256",
        "compare_digest",
        "getenv",
        "items",
        "keys",
        "values",
        "abort",
        "jsonify",
        "make_response",
        "get_data",
        "get_json",
        "HttpResponse",
        "HttpResponseBadRequest",
        "HttpResponseForbidden",
        "JsonResponse",
    ]
)


def _publishes(call: Call) -> bool:
    return call.name.rpartition(".")[2] in {"delay", "apply_async"}


@practice(
    "webhook-stored-first",
    "Webhook enregistré d'abord",
    reference=_BACKGROUND,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Un webhook est enregistré avant la réponse",
        fails="Le webhook répond avant d'avoir rien enregistré : ce qu'il a reçu meurt avec le processus",
        advice="Écrire l'événement en base, sous une clé unique, puis répondre, puis traiter",
        solution="inbox.store(event)\nbackground_tasks.add_task(process, event.id)\nreturn {}",
        undetermined="le rôle `webhook` n'est pas renseigné, ou il fait un appel que la lecture du code ne peut pas suivre",
        impact="Élevé : événements perdus à chaque redémarrage",
    ),
    defective={
        "audit.toml": """
            [roles]
            webhook = "app:receive"
        """,
        "app.py": """
            from fastapi import BackgroundTasks, FastAPI, Request

            api = FastAPI()


            def process(payload): ...


            @api.post("/webhooks/gateway")
            async def receive(request: Request, background: BackgroundTasks):
                payload = await request.json()
                background.add_task(process, payload)
                return {}
        """,
    },
    sound={
        "audit.toml": """
            [roles]
            webhook = "app:receive"
        """,
        "app.py": """
            from fastapi import BackgroundTasks, FastAPI, Request

            api = FastAPI()


            def process(payload): ...


            @api.post("/webhooks/gateway")
            async def receive(request: Request, background: BackgroundTasks):
                payload = await request.json()
                inbox.insert(payload)
                background.add_task(process, payload)
                return {}
        """,
    },
)
def _stored(known: TargetFacts) -> Sequence[Finding]:
    guide = _stored.guide
    symbol = known.target.role("webhook")
    function = known.source.functions.get(symbol) if symbol else None
    if "webhook" in known.target.absent:
        return out_of_scope(guide, "rôle déclaré absent de la cible (`webhook`)")
    if function is None:
        return unknown(guide, "le rôle `webhook` n'est pas renseigné, ou sa fonction n'a pas été trouvée")
    return _judged(known, function)


def _judged(known: TargetFacts, function: Function) -> Sequence[Finding]:
    guide, symbol = _stored.guide, function.symbol
    # What a task writes is written after the answer.
    reached = before_the_answer(known, symbol, frozenset(task.symbol for task in known.source.tasks))
    stores = [(name, r.doubtful(c)) for r in reached for c in r.now if (name := _stores(c))]
    evidence = known.source.evidence(function.head)
    if kept := next((name for name, doubtful in stores if not doubtful), ""):
        return passed(guide, f"`{kept}`", evidence)
    if stores:
        return unknown(guide, f"`{stores[0][0]}` est sous un `except` qui laisse répondre sans avoir rien enregistré")
    if unread := next(_unfollowed(reached), None):
        place = f" (`{unread.excerpt.path}`, ligne {unread.excerpt.first_line})" if unread.excerpt else ""
        told = f"ce que fait l'appel `{unread.name}(…)`{place} : la lecture du code ne peut pas le suivre"
        return unknown(guide, f"{told}, et c'est peut-être lui qui enregistre le webhook")
    later = next((c.excerpt for r in reached for c in r.function.calls if _last(c) in DEFERRING), None)
    if later is None:
        return out_of_scope(guide, "le webhook ne remet rien à plus tard, et n'enregistre rien")
    return failed(guide, "Webhook répondu avant d'être enregistré", [Fault(f"`{short(symbol)}`", later)], evidence)


def _stores(call: Call) -> str:
    """The last name of a call that stores; a task that is published without argument carries nothing of what was received."""
    empty = _publishes(call) and not (call.arguments or call.keywords)
    return _last(call) if _last(call) in _STORES and not empty else ""


def _last(call: Call) -> str:
    return call.name.rpartition(".")[2]


def _unfollowed(reached: Sequence[Reached]) -> Iterator[Call]:
    """Calls that may store something, for all that was read."""
    for one in reached:
        for call in one.now:
            if not call.target and (_last(call) not in DEFERRING | _HARMLESS or one.awaits(call)):
                yield call
