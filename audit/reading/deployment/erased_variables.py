"""Whether a variable of a process's environment is taken away before the process starts."""

import re
from collections.abc import Iterable, Iterator
from posixpath import basename

from audit.reading.deployment.file_references import Around

_SOURCED = re.compile(r"(?m)(?:^|[;&|]|\bthen\b|\bdo\b)\s*(?:\.|source)\s+[\"']?([^\s;&|\"']+)")
# Commands that may start another environment, as the machine decides.
_RESETS = re.compile(
    r"\bsudo\b(?![^\n;&|]*(?:\s-\w*E|--preserve-env))|\bsu\s+(?:-\s|-l|--login)|\brunuser\s+(?:-\s|-l|--login)"
)


def final_value(name: str, texts: Iterable[str], around: Around) -> str | None:
    """What the last of these texts to speak of a variable leaves it: a value, empty where it is erased, `$` where that is not known.

    None where none erases it. The texts come from the outermost script to the command itself; files that they source are read.
    """
    value, erased = "", False
    event = _events(name)
    for text in (part for whole in texts for part in _with_sourced(whole, around)):
        for found in event.finditer(text):
            line = text[text.rfind("\n", 0, found.start()) + 1 : found.end()]
            sure = not re.match(r"\s", line) and not re.search(r"&&|\|\||\b(if|then|else|case)\b|\)\s", line)
            if found.group("value") is not None:
                value = found.group("value")
            else:
                value, erased = ("" if sure else "$"), True
        if _RESETS.search(text):
            value, erased = "$", True
    return value if erased else None


def _events(name: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?m)(?<![#\w])(?:unset\s(?:[^\n;&|#]*\s)?{name}\b"
        rf"|env\s(?:[^\n;&|]*\s)?(?:-u\s*|--unset[=\s]){name}\b"
        rf"|env\s+(?:-\s|-i\b|--ignore-environment)"
        rf"|(?:export\s+-n|declare\s+\+x|typeset\s+\+x)\s+{name}\b"
        rf"|exec\s+-\w*c\w*\s"
        rf"|{name}=[\"']?(?P<value>[^\s\"';&|]*))"
    )


def _with_sourced(text: str, around: Around) -> Iterator[str]:
    """The text, each file that it sources in its place before what follows."""
    at = 0
    for found in _SOURCED.finditer(text):
        alike = [p for p in around.tree.paths if basename(p) == basename(found.group(1))]
        source = around.source(alike[0]) if len(alike) == 1 else None
        if source:
            yield text[at : found.start()]
            yield source.text
            at = found.end()
    yield text[at:]
