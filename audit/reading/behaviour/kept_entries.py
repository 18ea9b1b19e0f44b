"""What a function puts into a set, a list, a dictionary or a module that lasts as long as the process."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.shared_data import KeptValue
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import External, Instance, ModuleValue, Table

_ADDS = ("add", "append", "appendleft", "extend", "insert", "setdefault", "update")
_KEEPS = re.compile(rf"(?m)^[ \t]+(?!self\.|cls\.)[\w.]+(?:\[.*\] = |\.\w+ = |\.(?:{'|'.join(_ADDS)})\()")
_CONTAINERS = re.compile(r"^(collections\.(deque|OrderedDict|defaultdict|ChainMap)|weakref\.\w+|cachetools\.\w+)$")


def may_keep(text: str) -> bool:
    """Whether some line may put something into what holds it for later."""
    return bool(_KEEPS.search(text))


def kept_entries(scope: Scope) -> Iterator[KeptValue]:
    """Entries put into a container of a module, and attributes given to a module; what is made once is left out."""
    if not scope.symbol:
        return
    for call in scope.calls:
        func = call.func
        if isinstance(func, ast.Attribute) and func.attr in _ADDS and _is_of_a_module(scope, func.value):
            yield scope.observed(KeptValue, call, name=ast.unparse(func.value))
    for node in scope.all(ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and _is_of_a_module(scope, target.value):
                if not _is_made_once(scope, node, target):
                    yield scope.observed(KeptValue, node, name=ast.unparse(target.value))
            elif isinstance(target, ast.Attribute) and _is_given_to_a_module(scope, node, target):
                yield scope.observed(KeptValue, node, name=ast.unparse(target))


def _is_of_a_module(scope: Scope, node: ast.expr) -> bool:
    """Whether this container is made once, by the statements of a module of the project."""
    node = scope.given(node)
    first = node
    while isinstance(first, ast.Attribute | ast.Subscript):
        first = first.value
    if not isinstance(first, ast.Name) or first.id in scope.assigned:
        return False
    while isinstance(node, ast.Subscript):
        node = node.value
    value = scope.evaluated(node)
    if isinstance(value, Instance) and isinstance(value.cls, External):
        return bool(_CONTAINERS.match(value.cls.dotted))
    return isinstance(value, Table | list | set)


def _is_made_once(scope: Scope, statement: ast.Assign, target: ast.Subscript) -> bool:
    """Whether an entry is worked out where it is not there yet: a client by its name, and no mark of what was done."""
    holder = ast.unparse(target.value)
    tests = [n.test for n in scope.around(statement) if isinstance(n, ast.If)]
    absent = any(holder in ast.unparse(test) and " not in " in ast.unparse(test) for test in tests)
    return absent and isinstance(statement.value, ast.Call) and last(statement.value.func)[:1].isupper()


def _is_given_to_a_module(scope: Scope, statement: ast.Assign, target: ast.Attribute) -> bool:
    """Whether an attribute of a module of the project is given what changes from one execution to the next."""
    holder = target.value
    if not isinstance(holder, ast.Name | ast.Attribute) or not isinstance(scope.evaluated(holder), ModuleValue):
        return False
    tests = " ".join(ast.unparse(n.test) for n in scope.around(statement) if isinstance(n, ast.If))
    text = ast.unparse(target)
    made_once = text in tests and ("None" in tests or "not " in tests)
    added = text in ast.unparse(statement.value)
    return not made_once and not added and not isinstance(statement.value, ast.Constant)
