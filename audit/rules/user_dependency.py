"""What ties a function to a person who is logged in: its parameters, what it reads, how it reaches data."""

from collections.abc import Callable, Mapping, Sequence

from audit.french.typography import counted
from audit.model.facts import Function
from audit.model.findings import Finding, Problem, Severity
from audit.model.target_facts import TargetFacts
from audit.model.user_names import is_user
from audit.rules.rule import Check, Guide, Rule, defect, established, not_found, rule, undetermined, without_role

WITH_A_RULE = ("sender", "campaign_sender", "webhook", "webhook_processor", "follow_up_scheduler")


def autonomous(
    identifier: str,
    title: str,
    *,
    category: str,
    requirement: str,
    passes: str,
    fails: str,
    solution: str,
    defective: Mapping[str, str],
    sound: Mapping[str, str],
) -> Callable[[Check], Rule]:
    """Make a check a rule on what must work with nobody logged in."""
    guide = Guide(
        severity=Severity.CRITICAL,
        passes=passes,
        fails=fails,
        advice="Retirer la dépendance à un utilisateur ; accéder aux données sous le rôle de service",
        solution=solution,
        undetermined="le rôle n'est pas renseigné dans `audit.toml`, ou la fonction n'a pas été trouvée",
        impact="Bloquant : rien ne part quand personne n'est connecté",
    )
    return rule(
        identifier,
        title,
        category=category,
        requirements=(requirement,),
        reference="spec comprehensive-audit-2025, checkpoint du 29 décembre 2025, 8.1 à 8.3",
        guide=guide,
        defective=defective,
        sound=sound,
    )


def own_name(symbol: str) -> str:
    """A function's own name."""
    return symbol.rpartition(":")[2].rpartition(".")[2]


def user_problem(title: str, function: Function, solution: str) -> Problem:
    """What the report details."""
    return Problem(
        title=title,
        severity=Severity.CRITICAL,
        impact="Bloquant : rien ne part quand personne n'est connecté",
        recommendation="Retirer la dépendance à un utilisateur ; accéder aux données sous le rôle de service",
        situation=(function.head,) if function.head else (),
        solution=solution,
    )


def no_user_parameter(known: TargetFacts, role: str) -> list[Finding]:
    """One finding: the function of this role takes no user."""
    symbol = known.target.role(role)
    name = own_name(symbol)
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
                    user_problem(f"`{name}` dépend d'un utilisateur", quoted, without_user(quoted)),
                    facts.evidence(function.head),
                )
            ]
    return [established(sentence, *(facts.evidence(function.head) for function, facts in seen))]


def without_user(function: Function) -> str:
    """The head of this function, without the parameters that are a user."""
    kept = [p.name for p in function.parameters if not (is_user(p.name) or is_user(p.depends))]
    return f"def {own_name(function.symbol)}({', '.join(kept)}): ..."


def no_user_filter(known: TargetFacts, role: str, key: str) -> Finding:
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
    others = {s for role in WITH_A_RULE for s in known.target.roles.get(role, ())} - {symbol}
    return [f for f in known.reachable(symbol) if f.symbol not in others]


def _filtered(known: TargetFacts, symbol: str, functions: Sequence[Function]) -> Finding | None:
    """What one of these functions shows against « no user »."""
    for function in functions:
        words = known.source.user_mentions[function.symbol]
        if words:
            name, called = own_name(function.symbol), f", appelée par `{own_name(symbol)}`,"
            text = f"`{name}`{called if function.symbol != symbol else ''} filtre par utilisateur (`{words[0]}`)"
            return defect(
                text,
                user_problem("Accès aux données filtré par utilisateur", function, ""),
                known.source_evidence(function),
            )
    return None


def no_user_met(known: TargetFacts, role: str) -> list[Finding]:
    """As `_no_user_filter`, for a role whose other findings already say what is established."""
    symbol = known.target.role(role)
    found = _filtered(known, symbol, _own_code(known, symbol))
    return [found] if found else []


def service_client(known: TargetFacts, role: str) -> Finding:
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
            f"aucun appel à {', '.join(f'`{own_name(s)}`' for s in symbols)} n'a été suivi depuis `{own_name(known.target.role(role))}`",
        )
    names = " et ".join(f"`{own_name(s)}()`" for s in used)
    return established(
        f"Les tâches utilisent {names} directement (pas de session utilisateur)", known.source.evidence(rôle=names)
    )
