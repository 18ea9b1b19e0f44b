"""Sending, webhooks and Message 2 must not depend on a person being logged in (8.1, 8.2, 8.3)."""

from collections.abc import Callable, Sequence

from audit.french.typography import counted
from audit.model.facts import Call, Function
from audit.model.findings import Finding, Problem, Severity
from audit.model.target_facts import TargetFacts
from audit.model.user_names import is_user
from audit.rules.rule import Rule, defect, established, not_found, undetermined, without_role

_WITH_A_RULE = ("sender", "campaign_sender", "webhook", "webhook_processor", "follow_up_scheduler")
_REFERENCE = "spec comprehensive-audit-2025, checkpoint du 29 décembre 2025, 8.1 à 8.3"


def _name(symbol: str) -> str:
    return symbol.rpartition(":")[2].rpartition(".")[2]


def _problem(title: str, function: Function, solution: str) -> Problem:
    return Problem(
        title=title,
        severity=Severity.CRITICAL,
        impact="Bloquant : rien ne part quand personne n'est connecté",
        recommendation="Retirer la dépendance à un utilisateur ; accéder aux données sous le rôle de service",
        situation=(function.head,) if function.head else (),
        solution=solution,
    )


def _signature(known: TargetFacts, role: str) -> list[Finding]:
    """One finding: the function of this role takes no user."""
    symbol = known.target.role(role)
    name = _name(symbol)
    sentence = f"`{name}` n'a pas de paramètre `user_id` ou `current_user`"
    seen = list(known.function(symbol))
    if not seen:
        return [not_found(known, symbol, sentence)]
    for function, facts in seen:
        wrong = [p for p in function.parameters if is_user(p.name) or is_user(p.depends)]
        if wrong:
            text = f"`{name}` attend un utilisateur : paramètre `{wrong[0].name}`"
            quoted = next((f for f, _ in seen if f.head), function)
            return [
                defect(
                    text,
                    _problem(f"`{name}` dépend d'un utilisateur", quoted, _without(quoted)),
                    facts.evidence(function.head),
                )
            ]
    return [established(sentence, *(facts.evidence(function.head) for function, facts in seen))]


def _without(function: Function) -> str:
    kept = [p.name for p in function.parameters if not (is_user(p.name) or is_user(p.depends))]
    return f"def {_name(function.symbol)}({', '.join(kept)}): ..."


def _no_user_filter(known: TargetFacts, role: str, key: str) -> Finding:
    """Nothing reachable from this role's function speaks of a user: data is found by `key`."""
    symbol = known.target.role(role)
    sentence = f"Données récupérées par {key}, sans filtre d'utilisateur"
    functions = _own_code(known, symbol)
    if not functions:
        return not_found(known, symbol, sentence)
    found = _filtered(known, symbol, functions)
    if found:
        return found
    followed = f"{sentence} : ni `user_id` ni `current_user` dans {counted(len(functions), 'fonction suivie')}"
    return established(followed, known.source_evidence(functions[0]))


def _own_code(known: TargetFacts, symbol: str) -> list[Function]:
    """What this function reaches, but for functions that a rule of this module reads for themselves."""
    others = {s for role in _WITH_A_RULE for s in known.target.roles.get(role, ())} - {symbol}
    return [f for f in known.reachable(symbol) if f.symbol not in others]


def _filtered(known: TargetFacts, symbol: str, functions: Sequence[Function]) -> Finding | None:
    """What one of these functions shows against « no user »."""
    for function in functions:
        words = known.source.user_mentions[function.symbol]
        if words:
            name, called = _name(function.symbol), f", appelée par `{_name(symbol)}`,"
            text = f"`{name}`{called if function.symbol != symbol else ''} filtre par utilisateur (`{words[0]}`)"
            return defect(
                text,
                _problem("Accès aux données filtré par utilisateur", function, ""),
                known.source_evidence(function),
            )
    return None


def _no_user_met(known: TargetFacts, role: str) -> list[Finding]:
    """As `_no_user_filter`, for a role whose other findings already say what is established."""
    symbol = known.target.role(role)
    found = _filtered(known, symbol, _own_code(known, symbol))
    return [found] if found else []


