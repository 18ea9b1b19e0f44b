"""Waivers written as a comment on the line they accept: `# audit: accept RULE until=2027-03-31 by=NAME reason="why"`."""

import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from audit.target.digest import counted
from audit.target.waivers import RULE_ID, SHORTEST_REASON, Waiver, WaiverError

_ASKED = re.compile(r"#+\s*audit:\s*accept\b(?P<rest>.*)")
_PAIR = re.compile(r"(?P<key>\w+)=(?:\"(?P<quoted>[^\"]*)\"|(?P<bare>\S+))")
_KEYS = {"until": "until", "by": "who", "reason": "reason"}
_LARGEST_BYTES = 2 << 20


@dataclass(frozen=True)
class Misread:
    """A comment that asks for a waiver and does not say what it must: it accepts nothing."""

    place: str
    why: str


def line_waivers(root: Path, exclude: Sequence[str] = ()) -> tuple[tuple[Waiver, ...], tuple[Misread, ...]]:
    """The waivers of all comments in the files that count in the digest, and those that could not be read."""
    waivers: list[Waiver] = []
    misread: list[Misread] = []
    for path in _paths(root, exclude):
        for line, rest in _comments(path, _text(root / path)):
            try:
                waivers.append(_waiver(path, line, rest))
            except WaiverError as error:
                misread.append(Misread(f"{path}:{line}", str(error)))
    return tuple(waivers), tuple(misread)


def _paths(root: Path, exclude: Sequence[str]) -> list[str]:
    """The files that count; none below a root that cannot be listed, which the probes tell of."""
    try:
        return sorted(counted(root, exclude))
    except OSError:
        return []


def _text(path: Path) -> str:
    """The text of a file that may ask for a waiver; empty for any other."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST_BYTES:
            return ""
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
    return text if _ASKED.search(text) else ""


def _comments(path: str, text: str) -> Iterator[tuple[int, str]]:
    """Each such comment, with the line that it accepts: its own, or the next line of code where it stands alone."""
    lines = text.splitlines()
    for number, comment in _python_comments(text) if path.endswith((".py", ".pyi")) else _other_comments(lines):
        if found := _ASKED.match(comment):
            alone = lines[number - 1].lstrip().startswith("#")
            yield (_next_line(lines, number) if alone else number), found["rest"]


def _python_comments(text: str) -> Iterator[tuple[int, str]]:
    """Comments only: what a string holds is no comment. None of a text that is not Python."""
    try:
        tokens = [*tokenize.generate_tokens(io.StringIO(text).readline)]
    except (tokenize.TokenError, SyntaxError):
        return
    yield from ((token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT)


def _other_comments(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, 1):
        found = re.search(r"(?:^|\s)(#.*)", line)
        # Inside of quotes, it is no comment.
        if found and all(line[: found.start(1)].count(quote) % 2 == 0 for quote in "\"'"):
            yield number, found.group(1)


def _next_line(lines: Sequence[str], number: int) -> int:
    """The number of the first line after this one that is neither empty nor a comment; this one when there is none."""
    after = enumerate(lines[number:], number + 1)
    return next((n for n, line in after if line.strip() and not line.lstrip().startswith("#")), number)


def _waiver(path: str, line: int, rest: str) -> Waiver:
    rule, _, told = rest.strip().partition(" ")
    if not RULE_ID.fullmatch(rule):
        raise WaiverError("il faut le nom d'une règle, comme `late-acknowledgement`")
    pairs = {found["key"]: found["quoted"] or found["bare"] or "" for found in _PAIR.finditer(told)}
    if unknown := sorted(pairs.keys() - _KEYS.keys()):
        raise WaiverError(f"clé inconnue `{unknown[0]}` (attendues : until, by, reason)")
    if missing := [key for key in _KEYS if not pairs.get(key)]:
        raise WaiverError(f"`{missing[0]}` manque")
    try:
        until = date.fromisoformat(pairs["until"])
    except ValueError as error:
        raise WaiverError("`until` n'est pas un jour, comme 2027-03-31") from error
    if len(pairs["reason"]) < SHORTEST_REASON:
        raise WaiverError("`reason` doit dire pourquoi, en quelques mots")
    return Waiver(rule, path, pairs["reason"], pairs["by"], until, line)
