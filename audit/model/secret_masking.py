"""Secrets of a target, hidden before anything is kept or shown."""

import re
from collections.abc import Mapping
from typing import Any

MASK = "***"

HIDDEN_NAMES = (
    r"passw(?:or)?d|passphrase|secret|token|credentials?|authorization|security_key"
    r"|(?:api|access|account|private|role|sign(?:ing)?|encryption|hmac|shared|master|fernet|cipher|webhook|licen[cs]e)[_-]?key|_pwd\b"
)
_NAME = re.compile(HIDDEN_NAMES, re.IGNORECASE)
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*://)(?P<rest>(?:(?![;,|]\s*[A-Za-z][A-Za-z0-9+.\-]*://)[^\s'\"<>])+)"
)
_PAIR = re.compile(
    rf"(?P<name>\w*(?:{HIDDEN_NAMES})\w*)(?P<sign>['\"]?\s*[=:]\s*)(?P<quote>['\"]?)(?P<value>(?:(?:Bearer|Basic)\s+)?[^\s'\"&;,)}}\]]+)",
    re.IGNORECASE,
)
_SHORTEST = 8


class Masker:
    """Hides userinfo of URLs, values beside a secret's name, and the values of the environment's own secrets."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        known = {value for name, value in environ.items() if is_secret(name) and len(value) >= _SHORTEST}
        # The longest first: one secret may contain another.
        self._known = sorted(known, key=lambda value: (-len(value), value))

    def text(self, text: str) -> str:
        """The text without the secrets it shows."""
        for value in self._known:
            text = text.replace(value, MASK)
        text = _URL.sub(_without_userinfo, text)
        return _PAIR.sub(lambda m: f"{m['name']}{m['sign']}{m['quote']}{MASK}", text)

    def value(self, value: Any, name: str = "") -> Any:
        """The JSON value of a setting of this name, at any depth; numbers, booleans and null are no secrets."""
        if isinstance(value, str):
            return MASK if value and is_secret(name) else self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.value(item, key) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item, name) for item in value]
        return value


def is_secret(name: str) -> bool:
    """Whether what bears this name is meant to stay hidden (`redis_password`, `WASSENGER_TOKEN`)."""
    return _NAME.search(name) is not None


def _without_userinfo(match: re.Match[str]) -> str:
    userinfo, at, host = match["rest"].rpartition("@")
    return match["scheme"] + (f"{MASK}@{host}" if at and userinfo else match["rest"])
