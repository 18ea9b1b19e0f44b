"""Calls of libraries that never return, and their iterators that never end: consumers, servers, streams, events that nobody sets."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.waits import EndlessLoop
from audit.model.word_tables import word_list, word_set
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.child_nodes import walk

WORDS = word_list("""
    start_consuming run_forever serve_forever infinity_polling run_until_disconnected run_polling run_loop .wait()
    .pause() start_polling drain_events
""")
_STAY = word_set("""
    start_consuming run_forever serve_forever infinity_polling infinite_polling run_until_disconnected run_polling
    start_polling
""")
_EVENTS = re.compile(r"^(threading|multiprocessing)\.(Event|Condition|Barrier)\.wait$")


def endless_calls(scope: Scope) -> Iterator[EndlessLoop]:
    """EndlessLoop: each call that nothing ends, and each loop over what has no end and that nothing leaves."""
    if not scope.symbol:
        return
    for call in scope.calls:
        if (
            (last(call.func) in _STAY and not _is_of_the_project(scope, call))
            or scope.external(call.func) == "signal.pause"
            or (_EVENTS.match(scope.external(call.func)) and not call.args and not call.keywords)
        ):
            yield scope.observed(EndlessLoop, call)
    for loop in scope.all(ast.While):
        if _asks_a_flag(scope, loop.test) and not _is_left(loop):
            yield scope.observed(EndlessLoop, loop)


def _is_left(loop: ast.While) -> bool:
    return any(isinstance(n, ast.Break | ast.Return | ast.Raise) for s in loop.body for n in walk(s))


def _asks_a_flag(scope: Scope, test: ast.expr) -> bool:
    """`while self.running`, where the project gives this attribute one constant value only, which lets the loop go on."""
    negated = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    asked = test.operand if isinstance(test, ast.UnaryOp) and negated else test
    if (
        not isinstance(asked, ast.Attribute)
        or not isinstance(asked.value, ast.Name)
        or asked.value.id not in {"self", "cls"}
    ):
        return False
    texts = [module.source.text for module in scope.machine.project.naming(asked.attr)]
    name = re.escape(asked.attr)
    given = [
        found for text in texts for found in re.findall(rf"(?m)\b{name}\b\s*(?::[^=\n]+)?=(?!=)\s*([^\n#]+)", text)
    ]
    otherwise = re.compile(rf"def {name}\b|del \S*\b{name}\b|[\"']{name}[\"']")
    goes_on = str(not negated)
    return bool(given) and all(value.strip() == goes_on for value in given) and not any(map(otherwise.search, texts))


def _is_of_the_project(scope: Scope, call: ast.Call) -> bool:
    """Whether a method that bears such a name is written in the project: it is read as any other."""
    name = last(call.func)
    return bool(scope.machine.graph.methods(name)) or (
        isinstance(call.func, ast.Name) and not scope.external(call.func)
    )
