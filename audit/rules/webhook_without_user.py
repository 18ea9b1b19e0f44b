"""Webhooks are received and processed with no person logged in (8.2)."""

from collections.abc import Sequence

from audit.model.findings import Finding
from audit.model.target_facts import TargetFacts
from audit.model.user_names import is_user
from audit.rules.rule import defect, established, not_found, undetermined, without_role
from audit.rules.user_dependency import (
    WITH_A_RULE,
    autonomous,
    no_user_filter,
    no_user_parameter,
    own_name,
    user_problem,
    without_user,
)


@autonomous(
    "webhook-no-user",
    "Webhook sans utilisateur",
    category="Traitement Webhooks Autonome",
    requirement="8.2",
    passes="Le webhook n'exige aucune session d'utilisateur",
    fails="Le webhook exige une session d'utilisateur, que la passerelle n'a pas",
    solution='@router.post("/webhooks/gateway")\nasync def receive(request: Request): ...',
    defective={
        "audit.toml": """
            [roles]
            webhook = "app:receive"
        """,
        "app.py": """
            from fastapi import BackgroundTasks, Depends, FastAPI, Request

            api = FastAPI()


            def process(payload):
                inbox.store(payload)


            @api.post("/webhooks/gateway")
            async def receive(request: Request, background: BackgroundTasks, current_user=Depends(current_user)):
                background.add_task(process, await request.json())
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


            def process(payload):
                inbox.store(payload)


            @api.post("/webhooks/gateway")
            async def receive(request: Request, background: BackgroundTasks):
                background.add_task(process, await request.json())
                return {}
        """,
    },
)
def _webhook(known: TargetFacts) -> Sequence[Finding]:
    symbol = known.target.role("webhook")
    if not symbol:
        return [without_role(known, "webhook", "Le webhook ne demande aucune authentification d'utilisateur")]
    return [_route_dependencies(known, symbol), _background(known, symbol)]


def _route_dependencies(known: TargetFacts, symbol: str) -> Finding:
    name = own_name(symbol)
    sentence = f"`{name}` n'a pas de paramètre d'authentification d'utilisateur"
    routes = list(known.route_of(symbol))
    functions = list(known.function(symbol))
    if not routes and known.probes and not any(facts.routes_known for facts in known.probes):
        return undetermined(sentence, "aucune route HTTP n'a été trouvée dans la cible")
    if not routes or not functions:
        return not_found(known, symbol, sentence)
    for route, facts in routes:
        wrong = [d for d in route.dependencies if is_user(d)]
        if wrong:
            text = f"`{route.method} {route.path}` dépend d'un utilisateur : `{own_name(wrong[0])}`"
            return defect(
                text,
                user_problem(
                    "Le webhook exige un utilisateur connecté", functions[-1][0], without_user(functions[-1][0])
                ),
                facts.evidence(route.excerpt),
            )
    bad = next((p.name for f, _ in functions for p in f.parameters if is_user(p.name)), "")
    if bad:
        text = f"`{name}` attend un utilisateur : paramètre `{bad}`"
        return defect(
            text,
            user_problem("Le webhook exige un utilisateur connecté", functions[-1][0], without_user(functions[-1][0])),
            functions[0][1].evidence(),
        )
    asked = _asked_in_code(known, symbol, sorted({d for r, _ in routes for d in r.dependencies}), sentence)
    if asked:
        return asked
    return established(
        sentence, *(facts.evidence(functions[-1][0].head, route=f"{r.method} {r.path}") for r, facts in routes)
    )


def _asked_in_code(known: TargetFacts, symbol: str, dependencies: Sequence[str], sentence: str) -> Finding | None:
    """A user met in the code of the endpoint or of a dependency, whatever their names; None when all was read in vain."""
    beyond = frozenset(s for role in WITH_A_RULE for s in known.target.roles.get(role, ()))
    for start in (symbol, *dependencies):
        for function in known.reachable(start, beyond):
            words = known.source.user_mentions[function.symbol]
            if words:
                text = (
                    f"`{own_name(function.symbol)}` consulte un utilisateur (`{words[0]}`) quand le webhook est appelé"
                )
                problem = user_problem("Le webhook exige un utilisateur connecté", function, "")
                return defect(text, problem, known.source_evidence(function))
    if any(d.endswith("?") for d in dependencies):
        missing = f"une dépendance de `{own_name(symbol)}` ne se lit pas dans le code"
        return undetermined(sentence, missing, "relancer avec `--level configuration`")
    return None


def _background(known: TargetFacts, symbol: str) -> Finding:
    sentence = f"`{own_name(symbol)}` reçoit un `BackgroundTasks` (FastAPI) pour traiter après sa réponse"
    for function, facts in known.function(symbol):
        if any("BackgroundTasks" in p.annotation for p in function.parameters):
            return established(sentence, facts.evidence(function.head))
    return undetermined(sentence, f"`{own_name(symbol)}` n'a pas de paramètre `BackgroundTasks`")


@autonomous(
    "webhook-processor-no-user",
    "Traitement sans utilisateur",
    category="Traitement Webhooks Autonome",
    requirement="8.2",
    passes="Le traitement d'un message entrant ne dépend d'aucun utilisateur",
    fails="Le traitement d'un message entrant attend, ou filtre par, un utilisateur connecté",
    solution="def process_message(data): ...",
    defective={
        "audit.toml": """
            [roles]
            webhook_processor = "app:process"
        """,
        "app.py": """
            def process(payload):
                message = messages.get(payload["id"], user_id=session.user_id)
                message.answer(payload["text"])
        """,
    },
    sound={
        "audit.toml": """
            [roles]
            webhook_processor = "app:process"
        """,
        "app.py": """
            def process(payload):
                message = messages.get(payload["id"])
                message.answer(payload["text"])
        """,
    },
)
def _processor(known: TargetFacts) -> Sequence[Finding]:
    if not known.target.role("webhook_processor"):
        return [without_role(known, "webhook_processor", "Le traitement des webhooks ne dépend d'aucun utilisateur")]
    return [
        *no_user_parameter(known, "webhook_processor"),
        no_user_filter(known, "webhook_processor", "numéro de téléphone ou identifiant de message"),
    ]
