"""What ties a function to a person who is logged in: its parameters, what it reads, how it reaches data."""

import re
from collections.abc import Callable

from audit.french.typography import counted
from audit.model.domains import conclude
from audit.model.facts import Facts, Function
from audit.model.findings import Finding, Outcome, Problem, Severity
from audit.model.gaps import Doubt, Gap
from audit.model.target_facts import TargetFacts
from audit.model.user_names import is_user
from audit.rules.concluded_points import Wrong, concluded
from audit.rules.domains.role_domain import RoleFunction, role_seen, run_by_role
from audit.rules.example import Example
from audit.rules.rule import Check, Guide, Rule, rule, without_role

# A statement that reads accounts may only look for a name or an address; one that reads sessions looks for who is there.
_ACCOUNTS = re.compile(r"^(?:FROM|JOIN) \w*(?:users?|admins?)$")
# What gives access to data under whoever calls it.
_OPENS = frozenset({"create_client", "acreate_client", "create_engine", "create_async_engine"})
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
    example: Example,
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
        example=example,
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


def no_user_parameter(known: TargetFacts, role: str) -> Finding:
    """The function of this role takes no user."""
    name = own_name(known.target.role(role))
    domain = role_seen(known, role)

    def faults(seen: tuple[Function, Facts]) -> list[Wrong]:
        function, facts = seen
        wrong = [p for p in function.parameters if is_user(p.name) or is_user(p.depends)][:1]
        quoted = next((f for f, _ in domain.members if f.head), function)
        problem = user_problem(f"`{name}` dépend d'un utilisateur", quoted, without_user(quoted))
        text = "`{}` attend un utilisateur : paramètre `{}`"
        return [Wrong(text.format(name, p.name), problem, (facts.evidence(function.head),)) for p in wrong]

    sentence = f"`{name}` n'a pas de paramètre `user_id` ou `current_user`"
    evidence = [facts.evidence(function.head) for function, facts in domain.members]
    return concluded(sentence, conclude(domain, faults), *evidence)


def without_user(function: Function) -> str:
    """The head of this function, without the parameters that are a user."""
    kept = [p.name for p in function.parameters if not (is_user(p.name) or is_user(p.depends))]
    return f"def {own_name(function.symbol)}({', '.join(kept)}): ..."


def beside(known: TargetFacts, role: str) -> frozenset[str]:
    """Functions of other roles, which a rule of this subject reads for themselves."""
    return frozenset(s for other in WITH_A_RULE if other != role for s in known.target.roles.get(other, ()))


def mentions(known: TargetFacts, function: Function) -> bool:
    """Whether a function speaks of a user."""
    return bool(known.source.user_mentions[function.symbol])


def no_user_filter(known: TargetFacts, role: str) -> Finding:
    """Nothing that this role's function runs speaks of a user."""
    sentence = f"Aucun filtre par utilisateur dans ce que `{own_name(known.target.role(role))}` exécute"
    domain = run_by_role(known, role, apart=beside(known, role), suspect=lambda f: mentions(known, f))
    followed = counted(len(domain.members), "fonction suivie")
    told = f"{sentence} : ni `user_id` ni `current_user` dans {followed}"

    def faults(one: RoleFunction) -> list[Wrong]:
        return filtered(known, one) if one.sure else []

    answer = conclude(domain, faults, possible_of=lambda one: possibly_filtered(known, one))
    evidence = [known.source_evidence(one.function) for one in domain.members[:1]]
    return concluded(sentence, answer, *evidence, told=told)


def filtered(known: TargetFacts, one: RoleFunction) -> list[Wrong]:
    """What this function shows against « no user »."""
    return _filtered(known, one, [w for w in known.source.user_mentions[one.function.symbol] if not _ACCOUNTS.match(w)])


def possibly_filtered(known: TargetFacts, one: RoleFunction) -> list[Wrong]:
    """What it may show: all of it where a receiver was guessed, the accounts that its statements read otherwise."""
    words = known.source.user_mentions[one.function.symbol]
    return _filtered(known, one, [w for w in words if not one.sure or _ACCOUNTS.match(w)])


def _filtered(known: TargetFacts, one: RoleFunction, words: list[str]) -> list[Wrong]:
    function, name, start = one.function, own_name(one.function.symbol), own_name(one.chain[0])
    called = f", appelée par `{start}`," if len(one.chain) > 1 else ""
    problem = user_problem("Accès aux données filtré par utilisateur", function, "")
    told = "`{}`{} filtre par utilisateur (`{}`)"
    return [Wrong(told.format(name, called, w), problem, (known.source_evidence(function),)) for w in words[:1]]


def no_user_met(known: TargetFacts, role: str) -> list[Finding]:
    """As `no_user_filter`, for a role whose other findings already say what is established."""
    found = no_user_filter(known, role)
    return [] if found.outcome is Outcome.ESTABLISHED else [found]


def service_client(known: TargetFacts, role: str) -> Finding:
    """The function of this role reaches data through the service role, and through nothing else."""
    sentence = "L'accès aux données passe par le rôle de service, et par aucun autre"
    symbols = known.target.roles.get("service_client", ())
    if not symbols:
        return without_role(known, "service_client", sentence)
    domain = run_by_role(known, role)
    called = {c.target for one in domain.members if one.sure for c in one.function.calls}
    called |= {one.function.symbol for one in domain.members if one.sure}
    used = [s for s in symbols if s in called]
    doubts: tuple[Gap, ...] = ()
    if not used:
        named = ", ".join(f"`{own_name(s)}`" for s in symbols)
        doubts = (Doubt(why=f"aucun appel à {named} n'a été suivi depuis `{own_name(known.target.role(role))}`"),)
    domain = run_by_role(known, role, doubts=doubts)
    answer = conclude(domain, lambda _: (), possible_of=lambda one: _opened(known, one, symbols if used else ()))
    names = " et ".join(f"`{own_name(s)}()`" for s in used)
    name = own_name(known.target.role(role))
    told = f"`{name}` accède aux données par {names} (rôle de service), et n'ouvre aucun autre accès"
    return concluded(sentence, answer, known.source.evidence(rôle=names), told=told)


def _opened(known: TargetFacts, one: RoleFunction, services: tuple[str, ...]) -> list[Wrong]:
    """Another access to data that this function opens itself."""
    calls = [c for c in one.function.calls if c.name.rpartition(".")[2] in _OPENS and not c.target]
    if not calls or not services or {*one.chain} & {*services}:
        return []
    name = own_name(one.function.symbol)
    text = f"`{name}` ouvre un accès aux données hors du rôle de service (`{calls[0].name}`)"
    problem = user_problem("Accès aux données hors du rôle de service", one.function, "")
    return [Wrong(text, problem, (known.source.evidence(calls[0].excerpt),))]
