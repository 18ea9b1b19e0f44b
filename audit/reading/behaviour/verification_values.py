"""Whether the value of an option, `verify=` or `timeout=`, may give up: a choice, what another function gives, what a table lacks."""

import ast
import re
from collections.abc import Callable, Iterator
from enum import Enum

from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.called_functions import called_function, inside, named_function
from audit.reading.behaviour.changed_rows import methods_named
from audit.reading.behaviour.row_objects import owner
from audit.reading.behaviour.scope import Scope, calls_of, gather, keyword, last
from audit.reading.python.abstract_values import ClassValue, External, Instance, Table, Value, unwrap
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import lineage
from audit.reading.python.modules import Module
from audit.reading.python.parameters import defaults_of, parameters_of, placed

_DEPTH = 5
_PATHS = ("certifi.", "ssl.", "pathlib.", "os.path.", "posixpath.", "importlib.", "truststore.")
_JOINING = frozenset({"join", "joinpath", "where", "fspath", "Path", "create_default_context", "SSLContext", "resolve"})


class Side(Enum):
    """What one of the values does that an expression may take."""

    GIVES_UP = "gives up"
    VERIFIES = "verifies"
    UNREAD = "unread"


# What a value does that is known, None for one of which this cannot be told.
Judge = Callable[[Value], Side | None]

_EITHER = frozenset({Side.GIVES_UP, Side.VERIFIES})
_READ = frozenset({Side.VERIFIES})
_UNREAD = frozenset({Side.UNREAD})


def verifying(value: Value) -> Side | None:
    """What a value of `verify=` does."""
    return _known(value, giving=False)


def skipping(value: Value) -> Side | None:
    """The same of an option that gives up by True: `tls_insecure=`."""
    return _known(value, giving=True)


def sides(scope: Scope, node: ast.expr, judge: Judge = verifying, depth: int = _DEPTH) -> frozenset[Side]:
    """What an expression does, by each value that it may take."""
    value = scope.held(node)
    if not unwrap(value)[1] and (known := judge(value)):
        return frozenset({known})
    if not depth:
        return _UNREAD
    return _by_its_form(scope, node, depth, judge)


def _known(value: Value, *, giving: bool) -> Side | None:
    plain = unwrap(value)[0]
    if isinstance(plain, bool | int):
        return Side.GIVES_UP if bool(plain) is giving else Side.VERIFIES
    if isinstance(plain, str) and plain:
        return Side.VERIFIES
    if plain is None:
        return Side.VERIFIES
    made = plain.cls if isinstance(plain, Instance) else plain
    return Side.VERIFIES if isinstance(made, External) and made.dotted.startswith(_PATHS) else None


def _by_its_form(scope: Scope, node: ast.expr, depth: int, judge: Judge) -> frozenset[Side]:
    if isinstance(node, ast.IfExp | ast.BoolOp):
        values = [node.body, node.orelse] if isinstance(node, ast.IfExp) else node.values
        every = [sides(scope, value, judge, depth - 1) for value in values]
        first = isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) and judge is not skipping
        return every[-1] | _READ if first else frozenset[Side]().union(*every)
    if isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
        return _EITHER
    if isinstance(node, ast.Name):
        return _of_a_name(scope, node, depth, judge)
    own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}
    if own:
        return _of_its_own_object(scope, last(node), depth, judge)
    if isinstance(node, ast.Call):
        return _READ if last(node.func) in _JOINING else _of_a_call(scope, node, depth, judge)
    return _of_each_entry(scope, node, depth, judge)


def _of_a_call(scope: Scope, call: ast.Call, depth: int, judge: Judge) -> frozenset[Side]:
    """What `TABLE.get(key)`, `getattr(settings, name, default)` or a function of the project gives."""
    name, args = last(call.func), call.args
    if name == "getattr" and len(args) > 2:
        return _UNREAD | sides(scope, args[2], judge, depth - 1)
    if name in {"get", "pop"} and isinstance(call.func, ast.Attribute) and args:
        return _of_an_entry(scope, call.func.value, args, depth, judge)
    if (inner := inside(scope, called_function(scope, call))) is None:
        return _UNREAD
    given = [n.value or ast.Constant(None) for n in inner.all(ast.Return)]
    return frozenset[Side]().union(*(sides(inner, one, judge, depth - 1) for one in given)) or _UNREAD


