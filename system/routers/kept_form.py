"""A form that could not be taken because the login had ended, or is another by now: kept in the page, and offered again."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode, urlsplit

from fastapi import Request
from starlette.datastructures import FormData

LOGIN = "/page/login"
# How a login form carries what was typed elsewhere.
PREFIX, ACTION = "kept.", "kept_action"
# Of a page of ours, and of nobody else's.
_OURS = re.compile(r"/(page/[\w/.-]*)?(\?[\w=&%.+-]*)?", re.ASCII)
_NOT_AGAIN = re.compile(r"/page/(login|logout|alive)\b")
_SECRET = frozenset({"password"})


@dataclass(frozen=True)
class KeptForm:
    """Where a form was sent, and its fields but for its token."""

    action: str
    fields: dict[str, str]

    @classmethod
    def of(cls, action: str, form: FormData) -> Self | None:
        """None where nothing may be offered again: a password, or what is not a page's."""
        fields = {name: text for name, text in form.items() if isinstance(text, str) and name != "form_token"}
        if not is_ours(action) or _SECRET & fields.keys():
            return None
        return cls(action, fields)

    @classmethod
    def of_login(cls, form: FormData) -> Self | None:
        """What a login form carries."""
        action = form.get(ACTION)
        if not isinstance(action, str) or not is_ours(action):
            return None
        kept = {name.removeprefix(PREFIX): text for name, text in form.items() if name.startswith(PREFIX)}
        return cls(action, {name: text for name, text in kept.items() if isinstance(text, str)})


def is_ours(address: str) -> bool:
    """Whether one may be led to this address of the page."""
    return _OURS.fullmatch(address) is not None and _NOT_AGAIN.match(address) is None


def comes_from_here(request: Request) -> bool:
    """Whether the browser says that a page of ours sent this."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")


def login_address(request: Request, *, ended: bool) -> str:
    """The login, which says why where a login has `ended`, and leads back to where one was."""
    here = request.headers.get("hx-current-url") or request.headers.get("referer", "")
    if request.method == "GET" and not request.headers.get("hx-request"):
        here = str(request.url)
    parts = urlsplit(here)
    back = parts.path + (f"?{parts.query}" if parts.query else "")
    asked = {"ended": "1"} if ended else {}
    if parts.netloc == request.headers.get("host") and back != "/" and is_ours(back):
        asked["next"] = back
    return f"{LOGIN}?{urlencode(asked)}" if asked else LOGIN
