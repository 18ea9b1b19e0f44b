"""What a fault is, wherever its lines move: the identity by which two journals are compared."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

Journal = Mapping[str, Any]


def fingerprints(problem: Journal) -> dict[str, str]:
    """One fingerprint a place of a problem, with its `path:line`; one with no place for what has none.

    It holds the rule, the file, the quoted text where there is one, and which of several alike it is; not the line.
    """
    places = problem.get("places") or [f"{e['path']}:{e['first_line']}" for e in problem["situation"]]
    quoted = {f"{e['path']}:{e['first_line']}": e["text"] for e in problem["situation"]}
    if not places:
        return {_digest(problem["rule"], problem["title"]): ""}
    seen: Counter[tuple[str, str]] = Counter()
    found = {}
    for place in places:
        path, text = place.rpartition(":")[0], " ".join(quoted.get(place, "").split())
        found[_digest(problem["rule"], path, text, str(seen[path, text]))] = place
        seen[path, text] += 1
    return found


def known(journal: Journal) -> frozenset[str]:
    """All that a journal already holds."""
    return frozenset(f for problem in journal["problems"] for f in fingerprints(problem))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def in_order(places: Iterable[str]) -> list[str]:
    """Each `path:line`, the files as they come and the lines of one file as they follow each other."""
    found = list(places)
    files = list(dict.fromkeys(place.rpartition(":")[0] for place in found))

    def rank(place: str) -> tuple[int, int]:
        path, _, line = place.rpartition(":")
        return files.index(path), int(line) if line.isdigit() else 0

    return sorted(found, key=rank)
