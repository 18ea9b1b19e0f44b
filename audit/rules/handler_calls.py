"""What a function does before it answers: apart from what it starts without waiting for it, and from what it may fail to do in silence."""

from dataclasses import dataclass

from audit.model.call_completion import CallCompletion
from audit.model.facts import Call, Function
from audit.model.target_facts import TargetFacts


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
        """Whether the answer may leave although this call failed."""
        return self.doubt or call.name in self.completion.failing_silently

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
        completion = known.source.call_completion.get(current, CallCompletion())
        found[current] = one = Reached(function, completion, doubt)
        queue += [(c.target, one.doubtful(c)) for c in one.now if c.target and c.target not in beyond]
    return tuple(found.values())
