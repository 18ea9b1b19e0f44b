"""Requests that libraries other than HTTP clients send: of the standard library, readers of data, sessions over requests, curl."""

import ast
import re
import shlex
from collections.abc import Iterator

from audit.model.observations.waits import RequestWithoutTimeout, RequestWithTimeout
from audit.model.word_tables import word_list, word_set
from audit.reading.behaviour.scope import Scope, keyword, last

WORDS = word_list("""
    urlretrieve build_opener ServerProxy feedparser curl read_csv read_json read_html read_excel read_xml read_table
    read_parquet requests_ cloudscraper mechanize MechanicalSoup mechanicalsoup twilio
""")
# What can be given no limit, or is given none here.
_WAITING = word_set("urllib.request.urlretrieve xmlrpc.client.ServerProxy feedparser.parse twilio.rest.Client")
_OVER_REQUESTS = word_list("""
    requests_oauthlib. requests_html. requests_toolbelt. requests_cache. requests_futures. cloudscraper. mechanicalsoup.
""")
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request"})
_READERS = re.compile(r"^(pandas|polars|geopandas)\.read_(csv|json|html|excel|xml|table|parquet|file)$")
_BOUNDS = re.compile(r"^(-m|--max-time|--max-time=.*|-\w*m\d+)$")


def fetching_calls(scope: Scope) -> Iterator[RequestWithTimeout | RequestWithoutTimeout]:
    """RequestWithTimeout, RequestWithoutTimeout: each call that fetches over HTTP by other means than an HTTP client."""
    for call in scope.calls:
        dotted = scope.external(call.func)
        limited = (
            _of_a_command(scope, call, dotted)
            if dotted.startswith(("subprocess.", "os."))
            else _of_a_library(scope, call, dotted)
        )
        if limited:
            yield scope.observed(RequestWithTimeout, call)
        elif limited is not None:
            yield scope.observed(RequestWithoutTimeout, call, library=dotted.partition(".")[0])


def _of_a_library(scope: Scope, call: ast.Call, dotted: str) -> bool | None:
    """Whether a request of a library ends by itself; None for what sends none."""
    if dotted in _WAITING:
        # A client of its own may have one.
        return None if keyword(call, "http_client") or keyword(call, "transport") else False
    if dotted.startswith(_OVER_REQUESTS) and last(call.func) in _VERBS:
        return _has_timeout(scope, call)
    if dotted.startswith("urllib.request.") and last(call.func) == "open":
        return len(call.args) > 2 or _has_timeout(scope, call)
    if _READERS.match(dotted) and call.args:
        address = scope.value(call.args[0])
        return False if isinstance(address, str) and address.startswith(("http://", "https://", "ftp://")) else None
    return None


def _of_a_command(scope: Scope, call: ast.Call, dotted: str) -> bool | None:
    """Whether a curl that a process runs ends by itself."""
    given = call.args[0] if call.args else keyword(call, "args")
    parts = given.elts if isinstance(given, ast.List | ast.Tuple) else [given] if given is not None else []
    words: list[str] = []
    for part in parts:
        value = scope.value(part)
        words += (_split(value) if len(parts) == 1 else [value]) if isinstance(value, str) else ["?"]
    if not words or words[0].rpartition("/")[2] != "curl":
        return None
    return any(map(_BOUNDS.match, words)) or (dotted.startswith("subprocess.") and _has_timeout(scope, call))


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def _has_timeout(scope: Scope, call: ast.Call) -> bool:
    timeout = keyword(call, "timeout")
    return timeout is not None and scope.value(timeout) is not None
