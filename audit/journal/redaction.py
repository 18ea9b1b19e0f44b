"""Secrets that a target's files write in full, hidden before a journal quotes those files."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from audit.model.secret_masking import HIDDEN_NAMES, MASK

# Bounded so that a name is searched once from its beginning: no line takes quadratic time.
_WORD = rf"(?<![\w-])(?=[\w-]*?(?:{HIDDEN_NAMES}))[\w-]++"
# An f-string that only takes a variable shows nothing.
_VARIABLE = r"(?!(?:(?:Bearer|Basic|Token) )?\{[^{}\"'\n]*\}[\"'])"
_LITERAL = rf"(?P<quote>[\"']){_VARIABLE}(?:\\.|(?!(?P=quote))[^\\\n])+(?=(?P=quote))"
_TO_END = r"(?![\"'$*&{\[|>!#]|\$)[^\s#][^\n#]*"

_ANYWHERE = (
    # The password of a URL, which may hold an at sign.
    re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]*+://[^\s:/@\"']*+:)(?:(?!://)[^\s\"'])+(?=@)", re.IGNORECASE),
    # A parameter of a URL.
    re.compile(rf"(?P<keep>[?&](?=[\w-]*?(?:{HIDDEN_NAMES}))[\w-]++=)[^\s\"'&#{{$<]+", re.IGNORECASE),
    # A literal beside the name, annotated or not, or under a key.
    re.compile(
        rf"(?P<keep>{_WORD}[\"']?\s*+(?::[\w.\[\], |]{{1,60}})?[=:]\s*+(?:[rbfu]{{1,2}}(?=[\"']))?){_LITERAL}",
        re.IGNORECASE,
    ),
    # The default given to getenv, beside the name.
    re.compile(rf"(?P<keep>\bget(?:env)?\(\s*[\"']{_WORD}[\"']\s*,\s*){_LITERAL}", re.IGNORECASE),
    # The default of a shell variable.
    re.compile(rf"(?P<keep>\$\{{(?=\w*?(?:{HIDDEN_NAMES}))\w++:?[-=])[^\s\"'}}]+", re.IGNORECASE),
    # The assignment of a shell, unless it takes a variable; in capitals, or it would be an argument of Python.
    re.compile(rf"(?P<keep>\b(?=[A-Z0-9_]*?(?:{HIDDEN_NAMES.upper()}))[A-Z0-9_]++=)[^\s\"'$`;&|(=]++"),
    # What an HTTP header carries.
    re.compile(r"(?P<keep>\b(?:Bearer|Basic)\s+)(?=[\w.~+/-]*\d)[\w.~+/-]{8,}=*"),
)
_NOT_PYTHON = (
    # An unquoted value of YAML, or of an ini file with spaces.
    re.compile(
        rf"(?P<keep>^[ \t]*+(?:-[ \t]+)?+[\"']?{_WORD}[\"']?[ \t]*+[:=][ \t]+){_TO_END}", re.IGNORECASE | re.MULTILINE
    ),
    # A name and its value on following lines, in either order.
    re.compile(
        rf"(?P<keep>\b(?:key|name):[ \t]*+[\"']?{_WORD}[\"']?[ \t]*+\n[ \t]*+value:[ \t]*+[\"']?)(?![$*&{{\"'])[^\s\"'#][^\n\"'#]*",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?P<keep>\bvalue:[ \t]*+[\"']?)(?![$*&{{\"'])[^\s\"'#][^\n\"'#]*(?=[\"']?[ \t]*+\n[ \t]*+(?:key|name):[ \t]*+[\"']?{_WORD})",
        re.IGNORECASE,
    ),
    # An assignment in small letters, and an option.
    re.compile(rf"(?P<keep>{_WORD}=)[^\s\"'$`;&|(=]++", re.IGNORECASE),
    re.compile(rf"(?P<keep>(?<!\S)--(?=[\w-]*?(?:{HIDDEN_NAMES}))[\w-]++ )(?!-)[^\s\"'$`;&|(]++", re.IGNORECASE),
)


def redacted(value: Any, language: str = "python") -> Any:
    """The same document with passwords in URLs and literal secrets replaced by `***`, quoted files after their language."""
    if isinstance(value, str):
        for pattern in _ANYWHERE if language == "python" else (*_ANYWHERE, *_NOT_PYTHON):
            value = pattern.sub(lambda m: f"{m['keep']}{m.groupdict().get('quote') or ''}{MASK}", value)
        return value
    if isinstance(value, Mapping):
        return {k: redacted(v, _language(k, value)) for k, v in value.items()}
    if isinstance(value, Sequence):
        return [redacted(v) for v in value]
    return value


def _language(key: str, document: Mapping[str, Any]) -> str:
    """The language a text is quoted in; prose follows the rules of Python, the narrower ones."""
    return str(document.get("language", "python")) if key == "text" else "python"
