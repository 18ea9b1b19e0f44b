"""State that each process keeps for itself: globals that change."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.shared_data import (
    EnclosedCounter,
    GlobalCounter,
    InstanceCounter,
    KeptValue,
    ProcessMetric,
)
from audit.reading.behaviour.constant_flags import is_given_constants, is_read
from audit.reading.behaviour.generation_stamps import is_a_stamp
from audit.reading.behaviour.possible_values import bound
from audit.reading.behaviour.row_objects import ancestors, owner
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.behaviour.single_objects import is_made_once, is_one_a_process, is_single, makes_one_object
from audit.reading.python.abstract_values import (
    ClassValue,
    External,
    FunctionValue,
    Instance,
    ModuleValue,
    Table,
    Value,
    descends_from,
    last_name,
    unwrap,
)
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute, lineage
from audit.reading.python.name_resolution import dotted
from audit.reading.python.parameters import parameters_of

# Their attributes are columns of a row, or of a statement.
_ROWS = ("Model", "SQLModel", "DeclarativeBase", "Document")
# Objects of the standard library that only hold what they are given.
_HOLDERS = frozenset({"types.SimpleNamespace", "collections.Counter", "collections.defaultdict", "argparse.Namespace"})
_OWN_TO_A_THREAD = ("local", "ContextVar")
# Calls whose answer changes from one execution to the next: no client or table that is made once.
_MOMENTS = frozenset({"time", "monotonic", "perf_counter", "now", "utcnow", "today", "uuid4", "len", "int", "float"})
_COUNTS = frozenset({"update", "subtract"})
_METRICS = re.compile(r"prometheus_client\.(?:\w+\.)*(?:Counter|Gauge|Histogram|Summary)$")
_MEASURES = frozenset({"inc", "dec", "observe", "set"})
METRIC_WORDS = tuple(f".{name}(" for name in sorted(_MEASURES))
# What gathers the metrics of several processes, or sends them away.
_GATHERED = re.compile(r"(?i)prometheus_multiproc_dir|push(?:add)?_to_gateway")


def process_state(scope: Scope) -> Iterator[GlobalCounter]:
    """GlobalCounter: a value of the process changed by a function."""
    if scope.symbol:
        yield from _changes(scope)


def _changes(scope: Scope) -> Iterator[GlobalCounter]:
    shared = {name for node in scope.all(ast.Global) for name in node.names}
    for change in scope.all(ast.AugAssign):
        if _is_shared(scope, change.target, shared) and not is_a_stamp(scope, last(change.target)):
            yield scope.observed(GlobalCounter, change, name=ast.unparse(change.target))
    for node in scope.all(ast.Assign):
        for target in node.targets:
            if not _is_shared(scope, target, shared) or not _is_state(scope, node, target, node.value):
                continue
            if not _is_a_flag(scope, node.value):
                yield scope.observed(GlobalCounter, node, name=ast.unparse(target))
            elif is_read(scope, last(target)):
                yield scope.observed(KeptValue, node, name=ast.unparse(target))
    yield from _kept_around(scope)
    yield from _kept_values(scope, shared)
    for call in scope.calls:
        kind, counted = (
            (ProcessMetric, metric) if (metric := _metric(scope, call)) else (GlobalCounter, _counted(scope, call))
        )
        if counted:
            yield scope.observed(kind, call, name=counted)


def _is_a_flag(scope: Scope, value: ast.expr) -> bool:
    """`True` and `False`, or a parameter that is only ever given constants."""
    if isinstance(value, ast.Constant):
        return isinstance(value.value, bool)
    return _comes_from_a_parameter(scope, value) and isinstance(value, ast.Name) and is_given_constants(scope, value.id)


def _kept_values(scope: Scope, shared: set[str]) -> Iterator[KeptValue]:
    """Globals that are given what comes from an argument, whether they are there already or not."""
    for node in scope.all(ast.Assign):
        stored = {n.id for t in node.targets for n in walk(t) if isinstance(n, ast.Name)} & shared
        tests = [n.test for n in scope.around(node) if isinstance(n, ast.If)]
        counted = any(_is_state(scope, node, target, node.value) for target in node.targets)
        made_once = any(_asks_whether_it_is_there(test) for test in tests)
        if stored and not counted and not made_once and _uses_a_parameter(scope, node.value):
            yield scope.observed(KeptValue, node, name=", ".join(sorted(stored)))


def _uses_a_parameter(scope: Scope, value: ast.expr) -> bool:
    return any(isinstance(n, ast.Name) and _comes_from_a_parameter(scope, n) for n in walk(value))


def _kept_around(scope: Scope) -> Iterator[GlobalCounter]:
    """What a nested function counts in the one around it, and what a method counts in an object that a global holds."""
    enclosed = {name for node in scope.all(ast.Nonlocal) for name in node.names}
    changes: list[tuple[ast.AST, ast.expr]] = [(n, n.target) for n in scope.all(ast.AugAssign)]
    changes += [
        (n, t) for n in scope.all(ast.Assign) for t in n.targets if _adds_to_itself(scope, n.value, ast.unparse(t))
    ]
    changes += [(c, c.func.value) for c in scope.calls if isinstance(c.func, ast.Attribute) and c.func.attr in _COUNTS]
    for node, target in changes:
        if isinstance(target, ast.Name) and target.id in enclosed:
            yield scope.observed(EnclosedCounter, node, name=target.id)
        elif _is_own(target) and _is_of_one_object(scope):
            yield scope.observed(GlobalCounter, node, name=ast.unparse(target))
        elif _is_own(target) and (holders := _holders(scope)):
            yield scope.observed(InstanceCounter, node, name=ast.unparse(target), holders=holders)


def _is_of_one_object(scope: Scope) -> bool:
    """Whether the class of a method has one instance for the whole process."""
    cls = owner(scope)
    if not isinstance(cls, ClassValue) or getattr(scope.root, "name", "") in {"__new__", "__init__"}:
        return False
    return is_single(cls) or is_made_once(scope, cls) or descends_from(cls, "AppConfig")


def _is_own(target: ast.expr) -> bool:
    """`self.n`, `self.counts[key]`."""
    while isinstance(target, ast.Subscript):
        target = target.value
    return isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self"


def _holders(scope: Scope) -> tuple[str, ...]:
    """The names under which globals of the project hold an instance of the class of this method."""
    cls = owner(scope)
    if not isinstance(cls, ClassValue) or descends_from(cls, *_ROWS, *_OWN_TO_A_THREAD):
        return ()
    names = (item for held in scope.machine.globals.values() for item in held.items())
    return tuple(sorted({str(n) for n, v in names if isinstance(v, Instance) and v.cls is cls}))


def _is_shared(scope: Scope, target: ast.expr, shared: set[str]) -> bool:
    """Whether a target is a global, an attribute of a class, a module or an object of one, or an entry of a dictionary of one."""
    if isinstance(target, ast.Name):
        return target.id in shared
    if isinstance(target, ast.Subscript):
        return _is_shared_table(scope, target.value, shared)
    return isinstance(target, ast.Attribute) and _holds_for_all(scope, target.value)


def _is_function_around(scope: Scope, name: str) -> bool:
    """Whether a name is that of this very function, or of one around it: its attributes last as long as it does."""
    around = scope.symbol.partition(":")[2].replace(".<locals>", "").split(".")
    return name in around and name not in scope.assigned


def _is_shared_table(scope: Scope, node: ast.expr, shared: set[str]) -> bool:
    node = _standing_for(scope, node)
    if isinstance(node, ast.Call):
        return last(node.func) == "globals"
    if isinstance(node, ast.Subscript):
        return _is_shared_table(scope, node.value, shared)
    if isinstance(node, ast.Attribute):
        if _holds_for_all(scope, node.value) or _holds_entries(_of_its_class(scope, node)):
            return True
        return scope.external(node) == "os.environ"
    return isinstance(node, ast.Name) and (node.id in shared or _is_kept_by_the_module(scope, node))


def _standing_for(scope: Scope, node: ast.expr) -> ast.expr:
    """What a local name is another name of: `usage = config.usage`."""
    made = scope.given(node)
    return made if isinstance(made, ast.Name | ast.Attribute | ast.Subscript) else node


def _is_kept_by_the_module(scope: Scope, node: ast.Name) -> bool:
    return node.id not in scope.assigned and (_holds_entries(scope.evaluated(node)) or _is_made_here(scope, node.id))


def _is_made_here(scope: Scope, name: str) -> bool:
    """Whether the module's own text makes a dictionary or a list of this name, which was not worked out."""
    made = [
        s.value
        for s in scope.module.tree.body
        if isinstance(s, ast.Assign | ast.AnnAssign) and s.value
        for t in (s.targets if isinstance(s, ast.Assign) else [s.target])
        if isinstance(t, ast.Name) and t.id == name
    ]
    return len(made) == 1 and (
        isinstance(made[0], ast.Dict | ast.List)
        or (
            isinstance(made[0], ast.Call)
            and last(made[0].func) in {"dict", "list", "defaultdict", "Counter", "OrderedDict"}
        )
    )


