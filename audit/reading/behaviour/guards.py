"""What a function makes of the answers it gets, and how its locks and checks fail."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from audit.model.guard_facts import GuardFacts, KeyDeleted, KeyTaken, OpenAnswer
from audit.model.word_tables import word_set
from audit.reading.behaviour.scope import last
from audit.reading.behaviour.skipped_checks import SkippedChecks
from audit.reading.python.child_nodes import children, walk
from audit.reading.python.syntax_cache import Definition

_OUTAGES = frozenset(
    ("Exception", "BaseException", "ConnectionError", "TimeoutError", "OSError", "RedisError", "OperationalError", "DatabaseError")
)  # fmt: skip
_EXPIRIES = frozenset(("ex", "px", "exat", "pxat"))
_ERRORS = re.compile(r"\b[45]\d\d\b|HTTP_[45]\d\d|Forbidden|Unauthorized|BadRequest")
_LOOKS = frozenset(("get", "exists", "sismember", "hexists", "first", "one_or_none", "scalar", "scalar_one_or_none", "fetchone", "fetchval", "find_one", "afirst", "aexists"))  # fmt: skip
_WRITES = word_set("set setex sadd hset insert insert_one create acreate add save asave")
# What keeps two executions from writing the same thing, whatever they looked at before.
_ATOMIC = re.compile(
    r"(?i)\bnx\b|setnx|on conflict|on_conflict|for update|with_for_update|select_for_update|IntegrityError|UniqueViolation|"
    r"DuplicateKey|get_or_create|update_or_create|advisory|\block\(|\.watch\(|register_script|\.eval\("
)
_TRIES = re.compile(
    r"(?i)\bnx=True|setnx|try_advisory|blocking=False|nowait|skip locked|on conflict|rowcount|get_or_create|"
    r"(?:return|yield) (?:not |bool\(|True\b|False\b|\w+ is (?:not )?None)|is not None\n"
)
_SECRET = re.compile(r"(?i)secret|token|signature|hmac|digest|api_?key|password|auth")


def guard_facts(tree: Definition) -> GuardFacts:
    """All of them, for one function and those it defines."""
    nodes = list(walk(tree))
    loaded = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    calls = [n for n in nodes if isinstance(n, ast.Call)]
    handlers = [h for n in nodes if isinstance(n, ast.Try) for h in n.handlers if _outage(h)]
    return GuardFacts(
        dropped=_only(calls, _dropped(nodes, loaded)),
        unasked=_only(calls, _unasked(nodes, loaded)),
        passed_on=frozenset(_name(c) for n in nodes if isinstance(n, ast.Return) for c in _calls(n.value)),
        stopping=frozenset(_stopping(nodes)),
        tries=bool(_TRIES.search(f"{ast.unparse(tree)}\n")),
        refuses=any(map(_refuses, nodes)),
        answers=any(_gives(n) and not _constant(n, None) for n in nodes),
        opens_on_failure=_line(n for h in handlers for n in walk(h) if _gives(n) and _constant(n, True)),
        false_on_failure=_line(n for h in handlers for n in walk(h) if _gives(n) and _constant(n, False, None)),
        taken=tuple(_taken(tree, calls)),
        deleted=tuple(_deleted(tree, calls)),
        checks_then_writes=_checks_then_writes(tree, calls),
        compared=tuple(_compared(nodes)),
        skipped=SkippedChecks(tree).found(),
        made=tuple(_made(nodes)),
        hands_out=tuple(_hands_out(tree)),
        opens=tuple(_opens(tree.body, "", {n.name: n for n in tree.body if isinstance(n, Definition)})),
    )


def _only(calls: Iterable[ast.Call], found: Iterable[ast.Call]) -> frozenset[str]:
    """Names of these calls that no other call bears."""
    own = list(found)
    return frozenset(map(_name, own)) - {_name(c) for c in calls if c not in own}


def _dropped(nodes: list[ast.AST], loaded: set[str]) -> Iterator[ast.Call]:
    caught = {
        id(statement)
        for node in nodes
        if isinstance(node, ast.Try) and not all(map(_outage, node.handlers))
        for statement in node.body
    }
    for node in nodes:
        if id(node) in caught:
            continue
        if isinstance(node, ast.Expr):
            yield from _whole(node.value)
        if isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) and t.id not in loaded for t in node.targets):
            yield from _whole(node.value)


def _whole(value: ast.expr) -> Iterator[ast.Call]:
    value = value.value if isinstance(value, ast.Await) else value
    if isinstance(value, ast.Call):
        yield value


def _unasked(nodes: Iterable[ast.AST], loaded: set[str]) -> Iterator[ast.Call]:
    for item in (i for n in nodes if isinstance(n, ast.With | ast.AsyncWith) for i in n.items):
        given = item.optional_vars
        if given is None or (isinstance(given, ast.Name) and given.id not in loaded):
            yield from _whole(item.context_expr)


def _stopping(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.If) and isinstance(node.body[-1], ast.Return | ast.Raise | ast.Continue):
            yield from map(_name, _whole(node.test))


def _outage(handler: ast.ExceptHandler) -> bool:
    named = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(n is None or last(n) in _OUTAGES for n in named)


def _gives(node: ast.AST) -> bool:
    """Whether it returns, yields, or keeps a value."""
    return isinstance(node, ast.Return | ast.Yield) or (
        isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    )


def _constant(node: ast.AST, *values: object) -> bool:
    value = getattr(node, "value", None)
    if value is None:
        return None in values and isinstance(node, ast.Return | ast.Yield)
    return isinstance(value, ast.Constant) and any(value.value is one for one in values)


def _refuses(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise):
        return True
    if isinstance(node, ast.Call) and last(node.func) == "abort":
        return True
    return isinstance(node, ast.Return) and node.value is not None and bool(_ERRORS.search(ast.unparse(node.value)))


def _taken(tree: Definition, calls: Iterable[ast.Call]) -> Iterator[KeyTaken]:
    for call in calls:
        given = {k.arg: k.value for k in call.keywords}
        only_absent = isinstance(nx := given.get("nx"), ast.Constant) and nx.value is True
        if call.args and ((last(call.func) == "set" and only_absent) or last(call.func) == "setnx"):
            expires = bool(_EXPIRIES & given.keys()) or any(last(c.func) in {"expire", "pexpire"} for c in calls)
            yield KeyTaken(_text(tree, call.args[0]), expires)


def _deleted(tree: Definition, calls: Iterable[ast.Call]) -> Iterator[KeyDeleted]:
    asked = any(last(c.func) in {"get", "eval", "evalsha", "register_script", "watch"} for c in calls)
    for call in calls:
        if last(call.func) in {"delete", "unlink"} and len(call.args) == 1:
            yield KeyDeleted(_text(tree, call.args[0]), call.lineno, asked)


def _text(tree: Definition, node: ast.expr) -> str:
    """The source of an expression, or of the only one that its name is given."""
    if isinstance(node, ast.Name):
        given = [n.value for n in walk(tree) if isinstance(n, ast.Assign) and last(n.targets[0]) == node.id]
        node = given[0] if len(given) == 1 else node
    return ast.unparse(node)


def _checks_then_writes(tree: Definition, calls: Iterable[ast.Call]) -> int:
    if _ATOMIC.search(ast.unparse(tree)):
        return 0
    looked = {last(n.targets[0]) for n in walk(tree) if isinstance(n, ast.Assign) and _looks(n.value)}
    tests = [n for n in walk(tree) if isinstance(n, ast.If) and (_looks(n.test) or _names(n.test) & looked)]
    writes = [c.lineno for c in calls if last(c.func) in _WRITES]
    return next((line for line in writes if any(t.lineno < line for t in tests)), 0)


def _looks(node: ast.expr) -> bool:
    return any(isinstance(c.func, ast.Attribute) and c.func.attr in _LOOKS for c in _calls(node))


def _made(nodes: list[ast.AST]) -> Iterator[tuple[str, str]]:
    stored = [n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            name = last(node.targets[0])
            if stored.count(name) == 1:
                yield name, _name(node.value)


def _hands_out(tree: Definition) -> Iterator[str]:
    """What each `return` of the function itself gives, both sides of a condition apart."""
    own = {n.name for n in tree.body if isinstance(n, Definition)}
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.IfExp):
            pending += [node.body, node.orelse]
        elif isinstance(node, ast.Return):
            pending.append(node.value or ast.Constant(None))
        elif isinstance(node, ast.expr):
            mine = isinstance(node, ast.Lambda | ast.Constant) or (isinstance(node, ast.Name) and node.id in own)
            yield "" if mine else _name(node) if isinstance(node, ast.Call) else "?"
        elif not isinstance(node, Definition | ast.ClassDef):
            pending += [n for n in children(node) if isinstance(n, ast.stmt | ast.ExceptHandler)]


def _opens(
    statements: Sequence[ast.stmt], condition: str, own: Mapping[str, Definition], line: int = 0
) -> Iterator[OpenAnswer]:
    """The functions that answer yes to all among those returned, with what is asked first."""
    for statement in statements:
        if isinstance(statement, ast.If):
            told = ast.unparse(statement.test)
            yield from _opens(statement.body, told, own, statement.lineno)
            yield from _opens(statement.orelse, f"not ({told})", own, statement.lineno)
        elif isinstance(statement, ast.Return) and statement.value is not None:
            sides = [(statement.value, condition)]
            if isinstance(statement.value, ast.IfExp):
                told = ast.unparse(statement.value.test)
                sides = [(statement.value.body, told), (statement.value.orelse, f"not ({told})")]
                line = statement.value.lineno
            yield from (OpenAnswer(told[:60], line) for one, told in sides if _says_yes(one, own))


def _says_yes(value: ast.expr, own: Mapping[str, Definition]) -> bool:
    """Whether a function answers yes whatever it is given."""
    if isinstance(value, ast.Name) and value.id in own:
        returned = [n.value for n in walk(own[value.id]) if isinstance(n, ast.Return)]
        return bool(returned) and all(isinstance(one, ast.Constant) and one.value is True for one in returned)
    return isinstance(value, ast.Lambda) and isinstance(value.body, ast.Constant) and value.body.value is True


def _compared(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In | ast.NotIn):
            text = ast.unparse(node)
            if _SECRET.search(text) and not isinstance(node.comparators[0], ast.Constant):
                yield text


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in walk(node) if isinstance(n, ast.Name)}


def _calls(node: ast.AST | None) -> list[ast.Call]:
    return [n for n in walk(node) if isinstance(n, ast.Call)] if node is not None else []


def _line(nodes: Iterable[ast.AST]) -> int:
    return next((int(getattr(n, "lineno", 0)) for n in nodes), 0)


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func)
