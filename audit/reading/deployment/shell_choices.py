"""What decides the way of a script: the side of a `case` or of an `if`, and the variables that only its traps change."""

import re
from collections.abc import Callable
from fnmatch import fnmatchcase

from tree_sitter import Node as Syntax

from audit.reading.deployment.shell_words import text_of

_EXPRESSIONS = frozenset({"binary_expression", "unary_expression"})
Words = Callable[[Syntax], list[str]]
_TRAP = re.compile(r"(?m)^[^#\n]*\btrap\s+(?:'([^']*)'|\"((?:[^\"\\]|\\.)*)\"|(\w+))\s+([\w ]+)")
# What comes without anybody asking the script to end.
_OF_CHILDREN = frozenset({"CHLD", "CLD", "17", "ERR", "DEBUG", "RETURN"})
_ASSIGNED = re.compile(r"(?m)(?:^|[;{&|(\s'\"])(\w+)=")
_NAMED = re.compile(r"\$\{?(\w+)")
_COUNTED = re.compile(r"\b([A-Za-z_]\w*)\b")


def case_side(syntax: Syntax, words: Words) -> list[Syntax] | None:
    """The items that the value of a `case` comes to: one or none; None where it is not known."""
    value = words(syntax.children[1]) if len(syntax.children) > 1 else []
    value = value or [""]
    if len(value) != 1 or not _is_known(value[0]):
        return None
    for item in (c for c in syntax.children if c.type == "case_item"):
        end = next((i for i, c in enumerate(item.children) if c.type == ")"), 0)
        patterns = [text_of(c).strip("\"'") for c in item.children[:end] if c.type not in {"|", "("}]
        if any("$" in pattern for pattern in patterns):
            return None
        if any(fnmatchcase(value[0], pattern) for pattern in patterns):
            return [item]
    return []


def truth(condition: list[Syntax], words: Words) -> bool | None:
    """Whether `[ a = b ]`, `[[ a == b ]]` or `test a = b` holds; None where that is not known, or for any other test."""
    named = [c for c in condition if c.is_named]
    if len(named) != 1:
        return None
    inner = named[0]
    if inner.type == "test_command":
        parts = [c for c in inner.children if c.type not in {"[", "]", "[[", "]]"}]
        parts = list(parts[0].children) if len(parts) == 1 and parts[0].type in _EXPRESSIONS else []
    else:
        parts = [c for c in inner.children if c.is_named]
        parts = parts[1:] if inner.type == "command" and text_of(parts[0]) == "test" else []
    if len(parts) == 2:
        return _has_text(text_of(parts[0]), words(parts[1]))
    if len(parts) != 3:
        return None
    left, operator, right = words(parts[0]), text_of(parts[1]), words(parts[2])
    known = len(left) == len(right) == 1 and _is_known(left[0]) and _is_known(right[0])
    if not known or operator not in {"=", "==", "!=", "-eq", "-ne"}:
        return None
    return fnmatchcase(left[0], right[0]) == (operator not in {"!=", "-ne"})


def _has_text(operator: str, value: list[str]) -> bool | None:
    """`-n` and `-z`, of a value that is known."""
    if operator not in {"-n", "-z"} or not all(map(_is_known, value)):
        return None
    return any(value) == (operator == "-n")


def _is_known(value: str) -> bool:
    return "$" not in value and "`" not in value


def flags_of_traps(text: str) -> frozenset[str]:
    """Those that a handler, or the function that it names, assigns, and that are assigned once elsewhere: before the loop."""
    handlers = [
        one or two or _body(name, text)
        for one, two, name, signals in _TRAP.findall(text)
        if not _OF_CHILDREN & set(signals.upper().replace("SIG", "").split())
    ]
    everywhere = _ASSIGNED.findall(text)
    inside = [name for handler in handlers for name in _ASSIGNED.findall(handler)]
    return frozenset(name for name in inside if everywhere.count(name) - inside.count(name) <= 1)


def _body(name: str, text: str) -> str:
    found = re.search(rf"(?ms)^\s*(?:function\s+)?{re.escape(name)}\s*(?:\(\s*\))?\s*\{{(.*?)\}}", text)
    return found[1] if found else ""


def tests_flags(condition: str, flags: frozenset[str]) -> bool:
    """Whether a condition names such variables, and no other."""
    names = set((_COUNTED if condition.startswith("((") else _NAMED).findall(condition))
    return bool(names) and names <= flags
