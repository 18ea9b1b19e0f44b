"""Chords: a task that runs once those of its header have, which it knows by their results."""

import ast
from collections.abc import Iterator, Sequence

from audit.model.observations.messages import ChordUse
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.called_functions import inside, named_function
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.behaviour.verification_values import arguments_of
from audit.reading.python.abstract_values import FunctionValue, unwrap
from audit.reading.python.child_nodes import walk

WORDS = ("chord", "group(", "group as")
_OR = frozenset({"or_", "ior", "__or__"})
_SIGNED = frozenset({"s", "si", "signature", "subtask"})
_CHANGES = frozenset({"set", "clone", "on_error", "link", "link_error", "replace", "stamp"})
_CANVAS = frozenset({"chord", "chain", "group", "reduce"})
_AT_ONCE = frozenset({"apply_async", "delay", "apply"})
_DEPTH = 8


def chords(scope: Scope) -> Iterator[ChordUse]:
    """ChordUse: `chord(header, body)`, `group(…) | body`, `chain(group(…), body)`, and `|` by its other names."""
    for call in scope.calls:
        name = _called(scope, call)
        if name == "chord" and (call.args or keyword(call, "header")):
            yield _use(scope, call, call.args[0] if call.args else call.keywords[0].value)
        elif name == "chain" or (name == "reduce" and len(call.args) > 1 and _joins(scope, call.args[0])):
            parts = _parts(scope, call.args[1:2] if name == "reduce" else call.args)
            yield from (_use(scope, call, part) for part in parts[:-1] if _is_group(scope, part))
            yield from _answered(scope, call, parts)
            if _takes_groups(scope, parts):
                yield scope.observed(ChordUse, call, header=(), partial=True, perhaps=True)
        elif name in _OR and isinstance(call.func, ast.Attribute | ast.Name) and call.args:
            held = call.func.value if name == "__or__" and isinstance(call.func, ast.Attribute) else call.args[0]
            yield from (_use(scope, call, part) for part in _last(scope, held) if _joins(scope, call.func))
    yield from _handed(scope)
    for node in scope.all(ast.BinOp):
        if isinstance(node.op, ast.BitOr):
            yield from (_use(scope, node, before) for before in _last(scope, node.left))
    for added in scope.all(ast.AugAssign):
        if isinstance(added.op, ast.BitOr):
            yield from (_use(scope, added, before) for before in _last(scope, added.target))


def _called(scope: Scope, call: ast.Call) -> str:
    """What is called, by the name that Celery gives it, whatever an import names it."""
    name = last(call.func)
    if name in _CANVAS or not isinstance(call.func, ast.Name):
        return name
    dotted = scope.external(call.func)
    return dotted.rpartition(".")[2] if dotted.startswith("celery.") else name


def _handed(scope: Scope) -> Iterator[ChordUse]:
    """`chord` itself given to something: what calls it, and with what header, is not known."""
    # What a local name is given is seen where it is given: here only a name of the module may be the class itself.
    for node in (n for n in scope.all(ast.Name) if not scope.symbol or n.id not in scope.assigned):
        parent = scope.parents.get(node)
        plain = (
            isinstance(parent, ast.Call) and parent.func is not node and last(parent.func) not in {"isinstance", "cast"}
        )
        plain |= isinstance(parent, ast.keyword | ast.Dict | ast.Tuple | ast.List | ast.Assign)
        if plain and isinstance(node.ctx, ast.Load) and scope.external(node) in {"celery.chord", "celery.canvas.chord"}:
            yield scope.observed(ChordUse, node, header=(), partial=True)


def _joins(scope: Scope, node: ast.expr) -> bool:
    """Whether this is `|` as a function."""
    if isinstance(node, ast.Lambda):
        return isinstance(node.body, ast.BinOp) and isinstance(node.body.op, ast.BitOr)
    return last(node) == "__or__" or scope.external(node) in {"operator.or_", "operator.ior"}


def _last(scope: Scope, node: ast.expr) -> list[ast.expr]:
    """The group with which what stands before a `|` ends, if it ends with one."""
    node = scope.given(node)
    if isinstance(node, ast.Name):
        node = _before(scope, node) or node
    if isinstance(node, ast.BinOp):
        node = scope.given(node.right)
    return [node] if _is_group(scope, node) else []


