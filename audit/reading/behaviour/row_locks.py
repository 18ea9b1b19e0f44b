"""Locks that are a column of a row: a flag, or a state, that an update sets only where nobody else has."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.shared_data import LockWithExpiry, LockWithoutExpiry
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.child_nodes import walk

_WRITES = (".update(", ".values(", ".save(", "commit(", "UPDATE ", "update ", ".asave(", ".aupdate(")
# What holds others off while it lasts, as a flag or as a state; words of the same ending that do not.
_WHILE = (
    r"(?!(?:\w*_)?(?:pending|waiting|missing|remaining|incoming|outgoing|billing|pricing|warning|existing|recurring|upcoming)$)"
    r"(?:\w*_)?(?:\w+ing|locked|lock|busy|in_?progress|in_?use|in_?flight|claimed|taken|acquired|leased)$"
)
_HOLDS = re.compile(rf"(?i)^{_WHILE}")
_STATE = re.compile(r"(?i)(^|_)(status|state|phase|stage)$")
_OWNER = re.compile(r"(?i)(^|_)(lock|claim|lease|tak|acquir)\w*_(by|at)$|^(lock|claim|lease)_?(owner|token|holder)$")
_TIME = re.compile(r"(?i)(_at|_until|_since|_on|expir\w*|timestamp|heartbeat|lease\w*|ttl|deadline)$")
_MAY = re.compile(r"(?i)\w+ing(?![a-z])|lock|busy|in_?progress|in_?use|in_?flight|claim|taken|acquired|lease")
_UPDATE = re.compile(r"(?is)\bupdate\s+[\w.\"`{}%]+\s+(?:as\s+\w+\s+|\w+\s+)?set\s+(?P<set>.+?)\bwhere\b(?P<where>.+)")
_GIVEN = re.compile(r"(\w+)\s*=\s*('?[\w.]+'?)")
_NOBODY = re.compile(r"\w+__isnull=True|\w+=None|\w+\.is_\(None\)|(?i:\w+\s+is\s+null)")
_NOT = re.compile(r"(?i)exclude|!=|<>|~|not[ _(]|\bis_not\b|isnot")
_SAVES = frozenset({"save", "asave", "commit", "flush", "bulk_update"})
FLAG = "une colonne mise à vrai, que rien ne date"
_STATED = "une colonne y dit qu'un seul travaille, et rien ne dit qui l'efface quand son processus meurt : un verrou, peut-être"


def may_claim(text: str) -> bool:
    """Whether a module's text writes rows, and names what may hold others off."""
    return any(word in text for word in _WRITES) and _MAY.search(text) is not None


def claimed_rows(scope: Scope) -> Iterator[LockWithExpiry | LockWithoutExpiry]:
    """What a function takes by a column of a row."""
    for node, given, asked in _updates(scope) if scope.symbol else ():
        for column, value in given.items():
            taken = _taken(scope, (column, value), given, asked)
            if isinstance(taken, bool):
                yield (
                    scope.observed(LockWithExpiry, node) if taken else scope.observed(LockWithoutExpiry, node, how=FLAG)
                )
            elif taken:
                yield scope.observed(LockWithoutExpiry, node, perhaps=taken)


def _updates(scope: Scope) -> Iterator[tuple[ast.AST, dict[str, str], str]]:
    """What is written of a row: where, the columns with what they are given, and what is asked of the row first."""
    for call in scope.calls:
        if last(call.func) in {"update", "values", "aupdate"} and isinstance(call.func, ast.Attribute):
            yield call, _columns(call), _asked(scope, call.func.value)
    saved = any(last(call.func) in _SAVES for call in scope.calls)
    holders: dict[str, dict[str, str]] = {}
    for assign in scope.all(ast.Assign) if saved else ():
        for target in assign.targets:
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                given = holders.setdefault(target.value.id, {})
                given[target.attr] = ast.unparse(assign.value)
                yield assign, given, _tested(scope, target)
    for constant in scope.all(ast.Constant):
        if isinstance(constant.value, str) and (sql := _UPDATE.search(constant.value)):
            yield constant, dict(_GIVEN.findall(sql["set"])), sql["where"]


def _columns(call: ast.Call) -> dict[str, str]:
    found = {k.arg: ast.unparse(k.value) for k in call.keywords if k.arg}
    for table in call.args:
        if isinstance(table, ast.Dict):
            pairs = [(k, v) for k, v in zip(table.keys, table.values, strict=True) if k is not None]
            found |= {
                str(getattr(k, "value", "")) if isinstance(k, ast.Constant) else last(k): ast.unparse(v)
                for k, v in pairs
            }
    return found


