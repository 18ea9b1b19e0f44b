"""Objects of the database among what a function gives the tasks that it publishes, or makes signatures of."""

import ast
from collections.abc import Iterator, Sequence

from audit.model.observations.messages import DatabaseObjectArgument, QueriedArgument
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.plain_arguments import is_plain, is_used_as_plain
from audit.reading.behaviour.publications import (
    PLAIN,
    SIGNED,
    is_publication,
    publishes_its_own_way,
    replaces_every_way,
)
from audit.reading.behaviour.published_calls import METHODS, is_signature, may_be_a_task, whole_calls
from audit.reading.behaviour.registered_types import travels_as_its_key
from audit.reading.behaviour.row_objects import is_row, is_row_class
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.behaviour.validated_data import VALIDATED, holds_rows
from audit.reading.python.abstract_values import ClassValue, FunctionValue
from audit.reading.python.child_nodes import walk


def objects_given(scope: Scope) -> Iterator[DatabaseObjectArgument | QueriedArgument]:
    """Each DatabaseObjectArgument: of a publication, of a signature of a task, or of a `partial` of one."""
    for call in whole_calls(scope):
        given = _given_by(scope, call)
        if given is None:
            yield from _handed_on(scope, call)
            continue
        given = [a for a in given if not travels_as_its_key(scope, a)]
        wrong = next((a for a in given if is_row(scope, a) or holds_rows(scope, a)), None)
        if wrong is not None and (publishes_its_own_way(scope, call) or replaces_every_way(scope)):
            yield scope.observed(QueriedArgument, call, argument=_text(wrong), replaced=True)
        elif wrong is not None:
            yield scope.observed(DatabaseObjectArgument, call, argument=_text(wrong))
        elif (unclear := next((a for a in given if _may_hold_a_row(scope, a)), None)) is not None:
            yield scope.observed(QueriedArgument, call, argument=_text(unclear))
        elif (unknown := next((a for a in given if _is_unfollowed(scope, call, a)), None)) is not None:
            yield scope.observed(QueriedArgument, call, argument=_text(unknown), unfollowed=True)


def _is_unfollowed(scope: Scope, call: ast.Call, node: ast.expr) -> bool:
    validated = last(scope.given(node)) in VALIDATED and holds_rows(scope, node) is False
    return not validated and not is_plain(scope, node) and not is_used_as_plain(scope, call, node)


def _given_by(scope: Scope, call: ast.Call) -> list[ast.expr] | None:
    """What a call gives a task; None for one that is not known to give one anything."""
    name = last(call.func)
    if name == "partial" and call.args and is_publication(scope, call.args[0]):
        return [*call.args[1:], *(k.value for k in call.keywords)]
    if name in {"map", "starmap", "submit"} and call.args and _takes_arguments(scope, call.args[0]):
        return call.args[1:]
    if is_signature(scope, call):
        return _held(scope, [*call.args[1:3], keyword(call, "args"), keyword(call, "kwargs")])
    return _arguments(scope, call) if isinstance(call.func, ast.Attribute) and _gives(scope, call) else None


def _handed_on(scope: Scope, call: ast.Call) -> Iterator[QueriedArgument]:
    """A row that stands after what publishes: who is given both publishes the row, perhaps."""
    places = [i for i, a in enumerate(call.args) if is_publication(scope, a)]
    rest = call.args[places[0] + 1 :] if places else []
    wrong = next((a for a in rest if is_row(scope, a)), None)
    if wrong is not None:
        yield scope.observed(QueriedArgument, call, argument=_text(wrong), handed=True)


def _may_hold_a_row(scope: Scope, node: ast.expr) -> bool:
    """Whether this is an answer, or an object of the project's that is made with a row."""
    made = scope.given(node)
    if isinstance(made, ast.Call) and isinstance(scope.evaluated(made.func), ClassValue):
        return any(is_row(scope, value) for value in (*made.args, *(k.value for k in made.keywords)))
    return _is_an_answer(scope, node) or holds_rows(scope, node) is None or _is_a_field_of_rows(scope, node)


