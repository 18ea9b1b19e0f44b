"""Classes of tasks: which are registered, by a call that was not met, or by themselves; the others are gaps."""

import ast
import re
from collections.abc import Iterator

from audit.model.unknown import UNKNOWN
from audit.reading.celery.task_definitions import is_celery_s
from audit.reading.python.abstract_values import (
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Method,
    Origin,
    Value,
    last_name,
    unwrap,
)
from audit.reading.python.child_nodes import literal_text, walk
from audit.reading.python.classes import class_attribute, lineage
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Module
from audit.reading.python.name_resolution import dotted
from audit.reading.python.signal_receivers import last_name as last

# Their classes register themselves, unless they are abstract, and are published by their class.
_BY_ITSELF = ("celery.task.Task", "celery.task.base.Task", "celery.task.base.PeriodicTask", "celery.task.PeriodicTask",
              "celery.decorators.Task")  # fmt: skip
_REGISTERS = frozenset({"register", "register_task"})
_PUBLISHES = frozenset({"delay", "apply_async", "apply", "s", "si"})
_MAY_NAME = re.compile(r"\bregister|\bbase\s*=|\btask_cls\b|\.(?:delay|apply_async|apply|si?)\(")


def register_classes(machine: Machine) -> None:
    """Add the classes of tasks that register themselves, or that a function no one was seen to call registers."""
    classes = {cls.symbol: cls for cls in _of_tasks(machine)}
    met = {i.cls.symbol for i in machine.registered if isinstance(i.cls, ClassValue)}
    if not classes.keys() - met:
        return
    registered, published = _named(machine, classes)
    above = {id(b) for cls in classes.values() for b in cls.bases}
    for symbol, cls in classes.items():
        alone = any(base.dotted in _BY_ITSELF for base in _outside(cls) if isinstance(base, External))
        abstract = unwrap(cls.names.get("abstract"))[0] is True
        if symbol not in met and (registered.get(symbol) or (alone and not abstract)):
            machine.registered.append(Instance(cls, origin=_place(machine, cls)))
        elif symbol not in met and id(cls) not in above and symbol not in registered and not abstract:
            name = cls.symbol.rpartition(":")[2]
            call = f", et `{published[symbol]}` est appelé sur la classe, ce qui échoue" if symbol in published else ""
            why = f"rien de ce qui a été lu n'enregistre la classe de tâche `{name}`{call}"
            machine.unregistered.append((_place(machine, cls), why))


def _of_tasks(machine: Machine) -> Iterator[ClassValue]:
    """The classes of the program over Celery's `Task` that say what a task runs."""
    for name, module in machine.project.modules.items():
        for value in [] if machine.project.is_test_file(module.source.path) else machine.globals.get(name, {}).values():
            cls = unwrap(value)[0]
            if isinstance(cls, ClassValue) and cls.module == name and any(map(_is_task, _outside(cls))):
                run = class_attribute(cls, "run")
                if isinstance(run, FunctionValue) and not _is_left(run.node):
                    yield cls


def _outside(cls: ClassValue) -> list[Value]:
    return [unwrap(b)[0] for c in lineage(cls) for b in c.bases if not isinstance(unwrap(b)[0], ClassValue)]


def _is_task(base: Value) -> bool:
    return is_celery_s(base) and (isinstance(base, Method) or last_name(base).endswith("Task"))


def _is_left(run: ast.AST) -> bool:
    """Whether a method only says that a class below has to define it."""
    body = [s for s in getattr(run, "body", []) if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    return all(isinstance(s, ast.Raise | ast.Pass) for s in body)


def _named(machine: Machine, classes: dict[str, ClassValue]) -> tuple[dict[str, bool], dict[str, str]]:
    """By symbol: the classes that a call registers, or only takes as a base, and those of which one publishes the class."""
    registered: dict[str, bool] = {}
    published: dict[str, str] = {}
    for module in machine.project.modules.values():
        if not _MAY_NAME.search(module.source.text) or machine.project.is_test_file(module.source.path):
            continue
        nodes = [*walk(module.tree)]
        imports = (alias for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names)
        names = {alias.asname: alias.name for alias in imports if alias.asname}
        for node in nodes:
            if isinstance(node, ast.ClassDef) and any(
                dotted(d).rpartition(".")[2] in _REGISTERS for d in node.decorator_list
            ):
                registered[f"{module.name}:{node.name}"] = True
            if not isinstance(node, ast.Call):
                continue
            method = last(node.func)
            given = (
                [*node.args, *(k.value for k in node.keywords if k.arg == "task")]
                if method in _REGISTERS and not _is_thrown_away(node.func)
                else []
            )
            registered |= dict.fromkeys(_symbols(machine, module, classes, names, given), True)
            bases = [k.value for k in node.keywords if k.arg in {"base", "task_cls"}]
            for symbol in _symbols(machine, module, classes, names, bases):
                registered.setdefault(symbol, False)
            if isinstance(node.func, ast.Attribute) and method in _PUBLISHES:
                of = _symbols(machine, module, classes, names, [node.func.value])
                published |= dict.fromkeys(of, ast.unparse(node.func))
    return registered, published


def _is_thrown_away(method: ast.expr) -> bool:
    """Whether a registry is made for the call alone: `TaskRegistry().register(Zip)`."""
    made = method.value if isinstance(method, ast.Attribute) else None
    return isinstance(made, ast.Call) and last(made.func) == "TaskRegistry"


def _symbols(
    machine: Machine, module: Module, classes: dict[str, ClassValue], names: dict[str, str], nodes: list[ast.expr]
) -> Iterator[str]:
    """Those of these classes that nodes name, or make an object of."""
    for node in nodes:
        named = node.func if isinstance(node, ast.Call) else node
        name = dotted(named) or literal_text(named).replace(":", ".")
        own = name.rpartition(".")[2]
        value = unwrap(machine.resolve(f"{module.name}:{name}"))[0] if own else UNKNOWN
        told, own = isinstance(value, ClassValue), names.get(own, own)
        yield from (s for s, c in classes.items() if (value is c if told else s.rpartition(":")[2] == own))


def _place(machine: Machine, cls: ClassValue) -> Origin:
    line = cls.node.lineno
    return Origin(machine.project.modules[cls.module].source.path, line, line)
