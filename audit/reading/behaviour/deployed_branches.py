"""What statements do once deployed: of a condition on the environment, the branch that production takes.

`if settings.DEBUG: raise` raises nothing where the tasks matter.
"""

import ast
import copy
import re
from collections.abc import Callable, Iterator, Sequence
from enum import Enum

from audit.reading.behaviour.called_functions import called_function
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import unwrap
from audit.reading.python.child_nodes import literal_text, walk
from audit.reading.python.parameters import defaults_of

_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_VARIANTS = 8
_DEVELOPMENT = re.compile(
    r"(?i)^(is_|in_|running_|under_|app_|flask_|django_)*(debug(ging|_mode)?|test(s|ing|_mode|_env|_environment)?|unit_?tests?|"
    r"pytest(_current_test)?|dev(elopment|el)?(_mode|_env)?|local(host|_dev)?|ci|"
    r"(task_|celery_|celery_task_)?always_eager|eager|called_directly)$"
)
_PRODUCTION = re.compile(r"(?i)^(is_|in_|on_)*(prod(uction)?|live|deployed)(_mode|_env)?$")
_ENVIRONMENT = re.compile(
    r"(?i)^(django_)?(settings|environ|getenv|env|environment|config|conf|stage|current_app|called_directly|is_eager|argv|modules|flags?|"
    r"app_env|sys)$|_(env|environment|stage|settings|config)$|"
    r"^(switch|flag|feature|sample)_|_(switch|flag|feature)$|(?-i:[fF]eature|[fF]lag|[sS]witch)"
)


class Said(Enum):
    """What production says of a condition: EITHER where deployments differ, ELSEWHERE where it is not about the environment."""

    TRUE = True
    FALSE = False
    EITHER = 2
    ELSEWHERE = 3


def deployed_handler(
    scope: Scope, handler: ast.ExceptHandler, hands_on: Callable[[ast.AST], bool]
) -> tuple[ast.ExceptHandler, bool]:
    """The handler that production runs, and whether some deployment only runs it: another one hands the error on."""
    if not any(isinstance(s, ast.Match) or _choice(s) for s in handler.body):
        return handler, False
    body, differ = deployed(scope, handler.body, hands_on)
    if body == list(handler.body):
        return handler, False
    twin = copy.copy(handler)
    twin.body = body or [ast.copy_location(ast.Pass(), handler)]
    if handler in scope.parents:
        scope.parents[twin] = scope.parents[handler]
    return twin, differ


def deployed(
    scope: Scope, statements: Sequence[ast.stmt], hands_on: Callable[[ast.AST], bool]
) -> tuple[list[ast.stmt], bool]:
    """The statements that production runs, those of the worst deployment where they differ, and whether they do."""
    variants = list(_variants(scope, statements))
    passing = [v for v in variants if not any(hands_on(n) for s in v for n in walk(s))]
    return (passing or variants)[0], bool(passing) and len(passing) < len(variants)


