"""Loops that nothing ends: a condition that stays true, an iterator without an end, an event that nobody sets."""

import ast
from collections.abc import Iterator

from audit.model.observations.waits import EndlessLoop
from audit.reading.behaviour.endless_iterators import EndlessIterators, repeated
from audit.reading.behaviour.loop_exits import ends, is_literally_true, left_by, yields
from audit.reading.behaviour.polling_loops import awaited, forgotten_cursor
from audit.reading.behaviour.scope import Scope, gather, keyword, last
from audit.reading.behaviour.still_turns import asked_again
from audit.reading.python.abstract_values import unwrap
from audit.reading.python.child_nodes import walk
from audit.reading.python.interpreter import Machine

_EVENTS = frozenset({"threading.Event", "multiprocessing.Event"})
_HARMLESS = frozenset({"is_set", "isSet", "wait", "clear"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# They block, unless what comes after their keys says how long.
_BLOCKING = {"blpop": 1, "brpop": 1, "bzpopmin": 1, "bzpopmax": 1, "brpoplpush": 2}
_WORDS = ("while ", "while(", "itertools", "iter(", "pubsub", "listen(", "KafkaConsumer", "watch")


class EndlessLoops:
    """A watcher: the loops of a function, and of the own statements of a module, which another process may run."""

    def __init__(self, machine: Machine) -> None:
        """The iterators are those of the project too."""
        self._iterators = EndlessIterators(machine)

    def may_loop(self, text: str) -> bool:
        """Whether a module may hold such a loop."""
        return any(word in text for word in _WORDS) or self._iterators.are_named(text)

    def __call__(self, scope: Scope) -> Iterator[EndlessLoop]:
        """EndlessLoop: each loop that nothing ends, or that only an answer does, and each iterator of the project that gives for ever."""
        if not scope.symbol:
            own = (n for n in scope.all(ast.While) if not any(isinstance(outer, ast.If) for outer in scope.around(n)))
            unended = (n for n in own if is_literally_true(scope, n.test) and not ends(n))
            yield from (scope.observed(EndlessLoop, loop, left_by(scope, loop)) for loop in unended)
            return
        for loop in scope.all(ast.While):
            literal = is_literally_true(scope, loop.test)
            if literal and yields(loop) and not ends(loop):
                # Those who walk it may stop.
                continue
            if not ends(loop) and (literal or (not yields(loop) and _stays_true(scope, loop.test))):
                yield scope.observed(EndlessLoop, loop, left_by(scope, loop))
            elif asked := awaited(scope, loop, None if literal else loop.test):
                yield scope.observed(EndlessLoop, loop, left_by(scope, loop, stated=True), asked)
            elif again := asked_again(scope, loop, literal=literal):
                yield scope.observed(EndlessLoop, loop, left_by(scope, loop, stated=True), again)
            elif literal and (name := forgotten_cursor(scope, loop)):
                doubt = f"vide `{name}` à chaque tour de sa boucle, et relit la même page"
                yield scope.observed(EndlessLoop, loop, doubt=doubt)
        yield from self._over_iterators(scope)

    def _over_iterators(self, scope: Scope) -> Iterator[EndlessLoop]:
        loops: list[ast.For | ast.AsyncFor] = [*scope.all(ast.For), *scope.all(ast.AsyncFor)]
        for each in loops:
            endless = self._iterators.has_no_end(scope, each.iter)
            condition = None if endless else repeated(each.iter)
            if endless and not ends(each) and not yields(each):
                yield scope.observed(EndlessLoop, each, left_by(scope, each))
            elif (endless or condition) and (
                asked := awaited(scope, each, condition, counts=self._iterators.counts(scope, each.iter))
            ):
                yield scope.observed(EndlessLoop, each, left_by(scope, each, stated=True), asked)
        yield from (scope.observed(EndlessLoop, node) for node in self._iterators.walked_whole(scope))
        if given := self._iterators.given_to_others(scope):
            node, doubt = given
            yield scope.observed(EndlessLoop, node, doubt=doubt)


def _waits_for_ever(scope: Scope, test: ast.expr) -> bool:
    """Whether a loop goes on with what Redis gives, once it comes: it waits for ever where no timeout, or 0, is given."""
    asked = test.value if isinstance(test, ast.NamedExpr) else test
    asked = asked.value if isinstance(asked, ast.Await) else asked
    if (
        not isinstance(asked, ast.Call)
        or last(asked.func) not in _BLOCKING
        or len(asked.args) > _BLOCKING[last(asked.func)]
    ):
        return False
    timeout = keyword(asked, "timeout")
    return timeout is None or scope.value(timeout) in (0, None)


def _stays_true(scope: Scope, test: ast.expr) -> bool:
    if _waits_for_ever(scope, test):
        return True
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _is_never_set(scope, test.operand)
    if isinstance(test, ast.Name):
        return _is_constant(scope, test)
    return isinstance(test, ast.Attribute) and _is_true_property(scope, test)


def _is_constant(scope: Scope, name: ast.Name) -> bool:
    """Whether a name of the module is true, and nothing gives it another value."""
    if name.id in scope.assigned or scope.symbol.count(".<locals>."):
        return False
    project = scope.machine.project
    given = project.naming(f"global {name.id}") or project.naming(f".{name.id} =")
    return not given and _is_true(scope, name)


def _is_true_property(scope: Scope, node: ast.Attribute) -> bool:
    """Whether the only property of the project that bears this name always returns true."""
    owner = scope.symbol.partition(":")[2].rpartition(".")[0]
    if not (isinstance(node.value, ast.Name) and node.value.id == "self" and owner.isidentifier()):
        return False
    found = [
        (module, f)
        for module in scope.machine.project.naming(node.attr)
        for f in walk(module.tree)
        if isinstance(f, _FUNCTIONS) and f.name == node.attr
    ]
    replaced = scope.machine.project.naming(f"{node.attr} =")
    if replaced or len(found) != 1 or found[0][0] is not scope.module:
        return False
    function = found[0][1]
    own = Scope(scope.machine, scope.module, f"{scope.module.name}:{owner}.{node.attr}", function)
    inner = list(gather(own, ""))
    returns = own.all(ast.Return)
    decorated = [last(d) for d in function.decorator_list] == ["property"]
    single = decorated and not inner and len(function.body) == len(returns) == 1
    return single and returns[0].value is not None and _is_true(own, returns[0].value)


def _is_true(scope: Scope, node: ast.expr) -> bool:
    """Whether an expression is `True`, or 1, and no variable of the environment says otherwise."""
    value, variable = unwrap(scope.held(node))
    return not variable and isinstance(value, int) and value == 1


def _is_never_set(scope: Scope, node: ast.expr) -> bool:
    """Whether this asks an event made here, that no code of the project can set."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in _HARMLESS:
        return False
    event = node.func.value
    if isinstance(event, ast.Name):
        made = scope.assigned.get(event.id)
        return made is not None and _makes_event(scope, made) and not _is_given(scope.root, event.id)
    if not isinstance(event, ast.Attribute):
        return False
    values = [
        a.value
        for a in walk(scope.module.tree)
        if isinstance(a, ast.Assign)
        and any(isinstance(t, ast.Attribute) and t.attr == event.attr for t in a.targets)
        and len(a.targets) == 1
    ]
    modules = scope.machine.project.naming(event.attr)
    return (
        len(values) == 1
        and _makes_event(scope, values[0])
        and not any(_is_given(module.tree, event.attr) for module in modules)
    )


def _makes_event(scope: Scope, node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and scope.external(node.func) in _EVENTS


def _is_given(root: ast.AST, name: str) -> bool:
    """Whether a name, or an attribute, is used for anything but asking it, so that something else may set it."""
    asked = {node.value for node in walk(root) if isinstance(node, ast.Attribute) and node.attr in _HARMLESS}
    return any(_names(node, name) and node not in asked for node in walk(root))


def _names(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Constant):
        return bool(node.value == name)
    read = isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load)
    return read and last(node) == name if isinstance(node, ast.expr) else False
