"""Finds Celery tasks, decorated functions and registered classes, with their options."""

import ast
from collections.abc import Sequence
from dataclasses import replace

from audit.model.annotations import annotated
from audit.model.facts import Task
from audit.model.plain_value import PlainValue
from audit.model.unknown import UNKNOWN
from audit.reading.celery.task_attributes import ACKNOWLEDGEMENT, EVERY_CLASS, OPTIONS, written_late, written_options
from audit.reading.python.abstract_values import (
    BoundMethod,
    ClassValue,
    Decoration,
    External,
    FunctionValue,
    Instance,
    Method,
    Namespace,
    Table,
    Value,
    exported,
    unwrap,
)
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute, lineage
from audit.reading.python.equal_values import same
from audit.reading.python.frames import CallSite, ExhaustedError, Frame
from audit.reading.python.interpreter import PARTIAL, Machine
from audit.reading.source_files import Source

_OBJECT = External("builtins.object")
SPREAD = "**"


def read_tasks(machine: Machine) -> tuple[Task, ...]:
    """Every task met, in the order of their symbols."""
    found: dict[tuple[str, str, str], Task] = {}
    made: dict[tuple[str, str, str], list[FunctionValue]] = {}
    others: dict[tuple[str, str, str], list[Instance]] = {}
    below = [(function, decorated_as_task(machine, function)) for function in machine.decorated]
    for function, decoration in (*below, *machine.made):
        if decoration and function.symbol not in machine.inner_tasks:
            task = _task(machine, function, decoration)
            key = (function.symbol, "", task.name)
            made.setdefault(key, []).append(function)
            found[key] = replace(task, alike=_different(made[key]))
    for instance in machine.registered:
        run = class_attribute(instance.cls, "run") if isinstance(instance.cls, ClassValue) else UNKNOWN
        if isinstance(run, FunctionValue) and isinstance(instance.cls, ClassValue):
            task = _task_of_instance(machine, instance, instance.cls, run)
            key = (run.symbol, instance.cls.symbol, task.name)
            others.setdefault(key, []).append(instance)
            found[key] = replace(task, alike=sum(not _alike(instance, o) for o in others[key]) + 1)
    return tuple(found[key] for key in sorted(found))


def _different(made: Sequence[FunctionValue]) -> int:
    """How many of these functions of one text differ: each turn of a loop makes one, and each call that sets other names.

    What another module makes again is the same in another process, unless it is given other code to run; what another application
    holds has another registry.
    """
    last = made[-1]
    rivals = [
        f for f in made if _receivers(f) == _receivers(last) and (f.loading == last.loading or _run_others(f, last))
    ]
    return 1 + len({id(f) for f in rivals if f is not last and _differ(f, last)})


def _receivers(function: FunctionValue) -> list[int]:
    return [id(unwrap(getattr(d.callee, "receiver", None))[0]) for d in function.decorators]


def _run_others(one: FunctionValue, other: FunctionValue) -> bool:
    """Whether two functions made of one text call functions of the project that differ."""
    pairs = zip(*(f.enclosing[0].items() if f.enclosing else () for f in (one, other)), strict=False)
    plain = [(unwrap(a[1])[0], unwrap(b[1])[0]) for a, b in pairs if a[0] == b[0]]
    return any(isinstance(a, FunctionValue) and isinstance(b, FunctionValue) and a.symbol != b.symbol for a, b in plain)


def _differ(one: FunctionValue, other: FunctionValue) -> bool:
    around, beside = (f.enclosing[0] if f.enclosing else Namespace() for f in (one, other))
    if around is beside:
        return True
    read = {n.id for n in walk(one.node) if isinstance(n, ast.Name)}
    return any(
        not same(around[n], beside.get(n, UNKNOWN)) for n in read if n in around and n != getattr(one.node, "name", "")
    )


