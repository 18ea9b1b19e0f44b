"""Doubts the options that code may give to tasks in ways that are not followed."""

import ast
import re
from collections.abc import Iterator

from audit.reading.celery.application_objects import configuration_of
from audit.reading.celery.task_attributes import ACKNOWLEDGEMENT, OPTIONS, may_be_any_task, note_on_any
from audit.reading.celery.task_definitions import default_base, task_decoration
from audit.reading.celery.written_settings import option_writes
from audit.reading.python.abstract_values import ClassValue, Namespace, Table, Value, unwrap
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import lineage
from audit.reading.python.excerpts import excerpt_of
from audit.reading.python.frames import Frame
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Module
from audit.reading.python.name_resolution import dotted

_OPTION = re.compile(rf"\b(?:{'|'.join(sorted(OPTIONS))})\b")
_ATTRIBUTE = re.compile(rf"\.{_OPTION.pattern}")
# Python's other ways to write an attribute, or to make a class; Celery's, to make a task or to ask a setting for an option.
_DEVIOUS = re.compile(
    r"__(?:dict|class|setattr|getattr|getattribute)__|\b(?:vars|locals|type|new_class)\(|\(type\)"
    r"|\b(?:_task_from_fun|from_config)\b|\bdef task\("
)
_MAKERS = frozenset({"task", "_task_from_fun"})
_OWN_CLASS = frozenset({"cls", "klass"})
_OWN_OBJECT = _OWN_CLASS | {"self"}
_ANSWERS = frozenset({"__getattr__", "__getattribute__"})
# No call but those of Celery, and of the project, has these.
_OWN = ACKNOWLEDGEMENT | {"ignore_result", "soft_time_limit", "rate_limit", "autoretry_for"}
_OWN_SPELLED = re.compile(rf"[\"'](?:{'|'.join(sorted(_OWN))})[\"']|\b(?:{'|'.join(sorted(_OWN))})\s*=")
_OF_TASKS = re.compile(r"(?i)celery|task")
# What publishes, and what only asks.
_OF_MESSAGES = frozenset(
    {"apply_async", "s", "si", "signature", "subtask", "set", "clone", "send_task", "retry", "Signature", "apply"}
)
_READS = frozenset({"get", "getattr", "hasattr", "pop"})


def obscure_late_options(machine: Machine) -> None:
    """Mark as unknown, on every task, the options that functions not followed, or devious ways, may give to it."""
    classes: set[str] = set()
    told: set[tuple[str, int]] | None = None
    for name in sorted(machine.graph.definitions):
        module = machine.project.modules[name]
        text = module.source.text
        late = _ATTRIBUTE.search(text) or _sets_tasks(text) or ("setattr(" in text and "Task" in text)
        devious = _DEVIOUS.search(text) and (_OPTION.search(text) or "task" in text)
        own = _OWN_SPELLED.search(text) and _OF_TASKS.search(text)
        if machine.project.is_test_file(module.source.path) or not (late or devious or own):
            continue
        classes = classes or _task_classes(machine)
        machine.reading = name
        found = [(option, node, "") for option, node in _devious(machine, module)] if devious else []
        if own:
            told = _told_lines(machine) if told is None else told
            found += [(option, node, "") for option, node in _spelled_beside(module, told)]
        for qualified, owner, place in machine.graph.definitions[name] if late else ():
            if f"{name}:{qualified}" not in machine.followed:
                inside = f"{name}:{owner}" in classes if owner else "Task" in text
                named = _sets_tasks(place.text)
                for option, node, holder in _written_late(machine, place.node(), text, own=inside, named=named):
                    found.append((option, node, f"{name}:{owner}" if owner and holder in _OWN_OBJECT else ""))
        for option, node, cls in found:
            note_on_any(machine, option, Frame(module, Namespace()).origin(node), cls)
    machine.reading = ""


def _told_lines(machine: Machine) -> set[tuple[str, int]]:
    """The lines where the options of tasks that were read are written, annotations among them."""
    found = {e for writes in option_writes(machine).values() for w in writes if (e := w.excerpt)}
    pending: list[Value] = [configuration_of(app).get("task_annotations") for app in machine.celery_instances]
    while pending:
        value = unwrap(pending.pop())[0]
        pending += value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
        origins = value.origins.values() if isinstance(value, Table) else ()
        found |= {e for origin in origins if (e := excerpt_of(machine, origin))}
    return {(e.path, line) for e in found for line in range(e.first_line, e.last_line + 1)}


def _spelled_beside(module: Module, told: set[tuple[str, int]]) -> Iterator[tuple[str, ast.AST]]:
    """Options of tasks alone that a module spells where nothing that was read takes them from."""
    aside = {id(inner) for node in walk(module.tree) for inner in _not_given(node)}
    for node in walk(module.tree):
        name = node.arg if isinstance(node, ast.keyword) else node.value if isinstance(node, ast.Constant) else None
        line = getattr(node, "lineno", 0)
        if isinstance(name, str) and name in _OWN and id(node) not in aside and (module.source.path, line) not in told:
            yield name, node


def _not_given(node: ast.AST) -> Iterator[ast.AST]:
    """What stands within a node, and gives nothing to a task: what a publication is told, what is only asked or compared."""
    if isinstance(node, ast.Call):
        name = dotted(node.func).rpartition(".")[2] or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
        yield from node.keywords if name in _OF_MESSAGES else ()
        yield from node.args if name in _READS else ()
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield node.slice
    elif isinstance(node, ast.Compare):
        yield node.left
    elif isinstance(node, ast.FunctionDef) and node.name in {"annotate", "annotate_any"}:
        # Annotations that are not read are told as such.
        yield from walk(node)


