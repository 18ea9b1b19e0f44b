"""Interprets a program on abstract values; what cannot be followed is UNKNOWN.

Nothing of the target runs. Only calls into the target's own text and into a short list of pure functions give a value.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeGuard

from audit.model.gaps import Gap
from audit.model.unknown import UNKNOWN
from audit.reading.python.abstract_values import (
    REPEATED,
    BoundMethod,
    ClassValue,
    Decoration,
    External,
    FunctionValue,
    Instance,
    ModuleValue,
    Namespace,
    Origin,
    Table,
    Value,
    descends_from,
    unwrap,
)
from audit.reading.python.call_graph import CallGraph
from audit.reading.python.classes import class_attribute
from audit.reading.python.frames import ActiveCall, CallSite, ExhaustedError, Frame
from audit.reading.python.lru_cache import LruCache
from audit.reading.python.modules import Project
from audit.reading.python.own_imports import OwnImports
from audit.reading.python.project_calls import bind_arguments, differ, merged_returns
from audit.reading.python.undo_log import UndoLog
from audit.reading.source_files import Source

PARTIAL = External("functools.partial")
# A file of the project that is opened, or its text.
FILE = External("io.TextIOWrapper")
MAX_DEPTH = 60
# An import may wait for another that waits in its turn.
_ROUNDS = 4
MAX_CALLS = 12
# How often a function may be entered again before it returns, with other arguments that are not all known.
MAX_REENTRIES = 1
STEPS_PER_ENTRY = 100_000
STEPS_OF_MODULE = 400_000
STEPS_IN_ALL = 2_000_000
# For the names and arguments that functions use: each is short, and there are many.
STEPS_PER_USE = 10_000
_MOST_NODES = 100_000
STEPS_WITHOUT_CALLS = 1_500
STEPS_IN_FUNCTIONS = 20_000_000


@dataclass(frozen=True)
class UnboundImport:
    """A name that a module of the target imports from another, and that was not defined there yet."""

    names: Namespace
    local: str
    module: str
    name: str


@dataclass
class Machine:
    """The state of one reading. `observers` see every call that has no body in the target, and may answer it."""

    project: Project
    evaluate: Callable[["Machine", ast.expr, Frame], Value]
    attribute: Callable[["Machine", Value, str], Value]
    read_body: Callable[["Machine", list[ast.stmt], Frame], None]
    write_option: Callable[["Machine", Value, Value, Value, Origin], None]
    observers: list[Callable[["Machine", CallSite], Value]] = field(default_factory=list)
    decorated: list[FunctionValue] = field(default_factory=list)
    # What `app.on_after_configure.connect(function)` gives an application to call.
    when_configured: list[tuple[FunctionValue, Instance]] = field(default_factory=list)
    # Where each class was called.
    made_at: dict[External | ClassValue, set[Origin | None]] = field(default_factory=dict)
    celery_instances: list[Instance] = field(default_factory=list)
    undo_log: UndoLog = field(default_factory=UndoLog)
    globals: dict[str, Namespace] = field(default_factory=dict)
    graph: CallGraph = field(default_factory=CallGraph)
    assume: Callable[[Value, tuple[Value, ...]], tuple[Value, ...]] | None = None
    followed: set[str] = field(default_factory=set)
    given_up: list[Origin] = field(default_factory=list)
    unknown_tasks: list[Origin] = field(default_factory=list)
    variables: dict[str, dict[str, dict[str, None]]] = field(default_factory=dict)
    registered: list[Instance] = field(default_factory=list)
    # The classes of tasks that nothing registers, and what tells so, in French.
    unregistered: list[tuple[Origin, str]] = field(default_factory=list)
    # By symbol: the functions that a call makes tasks of (each call in `made`), and those inside a decorator that stand for another.
    made_tasks: dict[str, Decoration] = field(default_factory=dict)
    made: list[tuple[FunctionValue, Decoration]] = field(default_factory=list)
    inner_tasks: set[str] = field(default_factory=set)
    decorating: tuple[FunctionValue, Decoration] | None = None
    unbound: list[UnboundImport] = field(default_factory=list)
    # The local tables whose changes are being read, by function and name.
    changing: set[tuple[str, str]] = field(default_factory=set)
    attributes: dict[str, Table] = field(default_factory=dict)
    missing_imports: list[Gap] = field(default_factory=list)
    # The scopes of functions that were asked for last, by their places.
    scopes: LruCache[object, object] = field(default_factory=lambda: LruCache(_MOST_NODES))
    steps_in_functions: int = STEPS_IN_FUNCTIONS
    # Whether a limit cut the evaluation in hand short: what it gives then is unknown for that reason alone.
    cut: bool = False
    # The expressions that functions hold and that a limit cut short, until whoever asked takes them.
    cut_short: list[Origin] = field(default_factory=list)
    # The names of functions that receive a model's signal, once they were looked for.
    connected: frozenset[str] | None = None
    _modules: dict[str, ModuleValue] = field(default_factory=dict)
    _steps: int = STEPS_PER_ENTRY
    _granted: int = STEPS_PER_ENTRY
    _most: int = STEPS_PER_ENTRY
    _left: int = STEPS_IN_ALL
    # By module: none may take what the others need.
    _taken: dict[str, int] = field(default_factory=dict)
    _depth: int = 0
    _calls: list[ActiveCall] = field(default_factory=list)
    _most_calls: int = MAX_CALLS

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Text of every module, by path."""
        return {module.source.path: module.source for module in self.project.modules.values()}

    @cached_property
    def decorated_names(self) -> frozenset[str]:
        """The own names of the functions below a decorator; asked for once every module is read."""
        return frozenset(f.symbol.rpartition(":")[2].rpartition(".")[2] for f in self.decorated)

    @property
    def reading(self) -> str:
        """The module whose statements are being read."""
        return self.undo_log.module

    @reading.setter
    def reading(self, module: str) -> None:
        self.undo_log.module = module

    @cached_property
    def own_imports(self) -> OwnImports:
        """What tells the imports of the project's own code that find nothing."""
        return OwnImports(self.project)

    def read_all(self) -> None:
        """Read every module's own statements, following imports as they come."""
        for name in sorted(self.project.modules):
            self.module_names(name)
        self._bind_late()

    def _bind_late(self) -> None:
        """Bind the names that modules import from one another in a circle: what was partial then is whole now."""
        for _ in range(_ROUNDS):
            found = [(late, self.attribute(self, self.module_value(late.module), late.name)) for late in self.unbound]
            bound = [(late, value) for late, value in found if value is not UNKNOWN]
            for late, value in bound:
                if late.names.get(late.local) is UNKNOWN:
                    late.names[late.local] = value
            self.unbound = [late for late, value in found if value is UNKNOWN]
            if not bound:
                break

    def module_names(self, name: str) -> Namespace:
        """Global names of a module of the target, as its statements leave them (partial inside an import cycle)."""
        if name not in self.globals:
            module = self.project.modules[name]
            names = self.globals[name] = Namespace({"__name__": name})
            saved, self._depth = self._depth, 0
            calls, self._calls = self._calls, []
            importer, self.reading, cut = self.reading, name, self.cut
            tree = module.tree
            names.opaque = Origin(module.source.path, 1, 1) if module.is_unparsed else None
            self.graph.add(module, tree)
            self.missing_imports += self.own_imports.missing(module, tree.body)
            with self.undo_log.aside():
                self.read_body(self, tree.body, Frame(module, names))
            self._depth, self._calls, self.cut = saved, calls, cut
            self.reading = importer
        return self.globals[name]

    def module_value(self, name: str) -> Value:
        """The module or package of this dotted name, or something external."""
        if not self._exists(name):
            return External(name)
        if name in self.project.modules:
            self.module_names(name)
        return self._modules.setdefault(name, ModuleValue(name))

    def module_attribute(self, name: str, attribute: str) -> Value:
        """`module.attribute`: a global name, else a submodule."""
        names = self.module_names(name) if name in self.project.modules else Namespace()
        if attribute in names:
            self.cut = self.cut or attribute in names.cut
            return names[attribute]
        inner = f"{name}.{attribute}"
        return self.module_value(inner) if self._exists(inner) else UNKNOWN

    def resolve(self, dotted: str) -> Value:
        """What `package.module:a.b` (or `package.module.a`) names, or UNKNOWN."""
        module, colon, rest = dotted.partition(":")
        while module and not colon and not self._exists(module):
            module, _, last = module.rpartition(".")
            rest = f"{last}.{rest}" if rest else last
        if not self._exists(module):
            return UNKNOWN
        value: Value = self.module_value(module)
        for name in filter(None, rest.split(".")):
            value = self.attribute(self, value, name)
        return value

    def _exists(self, module: str) -> bool:
        return module in self.project.modules or module in self.project.packages

    def step(self) -> None:
        """Count one step. Raises ExhaustedError when there are too many."""
        self._steps -= 1
        if self._steps < 0:
            raise ExhaustedError

    def new_entry(self, most: int = 0) -> None:
        """Start counting steps afresh, up to `most` (0: what one entry may take) and within what the whole reading may take."""
        most = most or self._most
        taken = max(0, self._granted - self._steps)
        self._left -= taken
        self._taken[self.reading] = self._taken.get(self.reading, 0) + taken
        own = STEPS_OF_MODULE - self._taken[self.reading] if self.reading else most
        self._granted = self._steps = max(min(most, self._left, own), 0)

    def start_functions(self) -> None:
        """Count the steps of functions apart: modules that take all the steps must not silence functions."""
        self._most = STEPS_PER_USE
        self._left, self._granted, self._steps = self.steps_in_functions, self._most, self._most
        self._taken.clear()

    @property
    def is_spent(self) -> bool:
        """Whether nothing more may be followed: what is asked from now on is unknown."""
        return self._left <= 0

    def deeper(self) -> None:
        """Enter one level of an expression. Raises ExhaustedError when there are too many."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._depth = 0
            raise ExhaustedError

    def shallower(self) -> None:
        """Leave one level of an expression."""
        self._depth = max(0, self._depth - 1)

    def call(self, site: CallSite) -> Value:
        """Value of a call; UNKNOWN when it cannot be followed."""
        callee = site.callee
        if isinstance(callee, FunctionValue):
            return self.call_function(callee, site.arguments, site.keywords, site.frame)
        if isinstance(callee, BoundMethod):
            arguments = self.assume(callee, site.arguments) if self.assume else site.arguments
            return self.call_function(callee.function, (callee.receiver, *arguments), site.keywords, site.frame)
        for observer in self.observers:
            answer = observer(self, site)
            if answer is not None:
                return answer
        if isinstance(callee, ClassValue):
            return self.instantiate(callee, site)
        if isinstance(callee, External):
            return self.remember(Instance(callee, site.arguments, site.keywords, origin=site.origin))
        return self._call_instance(callee, site) if isinstance(callee, Instance) else UNKNOWN

    def _call_instance(self, callee: Instance, site: CallSite) -> Value:
        """Value of a call of a `functools.partial`, or of an instance that has a `__call__`."""
        if callee.cls == PARTIAL and callee.arguments:
            keywords = callee.keywords.copy()
            keywords.update(site.keywords)
            keywords.opaque = callee.keywords.opaque or site.keywords.opaque
            inner = unwrap(callee.arguments[0])[0]
            return self.call(CallSite(inner, (*callee.arguments[1:], *site.arguments), keywords, site.frame, site.node))
        own = class_attribute(callee.cls, "__call__") if isinstance(callee.cls, ClassValue) else UNKNOWN
        if not isinstance(own, FunctionValue):
            return UNKNOWN
        return self.call_function(own, (callee, *site.arguments), site.keywords, site.frame)

    def restart_depth(self) -> None:
        """Count levels of expressions afresh, after a reading that was given up."""
        self._depth = 0

    def remember(self, instance: Instance) -> Instance:
        """Note where an instance was made, keep those of Celery, and return it."""
        if isinstance(instance.cls, External | ClassValue):
            self.made_at.setdefault(instance.cls, set()).add(instance.origin)
        if self.is_celery(instance):
            self.celery_instances.append(instance)
        return instance

    def instantiate(self, cls: ClassValue, site: CallSite) -> Instance:
        """An instance of a class of the target, after its `__init__` when it has one."""
        instance = self.remember(Instance(cls, site.arguments, site.keywords, origin=site.origin))
        initialiser = class_attribute(cls, "__init__")
        if isinstance(initialiser, FunctionValue):
            self.call_function(initialiser, (instance, *site.arguments), site.keywords, site.frame)
        return instance

    def call_function(
        self, function: FunctionValue, arguments: tuple[Value, ...], keywords: Table, caller: Frame
    ) -> Value:
        """Follow the body of a function of the target; the merged value of its returns."""
        entered = ActiveCall(function.symbol, arguments, keywords)
        again = [one for one in self._calls if one.symbol == function.symbol]
        if any(map(entered.repeats, again)):
            return REPEATED
        if len(self._calls) >= self._most_calls or (len(again) > MAX_REENTRIES and not entered.is_concrete):
            self.cut = True
            return UNKNOWN
        self.followed.add(function.symbol)
        module = self.project.modules[function.module]
        frame = Frame(module, Namespace(), function.enclosing, f"{function.symbol.partition(':')[2]}.<locals>.")
        frame.depth = self.undo_log.depth
        bind_arguments(function, arguments, keywords, frame, lambda node: self.evaluate(self, node, frame))
        saved, self._depth = self._depth, 0
        self._calls.append(entered)
        before, self.cut = self.cut, False
        given, self.undo_log.given_flask = (
            self.undo_log.given_flask,
            self._is_given_flask((*arguments, *keywords.values())),
        )
        try:
            if isinstance(function.node, ast.Lambda):
                return self.evaluate(self, function.node.body, frame)
            self.read_body(self, function.node.body, frame)
        except ExhaustedError:
            self.followed.discard(function.symbol)
            raise
        finally:
            self._calls.pop()
            self._depth, self.undo_log.given_flask = saved, given
            # Where what was read differs already, no limit is why the value is unknown.
            self.cut = before or (self.cut and not differ(frame.returned))
        if frame.ended == "raise" and not frame.returned:
            caller.ended = "raise"
            return UNKNOWN
        # It only ever gives what it gives itself.
        self.cut = self.cut or (frame.ended == "return" and not frame.returned)
        return merged_returns(function, frame)

    def _is_given_flask(self, given: tuple[Value, ...]) -> bool:
        """Whether a call is given a Flask application, or is made by one that was, outside tests."""
        if self.undo_log.given_flask:
            return True
        if not any(isinstance(v, Instance) and descends_from(v.cls, "Flask", "Quart") for v in given):
            return False
        module = self.project.modules.get(self.reading)
        return module is None or not self.project.is_test_file(module.source.path)

    def follow(self, function: FunctionValue, arguments: tuple[Value, ...] = ()) -> None:
        """Follow a function nobody calls, for what its statements build; parameters not given are unknown."""
        self.new_entry()
        caller = Frame(self.project.modules[function.module], Namespace(), (Namespace(),))
        saved, self.reading = self.reading, function.module
        try:
            self.call_function(function, arguments, Table(), caller)
        except (ExhaustedError, RecursionError):
            self._depth = 0
        self.reading = saved

    def value_of(self, node: ast.expr, frame: Frame) -> Value:
        """Value of an expression; UNKNOWN also where reading it takes too long, and `cut` then says so."""
        self.cut = False
        try:
            return self.evaluate(self, node, frame)
        except (ExhaustedError, RecursionError):
            value = self._without_calls(node, frame)
            self._depth, self.cut = 0, True
            return value

    def _without_calls(self, node: ast.expr, frame: Frame) -> Value:
        """The value of an expression as far as it can be told without a look at the functions that it calls."""
        self._depth, self._most_calls = 0, 0
        if not self.is_spent:
            self._granted += STEPS_WITHOUT_CALLS
            self._steps = STEPS_WITHOUT_CALLS
        try:
            return self.evaluate(self, node, frame)
        except (ExhaustedError, RecursionError):
            return UNKNOWN
        finally:
            self._most_calls = MAX_CALLS

    def is_celery(self, value: Value) -> TypeGuard[Instance]:
        """Whether a value is a Celery application."""
        return isinstance(value, Instance) and descends_from(value.cls, "Celery")
