"""What the tasks of a project run: the functions that calls reach for sure, those they may reach, and the calls nobody can follow.

A method of an unknown receiver may be any method of that name in the project: class-hierarchy analysis (J. Dean, D. Grove and
C. Chambers, « Optimization of Object-Oriented Programs Using Static Class Hierarchy Analysis », ECOOP 1995).
"""

import io
import re
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from audit.model.facts import Call, Function, Unresolved
from audit.model.findings import Excerpt
from audit.model.gaps import Gap, OpaqueCall
from audit.model.word_tables import word_set

# What Python itself runs of an object that is built, entered, called, walked, asked for an item or put beside another.
_SPECIAL = tuple(f"__{name}__" for name in (
    "new", "init", "post_init", "enter", "exit", "aenter", "aexit", "call", "iter", "next", "aiter", "anext", "del",
    "getitem", "setitem", "delitem", "missing", "contains", "len", "bool", "eq", "lt", "add", "sub", "or", "and",
    "rshift",
))  # fmt: skip


# Asked of an unknown receiver, such a name is nearly always a dictionary's, a list's, a text's or a file's.
COMMON = frozenset(name for kind in (dict, list, str, set, bytes, int, float, io.TextIOBase) for name in dir(kind))

# Any object may have a method of such a name: that one class of the project has one is no proof.
# `@app.command()`, `@router.post("/launch")`.
_REGISTERED = re.compile(
    r"""\.command\b|\.(?:get|post|put|patch|delete|route|api_route|websocket)\(\s*f?["'](?:/|["'])"""
)
_GENERIC = word_set("""
    add apply build call cancel check clean close commit connect create delete dispatch done execute exists fetch filter
    finish flush get handle init invoke list load lock login main notify open parse perform post prepare process publish
    push put query read refresh register release reload remove render request reset run save search send serialize set
    setup shutdown start status stop submit sync test to_dict update upload validate wait write
""")


class Subset(Mapping[str, Function]):
    """Those of some functions whose symbol is kept; each is read when it is asked for."""

    def __init__(self, functions: Mapping[str, Function], kept: Callable[[str], bool]) -> None:
        self._functions = functions
        self._symbols = frozenset(filter(kept, functions))

    def __getitem__(self, symbol: str) -> Function:
        if symbol not in self._symbols:
            raise KeyError(symbol)
        return self._functions[symbol]

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._symbols

    def __iter__(self) -> Iterator[str]:
        return (symbol for symbol in self._functions if symbol in self._symbols)

    def __len__(self) -> int:
        return len(self._symbols)


_ANY = frozenset({Unresolved.CALLABLE, Unresolved.COMPUTED})


@dataclass(frozen=True, slots=True)
class Followed:
    """What is kept of a function that was followed: a large project has too many to keep them whole.

    `unresolved` pairs the last name of a call with its place; `names` are those of them that are global names. `opaque`
    pairs what was called with its place. `gaps`: its imports that find nothing. `calls`: the names of its calls, as one text. `choices`: functions of tables of which
    it calls one.
    """

    head: Excerpt | None
    callees: tuple[str, ...]
    wrappers: tuple[str, ...]
    parameters: frozenset[str]
    unresolved: tuple[tuple[str, OpaqueCall], ...]
    names: tuple[str, ...]
    opaque: tuple[tuple[str, OpaqueCall], ...]
    gaps: tuple[Gap, ...]
    calls: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Closures:
    """`sure` and `possible` map each function to the chain of symbols that leads to it, a task first; they are disjoint.

    `guessed`: those of `possible` that only a name leads to which is no proof, that of a common verb or of several classes, each
    with the call.
    `unlikely` maps methods that bear the name of one of Python's own collections to the call that may be theirs. `opaque`
    are calls whose callee may be any function. `followed` holds what was kept of each function of `sure` and `possible`.
    """

    sure: Mapping[str, tuple[str, ...]]
    possible: Mapping[str, tuple[str, ...]]
    guessed: Mapping[str, OpaqueCall]
    unlikely: Mapping[str, OpaqueCall]
    opaque: tuple[OpaqueCall, ...]
    followed: Mapping[str, Followed]