def _of_an_entry(scope: Scope, holder: ast.expr, args: list[ast.expr], depth: int, judge: Judge) -> frozenset[Side]:
    """What a table gives for a key, or for want of it."""
    table = unwrap(scope.evaluated(holder))[0]
    default = args[1] if len(args) > 1 else ast.Constant(None)
    # A key of a table of texts is a text.
    itself = ast.dump(default) == ast.dump(args[0])
    missing = _READ if itself else sides(scope, default, judge, depth - 1)
    if not isinstance(table, dict):
        return _UNREAD | missing
    keys = _texts(scope, args[0], depth)
    found = [judge(v) for k, v in table.items() if not keys or k in keys]
    every = frozenset(one or Side.UNREAD for one in found)
    opaque = _UNREAD if getattr(table, "opaque", None) else frozenset[Side]()
    return every | opaque if keys and keys <= table.keys() else every | opaque | missing


def _of_each_entry(scope: Scope, node: ast.expr, depth: int, judge: Judge) -> frozenset[Side]:
    """What `TABLE[key]`, or `TABLE[key].field`, gives for the keys that it is asked for, any where they are not known."""
    field = node.attr if isinstance(node, ast.Attribute) else ""
    asked = node.value if isinstance(node, ast.Attribute) else node
    table = unwrap(scope.evaluated(asked.value))[0] if isinstance(asked, ast.Subscript) else UNKNOWN
    if not isinstance(asked, ast.Subscript) or not isinstance(table, Table) or table.opaque:
        return _UNREAD
    keys, machine = _texts(scope, asked.slice, depth), scope.machine
    held = [value for key, value in table.items() if not keys or key in keys]
    given = [machine.attribute(machine, value, field) if field else value for value in held]
    return frozenset((not unwrap(one)[1] and judge(one)) or Side.UNREAD for one in given) or _UNREAD


def _texts(scope: Scope, node: ast.expr, depth: int) -> set[Value]:
    """The texts that a key may be; empty where they are not all known."""
    value = scope.evaluated(node)
    if isinstance(value, str | int):
        return {value}
    if not depth or not scope.symbol or not isinstance(node, ast.Name):
        return set()
    calls = calls_of(scope, last_name(scope))
    given = [(other, argument(scope.spec, node.id, call)) for other, call in calls]
    found = [_texts(other, one, depth - 1) if one is not None else set() for other, one in given]
    return set().union(*found) if found and all(found) else set()


def _of_a_name(scope: Scope, node: ast.Name, depth: int, judge: Judge) -> frozenset[Side]:
    given = [
        a.value for a in scope.all(ast.Assign) if any(isinstance(t, ast.Name) and t.id == node.id for t in a.targets)
    ]
    given += [a.value for a in scope.all(ast.AnnAssign) if a.value and last(a.target) == node.id]
    found = [sides(scope, value, judge, depth - 1) for value in given]
    if node.id in parameters_of(scope.spec):
        found.append(_of_a_parameter(scope, node.id, depth, judge))
        # What is decorated, a task or a route, is given its arguments by nobody that the text shows.
        found += [_UNREAD] if getattr(scope.root, "decorator_list", ()) else []
    return frozenset().union(*found) if found else _UNREAD


def _of_a_parameter(scope: Scope, name: str, depth: int, judge: Judge) -> frozenset[Side]:
    """What a parameter is given: its default, and what the calls of the project that bear the function's name give."""
    default, calls = defaults_of(scope.spec).get(name), list(calls_of(scope, last_name(scope)))
    arguments = [(other, call, argument(scope.spec, name, call)) for other, call in calls]
    found = [
        sides(other, given, judge, depth - 1)
        for other, _, given in arguments
        if given is not None and not _hands_itself_on(given, name)
    ]
    left_out = not calls or any(given is None for _, _, given in arguments) or _is_handed(scope, last_name(scope))
    if default is not None and left_out:
        found.append(sides(scope, default, judge, depth - 1))
    return frozenset().union(*found) if found else _UNREAD


def _is_handed(scope: Scope, name: str) -> bool:
    """Whether the project names a function without calling it there: what it is given to may call it otherwise."""
    word = rf"(?<![\"'])\b{re.escape(name)}\b(?![\"'])(?!\s*\()"
    known = re.compile(rf"(?m)^.*\b(?:def|import)\b.*\b{re.escape(name)}\b")
    for text in (module.source.text for module in scope.machine.project.own(name)):
        start = "" if known.search(text) else r"\."
        if re.search(rf"(?m)^(?!\s*(?:from|import|def|class|async def) )[^#\n]*{start}{word}", text):
            return True
    return False