def _holds_entries(value: Value) -> bool:
    if isinstance(value, Instance):
        return isinstance(value.cls, External) and value.cls.dotted in _HOLDERS
    return isinstance(value, Table | list)


def _holds_for_all(scope: Scope, node: ast.expr) -> bool:
    """Whether what holds an attribute is one for the whole process."""
    made = scope.given(node)
    single = is_one_a_process(scope, made) or (isinstance(made, ast.Call) and makes_one_object(scope, made))
    if single or isinstance(node, ast.Call):
        return single or (isinstance(node, ast.Call) and last(node.func) == "type" and len(node.args) == 1)
    of_task = isinstance(node, ast.Attribute) and node.attr == "app" and _is_class_or_task(scope, last(node.value))
    if of_task or (isinstance(node, ast.Attribute) and node.attr == "__class__"):
        return True
    if isinstance(node, ast.Name) and (node.id in scope.assigned or _is_function_around(scope, node.id)):
        return node.id not in scope.assigned or _is_class_or_task(scope, node.id)
    value = scope.evaluated(node)
    if isinstance(value, Instance):
        external = scope.machine.is_celery(value) or (isinstance(value.cls, External) and value.cls.dotted in _HOLDERS)
        own = isinstance(value.cls, ClassValue) and not descends_from(value.cls, *_ROWS, *_OWN_TO_A_THREAD)
        return external or own
    if isinstance(value, ClassValue):
        return not descends_from(value, *_ROWS)
    return isinstance(value, ModuleValue | FunctionValue)