def _task_classes(machine: Machine) -> set[str]:
    """The classes that tasks have for a base, and theirs; an empty name stands for none."""
    made = [(f, d) for f in machine.decorated if (d := task_decoration(machine, f))]
    bases: list[Value] = [
        unwrap(d.keywords["base"] if "base" in d.keywords else default_base(machine, d))[0] for _, d in made
    ]
    bases += [instance.cls for instance in machine.registered]
    return {"", *(cls.symbol for base in bases if isinstance(base, ClassValue) for cls in lineage(base))}


def _sets_tasks(text: str) -> bool:
    """Whether a text may give options to the tasks of a registry, each by its name: `for task in app.tasks.values(): setattr(…)`."""
    return "setattr(" in text and ".tasks" in text


def _written_late(
    machine: Machine, function: ast.AST, text: str, *, own: bool, named: bool
) -> Iterator[tuple[str, ast.AST, str]]:
    """Options that a function writes on what may be a task, with the name of that; `own`: it is a method of a class of tasks."""
    for node in walk(function):
        for owner, option in _attributes(node):
            if option in ACKNOWLEDGEMENT or (option in OPTIONS and _may_be_a_task(owner, text, own=own)):
                yield option, node, dotted(owner)
        if not (_is_setattr(node) and isinstance(node, ast.Call)) or isinstance(node.args[1], ast.Constant):
            continue
        if named or (own and dotted(node.args[0]) in _OWN_CLASS):
            yield from ((option, node, "" if named else "cls") for option in _spelled_anywhere(machine))


def _attributes(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """The object and the name of each attribute that a node writes."""
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        yield node.value, node.attr
    elif _is_setattr(node) and isinstance(node, ast.Call) and isinstance(node.args[1], ast.Constant):
        yield node.args[0], str(node.args[1].value)


def _is_setattr(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func) == "setattr" and len(node.args) == 3


def _may_be_a_task(owner: ast.expr, text: str, *, own: bool) -> bool:
    name = dotted(owner)
    if name in {"self", *_OWN_CLASS}:
        return own
    return may_be_any_task("queue", text) or "task" in name.lower() or ("elery" in text and name.isidentifier())


def _devious(machine: Machine, module: Module) -> Iterator[tuple[str, ast.AST]]:
    """Options that a module spells where attributes are written, or classes and tasks made, otherwise than by statements."""
    for node in walk(module.tree):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Attribute) and _is_class_of(target.value):
                    yield from ((option, node) for option in OPTIONS & {target.attr})
                elif isinstance(target, ast.Name) and target.id == "from_config":
                    yield from ((option, node) for option in _spelled(node))
                elif _is_attributes(held := target.value if isinstance(target, ast.Subscript) else target):
                    computed = _spelled_anywhere(machine) if "task" in ast.unparse(held).lower() else []
                    yield from ((option, node) for option in _spelled(node) or computed)
        elif isinstance(node, ast.Call) and (_is_maker(node) or _updates_attributes(node)):
            told = [*node.args, *(k.value for k in node.keywords if k.arg is None)]
            plain = all(isinstance(one, ast.Constant | ast.Dict | ast.Name | ast.Tuple) for one in told)
            yield from ((option, node) for option in _spelled(node) or (() if plain else _spelled_anywhere(machine)))
        elif isinstance(node, ast.ClassDef):
            bases = {dotted(base).rpartition(".")[2] for base in node.bases}
            names = _MAKERS if "Celery" in bases else _ANSWERS
            made = [f for f in node.body if isinstance(f, ast.FunctionDef) and ("type" in bases or f.name in names)]
            yield from ((option, f) for f in made for option in _spelled(f))


def _is_class_of(node: ast.expr) -> bool:
    """`type(send)` and `send.__class__`, not of an object's own class."""
    if isinstance(node, ast.Call) and dotted(node.func) == "type" and len(node.args) == 1:
        return dotted(node.args[0]) not in {"self", "cls"}
    return isinstance(node, ast.Attribute) and node.attr == "__class__" and dotted(node.value) not in {"self", "cls"}


def _is_attributes(node: ast.AST) -> bool:
    """`vars(send)` and `send.__dict__`."""
    if isinstance(node, ast.Call):
        return dotted(node.func) in {"vars", "locals"} and not any(dotted(one) == "self" for one in node.args)
    return isinstance(node, ast.Attribute) and node.attr == "__dict__" and dotted(node.value) != "self"


def _is_maker(node: ast.Call) -> bool:
    """What makes a class of tasks, or a task."""
    called = dotted(node.func).rpartition(".")[2]
    made = called in {"type", "new_class"} and len(node.args) > 1 and "Task" in ast.unparse(node.args[1])
    return made or dotted(node.func).endswith("._task_from_fun")


def _updates_attributes(node: ast.Call) -> bool:
    """`vars(send).update(…)`, and `object.__setattr__(send, …)`."""
    method = node.func if isinstance(node.func, ast.Attribute) else None
    if method and method.attr == "__setattr__":
        return not any(dotted(one) == "self" for one in node.args)
    return method is not None and method.attr in {"update", "setdefault"} and _is_attributes(method.value)


def _spelled(node: ast.AST) -> list[str]:
    """The options that keywords, strings and attributes within a node name."""
    found: set[object] = set()
    for inner in walk(node):
        found |= {
            getattr(inner, "arg", None),
            getattr(inner, "value", None) if isinstance(inner, ast.Constant) else None,
        }
        found |= {inner.attr} if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store) else set()
    return sorted(OPTIONS & {name for name in found if isinstance(name, str)})


def _spelled_anywhere(machine: Machine) -> list[str]:
    return [option for option in sorted(OPTIONS) if machine.project.holds(re.compile(rf"\b{option}\b"))]
