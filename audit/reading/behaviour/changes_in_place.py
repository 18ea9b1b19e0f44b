"""How the statements of a function change in place the dictionaries that its local names hold: `options["eta"] = when`."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_READING = frozenset({"copy", "get", "items", "keys", "values"})


@dataclass(frozen=True)
class Change:
    """One change. `key`: None where it is not written; `value`: None for an entry that goes away, or for values that are not written.

    `call`: the call that is given the dictionary itself, at `place` (a position or a keyword), and may change it.
    """

    key: str | None = None
    value: ast.expr | None = None
    call: ast.Call | None = None
    place: int | str = 0


def changes_in_place(
    assigns: Iterable[ast.Assign], deletions: Iterable[ast.Delete], calls: Iterable[ast.Call]
) -> dict[str, list[Change]]:
    """The changes by the name that holds what is changed."""
    found: dict[str, list[Change]] = defaultdict(list)
    for assign in assigns:
        for target in assign.targets:
            if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
                found[target.value.id].append(Change(_key(target.slice), assign.value))
    for target in (target for deletion in deletions for target in deletion.targets):
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            found[target.value.id].append(Change(_key(target.slice)))
    for call in calls:
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(receiver, ast.Name):
            found[receiver.id] += _by_method(call)
        for place, given in _given(call):
            found[given].append(Change(call=call, place=place))
    return found


def _by_method(call: ast.Call) -> Iterator[Change]:
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if method == "setdefault" and len(call.args) == 2:
        yield Change(_key(call.args[0]), call.args[1])
    elif method == "pop" and call.args:
        yield Change(_key(call.args[0]))
    elif method == "update":
        yield from (Change(k.arg, k.value) for k in call.keywords)
        for given in call.args:
            yield from _entries(given)
    elif method in {"clear", "popitem"}:
        yield Change()


def _entries(given: ast.expr) -> Iterator[Change]:
    if not isinstance(given, ast.Dict):
        yield Change()
        return
    yield from (
        Change(None if key is None else _key(key), value) for key, value in zip(given.keys, given.values, strict=True)
    )


def _given(call: ast.Call) -> Iterator[tuple[int | str, str]]:
    yield from ((place, a.id) for place, a in enumerate(call.args) if isinstance(a, ast.Name))
    yield from ((k.arg, k.value.id) for k in call.keywords if k.arg and isinstance(k.value, ast.Name))


def _key(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
