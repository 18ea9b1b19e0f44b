"""Webhooks are received and processed with no person logged in (8.2)."""

from collections.abc import Sequence
from dataclasses import replace

from audit.model.domains import conclude
from audit.model.facts import Facts, Function, Route
from audit.model.findings import Finding
from audit.model.gaps import Doubt
from audit.model.target_facts import TargetFacts
from audit.model.user_names import is_user
from audit.rules.concluded_points import Wrong, concluded
from audit.rules.domains.role_domain import RoleFunction, calls_of_role, enough, role_seen
from audit.rules.domains.route_domain import given_to, run_by_route
from audit.rules.rule import without_role
from audit.rules.user_dependency import (
    autonomous,
    beside,
    filtered,
    mentions,
    no_user_filter,
    no_user_parameter,
    own_name,
    possibly_filtered,
    user_problem,
    without_user,
)


@autonomous(
    "webhook-no-user",
    "Webhook sans utilisateur",
    category="Traitement Webhooks Autonome",
    requirement="8.2",
    passes="Le webhook n'a pas de paramètre d'authentification d'utilisateur, et n'en consulte aucun",
    fails="Le webhook exige une session d'utilisateur, que la passerelle n'a pas",
    solution='@router.post("/webhooks/gateway")\nasync def receive(request: Request): ...',
    example={
        "audit.toml": """
            [roles]
            webhook = "app:receive"
        """,
        "app.py": """
            from fastapi import BackgroundTasks, «Depends, ¦»FastAPI, Request

            api = FastAPI()


            def process(payload):
                inbox.store(payload)


            @api.post("/webhooks/gateway")
            async def receive(request: Request, background: BackgroundTasks«, current_user=Depends(current_user)¦»):
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
    domain = run_by_route(known, "webhook", apart=beside(known, "webhook"), suspect=lambda f: mentions(known, f))
    heads = [function for function, _ in role_seen(known, "webhook").members]

    def faults(one: RoleFunction) -> list[Wrong]:
        if one.function.symbol == symbol and heads and (told := _declared(known, heads, routes)):
            return [told]
        return _asked(known, one, filtered(known, one)) if one.sure else []

    answer = conclude(domain, faults, possible_of=lambda one: _asked(known, one, possibly_filtered(known, one)))
    evidence = [facts.evidence(heads[-1].head, route=f"{r.method} {r.path}") for r, facts in routes if heads]
    return concluded(sentence, answer, *evidence, settles="relancer avec `--level configuration`")


def _declared(known: TargetFacts, heads: Sequence[Function], routes: Sequence[tuple[Route, Facts]]) -> Wrong | None:
    """The user that a dependency or a parameter of the route declares."""
    problem = user_problem("Le webhook exige un utilisateur connecté", heads[-1], without_user(heads[-1]))
    for route, facts in routes:
        if wrong := next(filter(is_user, route.dependencies), ""):
            text = f"`{route.method} {route.path}` dépend d'un utilisateur : `{own_name(wrong)}`"
            return Wrong(text, problem, (facts.evidence(route.excerpt),))
    bad = next((p.name for f in heads for p in f.parameters if is_user(p.name)), "")
    text = f"`{own_name(heads[0].symbol)}` attend un utilisateur : paramètre `{bad}`"
    return Wrong(text, problem, (known.source.evidence(heads[-1].head),)) if bad else None


def _asked(known: TargetFacts, one: RoleFunction, found: Sequence[Wrong]) -> list[Wrong]:
    """A user met in the code of the endpoint or of a dependency, whatever their names."""
    words, name = known.source.user_mentions[one.function.symbol], own_name(one.function.symbol)
    problem = user_problem("Le webhook exige un utilisateur connecté", one.function, "")
    text = f"`{name}` consulte un utilisateur (`{words[0] if words else ''}`) quand le webhook est appelé"
    return [Wrong(text, problem, wrong.evidence) for wrong in found]


def _background(known: TargetFacts, symbol: str) -> Finding:
    name = own_name(symbol)
    sentence = f"`{name}` reçoit un `BackgroundTasks` (FastAPI) pour traiter après sa réponse"
    doubt = f"`{name}` n'a pas de paramètre `BackgroundTasks`, ou ne lui remet rien"
    domain = calls_of_role(known, "webhook", lambda call: call.name.rpartition(".")[2] == "add_task", doubt)
    given = given_to(known, domain.members, "webhook_processor", name)
    seen = list(known.function(symbol))
    received = [
        f.evidence(one.head) for one, f in seen if any("BackgroundTasks" in p.annotation for p in one.parameters)
    ]
    gaps = (*given, *(() if received else (Doubt(why=f"`{name}` n'a pas de paramètre `BackgroundTasks`"),)))
    settled = enough(domain)
    answer = conclude(replace(settled, gaps=(*gaps, *settled.gaps)), _nothing)
    evidence = [known.source.evidence(call.excerpt) for call in domain.members[:1]]
    return concluded(sentence, answer, *received[:1], *evidence)


def _nothing(_: object) -> tuple[Wrong, ...]:
    return ()


@autonomous(
    "webhook-processor-no-user",
    "Traitement sans utilisateur",
    category="Traitement Webhooks Autonome",
    requirement="8.2",
    passes="Le traitement d'un message entrant n'a ni paramètre ni filtre d'utilisateur",
    fails="Le traitement d'un message entrant attend, ou filtre par, un utilisateur connecté",
    solution="def process_message(data): ...",
    example={
        "audit.toml": """
            [roles]
            webhook_processor = "app:process"
        """,
        "app.py": """
            def process(payload):
                message = messages.get(payload["id"]«, user_id=session.user_id¦»)
                message.answer(payload["text"])
        """,
    },
)
def _processor(known: TargetFacts) -> Sequence[Finding]:
    if not known.target.role("webhook_processor"):
        return [
            without_role(
                known,
                "webhook_processor",
                "Le traitement d'un message entrant n'a ni paramètre ni filtre d'utilisateur",
            )
        ]
    return [
        no_user_parameter(known, "webhook_processor"),
        no_user_filter(known, "webhook_processor"),
    ]