def _before(scope: Scope, name: ast.Name) -> ast.expr | None:
    """What a name that is given several values was given last, in the order of the text."""
    every: list[ast.Assign | ast.AugAssign] = [*scope.all(ast.Assign), *scope.all(ast.AugAssign)]
    given = [
        (n.lineno, n.value)
        for n in every
        for target in (n.targets if isinstance(n, ast.Assign) else [n.target])
        if isinstance(target, ast.Name) and target.id == name.id and n.lineno < name.lineno
    ]
    return scope.given(max(given, key=lambda one: one[0])[1]) if given else None


def _parts(scope: Scope, arguments: Sequence[ast.expr]) -> Sequence[ast.expr]:
    first = arguments[0] if len(arguments) == 1 else None
    held = first.value if isinstance(first, ast.Starred) else first
    only = scope.given(held) if held is not None else None
    given = [*only.elts, *_appended(scope, held)] if isinstance(only, ast.List | ast.Tuple) else arguments
    return [scope.given(node) for node in given]


def _answered(scope: Scope, call: ast.Call, parts: Sequence[ast.expr]) -> Iterator[ChordUse]:
    """A group before a task among what a generator of the project yields, or in the list that a function of it gives."""
    made = parts[0] if len(parts) == 1 else None
    made = made.value if isinstance(made, ast.Starred) else made
    inner = inside(scope, named_function(scope, made.func)) if isinstance(made, ast.Call) else None
    if inner is None or made is None:
        return
    every: list[ast.expr] = [n.value for n in inner.all(ast.Yield) if n.value is not None]
    returned = [inner.given(n.value) for n in inner.all(ast.Return) if n.value is not None]
    lists = [n for n in returned if isinstance(n, ast.List | ast.Tuple)]
    every += [part for one in lists for part in one.elts]
    yield from (_use(inner, part, part) for part in map(inner.given, every[:-1]) if _is_group(inner, part))
    if len(lists) < len(returned) and any(_called(inner, c) == "group" for c in inner.calls):
        yield scope.observed(ChordUse, call, header=(), partial=True, perhaps=True)


def _takes_groups(scope: Scope, parts: Sequence[ast.expr]) -> bool:
    """Whether a chain is made of a list that is filled elsewhere, in a module that keeps a group instead of publishing it."""
    spread = [
        p.value if isinstance(p, ast.Starred) else p for p in parts if isinstance(p, ast.Starred) or len(parts) == 1
    ]
    unread = [p for p in spread if isinstance(p, ast.Name | ast.Attribute) and scope.value(p) is UNKNOWN]
    tree = scope.module.tree if unread else ast.Module([], [])
    made = [n for n in walk(tree) if isinstance(n, ast.Call) and last(n.func) == "group"]
    at_once = {n.value for n in walk(tree) if isinstance(n, ast.Attribute) and last(n) in _AT_ONCE}
    return any(group not in at_once for group in made)


def _appended(scope: Scope, held: ast.expr | None) -> list[ast.expr]:
    """What is put at the end of a list of this name, in the order of the text."""
    calls = [c for c in scope.calls if isinstance(c.func, ast.Attribute) and c.func.attr == "append" and c.args]
    name = held.id if isinstance(held, ast.Name) else ""
    return [c.args[0] for c in calls if name and isinstance(c.func, ast.Attribute) and last(c.func.value) == name]


