"""Commands and variables that tell a program of others to verify nothing: `curl -k`, `GIT_SSL_NO_VERIFY`, an option of LDAP."""

import ast
import re
from collections.abc import Iterator

from audit.model.word_tables import word_list
from audit.reading.behaviour.scope import Scope, last

WORDS = word_list("curl wget sslVerify SSL_NO_VERIFY OPT_X_TLS SSL_VERIFY HTTPSVERIFY TLS_REJECT _TLS_VERIFY")
_RUNNING = frozenset(
    {"run", "call", "check_call", "check_output", "Popen", "getoutput", "getstatusoutput", "system", "popen"}
    | {"create_subprocess_exec", "create_subprocess_shell", "local", "sudo", "execute"}
)
_FLAGS = (
    re.compile(
        r"(?:^|[/\s])curl\b(?:.*?\s)(?P<flag>--insecure|--proxy-insecure|-[a-zA-Z]*k[a-zA-Z]*)(?=\s|$)", re.DOTALL
    ),
    re.compile(r"(?:^|[/\s])wget\b.*?\s(?P<flag>--no-check-certificate)(?=\s|$)", re.DOTALL),
    re.compile(r"(?P<flag>http(?:\.\S+)?\.sslVerify[= ](?:false|0|no)\b)", re.IGNORECASE),
    re.compile(r"(?P<flag>GIT_SSL_NO_VERIFY=(?:1|true)\b)"),
)
_OFF = {
    "GIT_SSL_NO_VERIFY": ("1", "true"),
    "PYTHONHTTPSVERIFY": ("0",),
    "NODE_TLS_REJECT_UNAUTHORIZED": ("0",),
    "CURL_CA_BUNDLE": ("",),
    "REQUESTS_CA_BUNDLE": ("",),
}
_LDAP = ("OPT_X_TLS_NEVER", "OPT_X_TLS_ALLOW")
_CURL_OPTIONS = ("SSL_VERIFYPEER", "SSL_VERIFYHOST")


def unverified_commands(scope: Scope) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Each place that tells so, with the words that do."""
    for call in scope.calls:
        if last(call.func) in _RUNNING and call.args and (flag := _flag(scope, call)):
            yield call, flag
        elif last(call.func) == "setopt" and len(call.args) == 2 and _is_off(call):
            yield call, f"{last(call.args[0])}=0"
        elif last(call.func) in {"setdefault", "putenv"} and len(call.args) == 2:
            yield from _variable(call, *call.args)
        else:
            yield from (
                (call, told) for k in call.keywords for _, told in _variable(call, ast.Constant(k.arg), k.value)
            )
    yield from _entries(scope)
    names: list[ast.Attribute | ast.Name] = [*scope.all(ast.Attribute), *scope.all(ast.Name)]
    for node in names:
        read = isinstance(node.ctx, ast.Load) and not isinstance(scope.parents.get(node), ast.Compare)
        if read and last(node) in _LDAP:
            yield node, last(node)


def _entries(scope: Scope) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Variables set one by one, or among the entries of a dictionary."""
    for assign in scope.all(ast.Assign):
        for target in assign.targets:
            if isinstance(target, ast.Subscript):
                yield from _variable(assign, target.slice, assign.value)
    for dictionary in scope.all(ast.Dict):
        for key, value in zip(dictionary.keys, dictionary.values, strict=True):
            yield from _variable(value, key, value)


def _is_off(call: ast.Call) -> bool:
    value = call.args[1]
    return last(call.args[0]) in _CURL_OPTIONS and isinstance(value, ast.Constant) and not value.value


def _variable(
    node: ast.expr | ast.stmt, name: ast.expr | None, value: ast.expr
) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    key = str(getattr(name, "value", ""))
    given = value.value if isinstance(value, ast.Constant) else None
    if isinstance(given, str | int) and str(given).lower() in _OFF.get(key, ()):
        yield node, f"{key}={given}"


def _flag(scope: Scope, call: ast.Call) -> str:
    words = " ".join(word for argument in call.args for word in _words(scope, argument))
    found = next((m for pattern in _FLAGS if (m := pattern.search(words))), None)
    return found["flag"] if found else ""


def _words(scope: Scope, node: ast.expr) -> Iterator[str]:
    """The words of a command; what is not known is one sign that no command has. Those that are added later count."""
    made = scope.given(node)
    if isinstance(made, ast.List | ast.Tuple):
        for one in made.elts:
            yield from _words(scope, one.value if isinstance(one, ast.Starred) else one)
    elif isinstance(made, ast.BinOp):
        yield from (*_words(scope, made.left), *_words(scope, made.right))
    elif isinstance(made, ast.IfExp):
        yield from (*_words(scope, made.body), *_words(scope, made.orelse))
    elif isinstance(made, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in made.values)
    elif (
        isinstance(made, ast.Call)
        and last(made.func) in {"split", "format", "join"}
        and isinstance(made.func, ast.Attribute)
    ):
        yield from _words(scope, made.func.value)
        yield from (word for argument in made.args for word in _words(scope, argument))
    else:
        value = scope.value(made)
        parts = value if isinstance(value, list | tuple) else [value]
        yield from (part if isinstance(part, str) else "\0" for part in parts)
    if isinstance(node, ast.Name):
        for call in scope.calls:
            receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
            if (
                isinstance(receiver, ast.Name)
                and receiver.id == node.id
                and last(call.func) in {"append", "extend", "insert"}
            ):
                yield from (word for argument in call.args for word in _words(scope, argument))
        yield from (w for a in scope.all(ast.AugAssign) if last(a.target) == node.id for w in _words(scope, a.value))
