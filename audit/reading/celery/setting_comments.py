"""The comment by which its author explains a setting: at the end of its lines, or just above them."""

import io
import re
import tokenize

# What tools read, what is left to do, and code put aside: none of it explains a value.
_NO_REASON = re.compile(r"(?i)^#+:?\s*(noqa|type:|pragma|nosec|pylint|fmt:|todo|fixme|xxx|hack|[\w.]+\s*[=(])")
_WORD = re.compile(r"[^\W\d_]{2,}")
# A comment above may be the title of what follows: it explains only where it gives a reason.
_REASON = re.compile(
    r"(?i)\b(because|since|otherwise|so that|so we|avoid\w*|prevent\w*|not|never|must|instead|would|don't|can't|without|"
    r"accept\w*|parce|car|sinon|éviter|évite\w*|afin|pour que|ne|n'|jamais|sans|préfér\w*)"
)
_BESIDE, _ABOVE = 3, 4


def comment_of(lines: list[str], first: int, last: int) -> str:
    """The explanation of what is written on these lines, counted from 1; empty where there is none."""
    beside = " ".join(filter(None, (_at_the_end(line) for line in lines[first - 1 : last])))
    if _explains(beside, _BESIDE):
        return beside
    above: list[str] = []
    for line in reversed(lines[: first - 1]):
        if not line.lstrip().startswith("#"):
            break
        above.insert(0, line.strip())
    told = " ".join(above)
    return told if _explains(told, _ABOVE) and _REASON.search(told) else ""


def _explains(comment: str, words: int) -> bool:
    return not _NO_REASON.match(comment) and len(_WORD.findall(comment)) >= words


def _at_the_end(line: str) -> str:
    found = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(line.strip() + "\n").readline):
            found = token.string if token.type == tokenize.COMMENT else found
    except (tokenize.TokenError, IndentationError):
        pass  # the line opens a bracket that others close: what was seen before the end of the line counts
    return found
