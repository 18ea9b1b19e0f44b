"""Classes that the project teaches the JSON of kombu to carry: what travels is what their encoder gives."""

import ast
import re
from collections.abc import Iterator

from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import ClassValue, FunctionValue, unwrap
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute
from audit.reading.python.modules import Module

_REGISTERS = re.compile(r"\bregister_type\(")
_KEY = re.compile(r"^(?:pk|id|uuid|\w+_(?:pk|id|uuid))$")


def travels_as_its_key(scope: Scope, node: ast.expr) -> bool:
    """Whether an argument is of a class that is registered with an encoder that gives its key alone."""
    if not scope.machine.project.holds(_REGISTERS):
        return False
    words = set(re.findall(r"\w+", ast.unparse(scope.given(node))))
    return any(name in words and _gives_the_key(scope, module, encoder) for module, name, encoder in _registered(scope))


def _registered(scope: Scope) -> Iterator[tuple[Module, str, ast.expr]]:
    """Each class by its name, with its encoder: `register_type(Order, "order", Order.key, …)` of `kombu.utils.json`."""
    for module in scope.machine.project.naming(_REGISTERS):
        if "kombu" in module.source.text:
            for call in walk(module.tree):
                if isinstance(call, ast.Call) and last(call.func) == "register_type":
                    given = {k.arg: k.value for k in call.keywords}
                    encoder = call.args[2] if len(call.args) > 2 else given.get("encoder")
                    if call.args and encoder is not None:
                        yield module, last(call.args[0]), encoder


def _gives_the_key(scope: Scope, module: Module, encoder: ast.expr) -> bool:
    if isinstance(encoder, ast.Lambda):
        return _is_key(encoder.body)
    function = _method(scope, encoder) if isinstance(encoder, ast.Attribute) else None
    if function is None and isinstance(encoder, ast.Name):
        function = unwrap(scope.machine.resolve(f"{module.name}:{encoder.id}"))[0]
    if not isinstance(function, FunctionValue):
        return False
    answers = [n.value for n in walk(function.node) if isinstance(n, ast.Return)]
    return bool(answers) and all(answer is not None and _is_key(answer) for answer in answers)


def _method(scope: Scope, encoder: ast.Attribute) -> object:
    """The method of the one class of the project that bears this name."""
    named = [
        value
        for held in scope.machine.globals.values()
        for value in held.values()
        if isinstance(value, ClassValue) and value.node.name == last(encoder.value)
    ]
    found = [unwrap(class_attribute(one, encoder.attr))[0] for one in {id(v): v for v in named}.values()]
    return found[0] if len(found) == 1 else None


def _is_key(answer: ast.expr) -> bool:
    """`{"pk": self.pk}`, `self.pk`, `str(self.pk)`."""
    if isinstance(answer, ast.Dict):
        return bool(answer.keys) and all(isinstance(k, ast.Constant) and _KEY.match(str(k.value)) for k in answer.keys)
    if isinstance(answer, ast.List | ast.Tuple):
        return bool(answer.elts) and all(map(_is_key, answer.elts))
    if isinstance(answer, ast.Call) and last(answer.func) in {"str", "int"} and len(answer.args) == 1:
        return _is_key(answer.args[0])
    return isinstance(answer, ast.Attribute) and _KEY.match(answer.attr) is not None
