"""Resolves the callee of a call: through imports, definitions around it, and annotations."""

import ast
import builtins
import re
from collections.abc import Iterator

from audit.model.unknown import UNKNOWN
from audit.model.word_tables import word_set
from audit.reading.python.abstract_values import (
    BoundMethod,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Method,
    ModuleValue,
    Namespace,
    Value,
    unwrap,
)
from audit.reading.python.child_nodes import walk
from audit.reading.python.frames import ExhaustedError, Frame
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Module
from audit.reading.python.syntax_cache import Definition

# What reads one row of a manager of Django, and what may stand between the two and leaves it a row.
_MANAGERS = frozenset({"objects", "_default_manager", "_base_manager"})
_READ_ONE = word_set("get first last latest earliest create aget afirst alast alatest aearliest acreate")
_OF_ROWS = word_set("""
    all filter exclude select_related prefetch_related select_for_update order_by using only defer annotate distinct alias
    reverse
""")
# They give objects of the project: those that they were given, or those that a text names.
_HANDS_ON = re.compile(
    r"builtins\.(next|max|min|getattr|sorted|reversed|vars|globals)$|(copy|pickle|cloudpickle|dill|weakref|queue|contextvars)\.|"
    r"random\.(choice|choices|sample)$|(stevedore|pluggy|importlib|importlib_metadata|pkg_resources|injector|zope)\.|"
    r"(.*\.)?(import_string|import_by_path|symbol_by_name|instantiate|load_entry_point|resolve_name|locate|load_object)$|"
    # What is found or made by its name, as `apps.get_model("shop", "Order")`.
    r"(.*\.)?(?:get|load|import|resolve|find|lookup|create|make|build|instantiate)_(?:\w+_)?(?:model|class|object|backend|component|plugin|"
    r"handler|adapter|provider|service|instance|factory|driver|extension|strategy|processor|callable)s?$|"
    r"(.*\.)?(?:\w*registry|\w*registries|plugins?|extensions?|container|apps)\.\w+$"
)

# What comes right after a field that is annotated or given a value; most names that are asked for are no field.
_AFTER_FIELD = (":", "=", " ", "\t", "\\", ")")