def _service_client(known: TargetFacts, role: str) -> Finding:
    """The function of this role reaches data through the service role."""
    symbols = known.target.roles.get("service_client", ())
    sentence = "Les tâches accèdent aux données sous le rôle de service (pas de session utilisateur)"
    if not symbols:
        return without_role(known, "service_client", sentence)
    reached = {f.symbol for f in known.reachable(known.target.role(role))}
    called = {c.target for f in known.reachable(known.target.role(role)) for c in f.calls}
    used = [s for s in symbols if s in reached or s in called]
    if not used:
        return undetermined(
            sentence,
            f"aucun appel à {', '.join(f'`{_name(s)}`' for s in symbols)} n'a été suivi depuis `{_name(known.target.role(role))}`",
        )
    names = " et ".join(f"`{_name(s)}()`" for s in used)
    return established(
        f"Les tâches utilisent {names} directement (pas de session utilisateur)", known.source.evidence(rôle=names)
    )


def _sender(known: TargetFacts) -> Sequence[Finding]:
    if not known.target.role("sender"):
        return [without_role(known, "sender", "L'envoi unitaire ne dépend d'aucun utilisateur")]
    return [*_signature(known, "sender"), _no_user_filter(known, "sender", "identifiant")]


def _campaign_sender(known: TargetFacts) -> Sequence[Finding]:
    if not known.target.role("campaign_sender"):
        return [without_role(known, "campaign_sender", "L'envoi de campagne ne dépend d'aucun utilisateur")]
    return [
        *_signature(known, "campaign_sender"),
        *_no_user_met(known, "campaign_sender"),
        _service_client(known, "campaign_sender"),
    ]


def _webhook(known: TargetFacts) -> Sequence[Finding]:
    symbol = known.target.role("webhook")
    if not symbol:
        return [without_role(known, "webhook", "Le webhook ne demande aucune authentification d'utilisateur")]
    return [_route_dependencies(known, symbol), _background(known, symbol)]


