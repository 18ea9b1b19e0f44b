"""Evaluates expressions: literals, arithmetic, names, attributes, subscripts, calls, comprehensions."""

import ast
import re
from collections.abc import Callable
from typing import Any

from audit.model.unknown import UNKNOWN
from audit.reading.old_setting_names import modern
from audit.reading.python.abstract_values import (
    MISSING,
    BoundMethod,
    ClassValue,
    Conf,
    External,
    FunctionValue,
    Instance,
    Method,
    Missing,
    ModuleValue,
    Namespace,
    Origin,
    Overridable,
    Table,
    Value,
    descends_from,
    is_word,
    lift,
    overridable,
    unwrap,
)
from audit.reading.python.arithmetic import BINARY, UNARY, beginning, compare, is_plain, plain_attribute
from audit.reading.python.assignments import assign, merge_into, set_item
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute, given_field, is_true
from audit.reading.python.comprehensions import comprehension, dict_comprehension
from audit.reading.python.data_files import PATH, below, path_attribute, path_in
from audit.reading.python.environment_readers import DJANGO_SETTINGS, django_setting
from audit.reading.python.frames import CallSite, Frame
from audit.reading.python.interpreter import Machine
from audit.reading.python.object_values import of_callable, of_class, own_attribute
from audit.reading.python.syntax_cache import Place

_MAX_ITEMS = 2_000
# A class of a library, by the convention of PEP 8: a capital, then anything but capitals alone.
_CLASS = re.compile(r"(?:.*\.)?[A-Z]\w*[a-z]\w*$")