def dotted(node: ast.AST) -> str:
    """`a.b.c` for a name or an attribute of names; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


class Resolver:
    """Finds what names of one function's body stand for. An instance is followed as its class."""

    def __init__(self, machine: Machine, module: Module, owner: str, node: Definition, inside: list[ast.AST]) -> None:
        self._machine = machine
        self._owner = machine.resolve(f"{module.name}:{owner}") if owner else UNKNOWN
        arguments = [*node.args.posonlyargs, *node.args.args]
        self._self = arguments[0].arg if owner and arguments else ""
        self._frame = Frame(module, Namespace(), (machine.module_names(module.name),))
        self._annotated = {a.arg: a.annotation for a in (*arguments, *node.args.kwonlyargs)}
        self._assigned = _assigned(inside)
        self._local = frozenset((*self._annotated, *_bound(inside)))
        self._nested = frozenset(n.name for n in inside if isinstance(n, Definition | ast.ClassDef))
        self._in_hand: set[str] = set()
        # The imports of its own that were too long to follow.
        self.unread: list[ast.Import | ast.ImportFrom] = []
        self._import_locally(inside)

    def _import_locally(self, inside: list[ast.AST]) -> None:
        imports = [n for n in inside if isinstance(n, ast.Import | ast.ImportFrom)]
        if imports:
            self._machine.new_entry()
            try:
                self._machine.read_body(self._machine, list(imports), self._frame)
            except (ExhaustedError, RecursionError):
                self.unread = imports
                names = [alias.asname or alias.name.partition(".")[0] for node in imports for alias in node.names]
                self._frame.names.update(dict.fromkeys(names, UNKNOWN))

    def target(self, node: ast.expr) -> str:
        """Symbol of the project that a callee stands for: a function, a method or a class; empty when not found."""
        name = dotted(node)
        try:
            return (self._called_as_one(name) if name else "") or symbol_of(
                self._named(name) if name else self._of_chain(node)
            )
        except RecursionError:  # a chain of a thousand calls
            return ""

    def _called_as_one(self, name: str) -> str:
        """The `__call__` of the object of the project that this name holds; empty for any other."""
        value = unwrap(self._named(name))[0]
        held = name == self._self or name in self._annotated or name in self._assigned
        cls = unwrap(value.cls)[0] if isinstance(value, Instance) else value if held else UNKNOWN
        found = self._attribute(cls, "__call__") if isinstance(cls, ClassValue) else UNKNOWN
        return symbol_of(found) if isinstance(unwrap(found)[0], FunctionValue | BoundMethod) else ""

    def value_of(self, name: str) -> Value:
        """What a dotted name stands for."""
        return self._named(name)

    def of_module(self, module: str, name: str) -> Value:
        """What a name of another module stands for."""
        return self._machine.module_names(module).get(name, UNKNOWN)

    def attribute_of(self, value: Value, name: str) -> Value:
        """An attribute of what was found: a method of an instance is its class's."""
        made = unwrap(value.cls)[0] if isinstance(value, Instance) else value
        return self._attribute(made, name)

    def is_written(self, text: re.Pattern[str]) -> bool:
        """Whether a module of the project holds such a text."""
        return self._machine.project.holds(text)

    def held_by(self, node: ast.expr) -> Iterator[str]:
        """Functions of the project that the object whose method this is was made with: `_queue.do`, after `_queue = Queue(work)`."""
        name = dotted(node) if isinstance(node, ast.Attribute) else ""
        value = unwrap(self._named(name))[0] if name else UNKNOWN
        made = unwrap(value.receiver)[0] if isinstance(value, BoundMethod) else UNKNOWN
        if isinstance(made, Instance) and isinstance(unwrap(made.cls)[0], ClassValue):
            given = map(unwrap, (*made.arguments, *made.keywords.values()))
            yield from (one.symbol for one, _ in given if isinstance(one, FunctionValue))

    def binds(self, name: str) -> bool:
        """Whether the function itself binds this name: a parameter, an assignment, a loop, a `with`, an import."""
        return name in self._local or name in self._frame.names

    def defines(self, name: str) -> bool:
        """Whether the function itself defines this name: what it runs is in its own text."""
        return name in self._nested

    def is_external(self, name: str) -> bool:
        """Whether a dotted name stands for something of a library, of the language, or that calling one of those gave."""
        first = name.partition(".")[0]
        if first in self._local:
            made = self._assigned.get(first)
            if made is None or first in self._in_hand:
                return False
            self._in_hand.add(first)
            try:
                name = dotted(made.func)
                return bool(name) and self.is_external(name) and not self.hands_on(name)
            finally:
                self._in_hand.discard(first)
        value, _ = unwrap(self._named(name))
        receiver = value.receiver if isinstance(value, Method) else value
        made_by = receiver.cls if isinstance(receiver, Instance) else receiver
        if isinstance(made_by, External):
            # A class that a call of `type` made: what its methods are is not known.
            if isinstance(receiver, Instance) and made_by.dotted == "builtins.type":
                return False
            return not made_by.dotted.startswith("builtins.") or hasattr(builtins, made_by.dotted.split(".")[1])
        return self.is_of_collection(name)

    def hands_on(self, name: str) -> bool:
        """Whether what this library's function gives may be an object of the project: `random.choice`, `import_string`."""
        value, _ = unwrap(self._named(name))
        receiver = value.receiver if isinstance(value, Method) else value
        made_by = receiver.cls if isinstance(receiver, Instance) else receiver
        return isinstance(made_by, External) and bool(_HANDS_ON.match(made_by.dotted))

    def lacks(self, name: str) -> bool:
        """Whether a dotted name is an attribute that a module of the project gives by its own `__getattr__`."""
        module, value = unwrap(self._named(name.rpartition(".")[0]))[0], unwrap(self._named(name))[0]
        if not isinstance(module, ModuleValue) or symbol_of(value):
            return False
        return isinstance(unwrap(self._attribute(module, "__getattr__"))[0], FunctionValue)

    def is_of_collection(self, name: str) -> bool:
        """Whether a dotted name is a method of a text, a list or a dictionary that was read, not of what a library's object holds."""
        value, _ = unwrap(self._named(name))
        receiver = unwrap(value.receiver)[0] if isinstance(value, Method) else None
        # What is None as a module is loaded is given something else before a method is asked of it.
        return receiver is not None and not isinstance(
            receiver, ClassValue | Instance | ModuleValue | External | Method
        )

    def _named(self, name: str) -> Value:
        first, *rest = name.split(".")
        value = self._start(first)
        for part in rest:
            if isinstance(value, FunctionValue):
                break
            value = self._attribute(value, part)
        return value

    def _start(self, name: str) -> Value:
        if name == self._self and name:
            return self._owner
        if name in self._annotated:
            return self._class_named(self._frame, self._annotated[name])
        if name in self._assigned:
            return self._assigned_class(name)
        return unwrap(self._frame.lookup(name))[0]

    def _assigned_class(self, name: str) -> Value:
        """The class that the only assignment of a name gives it; `x = x.copy()` says nothing of `x`."""
        made = self._assigned[name]
        if made is None or name in self._in_hand:
            return UNKNOWN
        self._in_hand.add(name)
        try:
            return self._made_by(made.func)
        finally:
            self._in_hand.discard(name)

    def _attribute(self, value: Value, name: str) -> Value:
        found = self._machine.attribute(self._machine, value, name)
        if isinstance(value, ClassValue) and not symbol_of(found):
            return self._field(value, name)
        return found

    def _field(self, cls: ClassValue, name: str) -> Value:
        """The class that the body of `cls`, or an annotated argument of its `__init__`, gives to a field."""
        if cls.annotations is None:
            text = cls.place.text
            if not any(f"{name}{end}" in text for end in _AFTER_FIELD):
                return UNKNOWN
            cls.annotations = dict(reversed([*_annotations(cls.node)]))
        annotation = cls.annotations.get(name)
        return self._class_named(self._frame_of(cls.module), annotation) if annotation is not None else UNKNOWN

    def _made_by(self, callee: ast.expr) -> Value:
        """The class that calling this gives: the class itself, or the one a function says it returns."""
        if isinstance(row := self._row_read_by(callee), ClassValue):
            return row
        made = unwrap(self._named(dotted(callee)) if dotted(callee) else self._of_chain(callee))[0]
        made = made.function if isinstance(made, BoundMethod) else made
        if isinstance(made, FunctionValue) and not isinstance(made.node, ast.Lambda):
            return self._class_named(self._frame_of(made.module), made.node.returns)
        return made if isinstance(made, ClassValue) else UNKNOWN

    def _row_read_by(self, callee: ast.expr) -> Value:
        """The class of the row that a manager of Django reads: `Batch.objects.select_for_update().get`."""
        node = callee.value if isinstance(callee, ast.Attribute) and callee.attr in _READ_ONE else None
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _OF_ROWS:
            node = node.func.value
        manager = isinstance(node, ast.Attribute) and node.attr in _MANAGERS
        name = dotted(node.value) if manager and isinstance(node, ast.Attribute) else ""
        return unwrap(self._named(name))[0] if name else UNKNOWN

    def _of_chain(self, node: ast.expr) -> Value:
        """`f(…).method`, or `f(…)(…)`, followed through the class that `f(…)` gives."""
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call):
            if dotted(node.value.func) == "super":
                return self._inherited(node.attr)
            made = self._made_by(node.value.func)
            return self._attribute(made, node.attr) if isinstance(made, ClassValue) else UNKNOWN
        if isinstance(node, ast.Call):
            # `Update()(status)`: what calls the instance.
            made = self._made_by(node.func)
            return self._attribute(made, "__call__") if isinstance(made, ClassValue) else UNKNOWN
        return UNKNOWN

    def _inherited(self, name: str) -> Value:
        """What `super()` gives under this name: of the first base of the project that has it."""
        bases = (
            [base for base in self._owner.bases if isinstance(base, ClassValue)]
            if isinstance(self._owner, ClassValue)
            else []
        )
        return next((found for base in bases if symbol_of(found := self._attribute(base, name))), UNKNOWN)

    def _frame_of(self, module: str) -> Frame:
        modules = self._machine.project.modules
        return Frame(modules[module], Namespace(), (self._machine.module_names(module),))

    def _class_named(self, frame: Frame, annotation: ast.expr | None) -> Value:
        """The project's class that an annotation names; `X | None` counts as `X`."""
        if isinstance(annotation, ast.BinOp) and isinstance(annotation.right, ast.Constant):
            annotation = annotation.left
        name = dotted(annotation) if annotation is not None else ""
        first, _, rest = name.partition(".")
        value: Value = unwrap(frame.lookup(first))[0] if first else UNKNOWN
        for part in rest.split(".") if rest else ():
            value = self._machine.attribute(self._machine, value, part)
        return value if isinstance(value, ClassValue) else UNKNOWN


