"""What a function does before it answers: apart from what it starts without waiting for it, and from what it may fail to do in silence."""

from dataclasses import dataclass

from audit.model.call_completion import CallCompletion
from audit.model.facts import Call, Function
from audit.model.target_facts import TargetFacts

# They run what they are given, and who awaits them waits for it.
_RUN_GIVEN = frozenset({"to_thread", "run_in_threadpool", "run_sync"})


@dataclass(frozen=True)
class Reached:
    """A function that runs before the answer, and how its calls complete; `doubt`: it may have failed in silence."""

    function: Function
    completion: CallCompletion
    doubt: bool

    @property
    def now(self) -> tuple[Call, ...]:
        """Its calls, but for those it does not wait for."""
        return tuple(c for c in self.function.calls if c.name not in self.completion.deferred)

    def doubtful(self, call: Call) -> bool:
        """Whether the answer may leave although this call failed, or was not made."""
        return self.doubt or call.name in self.completion.failing_silently | self.completion.on_one_side

    def awaits(self, call: Call) -> bool:
        """Whether it waits for what would otherwise be started for later."""
        return call.name in self.completion.awaited


def before_the_answer(known: TargetFacts, symbol: str, beyond: frozenset[str]) -> tuple[Reached, ...]:
    """The function and those of the project it runs before it answers, breadth first; those of `beyond` are not followed."""
    found: dict[str, Reached] = {}
    queue = [(symbol, False)]
    while queue:
        current, doubt = queue.pop(0)
        function = known.source.functions.get(current)
        if function is None or (current in found and (doubt or not found[current].doubt)):
            continue
        completion = completion_of(known, current)
        found[current] = one = Reached(function, completion, doubt)
        followed = [(c, t) for c in one.now for t in (c.target, *_given_to_run(known, c)) if t and t not in beyond]
        queue += [(target, one.doubtful(call)) for call, target in followed]
        if completion.awaits_result:
            for giver in _givers(known, current):
                calls = [c for c in giver.calls if c.name in completion_of(known, giver.symbol).first]
                queue += [(c.target, doubt) for c in calls if c.target and c.target not in beyond]
    return tuple(found.values())


def completion_of(known: TargetFacts, symbol: str) -> CallCompletion:
    """How the calls of a function complete."""
    return known.source.call_completion.get(symbol, CallCompletion())


def _given_to_run(known: TargetFacts, call: Call) -> tuple[str, ...]:
    """The function that a call runs before it returns, though another module wrote its name: `await to_thread(store, body)`.

    Of a method: the one that its object was made with, where the method surely calls what its object keeps.
    """
    if len(call.callbacks) != 1:
        return ()
    if call.name.rpartition(".")[2] in _RUN_GIVEN:
        return call.callbacks
    owner = call.target.rpartition(".")[0]
    if not owner or f"{owner}.__init__" not in known.source.functions:
        return ()
    kept = completion_of(known, f"{owner}.__init__").keeps
    completion = completion_of(known, call.target)
    givers = _givers(known, call.target) if completion.awaits_result else []
    # Whoever gives the result has called it first.
    ran = [completion_of(known, giver.symbol).runs for giver in givers] or [completion.runs]
    return call.callbacks if all(kept & names for names in ran) else ()


def _givers(known: TargetFacts, symbol: str) -> list[Function]:
    """The functions of a module that give a result to who awaits one."""
    module = symbol.partition(":")[0]
    named = [s for s in known.source.functions if s.partition(":")[0] == module]
    return [known.source.functions[s] for s in named if completion_of(known, s).gives_result]