def closures(
    functions: Mapping[str, Function],
    starts: Collection[str],
    tasks: Collection[str] = (),
    apart: Collection[str] = (),
) -> Closures:
    """Follow the calls of each start, breadth first; a task that is published runs in another execution and is not followed.

    `tasks`: those that are no start. Functions of `apart` are never followed.
    """
    kept = Subset(functions, lambda symbol: symbol not in apart) if apart else functions
    return _followed_from(kept, starts, frozenset((*starts, *tasks)), _by_own_name(functions))


def _followed_from(
    functions: Mapping[str, Function],
    starts: Collection[str],
    tasks: Collection[str],
    named: Mapping[str, tuple[str, ...]],
) -> Closures:
    followed: dict[str, Followed] = {}
    sure = _reached(functions, {symbol: (symbol,) for symbol in starts}, tasks, followed)
    chains: dict[str, tuple[str, ...]] = dict(sure)
    guessed: dict[str, OpaqueCall] = {}
    unlikely: dict[str, OpaqueCall] = {}
    common: set[str] = set()
    # A task that bears the same name as a method is no candidate: to call a task is to name it.
    callable_here = {name: kept for name, all_ in named.items() if (kept := tuple(s for s in all_ if s not in tasks))}
    for weak in (False, True):
        # A function that a proof leads to is found before any guess is followed.
        new: Mapping[str, tuple[str, ...]] = dict(chains)
        told: set[str] = set()
        while new:
            for symbol in new:
                for name, call in followed[symbol].unresolved if not weak else ():
                    if name in COMMON and name not in common:
                        common.add(name)
                        unlikely |= dict.fromkeys((c for c in named.get(name, ()) if c not in unlikely), call)
            through = list(_guesses(functions, new, followed, callable_here, guessed, told=told, weak=weak))
            new = {}
            for start, way, why in through:
                found = _reached(functions, {start: way}, tasks, followed)
                new |= found
                guessed |= dict.fromkeys(found, why) if why else {}
            chains |= new
    possible = {symbol: chain for symbol, chain in chains.items() if symbol not in sure}
    unlikely = {symbol: call for symbol, call in unlikely.items() if symbol not in followed}
    return Closures(sure, possible, guessed, unlikely, tuple(_opaque(followed, named)), followed)


def _guesses(
    functions: Mapping[str, Function],
    new: Mapping[str, tuple[str, ...]],
    followed: Mapping[str, Followed],
    named: Mapping[str, tuple[str, ...]],
    guessed: Mapping[str, OpaqueCall],
    *,
    told: set[str],
    weak: bool,
) -> Iterator[tuple[str, tuple[str, ...], OpaqueCall | None]]:
    """What calls of unknown receivers may run: each with the chain to it, and the call where only a guess leads to it.

    `told`: names whose candidates were given already; the first chain to a function is the one that is kept.
    """
    for symbol, chain in new.items():
        for chosen in followed[symbol].choices:
            yield chosen, (*chain, chosen), guessed.get(symbol)
        for name, call in followed[symbol].unresolved:
            candidates = named.get(name, ()) if name not in COMMON and name not in told else ()
            told.add(name)
            proven = _is_a_proof(name, candidates)
            if proven or weak:
                why = guessed.get(symbol) or (None if proven else call)
                methods = (candidate for candidate in candidates if not _is_an_entry(functions, candidate))
                yield from ((candidate, (*chain, candidate), why) for candidate in methods)


def _is_an_entry(functions: Mapping[str, Function], symbol: str) -> bool:
    """Whether a function of a module is a command or a route: its framework calls it, and no object bears it as a method."""
    if "." in symbol.partition(":")[2] or symbol not in functions:
        return False
    return any(_REGISTERED.search(decorator) for decorator in functions[symbol].decorators)


def _is_a_proof(name: str, candidates: Collection[str]) -> bool:
    """Whether a method that bears this name is likely the one that is called: no common verb, and only one class has it."""
    return name not in _GENERIC and len({symbol.rpartition(".")[0] for symbol in candidates}) == 1