def _is_a_field_of_rows(scope: Scope, node: ast.expr) -> bool:
    """Whether a class of the project declares that a field of this name holds a row: `subject: Order`."""
    if not isinstance(node, ast.Attribute) or scope.evaluated(node.value) is not UNKNOWN:
        return False
    for module in scope.machine.project.own(f"{node.attr}:"):
        fields = [n for n in walk(module.tree) if isinstance(n, ast.AnnAssign) and last(n.target) == node.attr]
        holder = Scope(scope.machine, module, "", module.tree)
        if any(is_row_class(holder, field.annotation) for field in fields):
            return True
    return False


def _is_an_answer(scope: Scope, node: ast.expr) -> bool:
    """Whether a name is that of a loop over `service.get(…)` or `collection.find(…)`; `options.get("ids")` is no query."""
    return isinstance(node, ast.Name) and any(
        loop.target.id == node.id
        and isinstance(loop.iter.func, ast.Attribute)
        and loop.iter.func.attr in {"get", "find", "find_many", "search"}
        and not (loop.iter.args and isinstance(loop.iter.args[0], ast.Constant))
        for loop in scope.all(ast.For)
        if isinstance(loop.target, ast.Name) and isinstance(loop.iter, ast.Call)
    )


def _takes_arguments(scope: Scope, node: ast.expr) -> bool:
    """Whether this names, without calling it, what gives a task its arguments: `notify.delay`, `notify.s`."""
    if is_publication(scope, node):
        return True
    return isinstance(node, ast.Attribute) and node.attr in SIGNED and _is_task(scope, node)


def _gives(scope: Scope, call: ast.Call) -> bool:
    """Whether a call gives a task its arguments: it publishes it, or makes a signature of it."""
    name = last(call.func)
    return name in METHODS or (name in SIGNED and isinstance(call.func, ast.Attribute) and _is_task(scope, call.func))


def _is_task(scope: Scope, method: ast.Attribute) -> bool:
    value = scope.evaluated(method.value)
    if isinstance(value, FunctionValue):
        return bool(value.decorators)
    return method.attr in {"s", "si"} and may_be_a_task(scope, method)


def _arguments(scope: Scope, call: ast.Call) -> list[ast.expr]:
    """Arguments of the task itself."""
    name = last(call.func)
    if name in PLAIN | SIGNED:
        keywords = [k for k in call.keywords if k.arg is not None or name in PLAIN]
        direct = [k.value for k in keywords if k.arg is not None and k.arg not in {"args", "kwargs"}]
        spread = [k.value for k in keywords if k.arg is None]
        held = [k.value for k in keywords if k.arg in {"args", "kwargs"}]
        return [*call.args, *direct, *_held(scope, [*spread, *held])]
    rest = call.args[1:] if name == "send_task" else call.args
    return _held(scope, [*rest[:2], keyword(call, "args"), keyword(call, "kwargs")])


def _held(scope: Scope, containers: Sequence[ast.expr | None]) -> list[ast.expr]:
    """What lists and dictionaries of arguments hold, by the local names they were given too."""
    # By its name, what is put into it later counts too.
    found: list[ast.expr] = [c for c in containers if isinstance(c, ast.Name)]
    for container in (scope.given(c) for c in containers if c is not None):
        if isinstance(container, ast.List | ast.Tuple):
            found += container.elts
        elif isinstance(container, ast.Dict):
            found += container.values
        elif isinstance(container, ast.Call) and last(container.func) == "dict":
            found += [k.value for k in container.keywords]
        elif isinstance(container, ast.Call) or last(container) in VALIDATED:
            found.append(container)
    return found


def _text(node: ast.expr) -> str:
    return ast.unparse(node)[:60]