def _route_dependencies(known: TargetFacts, symbol: str) -> Finding:
    name = _name(symbol)
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
            text = f"`{route.method} {route.path}` dépend d'un utilisateur : `{_name(wrong[0])}`"
            return defect(
                text,
                _problem("Le webhook exige un utilisateur connecté", functions[-1][0], _without(functions[-1][0])),
                facts.evidence(route.excerpt),
            )
    bad = next((p.name for f, _ in functions for p in f.parameters if is_user(p.name)), "")
    if bad:
        text = f"`{name}` attend un utilisateur : paramètre `{bad}`"
        return defect(
            text,
            _problem("Le webhook exige un utilisateur connecté", functions[-1][0], _without(functions[-1][0])),
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
    beyond = frozenset(s for role in _WITH_A_RULE for s in known.target.roles.get(role, ()))
    for start in (symbol, *dependencies):
        for function in known.reachable(start, beyond):
            words = known.source.user_mentions[function.symbol]
            if words:
                text = f"`{_name(function.symbol)}` consulte un utilisateur (`{words[0]}`) quand le webhook est appelé"
                problem = _problem("Le webhook exige un utilisateur connecté", function, "")
                return defect(text, problem, known.source_evidence(function))
    if any(d.endswith("?") for d in dependencies):
        missing = f"une dépendance de `{_name(symbol)}` ne se lit pas dans le code"
        return undetermined(sentence, missing, "relancer avec `--level configuration`")
    return None


def _background(known: TargetFacts, symbol: str) -> Finding:
    sentence = f"`{_name(symbol)}` reçoit un `BackgroundTasks` (FastAPI) pour traiter après sa réponse"
    for function, facts in known.function(symbol):
        if any("BackgroundTasks" in p.annotation for p in function.parameters):
            return established(sentence, facts.evidence(function.head))
    return undetermined(sentence, f"`{_name(symbol)}` n'a pas de paramètre `BackgroundTasks`")


def _processor(known: TargetFacts) -> Sequence[Finding]:
    if not known.target.role("webhook_processor"):
        return [without_role(known, "webhook_processor", "Le traitement des webhooks ne dépend d'aucun utilisateur")]
    return [
        *_signature(known, "webhook_processor"),
        _no_user_filter(known, "webhook_processor", "numéro de téléphone ou identifiant de message"),
    ]


def _follow_up(known: TargetFacts) -> Sequence[Finding]:
    symbol = known.target.role("follow_up_scheduler")
    if not symbol:
        return [without_role(known, "follow_up_scheduler", "Le Message 2 ne dépend d'aucun utilisateur")]
    return [
        *_signature(known, "follow_up_scheduler"),
        *_no_user_met(known, "follow_up_scheduler"),
        _triggered(known, symbol),
        *_published(known, symbol),
    ]


def _triggered(known: TargetFacts, symbol: str) -> Finding:
    sentence = "Déclenché par webhook (pas d'intervention admin)"
    for role in ("webhook", "webhook_processor"):
        if symbol in {f.symbol for f in known.reachable(known.target.role(role))}:
            return established(sentence, known.source.evidence(appelant=known.target.role(role)))
    return undetermined(sentence, f"aucun chemin d'appel du webhook à `{_name(symbol)}` n'a été suivi")


def _published(known: TargetFacts, symbol: str) -> list[Finding]:
    create = "Crée le Message 2 et programme l'envoi via Celery"
    delayed = "Utilise `apply_async()` avec un `countdown` de 2 s"
    sender = known.target.role("sender")
    calls = [
        c
        for f in known.reachable(symbol, frozenset({sender}))
        for c in f.calls
        if c.name.rpartition(".")[2] in {"apply_async", "delay", "send_task"}
    ]
    if not calls:
        missing = f"aucun appel à `apply_async`, `delay` ou `send_task` n'a été suivi depuis `{_name(symbol)}`"
        return [undetermined(create, missing), undetermined(delayed, missing)]
    calls = [c for c in calls if sender and _publishes(c, sender, known.task_names(sender))]
    if not calls:
        missing = f"aucun appel suivi depuis `{_name(symbol)}` ne publie la tâche d'envoi `{_name(sender) or 'sender'}`"
        return [undetermined(create, missing), undetermined(delayed, missing)]
    call = calls[0]
    evidence = known.source.evidence(call.excerpt, appel=call.name)
    found = [established(create, evidence)]
    if call.keywords.get("countdown") == "2":
        return [*found, established(f"Utilise `{call.name}()` avec un `countdown` de 2 s", evidence)]
    return [
        *found,
        undetermined(
            delayed,
            f"le `countdown` de `{call.name}` n'est pas écrit 2 (lu : `{call.keywords.get('countdown', 'absent')}`)",
        ),
    ]


def _publishes(call: Call, sender: str, names: frozenset[str]) -> bool:
    """Whether this call puts the sender's task in a queue."""
    receiver, _, method = call.name.rpartition(".")
    if method == "send_task":
        written = call.arguments[0] if call.arguments else call.keywords.get("name", "")
        return written.strip("\"'") in names
    if call.target:
        return call.target == sender
    return receiver.rpartition(".")[2] == _name(sender)


def _rule(
    identifier: str, title: str, category: str, requirement: str, check: Callable[[TargetFacts], Sequence[Finding]]
) -> Rule:
    return Rule(identifier, title, category, (requirement,), _REFERENCE, check)


RULES = (
    _rule("sender-no-user", "Envoi unitaire sans utilisateur", "Envoi Messages Autonome", "8.1", _sender),
    _rule(
        "campaign-sender-no-user",
        "Envoi de campagne sans utilisateur",
        "Envoi Messages Autonome",
        "8.1",
        _campaign_sender,
    ),
    _rule("webhook-no-user", "Webhook sans utilisateur", "Traitement Webhooks Autonome", "8.2", _webhook),
    _rule(
        "webhook-processor-no-user", "Traitement sans utilisateur", "Traitement Webhooks Autonome", "8.2", _processor
    ),
    _rule("follow-up-no-user", "Message 2 sans utilisateur", "Envoi Message 2 Autonome", "8.3", _follow_up),
)