def _alike(one: Instance, other: Instance) -> bool:
    return one is other or (same(one.arguments, other.arguments) and same(one.keywords, other.keywords))


# What `**options` that are not read may give, and rules ask of a task; and annotations, the acknowledgement besides.
_GIVEN = ("time_limit", "soft_time_limit", "rate_limit", "ignore_result", "queue", "expires", "serializer")
_ANNOTATED = (*ACKNOWLEDGEMENT, *_GIVEN)


def with_annotations(tasks: Sequence[Task], annotations: PlainValue) -> tuple[Task, ...]:
    """Tasks as the annotations of their application leave them; an acknowledgement that these empty is early."""
    found = []
    for task in tasks:
        given, whole = annotated(annotations, task.name)
        emptied = {name: False for name in ACKNOWLEDGEMENT if name in given and given[name] is None}
        unread = {} if whole else dict.fromkeys(_ANNOTATED, UNKNOWN)
        found.append(replace(task, options={**task.options, **unread, **given, **emptied}))
    return tuple(found)


def task_decoration(machine: Machine, function: FunctionValue) -> Decoration | None:
    """The decorator, or the call, that makes a task of this function."""
    if function.symbol in machine.inner_tasks:
        return None
    return decorated_as_task(machine, function) or machine.made_tasks.get(function.symbol)


def decorated_as_task(machine: Machine, function: FunctionValue) -> Decoration | None:
    """The decorator over this function that makes a task, even where one of the target's own gives it to another function."""
    return next((d for d in map(_applied, function.decorators) if makes_a_task(machine, d)), None)


def _applied(decoration: Decoration) -> Decoration:
    """What a decorator made by `functools.partial` applies, with all that it gives."""
    made = unwrap(decoration.callee)[0]
    if not (isinstance(made, Instance) and made.cls == PARTIAL and made.arguments):
        return decoration
    keywords = made.keywords.copy()
    keywords.update(decoration.keywords)
    keywords.opaque = keywords.opaque or decoration.keywords.opaque
    return _applied(Decoration(made.arguments[0], decoration.node, made.arguments[1:], keywords))


def makes_a_task(machine: Machine, decoration: Decoration) -> bool:
    """Whether a decorator is one by which Celery makes tasks."""
    callee = decoration.callee
    if isinstance(callee, BoundMethod):
        own = callee.function.symbol.rpartition(".")[2]
        return own in {"task", "periodic_task"} and machine.is_celery(callee.receiver)
    if isinstance(callee, Method) and callee.name in {"task", "_task_from_fun"}:
        return machine.is_celery(unwrap(callee.receiver)[0])
    if isinstance(callee, External):
        return callee.dotted.startswith("celery.") and callee.dotted.endswith(
            (".shared_task", ".task", ".periodic_task")
        )
    return callee is UNKNOWN and _looks_like_a_task(decoration.node)


def _looks_like_a_task(node: ast.expr) -> bool:
    """`@celery_app.task` where the application comes from something that could not be followed."""
    node = node.func if isinstance(node, ast.Call) else node
    if not isinstance(node, ast.Attribute) or node.attr != "task":
        return False
    base = node.value
    name = base.id if isinstance(base, ast.Name) else base.attr if isinstance(base, ast.Attribute) else ""
    return "celery" in name.lower() or name == "app"


def _task(machine: Machine, function: FunctionValue, decoration: Decoration) -> Task:
    registered = registered_name(machine, function, decoration)
    made = not any(one.node is decoration.node for one in function.decorators)
    # A call that makes a task may stand in another file than its function.
    source = None if made else machine.project.modules[function.module].source
    base = unwrap(decoration.keywords.get("base", default_base(machine, decoration)))[0]
    options = _with_base(_options(source, decoration), base)
    if "base" not in decoration.keywords and not _is_read(base):
        options["base"] = "task_cls"
    if not registered:
        registered = function.symbol.replace(":", ".")
        options.setdefault("name", UNKNOWN)
    return Task(registered, function.symbol, _with_writes(machine, function.symbol, base, options))