def _is_class_or_task(scope: Scope, name: str) -> bool:
    """The first parameter of a class method, or the task itself where it is bound."""
    if [a.arg for a in (*scope.spec.posonlyargs, *scope.spec.args)][:1] != [name]:
        return False
    if any(last_name(base) == "Task" for base in ancestors(owner(scope))):
        return True
    decorators: list[ast.expr] = getattr(scope.root, "decorator_list", [])
    bound = [
        keyword(d, "bind") for d in decorators if isinstance(d, ast.Call) and last(d.func) in {"task", "shared_task"}
    ]
    return any(last(d) == "classmethod" for d in decorators) or any(
        isinstance(b, ast.Constant) and b.value is True for b in bound
    )


def _is_state(scope: Scope, statement: ast.Assign, target: ast.expr, value: ast.expr) -> bool:
    """Whether a plain assignment keeps a value for later executions, rather than something made once or put back."""
    text = ast.unparse(target)
    tests = [n.test for n in scope.around(statement) if isinstance(n, ast.If)]
    if any(text in ast.unparse(test) and _asks_whether_it_is_there(test) for test in tests):
        return False
    if _adds_to_itself(scope, value, text):
        return True
    if isinstance(target, ast.Subscript):
        return False
    if isinstance(value, ast.Call):
        return last(value.func) in _MOMENTS
    if isinstance(value, ast.Constant):
        return value.value is not None and any(text in ast.unparse(test) for test in tests)
    return isinstance(target, ast.Name) and _comes_from_a_parameter(scope, value)


def _asks_whether_it_is_there(test: ast.expr) -> bool:
    return any(
        (isinstance(n, ast.UnaryOp) and isinstance(n.op, ast.Not))
        or (isinstance(n, ast.Compare) and any(isinstance(o, ast.Is | ast.IsNot | ast.NotIn) for o in n.ops))
        for n in walk(test)
    )


def _adds_to_itself(scope: Scope, value: ast.expr, text: str) -> bool:
    value = scope.given(value)
    if not any(isinstance(n, ast.BinOp) for n in walk(value)):
        return False
    holder, _, key = text.rpartition("[")
    got = f"{holder}.get({key.removesuffix(']')}" if holder else text
    named = [n for n in walk(value) if isinstance(n, ast.Name)]
    owner_text, _, name = text.rpartition(".")
    asked = f"getattr({owner_text}, '{name}'"
    told = [ast.unparse(value), *(ast.unparse(scope.given(n)) for n in named)]
    return any(text in t or got in t or asked in t for t in told)


