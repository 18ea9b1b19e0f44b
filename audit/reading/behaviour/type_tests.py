"""Tests of a type that only values of the language pass."""

import ast

from audit.reading.behaviour.scope import Scope

_PLAIN = frozenset({"list", "tuple", "set", "dict", "int", "str", "bytes", "UUID", "uuid.UUID"})


def is_of_a_plain_type(scope: Scope, node: ast.Name) -> bool:
    """Whether this stands where a test lets only a type of the language through: `if type(x) is list:`, `if isinstance(x, int):`."""
    below: ast.AST = node
    for holder in scope.around(node):
        if isinstance(holder, ast.If) and below in holder.body and _lets_plain_types(holder.test, node.id):
            return True
        below = holder
    return False


def _lets_plain_types(test: ast.expr, name: str) -> bool:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(_lets_plain_types(one, name) for one in test.values)
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Is | ast.Eq):
        return ast.unparse(test.left) == f"type({name})" and ast.unparse(test.comparators[0]) in _PLAIN
    if not (isinstance(test, ast.Call) and ast.unparse(test.func) == "isinstance" and len(test.args) == 2):
        return False
    kinds = test.args[1].elts if isinstance(test.args[1], ast.Tuple) else [test.args[1]]
    return ast.unparse(test.args[0]) == name and all(ast.unparse(kind) in _PLAIN for kind in kinds)