def _assigned(inside: list[ast.AST]) -> dict[str, ast.Call | None]:
    """Local names by the call they are assigned from; None for one that is assigned anything else, or twice."""
    found: dict[str, ast.Call | None] = {}
    for node in inside:
        if isinstance(node, ast.Assign):
            for name in filter(None, map(dotted, node.targets)):
                once = name not in found and isinstance(node.value, ast.Call)
                found[name] = node.value if once and isinstance(node.value, ast.Call) else None
        elif isinstance(node, ast.withitem) and node.optional_vars is not None and (name := dotted(node.optional_vars)):
            made = node.context_expr
            found[name] = made if name not in found and isinstance(made, ast.Call) else None
    return found


def _annotations(cls: ast.ClassDef) -> Iterator[tuple[str, ast.expr | None]]:
    """The fields of a class, in the order of the text, each with the annotation that says what it holds."""
    for statement in cls.body:
        if isinstance(statement, ast.AnnAssign):
            yield dotted(statement.target), statement.annotation
        elif isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            given = {a.arg: a.annotation for a in (*statement.args.args, *statement.args.kwonlyargs)}
            stored = (n for n in walk(statement) if isinstance(n, ast.Assign))
            fields = ((dotted(n.targets[0]), given.get(dotted(n.value))) for n in stored)
            yield from ((name.removeprefix("self."), told) for name, told in fields if name.startswith("self."))


def _bound(inside: list[ast.AST]) -> Iterator[str]:
    """Names that statements and comprehensions of a function bind."""
    for node in inside:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name


def symbol_of(value: Value) -> str:
    """Symbol of a function, a method or a class of the project; empty for anything else."""
    value, _ = unwrap(value)
    if isinstance(value, Instance) and isinstance(value.cls, External) and value.arguments:
        # `load = partial(find, None)`, `load = cached(find)`: what a library makes of a function runs it.
        value, _ = unwrap(value.arguments[0])
        value = None if isinstance(value, ClassValue) else value
    if isinstance(value, BoundMethod):
        return value.function.symbol
    return value.symbol if isinstance(value, FunctionValue | ClassValue) else ""