def _comes_from_a_parameter(scope: Scope, value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id in {*parameters_of(scope.spec)} - {"self", "cls"}


def _counted(scope: Scope, call: ast.Call) -> str:
    """What a call counts in: `next(NUMBERS)` of `itertools.count()`, `TOTALS.update(…)` of a `Counter`; empty for others."""
    if counted := _asked_generator(scope, call):
        return counted
    if last(call.func) == "next" and len(call.args) == 1:
        node: ast.expr = call.args[0]
        wanted = "itertools.count"
    elif isinstance(call.func, ast.Attribute) and call.func.attr in _COUNTS:
        node, wanted = call.func.value, "collections.Counter"
    else:
        return ""
    if not isinstance(node, ast.Name | ast.Attribute) or (isinstance(node, ast.Name) and node.id in scope.assigned):
        return ""
    value = _of_its_class(scope, node) or scope.evaluated(node)
    made = isinstance(value, Instance) and isinstance(value.cls, External) and value.cls.dotted == wanted
    return ast.unparse(node) if made else ""


def _of_its_class(scope: Scope, node: ast.expr) -> Value:
    """What a class holds for all of its objects: `self.numbers` where no method gives an object its own; None for another."""
    cls = owner(scope)
    own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}
    if not own or not isinstance(node, ast.Attribute) or not isinstance(cls, ClassValue):
        return None
    given = [n for one in lineage(cls) for n in walk(one.node) if isinstance(n, ast.Attribute) and n.attr == node.attr]
    if any(isinstance(n.ctx, ast.Store) and last(n.value) == "self" for n in given):
        return None
    value = unwrap(class_attribute(cls, node.attr))[0]
    return value if isinstance(value, Instance | Table | list) else None


def _asked_generator(scope: Scope, call: ast.Call) -> str:
    """The generator of a module that a call goes on with, `LEFT.send(1)` or `next(TURNS)`, where it counts in its own names."""
    resumed = isinstance(call.func, ast.Attribute) and call.func.attr == "send"
    node = call.func.value if resumed and isinstance(call.func, ast.Attribute) else next(iter(call.args), None)
    if not isinstance(node, ast.Name | ast.Attribute) or not (resumed or last(call.func) == "next"):
        return ""
    name = last(node)
    if name in scope.assigned or isinstance(scope.evaluated(node), Instance):
        return ""
    written = re.compile(rf"(?m)^{re.escape(name)}\s*(?::[^=\n]*)?=[^=]")
    modules = scope.machine.project.naming(written)
    made = [
        value
        for module in modules
        for statement in module.tree.body
        for value in bound(statement, name)
        if isinstance(value, ast.Call)
    ]
    if len(modules) != 1 or len(made) != 1:
        return ""
    function = scope.machine.resolve(f"{modules[0].name}:{dotted(made[0].func)}") if dotted(made[0].func) else None
    return name if isinstance(function, FunctionValue) and _counts_between_answers(function.node) else ""


def _counts_between_answers(function: ast.AST) -> bool:
    """Whether a loop that yields adds to a name that was given before it."""
    loops = [n for n in walk(function) if isinstance(n, ast.While | ast.For)]
    yielding = [loop for loop in loops if any(isinstance(n, ast.Yield) for n in walk(loop))]
    added = {
        n.target.id
        for one in yielding
        for n in walk(one)
        if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)
    }
    added |= {
        t.id
        for one in yielding
        for n in walk(one)
        if isinstance(n, ast.Assign) and isinstance(n.value, ast.BinOp)
        for t in n.targets
        if isinstance(t, ast.Name) and any(isinstance(i, ast.Name) and i.id == t.id for i in walk(n.value))
    }
    fresh = {
        n.id
        for one in yielding
        for s in one.body
        if isinstance(s, ast.Assign)
        for n in walk(s)
        if not isinstance(s.value, ast.BinOp) and isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    return bool(added - fresh)


def _metric(scope: Scope, call: ast.Call) -> str:
    """The metric that `SENT.inc()` or `SENT.labels("mail").inc()` changes, kept by this process alone; empty for others."""
    node = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr in _MEASURES else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "labels":
        node = node.func.value
    value = scope.evaluated(node) if isinstance(node, ast.Name | ast.Attribute) else None
    if not isinstance(value, Instance) or not isinstance(value.cls, External) or not _METRICS.match(value.cls.dotted):
        return ""
    project = scope.machine.project
    gathered = project.holds(_GATHERED) or any(map(_GATHERED.match, project.environment))
    return "" if gathered or node is None else ast.unparse(node)
