"""What must not be read in a log: telephone numbers, passwords of URLs, and the secrets of the settings."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

# A task's identifier may hold as many digits as a number; the day of a file's name and a decimal fraction are no number.
_NUMBER = re.compile(
    r"(?P<kept>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})|(?<![\d.])\+?\d{6,13}(?P<end>\d{2})(?!\d)",
    re.ASCII,
)
_PASSWORD = re.compile(r"(?P<scheme>\w+://[^/\s:@]*):[^/\s@]+@", re.ASCII)
HIDDEN = "***"
SHORTEST_SECRET = 6


def masked_text(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with `***` for every secret and password, and telephone numbers reduced to their last two digits."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    text = _PASSWORD.sub(rf"\g<scheme>:{HIDDEN}@", text)
    return _NUMBER.sub(lambda found: found["kept"] or HIDDEN + found["end"], text)


def masked(value: Any, secrets: Iterable[str] = ()) -> Any:
    """The same in every text of a value; what is neither text, number nor a container of them becomes text."""
    if isinstance(value, str):
        return masked_text(value, secrets)
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        text = masked_text(str(value), secrets)
        return value if text == str(value) else text
    if isinstance(value, Mapping):
        return {masked(key, secrets): masked(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(item, secrets) for item in value]
    return masked_text(str(value), secrets)