def registered_name(machine: Machine, function: FunctionValue, decoration: Decoration) -> str:
    """The name that Celery knows a task by; empty where the project's own `gen_task_name` makes one that cannot be told."""
    module, _, qualified = function.symbol.partition(":")
    name = unwrap(decoration.keywords.get("name"))[0]
    if isinstance(name, str) and name:
        return name
    if "name" in decoration.keywords or decoration.keywords.opaque:
        return f"{module}.{qualified.rpartition('.')[2]}"
    wrapper = _wrapper_name(function, decoration)
    if wrapper:
        module, _, qualified = wrapper.rpartition(".")
    return generated_name(machine, _application(machine, decoration), qualified.rpartition(".")[2], module)


def _wrapper_name(function: FunctionValue, decoration: Decoration) -> str:
    """The name of what a decorator of the target puts in the place of the function, and that does not bear its name."""
    found = ""
    for one in function.decorators:
        maker = (
            one.callee if isinstance(one.callee, FunctionValue) and one.node.lineno > decoration.node.lineno else None
        )
        made = _answered(maker.node if maker else None)
        made = _answered(made) if isinstance(one.node, ast.Call) else made
        if maker and made and not found:
            found = f"{maker.module}.{made.name}"
    return found


def _answered(node: ast.AST | None) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The function that a function defines and returns as it is."""
    if not isinstance(node, ast.FunctionDef) or not isinstance(node.body[-1], ast.Return):
        return None
    given = node.body[-1].value
    plain = [n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and not n.decorator_list]
    others = [n for n in node.body if not isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.Return | ast.Expr)]
    # An assignment may give it the name of the other, as `functools.update_wrapper` does.
    called = any(isinstance(n, ast.Expr) and isinstance(n.value, ast.Call) for n in node.body)
    if others or called or not isinstance(given, ast.Name):
        return None
    return next((n for n in plain if n.name == given.id), None)


def _with_writes(machine: Machine, symbol: str, base: Value, options: dict[str, PlainValue]) -> dict[str, PlainValue]:
    """Options, over those of the class of every task, and under those written on the task once it is made."""
    below = {name: exported(value) for name, value in written_options(machine, EVERY_CLASS).items()}
    written = written_late(machine, symbol, base)
    return {**below, **options, **{name: exported(value) for name, value in written.items()}}


def default_base(machine: Machine, decoration: Decoration) -> Value:
    """The class that the application gives its tasks; None when that is Celery's own.

    A shared task is one of the only application there is.
    """
    receiver = _application(machine, decoration)
    if receiver is None:
        return None
    of_class = class_attribute(receiver.cls, "task_cls") if isinstance(receiver.cls, ClassValue) else UNKNOWN
    given = receiver.keywords.get("task_cls", None if of_class is UNKNOWN else of_class)
    maker = class_attribute(receiver.cls, "create_task_cls") if isinstance(receiver.cls, ClassValue) else UNKNOWN
    if isinstance(maker, FunctionValue):
        texts = (n.value for n in walk(maker.node) if isinstance(n, ast.Constant) and isinstance(n.value, str))
        given = next((text for text in texts if ":" in text), UNKNOWN)
    base = unwrap(receiver.fields.get("Task", given))[0]
    if not isinstance(base, str):
        return base
    return None if base.startswith("celery.") else machine.resolve(base)


def _with_base(options: dict[str, PlainValue], base: Value) -> dict[str, PlainValue]:
    """Options, with those that a base class gives. `base` stays only where some of its classes could not be read."""
    if not isinstance(base, ClassValue):
        return options
    classes = lineage(base)
    named = [name for c in classes for name in c.names if isinstance(name, str) and name in OPTIONS]
    given = {name: exported(class_attribute(base, name)) for name in named}
    if _is_read(base):
        options = {name: value for name, value in options.items() if name != "base"}
    return {**given, **options}


def _is_read(base: Value) -> bool:
    """Whether all that a class of tasks gives them was read: by the project's own classes, and by Celery's, which give nothing."""
    if not isinstance(base, ClassValue):
        return base is None or is_celery_s(base)
    classes = lineage(base)
    outside = [b for c in classes for b in c.bases if not isinstance(b, ClassValue)]
    return all(map(is_celery_s, outside)) and all(c.names.opaque is None for c in classes)


def is_celery_s(base: Value) -> bool:
    """Whether a base class outside the target is Celery's `Task`, `app.Task` or `object`, which set no option."""
    if isinstance(base, Method):
        return base.name == "Task"
    return isinstance(base, External) and (base == _OBJECT or base.dotted.startswith("celery."))


