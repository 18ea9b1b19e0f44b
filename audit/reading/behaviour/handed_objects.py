"""Objects of the database given to a function of the project that publishes what it is given: `enqueue(task, *args)`."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from audit.model.call_closures import COMMON
from audit.model.observations.messages import DatabaseObjectArgument, QueriedArgument
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.called_functions import named_function
from audit.reading.behaviour.published_calls import METHODS, hands_tasks
from audit.reading.behaviour.row_objects import is_row
from audit.reading.behaviour.scope import Scope, function_scope, last
from audit.reading.python.abstract_values import FunctionValue
from audit.reading.python.child_nodes import walk
from audit.reading.python.interpreter import Machine
from audit.reading.python.parameters import placed

_Definition = ast.FunctionDef | ast.AsyncFunctionDef
_OTHER_NAMES = re.compile(r"(?m)^(\w+) *= *(?:[\w.]*partial\()?[\w.]+\.(?:delay|apply_async|send_task)\b(?!\()")
_CALLED = re.compile(r"\b(\w++)\(")
# They make a signature of a task.
_SIGNED = frozenset({"s", "si"})
# How many functions may hand on one parameter, one after another.
_CALLERS = 4
_Place = tuple[str, str, int]


class HandedObjects:
    """A watcher: calls of the functions that publish their own parameters."""

    def __init__(self, machine: Machine) -> None:
        """The functions are those of the project, tests apart."""
        self._machine = machine

    def may_hand(self, text: str) -> bool:
        """Whether a module calls something by the name of one of these functions."""
        return bool(self._published) and not self._names.isdisjoint(_CALLED.findall(text))

    def may_publish(self, text: str) -> bool:
        """Whether a module holds a name that a module of the project gives a publication, as `send = notify.delay`, or hands on a task."""
        return any(name in text for name in self._other_names) or hands_tasks(self._machine, text)

    @cached_property
    def _other_names(self) -> frozenset[str]:
        modules = self._machine.project.naming(_OTHER_NAMES)
        return frozenset(name for module in modules for name in _OTHER_NAMES.findall(module.source.text))

    def __call__(self, scope: Scope) -> Iterator[DatabaseObjectArgument | QueriedArgument]:
        """DatabaseObjectArgument: a row at the place of a parameter that is published; QueriedArgument: where the receiver is not known."""
        handed = dict(self._handed_on(scope))
        for call, given in handed.items():
            wrong = next((value for value in given if is_row(scope, value)), None)
            if wrong is not None:
                yield scope.observed(DatabaseObjectArgument, call, argument=ast.unparse(wrong)[:60])
        for call in scope.calls:
            if call not in handed and isinstance(call.func, ast.Attribute) and call.func.attr in self._methods:
                unknown = scope.evaluated(call.func.value) is UNKNOWN
                values = self._perhaps(call, call.func.attr) if unknown else ()
                wrong = next((value for value in values if is_row(scope, value)), None)
                if wrong is not None:
                    yield scope.observed(QueriedArgument, call, argument=ast.unparse(wrong)[:60], handed=True)

    def _perhaps(self, call: ast.Call, name: str) -> Iterator[ast.expr]:
        """What a call gives the parameters that one of the methods of its name publishes."""
        for module, _, place in self._machine.graph.methods(name):
            node = place.node()
            if isinstance(node, _Definition):
                published = self._published.get((module, node.name, node.lineno), frozenset())
                yield from (value for parameter, value in _given(node, call) if parameter in published)

    @cached_property
    def _methods(self) -> frozenset[str]:
        """The names of methods that publish a parameter, other than those of many things."""
        methods = {name for _, name, _ in self._published if self._machine.graph.methods(name)}
        return frozenset(methods - COMMON)

    def _handed_on(self, scope: Scope) -> Iterator[tuple[ast.Call, list[ast.expr]]]:
        """The calls of these functions, each with what it gives the parameters that they publish."""
        for call in scope.calls:
            function = named_function(scope, call.func) if last(call.func) in self._names else None
            if function is not None and not isinstance(function.node, ast.Lambda):
                published = self._parameters(function, function.node)
                yield call, [value for name, value in _given(function.node, call) if name in published]

    def _parameters(self, function: FunctionValue, node: _Definition) -> frozenset[str]:
        """The parameters of a function that it publishes itself, or hands on to another that does."""
        place = function.module, node.name, node.lineno
        if place not in self._all:
            # What it hands on to itself, another call of it was handed.
            self._all[place] = self._published.get(place, frozenset())
            given = [v for _, values in self._handed_on(function_scope(self._machine, function)) for v in values]
            handed = {last(v.value if isinstance(v, ast.Starred) else v) for v in given}
            self._all[place] |= _unchanged(node) & handed
        return self._all[place]

    @cached_property
    def _all(self) -> dict[_Place, frozenset[str]]:
        return {}

    @cached_property
    def _names(self) -> frozenset[str]:
        """The names of functions that publish a parameter, of those whose text calls them, and so on."""
        found = {name for _, name, _ in self._published}
        callers = self._callers() if found else {}
        for _ in range(_CALLERS):
            found.update(*(callers.pop(name) for name in found & callers.keys()))
        return frozenset(found)

    def _callers(self) -> dict[str, set[str]]:
        """The names of the functions in whose text something of a name is called, by that name; tests apart."""
        machine, found = self._machine, defaultdict[str, set[str]](set)
        for module, definitions in machine.graph.definitions.items():
            if not machine.project.is_test_file(machine.project.modules[module].source.path):
                for qualified, _, place in definitions:
                    for called in {*_CALLED.findall(place.text)}:
                        found[called].add(qualified.rpartition(".")[2])
        return found

    @cached_property
    def _published(self) -> dict[_Place, frozenset[str]]:
        project = self._machine.project
        found: dict[_Place, frozenset[str]] = {}
        for module in project.modules.values():
            text = module.source.text
            if not any(f".{m}(" in text or f".{m}," in text for m in METHODS | _SIGNED) or project.is_test_file(
                module.source.path
            ):
                continue
            for node in walk(module.tree):
                if isinstance(node, _Definition) and (names := _published_parameters(node)):
                    found[module.name, node.name, node.lineno] = names
        return found


def _published_parameters(node: _Definition) -> frozenset[str]:
    """Parameters that a function gives a task as they are."""
    inner = [n for statement in node.body for n in walk(statement)]
    calls = [n for n in inner if isinstance(n, ast.Call)]
    # `partial(task.delay, payload)` is as the call that it makes later.
    calls += [ast.Call(c.args[0], c.args[1:], c.keywords) for c in calls if c.args]
    methods = METHODS | _SIGNED
    published = [c for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr in methods]
    given = {name for call in published for name in _names_given(call)}
    return _unchanged(node) & given


def _unchanged(node: _Definition) -> frozenset[str]:
    """The parameters of a function that it gives no other value."""
    spec = node.args
    own = {a.arg for a in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg) if a}
    inner = (n for statement in node.body for n in walk(statement))
    return frozenset(own - {n.id for n in inner if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)})


def _names_given(call: ast.Call) -> Iterator[str]:
    plain = last(call.func) in {"delay", "delay_on_commit", *_SIGNED}
    rest = call.args[1:] if last(call.func) == "send_task" else call.args
    options = [k.value for k in call.keywords if plain or k.arg in {"args", "kwargs"}]
    for value in (*(rest if plain else rest[:2]), *options):
        if isinstance(value, ast.List | ast.Tuple):
            yield from (last(item.value if isinstance(item, ast.Starred) else item) for item in value.elts)
        elif isinstance(value, ast.Dict):
            yield from (item.id for item in value.values if isinstance(item, ast.Name))
        elif isinstance(value, ast.Starred | ast.Name):
            yield last(value.value if isinstance(value, ast.Starred) else value)


def _given(node: _Definition, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """The arguments of a call, each with the parameter that takes it."""
    spec = node.args
    names = placed(spec)
    rest = spec.vararg.arg if spec.vararg else ""
    for place, value in enumerate(call.args):
        if isinstance(value, ast.Starred):
            return
        yield (names[place] if place < len(names) else rest), value
    known = {*names, *(a.arg for a in spec.kwonlyargs)}
    others = spec.kwarg.arg if spec.kwarg else ""
    yield from ((k.arg if k.arg in known else others, k.value) for k in call.keywords if k.arg)
