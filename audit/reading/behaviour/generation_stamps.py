"""Numbers that only tell whether something changed: each process has its own, and loses nothing with it."""

import ast

from audit.reading.behaviour.scope import Scope
from audit.reading.python.child_nodes import children, walk


def is_a_stamp(scope: Scope, name: str) -> bool:
    """Whether every use of a name in the project compares it with `==` or `!=`, copies it under its own name, or changes it."""
    if not name:
        return False
    compared = False
    for module in scope.machine.project.naming(name):
        parents = {child: node for node in walk(module.tree) for child in children(node)}
        for node, around in parents.items():
            if _reads(node, name):
                if _is_compared(around):
                    compared = True
                elif not _is_kept(parents, around, name):
                    return False
    return compared


def _is_compared(around: ast.AST) -> bool:
    """Whether this asks for the same value, whatever it is: a number written there would be a count."""
    if not isinstance(around, ast.Compare) or not all(isinstance(op, ast.Eq | ast.NotEq) for op in around.ops):
        return False
    return not any(isinstance(side, ast.Constant) for side in (around.left, *around.comparators))


def _reads(node: ast.AST, name: str) -> bool:
    named = (isinstance(node, ast.Name) and node.id == name) or (isinstance(node, ast.Attribute) and node.attr == name)
    return named and isinstance(getattr(node, "ctx", None), ast.Load)


def _is_kept(parents: dict[ast.AST, ast.AST], around: ast.AST, name: str) -> bool:
    """`self._seen_generation = Cache.generation`, or one of a pair that is kept: what is kept is compared in its turn."""
    if isinstance(around, ast.Tuple):
        return isinstance(parents.get(around), ast.Assign)
    last_word = name.strip("_").rpartition("_")[2]
    targets = around.targets if isinstance(around, ast.Assign) else []
    told = [getattr(target, "attr", getattr(target, "id", "")) for target in targets]
    return bool(told) and all(last_word in one for one in told)