def _variants(scope: Scope, statements: Sequence[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """Each list of statements that some deployment runs, up to what leaves."""
    variants: list[list[ast.stmt]] = [[]]
    for statement in statements:
        choice = _choice(statement)
        parts = _parts(scope, choice) if choice else _cases(scope, statement)
        variants = [v if _left(v) else [*v, *part] for v in variants for part in parts[: 1 if _left(v) else None]]
        variants = variants[:_VARIANTS]
    yield from variants


def _choice(statement: ast.stmt) -> ast.If | None:
    """An `if`, or what says the same: `test and act()`, `act() if test else other()`."""
    if isinstance(statement, ast.If):
        return statement
    value = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(value, ast.IfExp):
        return ast.copy_location(ast.If(value.test, [_told(value.body)], [_told(value.orelse)]), statement)
    if isinstance(value, ast.BoolOp) and len(value.values) == 2:
        test, acts = value.values
        test = test if isinstance(value.op, ast.And) else ast.copy_location(ast.UnaryOp(ast.Not(), test), test)
        return ast.copy_location(ast.If(test, [_told(acts)], []), statement)
    return None


def _told(value: ast.expr) -> ast.stmt:
    return ast.copy_location(ast.Expr(value), value)


def _cases(scope: Scope, statement: ast.stmt) -> list[list[ast.stmt]]:
    """The bodies of a `match` on the environment, without those of development; else the statement itself."""
    if not isinstance(statement, ast.Match) or not _is_of_environment(scope, scope.given(statement.subject)):
        return [[statement]]
    kept = [c for c in statement.cases if not _DEVELOPMENT.match(literal_text(getattr(c.pattern, "value", c.pattern)))]
    return [part for case in kept for part in _variants(scope, case.body)] or [[]]


def _parts(scope: Scope, choice: ast.If) -> list[list[ast.stmt]]:
    said = decided(scope, choice.test)
    taken = {Said.TRUE: [choice.body], Said.FALSE: [choice.orelse]}.get(said)
    if taken is None and said is Said.EITHER:
        taken = [choice.body, choice.orelse]
    if taken is not None:
        return [part for branch in taken for part in _variants(scope, branch)]
    inner = [(b, o) for b in _variants(scope, choice.body) for o in _variants(scope, choice.orelse)]
    if len(inner) == 1 and inner[0] == (choice.body, choice.orelse):
        return [[choice]]
    nothing: list[ast.stmt] = [ast.copy_location(ast.Pass(), choice)]
    return [[ast.copy_location(ast.If(choice.test, b or nothing, o), choice)] for b, o in inner]


def _left(statements: Sequence[ast.stmt]) -> bool:
    return bool(statements) and isinstance(statements[-1], _LEAVES)


def decided(scope: Scope, test: ast.expr) -> Said:
    """What production says of a condition."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        said = decided(scope, test.operand)
        return Said(not said.value) if isinstance(said.value, bool) else said
    if isinstance(test, ast.BoolOp):
        return _combined(isinstance(test.op, ast.Or), [decided(scope, v) for v in test.values])
    test = scope.given(test)
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _compared(scope, test)
    if (_is_of_environment(scope, test) or isinstance(test, ast.Name | ast.Call)) and not _is_of_an_error(scope, test):
        word = _word(test)
        if _DEVELOPMENT.match(word) or _PRODUCTION.match(word):
            return Said(not _DEVELOPMENT.match(word))
    constant = isinstance(test, ast.Name) and test.id not in scope.assigned
    value, variable = unwrap(scope.held(test)) if constant else (None, None)
    if isinstance(value, bool) and not variable:
        return Said(value)
    known = bool(variable) or _is_of_environment(scope, test) or _is_an_option(scope, test)
    return Said.EITHER if known else Said.ELSEWHERE


def _combined(either: bool, said: Sequence[Said]) -> Said:
    """Of `or` when `either`, else of `and`."""
    if Said(either) in said:
        return Said(either)
    if all(one is Said(not either) for one in said):
        return Said(not either)
    return Said.ELSEWHERE if Said.ELSEWHERE in said else Said.EITHER


def _compared(scope: Scope, test: ast.Compare) -> Said:
    """`settings.ENV == "dev"`, `os.environ["STAGE"] in ("prod", "staging")`, `"pytest" in sys.modules`."""
    sides = (test.left, test.comparators[0])
    if not any(_is_of_environment(scope, side) or _is_constant_of_environment(scope, side) for side in sides):
        return Said.ELSEWHERE
    words = [
        e.value
        for side in sides
        for e in (side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side])
        if isinstance(e, ast.Constant)
    ]
    texts = [word for word in words if isinstance(word, str)]
    same = isinstance(test.ops[0], ast.Eq | ast.In | ast.Is)
    if not same and not isinstance(test.ops[0], ast.NotEq | ast.NotIn | ast.IsNot):
        return Said.EITHER
    if texts and all(_DEVELOPMENT.match(text) for text in texts):
        return Said(not same)
    if texts and any(_PRODUCTION.match(text) for text in texts):
        return Said(same)
    named = next((_word(side) for side in sides if not isinstance(side, ast.Constant)), "")
    if _DEVELOPMENT.match(named) and words and all(word in {"1", "true", "True", "yes", "on", True} for word in words):
        return Said(not same)
    return Said.EITHER


def _word(node: ast.expr) -> str:
    """The last name of an expression, or the literal key by which it asks: `DEBUG` of `os.environ.get("DEBUG", "")`."""
    if isinstance(node, ast.Subscript):
        return literal_text(node.slice)
    if isinstance(node, ast.Call):
        asked = literal_text(node.args[0]) if node.args else ""
        inner = _word(node.args[0]) if node.args and not asked else ""
        return asked or inner or _word(node.func)
    return last(node)


def _is_of_environment(scope: Scope, node: ast.expr) -> bool:
    """Whether an expression asks the environment or the settings, by itself or by a function of the project that takes nothing."""
    parts = list(walk(node))
    if any(isinstance(n, ast.Name | ast.Attribute) and _ENVIRONMENT.search(last(n)) for n in parts):
        return True
    if not isinstance(node, ast.Call) or node.args or node.keywords:
        return False
    function = called_function(scope, node)
    inner = walk(function.node) if function else ()
    return any(isinstance(n, ast.Name | ast.Attribute) and _ENVIRONMENT.search(last(n)) for n in inner)


def _is_constant_of_environment(scope: Scope, node: ast.expr) -> bool:
    outer = isinstance(node, ast.Name) and node.id not in scope.assigned
    return outer and bool(unwrap(scope.held(node))[1])


def _is_of_an_error(scope: Scope, node: ast.expr) -> bool:
    """Whether a condition is on what was caught: `error.debug`."""
    caught = {handler.name for handler in scope.all(ast.ExceptHandler) if handler.name}
    return any(isinstance(n, ast.Name) and n.id in caught for n in walk(node))


def _is_an_option(scope: Scope, node: ast.expr) -> bool:
    """Whether a name is that of a parameter which is a constant, true or false, unless somebody says otherwise."""
    default = defaults_of(scope.spec).get(node.id) if isinstance(node, ast.Name) else None
    return isinstance(default, ast.Constant) and isinstance(default.value, bool)
