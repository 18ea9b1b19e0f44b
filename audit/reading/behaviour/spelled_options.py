"""Other spellings of what a publication is told, as the calls that say the same by keywords: `.set(countdown=60)`."""

import ast
from collections.abc import Iterator

from audit.reading.behaviour.scope import Scope, keyword, last

# Celery.send_task(name, args, kwargs, countdown, eta, …), and Task.subtask(args, options=…) of Celery 5.
_PLACES = ("", "", "", "countdown", "eta")
_SIGNED = frozenset({"s", "si", "signature", "subtask", "maybe_signature", "Signature"})


def spelled_options(scope: Scope, call: ast.Call) -> ast.Call:
    """This call, its options by keywords when it is a publication or a signature that takes them otherwise."""
    name = last(call.func)
    if name == "send_task" and len(call.args) > _PLACES.index("countdown"):
        return _made(scope, call, call.func, [*call.keywords, *_by_place(call)])
    if name in _SIGNED and (options := keyword(call, "options")) is not None:
        others = [k for k in call.keywords if k.arg != "options"]
        return _made(scope, call, call.func, [*others, ast.keyword(None, options)])
    told = _told_to(call, call.func) if isinstance(call.func, ast.Attribute) else None
    return call if told is None else _set(scope, call, *told)


def _told_to(call: ast.Call, method: ast.Attribute) -> tuple[ast.expr, list[ast.keyword]] | None:
    """The signature that a method changes, and what it is told."""
    if method.attr == "skew":
        return method.value, [ast.keyword("countdown", _last_turn(call))]
    if method.attr == "clone" and call.keywords:
        return method.value, call.keywords
    if method.attr == "update" and isinstance(method.value, ast.Attribute) and method.value.attr == "options":
        return method.value.value, [*(ast.keyword(None, one) for one in call.args), *call.keywords]
    return None


def written_options(scope: Scope) -> Iterator[ast.Call]:
    """What statements write in the options of a signature: `sig.options["countdown"] = 60`, `sig.options |= told`."""
    for statement in scope.all(ast.Assign):
        for target in statement.targets:
            held = target.value if isinstance(target, ast.Subscript) else None
            key = target.slice if isinstance(target, ast.Subscript) else None
            named = isinstance(key, ast.Constant) and isinstance(key.value, str)
            if isinstance(held, ast.Attribute) and held.attr == "options" and named and isinstance(key, ast.Constant):
                yield _set(scope, statement, held.value, [ast.keyword(str(key.value), statement.value)])
    for change in scope.all(ast.AugAssign):
        if isinstance(change.target, ast.Attribute) and change.target.attr == "options":
            yield _set(scope, change, change.target.value, [ast.keyword(None, change.value)])


def is_signed(scope: Scope, node: ast.expr) -> bool:
    """Whether an expression is a signature, or what is published at once after it was told something."""
    held = scope.given(node)
    while isinstance(held, ast.Call) and isinstance(held.func, ast.Attribute) and held.func.attr in {"set", "clone"}:
        held = scope.given(held.func.value)
    return isinstance(held, ast.Call) and last(held.func) in _SIGNED


def _by_place(call: ast.Call) -> Iterator[ast.keyword]:
    pairs = zip(_PLACES, call.args, strict=False)
    yield from (ast.keyword(name, value) for name, value in pairs if name)


def _last_turn(call: ast.Call) -> ast.expr:
    """The delay of the last of a group, `skew(start, stop, step)`; nobody knows how many they are without `stop`."""
    stop = keyword(call, "stop") or (call.args[1] if len(call.args) > 1 else None)
    return stop or ast.copy_location(ast.Name("stop", ast.Load()), call)


def _set(scope: Scope, place: ast.stmt | ast.expr, signature: ast.expr, keywords: list[ast.keyword]) -> ast.Call:
    method = ast.copy_location(ast.Attribute(signature, "set", ast.Load()), place)
    return _made(scope, place, method, keywords)


def _made(scope: Scope, place: ast.stmt | ast.expr, func: ast.expr, keywords: list[ast.keyword]) -> ast.Call:
    args = place.args if isinstance(place, ast.Call) and place.func is func else []
    made = ast.copy_location(ast.Call(func, args, keywords), place)
    if place in scope.parents:
        scope.parents[made] = scope.parents[place]
    return made
