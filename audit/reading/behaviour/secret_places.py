"""Where a program gives a value to a name that may be a secret's, or to a call that asks for a secret."""

import ast
import re
from collections.abc import Iterator, Sequence

from audit.reading.behaviour.literal_texts import Place, as_text, default_read
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.python.child_nodes import walk

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
# Calls that take a secret by its place, and what it is.
_KEYS = {
    "jwt.encode": (1, "secret_key"),
    "jwt.decode": (1, "secret_key"),
    "jose.jwt.encode": (1, "secret_key"),
    "jose.jwt.decode": (1, "secret_key"),
    "hmac.new": (0, "secret_key"),
    "hmac.digest": (0, "secret_key"),
    "cryptography.fernet.Fernet": (0, "secret_key"),
    "requests.auth.HTTPBasicAuth": (1, "password"),
    "requests.auth.HTTPDigestAuth": (1, "password"),
    "httpx.BasicAuth": (1, "password"),
    "aiohttp.BasicAuth": (1, "password"),
}
_SIGNER = re.compile(r"^itsdangerous\.(?:\w+\.)*\w*(?:Signer|Serializer)$")
_LOGINS = re.compile(r"^(?:smtplib|imaplib|ftplib|poplib|nntplib)\.")
_PAIR = 2


def given(scope: Scope) -> Iterator[tuple[str, ast.expr, Place]]:
    """Names of any kind, with the expression each is given, and where."""
    yield from ((name, value, _own_place(scope, value)) for name, value in _assigned(scope))
    yield from ((name, value, Place.LISTED) for name, value in _parameters(scope.root))
    for call in (*scope.calls, *(n for n in signature(scope.root) if isinstance(n, ast.Call))):
        yield from ((k.arg, k.value, Place.LISTED) for k in call.keywords if k.arg)
        if read := default_read(call):
            yield (*read, Place.DEFAULT)
        yield from ((name, value, Place.LISTED) for name, value in _asked(scope, call))
    for dictionary in scope.all(ast.Dict):
        for key, value in zip(dictionary.keys, dictionary.values, strict=True):
            yield str(getattr(key, "value", "")), value, Place.LISTED


def signature(root: ast.AST) -> Iterator[ast.AST]:
    """What a function's decorators, and the defaults of its parameters, are made of."""
    if isinstance(root, ast.FunctionDef | ast.AsyncFunctionDef):
        written = [*root.decorator_list, *root.args.defaults, *filter(None, root.args.kw_defaults)]
        yield from (n for one in written for n in walk(one))


def _assigned(scope: Scope) -> Iterator[tuple[str, ast.expr]]:
    for assign in scope.all(ast.Assign):
        for target in assign.targets:
            yield from _pairs(target, assign.value)
    written: list[ast.AnnAssign | ast.NamedExpr] = [*scope.all(ast.AnnAssign), *scope.all(ast.NamedExpr)]
    for annotated in written:
        if annotated.value is not None:
            yield last(annotated.target), annotated.value


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
        for one, given_to in zip(target.elts, value.elts, strict=False):
            yield from _pairs(one, given_to)
    elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        yield str(target.slice.value), value
    else:
        yield last(target), value


def _own_place(scope: Scope, value: ast.expr) -> Place:
    """Whether a value is given by itself, or for want of another: under `if not KEY`, after an error."""
    for holder in scope.around(value):
        if isinstance(holder, ast.ExceptHandler):
            return Place.INSTEAD
        if isinstance(holder, ast.If) and isinstance(holder.test, ast.UnaryOp | ast.Compare):
            return Place.INSTEAD
    return Place.INSTEAD if isinstance(value, ast.BoolOp | ast.IfExp) else Place.OWN


def _parameters(root: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """What a function takes where a call gives nothing."""
    if isinstance(root, _FUNCTIONS):
        spec = root.args
        plain = [*spec.posonlyargs, *spec.args]
        pairs: Sequence[tuple[ast.arg, ast.expr | None]] = [
            *zip(reversed(plain), reversed(spec.defaults), strict=False),
            *zip(spec.kwonlyargs, spec.kw_defaults, strict=True),
        ]
        yield from ((parameter.arg, default) for parameter, default in pairs if default is not None)


def _asked(scope: Scope, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """What a call asks for by its place: a key that signs, a password."""
    if last(call.func) == "setattr" and len(call.args) > _PAIR:
        yield as_text(call.args[1]), call.args[2]
    login = keyword(call, "auth")
    if isinstance(login, ast.Tuple) and len(login.elts) == _PAIR:
        yield "password", login.elts[1]
    if not any(as_text(argument) for argument in call.args[:_PAIR]):
        return
    name = scope.external(call.func)
    place, what = (0, "secret_key") if _SIGNER.match(name) else _KEYS.get(name, (-1, ""))
    if last(call.func) == "login" and _LOGINS.match(name):
        place, what = 1, "password"
    if 0 <= place < len(call.args):
        yield what, call.args[place]