def arguments_of(scope: Scope, name: str) -> list[tuple[Scope, ast.expr]]:
    """The default of a parameter, and what the calls of the project that bear the function's name give it."""
    default = defaults_of(scope.spec).get(name)
    found = [(scope, default)] if default is not None else []
    given = ((other, argument(scope.spec, name, call)) for other, call in calls_of(scope, last_name(scope)))
    return [*found, *((other, value) for other, value in given if value is not None)]


def last_name(scope: Scope) -> str:
    """The name that a function is called by: that of its class, for what makes an object."""
    parts = scope.symbol.partition(":")[2].split(".")
    return parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else parts[-1]


def argument(spec: ast.arguments, name: str, call: ast.Call) -> ast.expr | None:
    """What a call gives a parameter, None where it gives it nothing that is written."""
    whole = not any(isinstance(a, ast.Starred) for a in call.args)
    return keyword(call, name) or (dict(zip(placed(spec), call.args, strict=False)).get(name) if whole else None)


def _hands_itself_on(given: ast.expr, name: str) -> bool:
    """Whether a function that hands on a parameter of the same name calls itself, or one more of its kind."""
    return isinstance(given, ast.Name) and given.id == name


def _of_its_own_object(scope: Scope, name: str, depth: int, judge: Judge) -> frozenset[Side]:
    """What an attribute is given by the methods of its class, or by the class, and by those that inherit from it."""
    found: list[frozenset[Side]] = []
    for module, qualified, cls in own_classes(scope, name):
        for statement in cls.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                other = Scope(scope.machine, module, f"{module.name}:{qualified}.{statement.name}", statement)
                for _ in gather(other, ""):
                    pass
                given = [a.value for a in other.all(ast.Assign) if any(_is_own(t, name) for t in a.targets)]
                found += [sides(other, value, judge, depth - 1) for value in given]
            elif isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                whole = Scope(scope.machine, module, "", module.tree)
                found += [sides(whole, statement.value, judge, depth - 1)] if name in map(last, targets) else []
    return frozenset().union(*found) if found else _UNREAD


def own_classes(scope: Scope, name: str) -> Iterator[tuple[Module, str, ast.ClassDef]]:
    """The class that a method belongs to, those it inherits from, and those of the project that inherit from it."""
    own = scope.symbol.partition(":")[2].rpartition(".")[0]
    cls = owner(scope)
    if not isinstance(cls, ClassValue):
        nodes = (node for node in walk(scope.module.tree) if isinstance(node, ast.ClassDef))
        yield from ((scope.module, own, node) for node in nodes if node.name == own.rpartition(".")[2])
        return
    machine = scope.machine
    related = lineage(cls)
    for key in (module.name for module in machine.project.own(name)):
        values = machine.module_names(key).values()
        made = [v for v in values if isinstance(v, ClassValue) and v.module == key and cls in lineage(v)]
        related = [*related, *(v for v in made if v not in related)]
    for one in related:
        yield machine.project.modules[one.module], one.symbol.partition(":")[2], one.node


def _is_own(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Attribute) and target.attr == name and last(target.value) == "self"


def hands_on(scope: Scope, call: ast.Call, name: str) -> bool:
    """Whether a call is to a function of the target that gives this option to another, by its name or among all it is given."""
    called = list(_called(scope, call))
    return bool(called) and all(_gives_on(node, name) for node in called)


def _called(scope: Scope, call: ast.Call) -> Iterator[ast.AST]:
    """The function that a call runs; of a method of an object that is not known, each one of the project that bears its name."""
    if function := named_function(scope, call.func):
        yield function.node
    elif isinstance(call.func, ast.Attribute) and scope.evaluated(call.func) is UNKNOWN:
        yield from (found.root for found in methods_named(scope, call.func.attr))


def _gives_on(function: ast.AST, name: str) -> bool:
    """Whether a function gives a call what it takes under this name, or all that it is given beside."""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    rest = function.args.kwarg.arg if function.args.kwarg else ""
    inner = (k for c in walk(function) if isinstance(c, ast.Call) for k in c.keywords)
    return any(
        isinstance(k.value, ast.Name)
        and ((k.arg == name and k.value.id == name) or (k.arg is None and k.value.id == rest))
        for k in inner
    )
