"""What the text of a task says of its retries: its calls of `retry`, and where it gives itself to a function."""

import ast
from collections.abc import Iterable, Iterator
from functools import cached_property

from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.scope import last
from audit.reading.python.abstract_values import FunctionValue, Value, unwrap
from audit.reading.python.child_nodes import walk
from audit.reading.python.interpreter import Machine

COUNTED = frozenset({"max_retries", "default_retry_delay"})
_COUNTS = frozenset({"request", "retries"})
_ASKED = frozenset({"countdown", "max_retries", "eta", "throw"})
_PUBLISH = frozenset({"apply_async", "delay", "send_task"})
# What may leave the task before it asks, so that a policy decides how many times it does.
_TESTS = (ast.If, ast.IfExp, ast.While, ast.Match, ast.Assert)
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


class TaskCalls:
    """The nodes of a task, or of a function that may retry one, and what they do with the task."""

    def __init__(self, function: FunctionValue) -> None:
        self.function, self.node = function, function.node
        self.nodes = list(walk(self.node))
        spec = self.node.args
        self.positional = [a.arg for a in (*spec.posonlyargs, *spec.args)]
        self.parameters = [*self.positional, *(a.arg for a in spec.kwonlyargs)]
        self.itself = frozenset(self.positional[:1])
        self.owners = self.itself | {function.symbol.rpartition(":")[2].rpartition(".")[2]}
        self.calls = [n for n in self.nodes if isinstance(n, ast.Call)]
        self._attributes = [n for n in self.nodes if isinstance(n, ast.Attribute)]

    @cached_property
    def may_ask(self) -> bool:
        """Whether anything here may retry the task: nothing else needs to be followed."""
        return any(n.attr == "retry" for n in self._attributes) or self.gives_itself

    @cached_property
    def gives_itself(self) -> bool:
        """Whether the task hands itself to something that may retry it."""
        return any(given_one_of(call, self.itself) for call in self.calls)

    @cached_property
    def counts(self) -> bool:
        """Whether this looks at how many retries are behind it."""
        return any(n.attr in _COUNTS for n in self._attributes)

    @cached_property
    def changed(self) -> frozenset[str]:
        """The options of its retries that it writes while it runs."""
        return COUNTED & {n.attr for n in self._attributes if isinstance(n.ctx, ast.Store)}

    @cached_property
    def asks_for_a_limit(self) -> bool:
        """Whether a call may ask for more retries than the task has."""
        return any(k.arg in {None, "max_retries"} for call in self.calls for k in call.keywords)

    def written(self, machine: Machine) -> Iterator[tuple[ast.Call, "TaskCalls"]]:
        """Each call that surely retries the task, and the function around it: this one, or one given `self.retry`."""
        for call in self.calls:
            if self._surely_retries(call.func):
                yield call, self
            for place, value in [*enumerate(call.args), *((k.arg, k.value) for k in call.keywords)]:
                if self._surely_retries(value):
                    yield from self._given_to(machine, call.func, place)

    def _surely_retries(self, node: ast.expr) -> bool:
        if not isinstance(node, ast.Attribute) or node.attr != "retry":
            return False
        return isinstance(node.value, ast.Name) and node.value.id in self.owners

    def _given_to(
        self, machine: Machine, callee: ast.expr, place: int | str | None
    ) -> Iterator[tuple[ast.Call, "TaskCalls"]]:
        name = callee.id if isinstance(callee, ast.Name) else ""
        value = unwrap(machine.globals[self.function.module].get(name))[0]
        if isinstance(value, FunctionValue) and not value.decorators:
            given = TaskCalls(value)
            parameter = dict(enumerate(given.positional)).get(place, place) if isinstance(place, int) else place
            for call in given.calls:
                if isinstance(call.func, ast.Name) and call.func.id == parameter:
                    yield call, given

    def assignments(self, name: str) -> list[ast.Assign | ast.AnnAssign]:
        """The statements that give this name a value of its own."""
        return [n for n in self.nodes if isinstance(n, ast.Assign | ast.AnnAssign) and name in _targets(n)]

    def literals(self, node: ast.expr | None) -> list[Value]:
        """What an argument may be: its literal, or one for each assignment of its name; UNKNOWN for anything else."""
        if not isinstance(node, ast.Name):
            return [_literal(node)]
        written = self.assignments(node.id)
        stores = sum(isinstance(n, ast.Name) and n.id == node.id and isinstance(n.ctx, ast.Store) for n in self.nodes)
        return [_literal(n.value) for n in written] if len(written) == stores > 0 else [UNKNOWN]

    @cached_property
    def standing(self) -> list[ast.Call]:
        """Every `self.retry(…)`, when nothing else of the body decides what they ask for; otherwise none."""
        inside = self.nodes[1:]
        calls = [c for c in self.calls if isinstance(c.func, ast.Attribute) and c.func.attr == "retry"]
        within = {id(n) for call in calls for n in walk(call)}
        decided = any(n.attr in _COUNTS and id(n) not in within for n in self._attributes)
        handed = any(given_one_of(call, self.owners) for call in self.calls)
        if isinstance(self.node, ast.Lambda) or "max_retries" in self.changed or decided or handed:
            return []
        if any(isinstance(n, (*_INNER, *_TESTS)) for n in inside):
            return []
        own = {*self.parameters} - self.itself | {name for n in inside for name in _bound(n)}
        return calls if all(self._stands(call, own) for call in calls) else []

    def _stands(self, call: ast.Call, own: set[str]) -> bool:
        """Whether what a call asks for names nothing that the body of the task binds."""
        spread = len(call.args) > 1 or any(isinstance(a, ast.Starred) for a in call.args)
        if spread or any(k.arg is None for k in call.keywords) or not self._surely_retries(call.func):
            return False
        asked = [k.value for k in call.keywords if k.arg in _ASKED]
        return not any(isinstance(n, ast.Name) and n.id in own for value in asked for n in walk(value))

    def aliases(self, names: Iterable[str]) -> frozenset[str]:
        """These names, and those that statements give to the same thing."""
        found = set(names)
        for node in self.nodes:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in found:
                found |= _targets(node)
        return frozenset(found)

    @cached_property
    def _possible_owners(self) -> frozenset[str]:
        return self.aliases({"self", "current_task", *self.owners})

    @cached_property
    def _bare(self) -> frozenset[str]:
        """Names given to the task's own `retry`."""
        given = [n for n in self.nodes if isinstance(n, ast.Assign) and self._is_its_retry(n.value)]
        return frozenset(name for node in given for name in _targets(node))

    def _is_its_retry(self, node: ast.expr) -> bool:
        """`self.retry`, `celery.current_task.retry` or `getattr(self, "retry")`."""
        if isinstance(node, ast.Attribute):
            return node.attr == "retry" and last(node.value) in self._possible_owners
        if not isinstance(node, ast.Call) or last(node.func) != "getattr" or len(node.args) < 2:
            return False
        return ast.unparse(node.args[1]).strip("'\"") == "retry"

    def is_retry(self, node: ast.AST) -> bool:
        """Whether this is a call that retries the task, by any of the names that it may have here."""
        if not isinstance(node, ast.Call):
            return False
        return self._is_its_retry(node.func) or (isinstance(node.func, ast.Name) and node.func.id in self._bare)

    @cached_property
    def retries(self) -> bool:
        """Whether the task calls its own `retry`."""
        return any(map(self.is_retry, self.calls))

    @cached_property
    def republishes(self) -> bool:
        """Whether the task publishes itself again."""
        methods = [c.func for c in self.calls if isinstance(c.func, ast.Attribute)]
        return any(m.attr in _PUBLISH and last(m.value) in self._possible_owners for m in methods)


def given_one_of(call: ast.Call, names: Iterable[str]) -> bool:
    """Whether one of these names is an argument of a call."""
    return any(isinstance(a, ast.Name) and a.id in names for a in (*call.args, *(k.value for k in call.keywords)))


def _literal(node: ast.expr | None) -> Value:
    """None for what is not given, which is also what None stands for."""
    if node is None:
        return None
    return node.value if isinstance(node, ast.Constant) else UNKNOWN


def _targets(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _bound(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return [node.id]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).partition(".")[0] for alias in node.names]
    return [node.name] if isinstance(node, ast.ExceptHandler) and node.name else []
