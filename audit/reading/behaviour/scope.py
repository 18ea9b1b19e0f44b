"""The statements of one function, or of a module outside its functions, and what their names stand for."""

import ast
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Concatenate, ParamSpec, TypeVar

from audit.model.findings import Excerpt
from audit.model.observations.observation import Seen
from audit.model.plain_value import PlainValue
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.changes_in_place import Change, changes_in_place
from audit.reading.python.abstract_values import (
    BoundMethod,
    External,
    FunctionValue,
    Instance,
    Method,
    Namespace,
    Origin,
    Table,
    Value,
    exported,
    has_unknown,
    unwrap,
)
from audit.reading.python.child_nodes import children, walk
from audit.reading.python.frames import ExhaustedError, Frame
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Module
from audit.reading.python.name_resolution import dotted
from audit.reading.python.parameters import parameters_of, placed, spread_of
from audit.reading.python.syntax_cache import Place

N = TypeVar("N", bound=ast.AST)
P = ParamSpec("P")
_DEPTH = 6
_NO_PARAMETERS = ast.arguments([], [], None, [], [], None, [])
# How many local names may stand for one another.
_NAMES = 30


class Scope:
    """One function's own nodes in the order of the text, without those of the functions inside it."""

    def __init__(self, machine: Machine, module: Module, symbol: str, root: ast.AST) -> None:
        """`symbol` is the function's, empty for the module's own statements."""
        self.machine, self.module, self.symbol, self.root = machine, module, symbol, root
        self.nodes: dict[type[ast.AST], list[Any]] = {}
        self.parents: dict[ast.AST, ast.AST] = {}
        # Whether SQLAlchemy runs it in a transaction, once that was asked.
        self.listens: bool | None = None
        # What is committed by each statement that was asked about.
        self.committers: dict[ast.stmt, frozenset[str]] = {}
        # What gave each local name that was asked about its value, before each statement.
        self.flows: dict[str, dict[ast.AST, frozenset[ast.AST]]] = {}
        # What expressions stood for when they were asked about, and whether a limit cut that short.
        self._known: dict[ast.expr, tuple[Value, bool]] = {}
        # The same of local names, with how far from the expression asked about each was looked up.
        self._tried: dict[str, tuple[int, bool]] = {}
        # What nodes that no text holds stand for, and the calls as `whole_calls` gives them.
        self.stands: dict[ast.AST, Value] = {}
        self.whole: list[ast.Call] | None = None
        # What publishes in its own time, as written, by the publications that `whole_calls` makes of what is handed to it.
        self.handed: dict[ast.Call, str] = {}

    def all(self, kind: type[N]) -> list[N]:
        """Nodes of this type."""
        return self.nodes.get(kind, [])

    @property
    def calls(self) -> list[ast.Call]:
        """The calls written here."""
        return self.all(ast.Call)

    @cached_property
    def by_name(self) -> dict[str, list[ast.Call]]:
        """The calls by the last name of what they call."""
        found: dict[str, list[ast.Call]] = {}
        for call in self.calls:
            found.setdefault(last(call.func), []).append(call)
        return found

    @cached_property
    def assigns(self) -> dict[str, list[ast.Assign]]:
        """The assignments by each name that they give a value."""
        found: dict[str, list[ast.Assign]] = {}
        for assign in self.all(ast.Assign):
            for name in dict.fromkeys(t.id for t in assign.targets if isinstance(t, ast.Name)):
                found.setdefault(name, []).append(assign)
        return found

    @cached_property
    def of_module(self) -> dict[str, ast.expr]:
        """What the module's own statements give first to each of its names."""
        given = [
            (t.id, a.value)
            for a in self.module.tree.body
            if isinstance(a, ast.Assign)
            for t in a.targets
            if isinstance(t, ast.Name)
        ]
        return dict(reversed(given))

    @cached_property
    def entries(self) -> dict[str, list[tuple[str, ast.expr]]]:
        """The entries that are given one by one, with their values, by the last name of what holds them."""
        found: dict[str, list[tuple[str, ast.expr]]] = {}
        for assign in self.all(ast.Assign):
            for target in assign.targets:
                if isinstance(target, ast.Subscript):
                    entry = str(getattr(target.slice, "value", "")), assign.value
                    found.setdefault(last(target.value), []).append(entry)
        return found

    @property
    def body(self) -> list[ast.stmt]:
        """The statements."""
        return list(getattr(self.root, "body", []))

    @property
    def spec(self) -> ast.arguments:
        """The signature of the function; an empty one for the module's own statements."""
        return self.root.args if isinstance(self.root, ast.FunctionDef | ast.AsyncFunctionDef) else _NO_PARAMETERS

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """What holds a node, from the inside out."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def observed(
        self,
        kind: Callable[Concatenate[str, Excerpt | None, P], Seen],
        node: ast.AST,
        *args: P.args,
        **values: P.kwargs,
    ) -> Seen:
        """Something of this kind, seen at this node."""
        first = getattr(node, "lineno", 1)
        last = getattr(node, "end_lineno", None) or first
        excerpt = self.module.source.excerpt(first, min(last, first + 14))
        return kind(self.symbol, excerpt, *args, **values)

    @cached_property
    def assigned(self) -> dict[str, ast.expr | None]:
        """Local names by the only expression they are given; None for those given several, or something else."""
        found: dict[str, ast.expr | None] = dict.fromkeys([*parameters_of(self.spec), *spread_of(self.spec)], None)
        for node in self.all(ast.Name):
            if isinstance(node.ctx, ast.Store):
                parent = self.parents.get(node)
                value = parent.value if isinstance(parent, ast.Assign | ast.AnnAssign | ast.NamedExpr) else None
                found[node.id] = None if node.id in found else value
        return found

    def given(self, node: ast.expr) -> ast.expr:
        """The expression a local name stands for, else the node itself."""
        for _ in range(_DEPTH):
            other = self.assigned.get(node.id) if isinstance(node, ast.Name) and self.symbol else None
            if other is None or other is node:
                break
            node = other
        return node

    @cached_property
    def frame(self) -> Frame:
        """What its names stand for."""
        names = self.machine.module_names(self.module.name)
        if not self.symbol:
            return Frame(self.module, names)
        frame = Frame(self.module, Namespace(dict.fromkeys(self.assigned, UNKNOWN)), (names,))
        if imports := self.imports:
            self.machine.new_entry()
            try:
                self.machine.read_body(self.machine, list(imports), frame)
            except (ExhaustedError, RecursionError):
                aliases = [alias for node in imports for alias in node.names]
                bound = {alias.asname or alias.name.partition(".")[0] for alias in aliases}
                frame.names.update(dict.fromkeys(bound - frame.names.keys(), UNKNOWN))
                self._tried.update(dict.fromkeys(bound, (0, True)))
        return frame

    @cached_property
    def imports(self) -> list[ast.Import | ast.ImportFrom]:
        """The imports that bind its own names, those of the functions around it first."""
        return [*self._imports_around(), *self.all(ast.Import), *self.all(ast.ImportFrom)]

    def _imports_around(self) -> Iterator[ast.Import | ast.ImportFrom]:
        """What the functions around this one import, of which no local name takes the place."""
        holders = self.symbol.partition(":")[2].split(".<locals>.")[:-1]
        around = {".<locals>.".join(holders[: n + 1]) for n in range(len(holders))}
        for qualified, _, place in self.machine.graph.definitions[self.module.name] if around else ():
            pending: list[ast.AST] = list(place.node().body) if qualified in around else []
            for node in pending:
                if isinstance(node, ast.Import | ast.ImportFrom):
                    bound = {alias.asname or alias.name.partition(".")[0] for alias in node.names}
                    yield from () if bound & self.assigned.keys() else (node,)
                elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
                    pending += children(node)

    def evaluated(self, node: ast.expr) -> Value:
        """What an expression stands for: a value, a symbol, an instance; UNKNOWN when it cannot be told."""
        return self.stands[node] if node in self.stands else unwrap(self.held(node))[0]

    def held(self, node: ast.expr, depth: int = 0) -> Value:
        """The same, with the environment variable that may replace it; the machine notes what a limit cut short."""
        whole = depth == 0 and not self.machine.changing
        found = self._known.get(node) if whole else None
        value, cut = found or self._worked_out(node, depth)
        if whole:
            self._known[node] = value, cut
        if cut and depth == 0:
            self.machine.cut_short.append(Origin(self.module.source.path, node.lineno, node.end_lineno or node.lineno))
        self.machine.cut = cut
        return value

    def _worked_out(self, node: ast.expr, depth: int) -> tuple[Value, bool]:
        """The value, and whether it is unknown for want of steps."""
        names = [n.id for n in walk(node) if isinstance(n, ast.Name)] if self.symbol else []
        # Each name is bound, whether the one before it was cut short or not.
        cut = sum(self._binds_cut(name, depth) for name in names) > 0
        holder = node.value if isinstance(node, ast.Attribute) else None
        if isinstance(holder, ast.Name) and (holder.id, getattr(node, "attr", "")) in self._set_attributes:
            return UNKNOWN, False
        self.machine.new_entry()
        value = self.machine.value_of(node, self.frame)
        return value, (cut or self.machine.cut) and has_unknown(value)

    def _binds_cut(self, name: str, depth: int) -> bool:
        """Give a local name what it is assigned; whether that was cut short, so that what uses it may be."""
        other = self.assigned.get(name)
        tried, cut = self._tried.get(name, (_NAMES, other is not None))
        if other is not None and tried > depth and self.frame.names.get(name) is UNKNOWN:
            # What its own value names is not worked out again.
            self._tried[name] = depth, False
            self.frame.names[name] = self._changed(name, self.held(other, depth + 1), depth)
            cut = self.machine.cut
            self._tried[name] = depth, cut
        return cut

    @cached_property
    def _set_attributes(self) -> frozenset[tuple[str, str]]:
        """Attributes of local names that are given another value here: `turn.seconds`."""
        stored = [(n.attr, n.value) for n in self.all(ast.Attribute) if isinstance(n.ctx, ast.Store)]
        local = [(holder.id, name) for name, holder in stored if isinstance(holder, ast.Name)]
        return frozenset(pair for pair in local if self.assigned.get(pair[0]) is not None)

    @cached_property
    def changes(self) -> dict[str, list[Change]]:
        """What changes in place the dictionaries that names hold."""
        return changes_in_place(self.all(ast.Assign), self.all(ast.Delete), self.calls)

    def _changed(self, name: str, made: Value, depth: int) -> Value:
        """A dictionary, with all the entries that it may be given after it is made; anything else as it is."""
        table = unwrap(made)[0]
        if not isinstance(table, Table) or name not in self.changes:
            return made
        found = table.copy()
        key = (self.symbol or self.module.name, name)
        if key in self.machine.changing or len(self.machine.changing) > _DEPTH:
            # What changes it is worked out from itself.
            found.opaque = found.opaque or Origin(self.module.source.path, 1, 1)
            return found
        self.machine.changing.add(key)
        try:
            _apply(self, name, found, depth + 1)
        finally:
            self.machine.changing.discard(key)
        return found

    def value(self, node: ast.expr) -> PlainValue:
        """The plain value of an expression, seconds for a duration; UNKNOWN when it cannot be told."""
        return exported(self.evaluated(node))

    def external(self, node: ast.expr) -> str:
        """Dotted name of what comes from outside the target: `time.sleep`, `requests.Session.get`; else empty."""
        if not dotted(node) and not isinstance(node, ast.Attribute):
            return ""
        value = self.evaluated(node)
        if isinstance(value, External):
            return value.dotted
        if isinstance(value, Method):
            return _of_instance(value)
        return value.function.symbol if isinstance(value, BoundMethod) else ""


def gather(scope: Scope, prefix: str) -> Iterator[tuple[str, ast.AST]]:
    """Sort the nodes of a scope by type; the functions found inside, by their qualified names."""
    body: list[ast.AST] = list(getattr(scope.root, "body", []))
    pending = [(node, scope.root, prefix) for node in reversed(body)]
    nodes, parents = scope.nodes, scope.parents
    while pending:
        node, parent, prefix = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{node.name}", node
            continue
        parents[node] = parent
        nodes.setdefault(type(node), []).append(node)
        inner = f"{prefix}{node.name}." if isinstance(node, ast.ClassDef) else prefix
        if not isinstance(node, ast.Name | ast.Constant):
            pending += [(child, node, inner) for child in reversed(children(node))]


def calls_of(scope: Scope, name: str, written: str = "") -> Iterator[tuple[Scope, ast.Call]]:
    """The calls of the project that bear a function's name, each with the scope it stands in; those of tests apart.

    `written`: what the text of their modules holds, where that is more than the name.
    """
    for module in scope.machine.project.own(written or f"{name}("):
        pending: list[tuple[str, str, ast.AST]] = [("", "", module.tree)]
        while pending:
            symbol, prefix, root = pending.pop()
            other = Scope(scope.machine, module, symbol, root)
            pending += [(f"{module.name}:{q}", f"{q}.<locals>.", n) for q, n in gather(other, prefix)]
            yield from ((other, call) for call in other.calls if last(call.func) == name)


def function_scope(machine: Machine, function: FunctionValue) -> Scope:
    """The scope of a function of the target, without the functions inside it."""
    return scope_at(machine, function.module, function.symbol, function.place)


def scope_at(machine: Machine, module: str, symbol: str, place: Place[Any]) -> Scope:
    """The scope of the function that stands there; kept for whoever asks next."""
    node = place.node()
    if (found := machine.scopes.get(place)) and isinstance(found, Scope) and found.root is node:
        return found
    scope = Scope(machine, machine.project.modules[module], symbol, node)
    for _ in gather(scope, ""):
        pass
    machine.scopes.put(place, scope, sum(map(len, scope.nodes.values())))
    return scope


def _apply(scope: Scope, name: str, table: Table, depth: int) -> None:
    """Give a table the entries that the statements of a scope give it under this name, and the functions it is handed to."""
    for change in scope.changes.get(name, ()):
        if change.call is not None:
            function = _own_function(scope, change.call) if depth < _DEPTH else None
            parameter = _parameter(function, change.place) if function else ""
            if function and parameter:
                _apply(function_scope(scope.machine, function), parameter, table, depth + 1)
        elif change.key is None:
            table.opaque = table.opaque or Origin(scope.module.source.path, 1, 1)
        else:
            given = UNKNOWN if change.value is None else scope.held(change.value, depth)
            table[change.key] = given if change.key not in table or table[change.key] == given else UNKNOWN


def _own_function(scope: Scope, call: ast.Call) -> FunctionValue | None:
    callee = scope.evaluated(call.func)
    function = callee.function if isinstance(callee, BoundMethod) else callee
    return function if isinstance(function, FunctionValue) else None


def _parameter(function: FunctionValue, place: int | str) -> str:
    """The name of the parameter that takes an argument of a call."""
    if isinstance(place, str):
        return place
    names = placed(function.node.args)
    return names[place] if place < len(names) else ""


def _of_instance(method: Method) -> str:
    receiver = unwrap(method.receiver)[0]
    if isinstance(receiver, Instance) and isinstance(receiver.cls, External):
        return f"{receiver.cls.dotted}.{method.name}"
    return ""


def last(node: ast.AST | None) -> str:
    """The last name of what is called: `get` for `client.session.get`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The argument given under this name."""
    return next((k.value for k in call.keywords if k.arg == name), None)


def opaque(call: ast.Call) -> bool:
    """Whether `**something` may give arguments that are not written here."""
    return any(k.arg is None for k in call.keywords)


def chain(node: ast.expr) -> Iterator[ast.Call]:
    """The calls of a chain such as `a.b().c().d()`, the last one first."""
    while True:
        if isinstance(node, ast.Await):
            node = node.value
        if not isinstance(node, ast.Call):
            return
        yield node
        if not isinstance(node.func, ast.Attribute):
            return
        node = node.func.value
        while isinstance(node, ast.Attribute):
            node = node.value
