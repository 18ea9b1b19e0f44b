"""The options of a Redis server or its kin, from its command and its configuration file: eviction, and what is kept on disk."""

import shlex
from collections.abc import Mapping, Sequence
from posixpath import basename
from typing import Any

from audit.model.observations.deployment_statements import BrokerService
from audit.reading.deployment.compose_files import interpolated

_MOST_INCLUDED = 8
_NO = frozenset({"", "no", "false", "0"})


def words_of(value: Any) -> list[str]:
    if isinstance(value, list):
        words = [str(word) for word in value]
        return words_of(words[-1]) if "-c" in words[:-1] and "sh" in basename(words[0]) else words
    try:
        return shlex.split(value, comments=True) if isinstance(value, str) else []
    except ValueError:
        return []


def configured(words: Sequence[str], find: Any) -> tuple[dict[str, list[str]], str]:
    """What its options say, those of its configuration file below those of its command line; and what is not known."""
    said: dict[str, list[str]] = {}
    unread = ""
    for word in words:
        if word.endswith(".conf") and not word.startswith("-"):
            text, missing = _whole(word, find)
            unread = f"`{missing}`, qui règle le serveur, n'a pas été trouvé" if missing else ""
            said |= _of_conf(text)
    index = 0
    while index < len(words):
        word, index = words[index], index + 1
        if not word.startswith("--"):
            unread = unread or (f"`{word}`, donné au serveur, ne se lit pas" if word.startswith("$") else "")
            continue
        name, equals, value = word[2:].partition("=")
        values = [value] if equals else []
        while not equals and index < len(words) and not words[index].startswith("--"):
            values.append(words[index])
            index += 1
        said.setdefault(name.lower().replace("_", "-"), []).extend(values)
    return said, unread


def _whole(path: str, find: Any, depth: int = 0) -> tuple[str, str]:
    """The text of a configuration file, with those that it includes in their places, and the first that was not found."""
    held = find(path) if depth < _MOST_INCLUDED else None
    text = held if isinstance(held, str) else held.text if held else None
    if text is None:
        return "", path
    lines, missing = list[str](), ""
    for line in text.splitlines():
        name, _, value = line.strip().partition(" ")
        inner, lost = _whole(value.strip().strip("\"'"), find, depth + 1) if name.lower() == "include" else (line, "")
        lines.append(inner)
        missing = missing or lost
    return "\n".join(lines), missing


def _of_conf(text: str) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _, value = line.strip().partition(" ")
        if name and not name.startswith("#"):
            said.setdefault(name.lower(), []).extend(value.replace('""', "").replace("''", "").split() or [""])
    return said


def service_of(
    excerpt: Any, names: tuple[str, ...], said: Mapping[str, Sequence[str]], unread: str, *, in_memory: bool = False
) -> BrokerService:
    """The server that these options make; `in_memory`: the folder of its data does not outlive it."""
    last = {name: interpolated(values[-1]) if values else "" for name, values in said.items()}
    policy, memory = last.get("maxmemory-policy", ""), last.get("maxmemory", "")
    saves = "save" not in said or any(said["save"])
    journal = last.get("appendonly", "no").lower() not in _NO
    forgets = in_memory or (not saves and not journal and not unread)
    # Dragonfly's own way to evict any key.
    if last.get("cache-mode", "").lower() not in _NO:
        policy = "allkeys (cache_mode)"
    unread = unread or next((f"`{v}`, qui règle le serveur, n'est pas donné" for v in (policy,) if "$" in v), "")
    return BrokerService("", excerpt, tuple(dict.fromkeys(names)), policy.lower(), memory, False, forgets, unread)