def _application(machine: Machine, decoration: Decoration) -> Instance | None:
    """The application that a decorator is an attribute of, else the only one there is."""
    receiver = unwrap(getattr(decoration.callee, "receiver", None))[0]
    apps = machine.celery_instances
    return receiver if isinstance(receiver, Instance) else apps[0] if len(apps) == 1 else None


def generated_name(machine: Machine, app: Instance | None, name: str, module: str) -> str:
    """What the application calls a task that gives itself no name, by `gen_task_name`; empty where that is not known."""
    maker = machine.attribute(machine, app, "gen_task_name") if app else None
    if not app or isinstance(maker, Method) or maker is UNKNOWN:
        return f"{module}.{name}"
    machine.new_entry()
    home = next(iter(machine.project.modules.values()))
    site = CallSite(unwrap(maker)[0], (name, module), Table(), Frame(home, Namespace()), ast.Constant(name))
    try:
        told = unwrap(machine.call(site))[0]
    except (ExhaustedError, RecursionError):
        machine.restart_depth()
        return ""
    return told if isinstance(told, str) else ""


def _task_of_instance(machine: Machine, instance: Instance, cls: ClassValue, run: FunctionValue) -> Task:
    given = unwrap(instance.fields.get("name", class_attribute(cls, "name")))[0]
    module, _, qualified = cls.symbol.partition(":")
    options = _with_writes(machine, run.symbol, cls, _with_base({}, cls))
    names_itself = "name" in instance.fields or any("name" in c.names for c in lineage(cls))
    apps = machine.celery_instances
    made = "" if names_itself else generated_name(machine, apps[0] if len(apps) == 1 else None, qualified, module)
    name = given if isinstance(given, str) else made
    if not name:
        options["name"] = UNKNOWN
    return Task(name or f"{module}.{qualified}", run.symbol, options)


def _options(source: Source | None, decoration: Decoration) -> dict[str, PlainValue]:
    nodes = decoration.node.keywords if isinstance(decoration.node, ast.Call) else []
    written = source.segment if source else ast.unparse
    texts = {k.arg: written(k.value) for k in nodes if k.arg}
    found: dict[str, PlainValue] = {}
    if decoration.keywords.opaque:
        found |= {SPREAD: written(decoration.node), **dict.fromkeys(_GIVEN, UNKNOWN)}
    for name, value in decoration.keywords.items():
        key = str(name)
        read = _classes if key == "autoretry_for" else _option
        found[key] = read(value, texts.get(key, ""))
    return found


def _classes(value: Value, text: str) -> PlainValue:
    """Dotted names of exception classes; the source text when one of them is not known."""
    names = exported(value)
    if isinstance(unwrap(value)[0], External | ClassValue):
        names = (names,)
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return text
    return tuple(names)


def _option(value: Value, text: str) -> PlainValue:
    plain = unwrap(value)[0]
    parts = plain if isinstance(plain, list | tuple) else [plain]
    if any(not isinstance(part, str | int | float | dict | None) for part in parts):
        return text
    return exported(plain)