def _reached(
    functions: Mapping[str, Function],
    starts: Mapping[str, tuple[str, ...]],
    tasks: Collection[str],
    followed: dict[str, Followed],
) -> dict[str, tuple[str, ...]]:
    """The functions that these run, each with the chain to it; those that were followed before are left out."""
    found: dict[str, tuple[str, ...]] = {}
    queue = deque(starts.items())
    while queue:
        symbol, chain = queue.popleft()
        if symbol in followed or symbol not in functions:
            continue
        followed[symbol] = one = _followed(functions, functions[symbol], tasks)
        found[symbol] = chain
        queue.extend((callee, (*chain, callee)) for callee in one.callees)
    return found


def _followed(functions: Mapping[str, Function], function: Function, tasks: Collection[str]) -> Followed:
    targets = [t for call in function.calls for t in _run_here(call, tasks) if t]
    callees = [callee for target in (*function.wrappers, *targets) for callee in _runs(functions, target)]
    by_name = [c for c in function.calls if c.unresolved in {Unresolved.METHOD, Unresolved.NAME}]
    return Followed(
        function.head,
        tuple(dict.fromkeys(callees)),
        function.wrappers,
        frozenset((*(parameter.name for parameter in function.parameters), *function.decorated)),
        tuple((_own_name(call), _gap(call, function.symbol)) for call in by_name),
        tuple(call.name for call in by_name if call.unresolved is Unresolved.NAME),
        tuple((c.name, _gap(c, function.symbol)) for c in function.calls if c.unresolved in _ANY),
        function.gaps,
        " ".join(dict.fromkeys(call.name for call in function.calls)),
        tuple(r for c in function.calls for t in c.choices if t not in tasks for r in _runs(functions, t)),
    )


def _run_here(call: Call, tasks: Collection[str]) -> Iterator[str]:
    """What a call runs; a task that is published runs elsewhere, one that is called as a function, or applied, runs here."""
    yield from (callback for callback in call.callbacks if callback not in tasks)
    here = call.name.rpartition(".")[2] in {
        "run",
        "apply",
        "__call__",
        call.target.partition(":")[2].rpartition(".")[2],
    }
    if call.target not in tasks or here:
        yield call.target


def _runs(functions: Mapping[str, Function], target: str) -> Iterator[str]:
    """A function; of a class, what Python runs of its instances."""
    if target in functions:
        yield target
        return
    yield from (name for name in (f"{target}.{special}" for special in _SPECIAL) if name in functions)


def _by_own_name(functions: Mapping[str, Function]) -> Mapping[str, tuple[str, ...]]:
    """Symbols of functions and methods by their own name; those of a class, by its name, for what builds an instance."""
    found: dict[str, list[str]] = defaultdict(list)
    for symbol in functions:
        owner, _, name = symbol.partition(":")[2].rpartition(".")
        if owner.endswith("<locals>"):
            continue
        found[name].append(symbol)
        # A class whose instances run nothing of the project when they are built is known all the same.
        found[owner.rpartition(".")[2]] += [symbol] if owner and name in _SPECIAL else ()
    return {name: tuple(symbols) for name, symbols in found.items()}


def _own_name(call: Call) -> str:
    quoted = re.search(r"""^(?:\w+\.)?(?:getattr|methodcaller)\(.*?["'](\w+)["']\s*(?:,.*)?\)$""", call.name, re.DOTALL)
    return quoted.group(1) if quoted else call.name.rpartition(".")[2]


def _opaque(followed: Mapping[str, Followed], named: Mapping[str, tuple[str, ...]]) -> Iterator[OpaqueCall]:
    """Calls whose callee may be any function; what a decorator calls of its arguments is what it decorates."""
    decorators = {wrapper for one in followed.values() for wrapper in one.wrappers}
    for symbol, one in followed.items():
        decorated = one.parameters if symbol in decorators else frozenset()
        yield from (call for name, call in one.opaque if name not in decorated)
        unknown = (pair for pair in one.unresolved if pair[0] in one.names and pair[0] not in named)
        yield from (call for name, call in unknown if name not in decorated)


def _gap(call: Call, symbol: str) -> OpaqueCall:
    place = call.excerpt
    text = f"{call.name}(…)" if call.arguments or call.keywords else f"{call.name}()"
    return OpaqueCall(place.path if place else "", place.first_line if place else 0, text, symbol)