def _is_group(scope: Scope, node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _called(scope, node) == "group"


def _use(scope: Scope, node: ast.AST, header: ast.expr) -> ChordUse:
    inner = [n for part in (header, scope.given(header)) for n in walk(part)]
    names = {n.id for n in inner if isinstance(n, ast.Name)}
    # What a list of signatures is given, one after another.
    added: list[ast.expr] = []
    for call in scope.calls:
        holder = call.func.value if isinstance(call.func, ast.Attribute) else None
        if holder is not None and last(call.func) in {"append", "extend"} and last(holder) in names:
            added += call.args
    inner += [n for argument in added for n in walk(argument)]
    ignoring = [n for n in inner if isinstance(n, ast.Call) and _ignores(scope, n)]
    dropped = tuple(s for call in ignoring for s in signed_tasks(scope, call)[0])
    found = [signed_tasks(scope, one) for one in (header, *added)]
    symbols = tuple(dict.fromkeys(symbol for own, _ in found for symbol in own))
    partial = not symbols or any(unread for _, unread in found)
    return scope.observed(ChordUse, node, header=symbols, dropped=dropped, partial=partial)


def signed_tasks(scope: Scope, node: ast.expr, depth: int = _DEPTH) -> tuple[list[str], bool]:
    """The symbols of the tasks with which what an expression signs ends, and whether others may be among them."""
    node = scope.given(node)
    parts = _ends(scope, node) if depth > 0 else None
    if depth <= 0 or (not isinstance(node, ast.Name | ast.Call) and parts is None):
        return [], not isinstance(node, ast.Constant)
    if parts is not None:
        return _of_several([(scope, part) for part in parts], depth)
    if not isinstance(node, ast.Call):
        return _of_several(_values(scope, last(node)), depth)
    held = node.func.value if isinstance(node.func, ast.Attribute) else None
    if held is not None and last(node.func) in _SIGNED:
        return _signed(scope, held, depth)
    changed = [(scope, held)] if held is not None and last(node.func) in _CHANGES else _returned(scope, node)
    return _of_several(changed, depth)


def _of_several(parts: Sequence[tuple[Scope, ast.expr]], depth: int) -> tuple[list[str], bool]:
    found = [signed_tasks(scope, part, depth - 1) for scope, part in parts]
    return [symbol for own, _ in found for symbol in own], not found or any(unread for _, unread in found)


def _ends(scope: Scope, node: ast.expr) -> list[ast.expr] | None:
    """The expressions of which the results are waited for: each of a list, the last one of a chain; None for another form."""
    found: list[ast.expr] | None = None
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        found = [e.value if isinstance(e, ast.Starred) else e for e in node.elts]
    elif isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp):
        found = [node.elt]
    elif isinstance(node, ast.BinOp):
        found = [node.right] if isinstance(node.op, ast.BitOr) else [node.left, node.right]
    elif isinstance(node, ast.IfExp):
        found = [node.body, node.orelse]
    elif isinstance(node, ast.Call) and node.args:
        name = _called(scope, node)
        if name in {"group", "list", "tuple", "iter", "sorted"}:
            found = list(node.args)
        elif name == "chain":
            found = list(_parts(scope, node.args))[-1:]
        elif name == "chord":
            found = list(node.args[1:2]) or None
    return found


def _signed(scope: Scope, task: ast.expr, depth: int) -> tuple[list[str], bool]:
    """The task that is signed, or those that a name may stand for."""
    value = unwrap(scope.evaluated(task))[0]
    if isinstance(value, FunctionValue):
        return [value.symbol], False
    others = _values(scope, task.id) if isinstance(task, ast.Name) else []
    found = [_signed(other, one, depth - 1) for other, one in others if depth > 0]
    return [symbol for own, _ in found for symbol in own], not found or any(unread for _, unread in found)


def _values(scope: Scope, name: str) -> list[tuple[Scope, ast.expr]]:
    """What a name may be given: each value that the text gives it, what it goes over, or what calls give the parameter."""
    given = [(scope, a.value) for a in scope.assigns.get(name, ())]
    loops: list[ast.For | ast.AsyncFor | ast.comprehension] = [*scope.all(ast.For), *scope.all(ast.comprehension)]
    for loop in loops:
        if isinstance(loop.target, ast.Name) and loop.target.id == name:
            over = scope.given(loop.iter)
            held = over if isinstance(over, ast.List | ast.Tuple | ast.Set) else None
            given += [(scope, one) for one in held.elts] if held else [(scope, loop.iter)]
    return [*given, *arguments_of(scope, name)] if scope.symbol else given


def _returned(scope: Scope, call: ast.Call) -> list[tuple[Scope, ast.expr]]:
    """What the function of the project that is called returns, or gives one after another."""
    other = inside(scope, named_function(scope, call.func))
    if other is None:
        return []
    ends: list[ast.Return | ast.Yield] = [*other.all(ast.Return), *other.all(ast.Yield)]
    return [(other, one.value) for one in ends if one.value is not None]


def _ignores(scope: Scope, call: ast.Call) -> bool:
    """Whether a signature is made, or changed, so that its result is not kept."""
    given = keyword(call, "ignore_result") if last(call.func) in {"set", "signature", "subtask", "clone"} else None
    return given is not None and scope.value(given) is True
