"""Variables of a shell script that only its traps change: a loop that tests one goes on until a signal comes."""

import re

_TRAP = re.compile(r"(?m)^[^#\n]*\btrap\s+(?:'([^']*)'|\"((?:[^\"\\]|\\.)*)\"|(\w+))\s+([\w ]+)")
# What comes without anybody asking the script to end.
_OF_CHILDREN = frozenset({"CHLD", "CLD", "17", "ERR", "DEBUG", "RETURN"})
_ASSIGNED = re.compile(r"(?m)(?:^|[;{&|(\s'\"])(\w+)=")
_NAMED = re.compile(r"\$\{?(\w+)")
_COUNTED = re.compile(r"\b([A-Za-z_]\w*)\b")


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