def _asked(scope: Scope, held: ast.expr) -> str:
    """The conditions of a query, those that local names stand for included."""
    parts = [held, *(scope.given(n) for n in walk(held) if isinstance(n, ast.Name))]
    parts += [scope.given(n) for part in parts[1:] for n in walk(part) if isinstance(n, ast.Name)]
    calls = [n for part in parts for n in walk(part) if isinstance(n, ast.Call)]
    told = [f"{last(c.func)}({', '.join(map(ast.unparse, [*c.args, *c.keywords]))})" for c in calls]
    return " ".join(dict.fromkeys([*told, *map(ast.unparse, parts[1:])]))


def _tested(scope: Scope, target: ast.Attribute) -> str:
    """The tests of an attribute that come before it is given a value."""
    asked: list[ast.If | ast.Assert | ast.While] = [*scope.all(ast.If), *scope.all(ast.Assert), *scope.all(ast.While)]
    tests = [n for n in asked if n.lineno <= target.lineno]
    around = frozenset(scope.around(target))
    told = [(ast.unparse(n.test), n in around) for n in tests]
    # A test that leaves asks the contrary of one around.
    return " ".join(text if inside else f"not ({text})" for text, inside in told if f".{target.attr}" in text)


def _taken(scope: Scope, one: tuple[str, str], given: dict[str, str], asked: str) -> bool | str | None:
    """Whether what this column holds ends by itself, or why nobody knows; None where it holds nobody off."""
    column, value = one
    how = _HOLDS.search(column), value.lower() in {"true", "1", "'t'"}
    word = re.split(r"[.\s]", value.strip("'\""))[-1]
    stated = bool(_STATE.search(column)) and bool(_HOLDS.search(word))
    owned = bool(_OWNER.search(column)) and _NOBODY.search(asked) is not None
    holds = all(how) or stated or owned or (how[0] is None and _holds_until(column, asked))
    if not holds or not re.search(rf"\b{column}(?:__\w+)?\b", asked):
        return None
    if any(_TIME.search(name.partition("__")[0]) for name in re.findall(r"\w+", _NOBODY.sub("", asked))):
        return True
    texts = [module.source.text for module in scope.machine.project.modules.values()]
    ended = any(_is_compared(date, text) for date in given if _TIME.search(date) for text in texts)
    if stated:
        ended = ended or _accepts(asked, word) or any(_is_swept(word, text) for text in texts)
    if not ended and all(how):
        return False if any(_is_given_back(column, text) for text in texts) else None
    return None if ended else _STATED


def _holds_until(column: str, asked: str) -> bool:
    """Whether a column is a date that holds others off: `fetching_until__lt=now`."""
    asks = re.search(rf"\b{column}__lte?\b|\b{column}\s*<", asked)
    return asks is not None and bool(_TIME.search(column)) and bool(_HOLDS.search(column.rpartition("_")[0]))


def _is_compared(date: str, text: str) -> bool:
    return re.search(rf"\b{date}__[lg]te?\b|\.{date}\b(?!\s*=[^=])|\b{date}\s*[<>]", text) is not None


def _is_given_back(column: str, text: str) -> bool:
    """Whether something writes that nobody holds it any more."""
    return (
        re.search(
            rf"(?i)(?:update|values)\([^)]*\b{column}=False|\.{column} = False|[\"']{column}[\"']: False|\.{column}: False"
            rf"|\bset\b[^;\"]*\b{column}\s*=\s*(?:false|0|'f')",
            text,
        )
        is not None
    )


def _accepts(asked: str, word: str) -> bool:
    """Whether the state is taken again from who holds it: `status__in=[PENDING, RUNNING]`."""
    return re.search(rf"(?i)\b{word}\b", asked) is not None and _NOT.search(asked) is None


def _is_swept(word: str, text: str) -> bool:
    """Whether something looks for rows that are in this state since a date."""
    date = r"(?:_at|_until|_since|_on|modified|updated|created|expires|heartbeat|date|time)(?:__lte?\b|\s*<)"
    return (
        re.search(rf"(?is)\b{word}\b[^\n]*(?:\n[^\n]*){{0,3}}{date}|{date}[^\n]*(?:\n[^\n]*){{0,3}}\b{word}\b", text)
        is not None
    )
