"""Calls that a function may go on without: below a condition, after an early answer, or with a failure that is caught."""

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from audit.model.guard_facts import SkippedCall
from audit.reading.python.child_nodes import walk
from audit.reading.python.syntax_cache import Definition

_CHECKS = re.compile(r"(?i)verif|compare|valid|sign|auth|construct_event|check|bytes_eq")
_HEADERS = re.compile(r"(?i)headers|\bMETA\b|HTTP_")
_REFUSALS = re.compile(r"\b[45]\d\d\b|HTTP_[45]\d\d|Forbidden|Unauthorized|BadRequest|\babort\(")
# As source text; whether the caller decides it; whether the function ends with nothing where it does not hold.
_Condition = tuple[str, bool, bool]


class SkippedChecks:
    """Finds those of one function, and of the functions that it defines."""

    def __init__(self, tree: Definition) -> None:
        self._tree = tree
        self._given = {
            target.id: ast.unparse(node.value)
            for node in walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def found(self) -> tuple[SkippedCall, ...]:
        """Each with the condition; `sure` where the caller decides it, or where the failure is caught."""
        return tuple(self._of(self._tree.body, ()))

    def _of(self, statements: Sequence[ast.stmt], within: tuple[_Condition, ...]) -> Iterator[SkippedCall]:
        for place, statement in enumerate(statements, 1):
            if isinstance(statement, Definition):
                yield from self._of(statement.body, ())
            elif isinstance(statement, ast.If):
                yield from self._of_condition(statement, within, answered=_only_answers(statements[place:]))
                if _answers_yes(statement.body[-1]):
                    within = (*within, (_otherwise(statement.test), False, False))
                elif _leaves(statement.body[-1]) and _refuse(statements[place:]) and not _refuse(statement.body):
                    told, of_caller = self._condition(statement.test)[:2]
                    within = (*within, (_otherwise(statement.test) if told else "", of_caller, True))
            elif isinstance(statement, ast.Try | ast.TryStar):
                goes_on = any(map(_goes_on, statement.handlers))
                inner = (*within, ("", True, False)) if goes_on else within
                yield from self._of(statement.body, inner)
                yield from self._of((*statement.orelse, *statement.finalbody), within)
            elif isinstance(statement, ast.With | ast.AsyncWith | ast.For | ast.AsyncFor | ast.While):
                yield from self._of(statement.body, within)
            else:
                yield from self._calls(statement, within)

    def _of_condition(self, node: ast.If, within: tuple[_Condition, ...], *, answered: bool) -> Iterator[SkippedCall]:
        """`answered`: what follows only answers, so that the condition holds the work too."""
        yield from self._calls(node.test, within)
        if isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.And) and _refuse(node.body):
            # `if signature and not compare_digest(…): raise`
            yield from self._after_the_first(node.test, within)
        negated = node.test.operand if isinstance(node.test, ast.UnaryOp) else None
        if isinstance(negated, ast.BoolOp) and isinstance(negated.op, ast.Or) and _refuse(node.body):
            yield from self._after_the_first(negated, within)
        both = _check(node.body) and _check(node.orelse)
        apart = answered or both or _ends(node.body) or _refuse(node.orelse)
        yield from self._of(node.body, within if apart else (*within, self._condition(node.test)))
        otherwise = (_otherwise(node.test), False, False)
        yield from self._of(node.orelse, within if both or _ends(node.body) else (*within, otherwise))

    def _condition(self, test: ast.expr) -> _Condition:
        names = [n.id for n in walk(test) if isinstance(n, ast.Name)]
        texts = (ast.unparse(test), *(self._given.get(name, "") for name in names))
        return ast.unparse(test), any(map(_HEADERS.search, texts)), False

    def _after_the_first(self, test: ast.BoolOp, within: tuple[_Condition, ...]) -> Iterator[SkippedCall]:
        """What is asked only where the operand before did not settle it, unless that one is a check too."""
        ors = isinstance(test.op, ast.Or)
        for before, operand in pairwise(test.values):
            if not (ors and _check([ast.Expr(before)])):
                told, of_caller, leaves = self._condition(before)
                yield from self._calls(operand, (*within, (_otherwise(before) if ors else told, of_caller, leaves)))

    def _calls(self, node: ast.AST, within: tuple[_Condition, ...]) -> Iterator[SkippedCall]:
        if isinstance(node, ast.Return) and isinstance(node.value, ast.BoolOp) and isinstance(node.value.op, ast.Or):
            # `return not SECRET or compare_digest(…)`
            yield from self._after_the_first(node.value, within)
        if within:
            told, sure, leaves = next((one for one in within if one[1]), within[0])
            names = (ast.unparse(n.func) for n in walk(node) if isinstance(n, ast.Call))
            yield from (SkippedCall(name, told[:60], sure, leaves) for name in names)


def _otherwise(test: ast.expr) -> str:
    negated = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    return ast.unparse(test.operand if negated and isinstance(test, ast.UnaryOp) else ast.UnaryOp(ast.Not(), test))


def _answers_yes(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Return)
        and isinstance(statement.value, ast.Constant)
        and statement.value.value is True
    )


def _leaves(statement: ast.stmt) -> bool:
    """Whether the function ends with nothing: a caller that only waits for an exception takes that for a yes."""
    value = statement.value if isinstance(statement, ast.Return) else ast.Constant(value=True)
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _only_answers(statements: Sequence[ast.stmt]) -> bool:
    """Whether these statements only make an answer: `return HttpResponse()`."""
    value = statements[0].value if len(statements) == 1 and isinstance(statements[0], ast.Return) else None
    return isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2][:1].isupper()


def _ends(statements: Sequence[ast.stmt]) -> bool:
    return bool(statements) and isinstance(statements[-1], ast.Return | ast.Raise | ast.Continue)


def _check(statements: Sequence[ast.stmt]) -> bool:
    calls = (n for s in statements for n in walk(s) if isinstance(n, ast.Call))
    return any(_CHECKS.search(ast.unparse(call.func)) for call in calls)


def _refuse(statements: Sequence[ast.stmt]) -> bool:
    return any(isinstance(n, ast.Raise) for s in statements for n in walk(s)) or any(
        _REFUSALS.search(ast.unparse(statement)) for statement in statements
    )


def _goes_on(handler: ast.ExceptHandler) -> bool:
    """Whether what follows runs after a failure, as if there had been none: nothing ends, refuses, or keeps that it failed."""
    inside = [n for statement in handler.body for n in walk(statement)]
    if any(isinstance(n, ast.Return | ast.Raise | ast.Continue | ast.Break) for n in inside) or _refuse(handler.body):
        return False
    kept = [n.value for n in inside if isinstance(n, ast.Assign) and isinstance(n.value, ast.Constant)]
    return not any(value.value in {False, None} for value in kept)