def evaluate(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    """Value of an expression, UNKNOWN when it cannot be worked out. Raises ExhaustedError on unreasonable code."""
    machine.step()
    reader = _READERS.get(type(node))
    if reader is None:
        return UNKNOWN
    machine.deeper()
    try:
        return reader(machine, node, frame)
    finally:
        machine.shallower()


def attribute_of(machine: Machine, value: Value, name: str) -> Value:
    """`value.name`."""
    value, variable = unwrap(value)
    if isinstance(value, ModuleValue):
        found = machine.module_attribute(value.name, name)
    elif isinstance(value, External):
        told = django_setting(machine, name) if value == DJANGO_SETTINGS and name.isupper() else UNKNOWN
        found = External(f"{value.dotted}.{name}") if told is UNKNOWN or told is MISSING else told
    elif isinstance(value, ClassValue):
        found = own_attribute(machine, value, name)
        found = value.symbol.rpartition(":")[2].rpartition(".")[2] if name == "__name__" and found is UNKNOWN else found
    elif isinstance(value, Instance):
        found = _instance_attribute(machine, value, name)
    elif isinstance(value, Conf) and (held := setting_of(machine, value, name)) is not MISSING:
        found = held
    elif isinstance(value, Conf) and name == "changes":
        # Where Celery keeps what it is told.
        found = value
    elif isinstance(value, FunctionValue | Method):
        found = of_callable(value, name)
    elif value is UNKNOWN:
        found = UNKNOWN
    else:
        found = plain_attribute(value, name)
    return overridable(found, variable)


def _instance_attribute(machine: Machine, instance: Instance, name: str) -> Value:
    if name in instance.fields:
        return instance.fields[name]
    if name == "config" and descends_from(instance.cls, "Flask", "Quart"):
        instance.fields["config"] = Table()
        return instance.fields["config"]
    if not isinstance(instance.cls, ClassValue):
        above = path_attribute(instance, name) if instance.cls == PATH else None
        return Method(instance, name) if above is None else above
    field = given_field(machine.project, instance, name)
    if field is not None:
        return field
    found = class_attribute(instance.cls, name)
    if not isinstance(found, FunctionValue):
        return found if found is not UNKNOWN else Method(instance, name)
    return _bound(machine, instance, instance.cls, found)


def _bound(machine: Machine, instance: Instance, cls: ClassValue, found: FunctionValue) -> Value:
    if found.decorated_by("property", "cached_property", "computed_field"):
        module = machine.project.modules[found.module]
        return machine.call_function(found, (instance,), Table(), Frame(module, Namespace(), found.enclosing, "?"))
    if found.decorated_by("staticmethod"):
        return found
    return BoundMethod(cls if found.decorated_by("classmethod") else instance, found)


def _name(machine: Machine, node: ast.Name, frame: Frame) -> Value:
    machine.cut = machine.cut or frame.is_cut(node.id)
    return frame.lookup(node.id)


def _constant(_: Machine, node: ast.Constant, __: Frame) -> Value:
    return node.value


def _attribute(machine: Machine, node: ast.Attribute, frame: Frame) -> Value:
    return attribute_of(machine, evaluate(machine, node.value, frame), node.attr)


def _elements(machine: Machine, nodes: list[ast.expr], frame: Frame) -> list[Value] | None:
    found: list[Value] = []
    for node in nodes:
        if isinstance(node, ast.Starred):
            items, _ = unwrap(evaluate(machine, node.value, frame))
            if not isinstance(items, list | tuple | set | dict | range):
                return None
            found += list(items)[:_MAX_ITEMS]
        else:
            found.append(evaluate(machine, node, frame))
    return found


def _sequence(machine: Machine, node: ast.Tuple | ast.List, frame: Frame) -> Value:
    items = _elements(machine, node.elts, frame)
    if items is None:
        return UNKNOWN
    return tuple(items) if isinstance(node, ast.Tuple) else items


def _set(machine: Machine, node: ast.Set, frame: Frame) -> Value:
    items = _elements(machine, node.elts, frame)
    try:
        return UNKNOWN if items is None else set(items)
    except TypeError:
        return UNKNOWN


def _dict(machine: Machine, node: ast.Dict, frame: Frame) -> Table:
    table = Table()
    for key, value in zip(node.keys, node.values, strict=True):
        item = evaluate(machine, value, frame)
        if key is None:
            merge_into(machine, table, item, frame.origin(value))
            continue
        name, _ = unwrap(evaluate(machine, key, frame))
        origin = frame.origin(value)
        set_item(machine, table, name, item, Origin(origin.path, key.lineno, origin.last))
    return table


def _bin_op(machine: Machine, node: ast.BinOp, frame: Frame) -> Value:
    left, right = evaluate(machine, node.left, frame), evaluate(machine, node.right, frame)
    if isinstance(node.op, ast.Div) and isinstance(unwrap(left)[0], Instance) and (told := path_in(left, frame)):
        return overridable(below(told, right), unwrap(left)[1])
    if isinstance(node.op, ast.BitOr) and isinstance(left, Table):
        merged = left.copy()
        merge_into(machine, merged, right, frame.origin(node))
        return merged
    made = lift(BINARY[type(node.op)], left, right) if type(node.op) in BINARY else UNKNOWN
    if isinstance(node.op, ast.Mod) and isinstance(left, str):
        left = left.partition("%")[0]
    return beginning(made, left) if isinstance(node.op, ast.Add | ast.Mod) else made


def _unary_op(machine: Machine, node: ast.UnaryOp, frame: Frame) -> Value:
    return lift(UNARY[type(node.op)], evaluate(machine, node.operand, frame))


def _bool_op(machine: Machine, node: ast.BoolOp, frame: Frame) -> Value:
    stop = isinstance(node.op, ast.Or)
    variable, word = "", False
    value: Value = UNKNOWN
    for operand in node.values:
        read = evaluate(machine, operand, frame)
        value, more = unwrap(read)
        variable, word = variable or more, word or is_word(read)
        if not is_plain(value):
            return overridable(UNKNOWN, more, word=is_word(read)) if value is UNKNOWN else value
        if bool(value) is stop:
            break
    return overridable(value, variable, word=word)


def _compare(machine: Machine, node: ast.Compare, frame: Frame) -> Value:
    left = evaluate(machine, node.left, frame)
    outcome: Value = True
    for operator, operand in zip(node.ops, node.comparators, strict=True):
        right = evaluate(machine, operand, frame)
        outcome = lift(lambda a, b, op=operator: compare(op, a, b), left, right)
        if unwrap(outcome)[0] is not True:
            return outcome
        left = right
    return outcome


def _if_exp(machine: Machine, node: ast.IfExp, frame: Frame) -> Value:
    test, variable = unwrap(evaluate(machine, node.test, frame))
    if not is_plain(test) and not is_true(test):
        yes, no = evaluate(machine, node.body, frame), evaluate(machine, node.orelse, frame)
        return yes if yes is not UNKNOWN and is_plain(yes) and yes == no else UNKNOWN
    return overridable(evaluate(machine, node.body if test else node.orelse, frame), variable)


def _subscript(machine: Machine, node: ast.Subscript, frame: Frame) -> Value:
    value, variable = unwrap(evaluate(machine, node.value, frame))
    key, more = unwrap(evaluate(machine, node.slice, frame))
    told = machine.project.deployed.get(more)
    if told is not None and isinstance(value, dict) and told in value:
        # What is chosen by a variable that the deployment gives is not chosen by its default.
        key, more = told, ""
    if isinstance(value, External) and value.dotted == "os.environ" and isinstance(key, str):
        return Overridable(machine.project.variable(key, UNKNOWN), key, word=True)
    if isinstance(value, External) and value.dotted == "sys.modules" and key in machine.project.modules:
        return ModuleValue(str(key))
    if isinstance(value, External) and value.dotted.endswith(".Annotated") and isinstance(key, tuple):
        return Instance(value, key)
    if isinstance(value, ClassValue) or (isinstance(value, External) and _CLASS.match(value.dotted)):
        return overridable(of_class(machine, value, key), more)
    if isinstance(value, Conf) and isinstance(key, str):
        held = setting_of(machine, value, key)
        return overridable(UNKNOWN if held is MISSING else held, variable or more)
    return overridable(item_of(value, key), variable or more)


# Settings that are dictionaries before anybody writes them: what is put into one is a setting.
_DICTIONARIES = frozenset({"beat_schedule", "broker_transport_options", "result_backend_transport_options"})


def setting_of(machine: Machine, conf: Conf, name: str) -> Value | Missing:
    """What a configuration holds under this name, or under another age's; MISSING where nothing was written."""
    if name in conf:
        return conf[name]
    today = modern(name) or name
    held = next((key for key in conf if isinstance(key, str) and (modern(key) or key) == today), None)
    if held is None and today in _DICTIONARIES and conf.opaque is None:
        machine.undo_log.write(conf, today, Table(), None)
        held = today
    return MISSING if held is None else conf[held]


def item_of(value: Value, key: Value) -> Value:
    """`value[key]`."""
    if key is UNKNOWN or not isinstance(value, str | list | tuple | dict):
        return UNKNOWN
    if isinstance(value, Table) and value.opaque:
        # A default that something else may replace is kept as one.
        held = value.get(key) if isinstance(key, str) else None
        return held if isinstance(held, Overridable) and not held.word else UNKNOWN
    try:
        if isinstance(value, dict):
            return value[key]
        return value[key] if isinstance(key, int | slice) else UNKNOWN
    except (KeyError, IndexError, TypeError, ValueError):
        return UNKNOWN


def _slice(machine: Machine, node: ast.Slice, frame: Frame) -> Value:
    parts = [evaluate(machine, p, frame) if p else None for p in (node.lower, node.upper, node.step)]
    return lift(slice, *parts)


def _joined(machine: Machine, node: ast.JoinedStr, frame: Frame) -> Value:
    pieces: list[Value] = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            plain = part.format_spec is None and part.conversion == -1
            value = evaluate(machine, part.value, frame)
            pieces.append(value if plain and isinstance(unwrap(value)[0], str | int | float) else UNKNOWN)
        else:
            pieces.append(evaluate(machine, part, frame))
    return beginning(lift(_concatenated, *pieces), *pieces)


def _concatenated(*texts: Value) -> Value:
    whole = [str(t) for t in texts]
    return "".join(whole) if sum(map(len, whole)) <= _MAX_ITEMS else UNKNOWN


def _named(machine: Machine, node: ast.NamedExpr, frame: Frame) -> Value:
    value = evaluate(machine, node.value, frame)
    assign(machine, node.target, value, frame, frame.origin(node))
    return value


def _yield(machine: Machine, node: ast.Yield | ast.YieldFrom, frame: Frame) -> Value:
    value = evaluate(machine, node.value, frame) if node.value else None
    frame.yielded = frame.yielded or []
    items = [value] if isinstance(node, ast.Yield) else unwrap(value)[0]
    sure = isinstance(items, list | tuple) and machine.undo_log.depth == frame.depth
    frame.yielded += list(items)[:_MAX_ITEMS] if sure and isinstance(items, list | tuple) else [UNKNOWN]
    return UNKNOWN


def _await(machine: Machine, node: ast.Await, frame: Frame) -> Value:
    evaluate(machine, node.value, frame)
    return UNKNOWN


def _lambda(_: Machine, node: ast.Lambda, frame: Frame) -> FunctionValue:
    symbol = f"{frame.module.name}:{frame.qualifier}<lambda>"
    return FunctionValue(symbol, Place(frame.module, node), frame.module.name, (frame.names, *frame.outer))


def _call(machine: Machine, node: ast.Call, frame: Frame) -> Value:
    callee, variable = unwrap(evaluate(machine, node.func, frame))
    arguments = _elements(machine, node.args, frame)
    keywords = keywords_of(machine, node, frame)
    if arguments is None:
        arguments, keywords.opaque = [], frame.origin(node)
    elif len(arguments) == 1 and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
        arguments = [_with_entries(machine, arguments[0], node.args[0], frame)]
    return overridable(machine.call(CallSite(callee, tuple(arguments), keywords, frame, node)), variable)


def keywords_of(machine: Machine, node: ast.Call, frame: Frame) -> Table:
    """The keywords of a call, with those that `**` spreads; opaque when one of these is not known."""
    keywords = Table()
    for keyword in node.keywords:
        value = evaluate(machine, keyword.value, frame)
        if keyword.arg is None:
            # What is given twice is refused: those written beside it hold.
            spread = Table()
            merge_into(machine, spread, _with_entries(machine, value, keyword.value, frame), frame.origin(keyword))
            keywords.update(spread)
            keywords.origins.update(spread.origins)
            keywords.opaque = keywords.opaque or spread.opaque
        else:
            keywords[keyword.arg] = value
            keywords.origins[keyword.arg] = frame.origin(keyword)
    return keywords


def _with_entries(machine: Machine, value: Value, node: ast.expr, frame: Frame) -> Value:
    """A dictionary of a module that is not read, with the entries that the module's own statements write last: `given["x"] = 1`."""
    if unwrap(value)[0] is not UNKNOWN or not isinstance(node, ast.Name) or not frame.is_module:
        return value
    written: dict[str, ast.expr] = {}
    for statement in frame.module.tree.body:
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        entry = target.slice if isinstance(target, ast.Subscript) and ast.unparse(target.value) == node.id else None
        if statement.lineno >= node.lineno:
            break
        if isinstance(statement, ast.Assign) and isinstance(entry, ast.Constant) and isinstance(entry.value, str):
            written[entry.value] = statement.value
        elif any(isinstance(n, ast.Name) and n.id == node.id for n in walk(statement)):
            written.clear()
    table = Table()
    table.opaque = frame.origin(node)
    for key, held in written.items():
        set_item(machine, table, key, evaluate(machine, held, frame), frame.origin(held))
    return table if written else value


_READERS: dict[type[ast.expr], Callable[[Machine, Any, Frame], Value]] = {
    ast.Name: _name,
    ast.Constant: _constant,
    ast.Attribute: _attribute,
    ast.Tuple: _sequence,
    ast.List: _sequence,
    ast.Set: _set,
    ast.Dict: _dict,
    ast.BinOp: _bin_op,
    ast.UnaryOp: _unary_op,
    ast.BoolOp: _bool_op,
    ast.Compare: _compare,
    ast.IfExp: _if_exp,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.JoinedStr: _joined,
    ast.NamedExpr: _named,
    ast.Await: _await,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.Lambda: _lambda,
    ast.Call: _call,
    ast.ListComp: comprehension,
    ast.GeneratorExp: comprehension,
    ast.SetComp: comprehension,
    ast.DictComp: dict_comprehension,
}
