"""What runs when the route of a role is asked: its endpoint, its dependencies, what stands before every route."""

import re
from collections.abc import Collection, Sequence

from audit.model.domains import Domain
from audit.model.facts import Call
from audit.model.gaps import Doubt, Gap, OpaqueCall
from audit.model.observations.messages import DirectRun, PublishedMessage
from audit.model.target_facts import TargetFacts
from audit.rules.domains.role_domain import RoleFunction, Suspect, run_by, run_by_role

_BEFORE = re.compile(r"\.(?:middleware|before_request|before_app_request)\b")
_METHODS = frozenset({"dispatch", "__call__", "process_request", "process_view"})


def run_by_route(
    known: TargetFacts, role: str, *, apart: Collection[str] = (), suspect: Suspect
) -> Domain[RoleFunction]:
    """The endpoint of a role, the dependencies of its route, and all that they run.

    What stands before every route may stand before this one: those at which `suspect` points are gaps, and so is a
    dependency that is not read.
    """
    symbol = known.target.role(role)
    routes = list(known.route_of(symbol))
    name = symbol.rpartition(":")[2]
    doubts: list[Gap] = []
    if symbol and not routes:
        told = "aucune route HTTP n'a été trouvée dans la cible"
        read = any(facts.routes_known for facts in known.probes)
        doubts.append(Doubt(why=f"la route de `{name}` n'a pas été lue" if read else told))
    dependencies = dict.fromkeys(d for route, _ in routes for d in route.dependencies)
    # What the strongest probe read of the route, it read whole.
    if any(d.endswith("?") for route, _ in routes[:1] for d in route.dependencies):
        doubts.append(Doubt(why=f"une dépendance de `{name}` ne se lit pas dans le code"))
    read_too = [d for d in dependencies if d in known.source.functions]
    doubts += _before(known, suspect)
    return run_by_role(known, role, also=read_too, apart=apart, doubts=doubts, suspect=suspect)


def _before(known: TargetFacts, suspect: Suspect) -> list[Gap]:
    """What stands before every route and runs something suspect, as gaps."""
    found: list[Gap] = []
    for start in before_every_route(known):
        domain = run_by(known, (start,), suspect=suspect)
        # What its own arguments are, the framework says: the application behind it, what receives and sends.
        gaps = [gap for gap in domain.gaps if not (isinstance(gap, OpaqueCall) and gap.function.startswith(start))]
        if gaps or any(suspect(one.function) for one in domain.members):
            name = start.rpartition(":")[2]
            found.append(Doubt(why=f"`{name}` s'exécute peut-être avant le webhook, et n'a pas été suivie jusqu'à lui"))
    return found


def before_every_route(known: TargetFacts) -> tuple[str, ...]:
    """Functions that frameworks run before each request: methods of middlewares, and what decorators register."""
    web = {r.endpoint.partition(":")[0].partition(".")[0] for facts in known.probes for r in facts.routes}
    tests = known.source.test_modules
    own = [s for s in known.source.functions if s.partition(":")[0] not in tests]
    named = [s for s in own if _is_middleware(s)]
    modules = {s.partition(":")[0] for s in own if s.partition(":")[0].partition(".")[0] in web}
    registered = [s for s in own if s.partition(":")[0] in modules and "." not in s.partition(":")[2]]
    functions = known.source.functions
    decorated = (s for s in registered if any(map(_BEFORE.search, functions[s].decorators)))
    # Starlette's own name of what a function that stands before every route calls: https://www.starlette.io/middleware/
    calling = (s for s in own if any(p.name == "call_next" for p in functions[s].parameters))
    return tuple(dict.fromkeys((*named, *decorated, *calling)))


def _is_middleware(symbol: str) -> bool:
    owner, _, name = symbol.partition(":")[2].rpartition(".")
    return name in _METHODS and "middleware" in owner.lower()


def given_to(known: TargetFacts, calls: Sequence[Call], role: str, name: str) -> tuple[Gap, ...]:
    """A gap where none of these calls is given the function of a role, or what runs it."""
    symbol = known.target.role(role)
    if not symbol or not calls:
        return ()
    given = [callback for call in calls for callback in call.callbacks]
    if any(symbol == c or _runs(known, c, symbol) for c in given):
        return ()
    return (Doubt(why=f"ce que `{name}` remet à plus tard n'a pas été suivi jusqu'à `{symbol.rpartition(':')[2]}`"),)


def _runs(known: TargetFacts, start: str, symbol: str) -> bool:
    return any(one.function.symbol == symbol for one in run_by(known, (start,)).members)


def run_beside_routes(known: TargetFacts) -> list[DirectRun]:
    """The tasks that the endpoint of a route, another view, or what these call, runs in the process that answers requests.

    Not those that the same function publishes too: it runs them where no worker is there for them.
    """
    tasks = known.task_symbols
    chosen = {(o.symbol, o.task) for o in known.source.observations_of(PublishedMessage)}
    direct = [o for o in known.source.observations_of(DirectRun) if (o.symbol, o.task) not in chosen and not o.instead]
    # What bears the decorator of another library is no task.
    runs = [o for o in direct if o.symbol not in tasks and (o.task in tasks or ":" not in o.task)]
    return [o for o in runs if o.symbol in known.served]


def is_a_view(known: TargetFacts, symbol: str) -> bool:
    """Whether a function takes a request, as the views of Django do: no route to it need have been read."""
    return symbol in known.source.views and symbol.partition(":")[0] not in known.source.test_modules
