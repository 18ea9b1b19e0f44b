"""Where a program gives a value to a name that may be a secret's, or to a call that asks for a secret."""

import ast
import re
from collections.abc import Iterator

from audit.model.word_tables import word_set
from audit.reading.behaviour.called_functions import function_of
from audit.reading.behaviour.literal_texts import Place, as_text, default_read, entry_of, segments
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.python.abstract_values import ClassValue
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute
from audit.reading.python.parameters import defaults_of, placed

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
# Calls that take a secret by its place, and what it is.
_KEYS = {
    **dict.fromkeys(("hmac.new", "hmac.digest", "cryptography.fernet.Fernet", "jwcrypto.jwk.JWK"), (0, "secret_key")),
    **dict.fromkeys(("jwt.encode", "jwt.decode", "jose.jwt.encode", "jose.jwt.decode"), (1, "secret_key")),
    **dict.fromkeys(
        (
            *("requests.auth.HTTPBasicAuth", "requests.auth.HTTPDigestAuth", "httpx.BasicAuth", "httpx.DigestAuth"),
            *("aiohttp.BasicAuth", "pika.PlainCredentials", "pika.credentials.PlainCredentials"),
            *("cassandra.auth.PlainTextAuthProvider", "ldap.simple_bind_s", "requests_ntlm.HttpNtlmAuth"),
        ),
        (1, "password"),
    ),
    **dict.fromkeys(
        (
            *("paramiko.SSHClient.connect", "paramiko.Transport.connect", "ftplib.FTP", "ftplib.FTP_TLS"),
            *("pymysql.connect", "pymysql.connections.Connection", "MySQLdb.connect", "ldap3.Connection"),
            *("sqlalchemy.URL.create", "sqlalchemy.engine.URL.create", "sqlalchemy.engine.url.URL.create"),
        ),
        (2, "password"),
    ),
    **dict.fromkeys(("redis.Redis", "redis.StrictRedis", "pysftp.Connection"), (3, "password")),
    **dict.fromkeys(
        ("telegram.Bot", "github.Github", "slack_sdk.WebClient", "sendgrid.SendGridAPIClient"), (0, "token")
    ),
    **dict.fromkeys(("twilio.rest.Client", "hvac.Client"), (1, "token")),
}
_LAST = frozenset(name.rpartition(".")[2] for name in _KEYS)
_LOGIN_NAME = re.compile(r"(?i)(?:^|_)(?:auth|basicauth|credentials?|creds|login|account|identity)$")
_SECRET_TYPES = frozenset({"SecretStr", "SecretBytes", "Secret"})
_DECODERS = word_set("b64decode urlsafe_b64decode standard_b64decode a2b_base64 unhexlify fromhex b32decode b85decode")
_MIXED = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[^\s/]{6,80}$")
_RANDOM = re.compile(r"(?=(?:\D*\d){3})(?=.*[A-Za-z])[\w\-]{20,}$")
# The texts of an address around the password: what stands before, and what follows.
_BEFORE, _AFTER = re.compile(r"://[^/@\s]*:$"), re.compile(r"@(?!localhost|127\.|\[?::1)")
_SIGNER = re.compile(r"^itsdangerous\.(?:\w+\.)*\w*(?:Signer|Serializer)$")
_LOGINS = re.compile(r"^(?:smtplib|imaplib|ftplib|poplib|nntplib)\.")
_PAIR = 2
_MOST = 8


def given(scope: Scope) -> Iterator[tuple[str, ast.expr, Place]]:
    """Names of any kind, with the expression each is given, and where; of a login, the password that it holds too."""
    for name, value, place in _given(scope):
        yield name, value, place
        if _LOGIN_NAME.search(name):
            pair = list(_spread(scope, value))
            if len(pair) == _PAIR:
                yield "password", pair[1], Place.LISTED


def _given(scope: Scope) -> Iterator[tuple[str, ast.expr, Place]]:
    yield from ((name, value, _own_place(scope, value)) for name, value in _assigned(scope))
    yield from ((name, value, Place.LISTED) for name, value in _parameters(scope.root))
    for call in (*scope.calls, *(n for n in signature(scope.root) if isinstance(n, ast.Call))):
        yield from ((k.arg, k.value, Place.LISTED) for k in call.keywords if k.arg)
        if read := default_read(call):
            yield (*read, Place.DEFAULT)
        yield from ((name, value, Place.LISTED) for name, value in _asked(scope, call))
    yield from ((name, value, Place.LISTED) for name, value in (*_typed(scope), *_in_addresses(scope)))
    if isinstance(scope.root, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from ((scope.root.name, r.value, Place.LISTED) for r in scope.all(ast.Return) if r.value)
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
        yield from defaults_of(root.args).items()


def _asked(scope: Scope, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """What a call asks for by its place: a key that signs, a password."""
    for name in ("headers", "params", "cookies"):
        given_to = keyword(call, name)
        entries = scope.given(given_to) if given_to is not None else None
        if isinstance(entries, ast.Dict):
            yield from (("api_key", v) for k, v in zip(entries.keys, entries.values, strict=True) if _is_a_key(k, v))
    if last(call.func) == "setattr" and len(call.args) > _PAIR:
        yield as_text(call.args[1]), call.args[2]
    yield from _of_own_function(scope, call)
    called = last(call.func)
    signer = called.endswith(("Signer", "Serializer"))
    if called not in _LAST and called != "login" and not signer:
        return
    name = scope.external(call.func)
    place, what = (0, "secret_key") if _SIGNER.match(name) else _KEYS.get(name, (-1, ""))
    if not name:
        place, what = next((_KEYS[one] for one in _KEYS if _is_method_of(scope, called, one)), (-1, ""))
    if called == "login" and _LOGINS.match(name):
        place, what = 1, "password"
    arguments = [one for a in call.args for one in (_spread(scope, a.value) if isinstance(a, ast.Starred) else [a])]
    if 0 <= place < len(arguments):
        yield what, arguments[place]


def _is_a_key(name: ast.expr | None, value: ast.expr) -> bool:
    """Whether what a request is given under this name was generated, and is no version, date or trace."""
    about = re.search(r"(?i)version|agent|accept|type|trace|request|date|etag|range|id$", as_text(name) if name else "")
    return bool(_RANDOM.match(as_text(value))) and (not about or as_text(name or value).lower() == "appid")


def _of_own_function(scope: Scope, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """The names of the parameters that a function of the project takes texts of letters and digits for."""
    if not any(_MIXED.match(as_text(argument)) for argument in call.args):
        return
    called = scope.evaluated(call.func)
    if function := function_of(class_attribute(called, "__init__") if isinstance(called, ClassValue) else called):
        yield from zip(placed(function.node.args), call.args, strict=False)


def _is_method_of(scope: Scope, called: str, dotted: str) -> bool:
    """Whether what is called on an unknown object may be this method, of a library that the module speaks of."""
    library, _, method = dotted.partition(".")
    cls, _, name = method.partition(".")
    # What makes an object is called on its class, which is known.
    return name == called != "create" and library in scope.module.source.text and cls in scope.module.source.text


def _spread(scope: Scope, node: ast.expr) -> Iterator[ast.expr]:
    """What a tuple or a list holds, wherever it is written; nothing where that is not known."""
    default = defaults_of(scope.spec).get(node.id) if isinstance(node, ast.Name) else None
    written = scope.given(default or node)
    if isinstance(written, ast.Tuple | ast.List):
        yield from written.elts
    elif isinstance(value := scope.evaluated(written), tuple | list):
        yield from (entry_of(written, rank) for rank in range(min(len(value), _MOST)))


def _typed(scope: Scope) -> Iterator[tuple[str, ast.expr]]:
    """What a type says to be a secret, or what is decoded from a text."""
    for call in scope.calls:
        if last(call.func) in _SECRET_TYPES and len(call.args) == 1:
            yield "password", call.args[0]
        if last(call.func) in _DECODERS and call.args:
            yield "secret_key", call
    for annotated in scope.all(ast.AnnAssign):
        if annotated.value is not None and any(word in ast.unparse(annotated.annotation) for word in _SECRET_TYPES):
            yield "password", annotated.value


def _in_addresses(scope: Scope) -> Iterator[tuple[str, ast.expr]]:
    """What fills the place of the password in an address."""
    nodes: list[ast.expr] = [*scope.all(ast.JoinedStr), *scope.all(ast.BinOp), *scope.by_name.get("format", ())]
    for node in nodes:
        parts = segments(node)
        before = ""
        for part, after in zip(parts, [*parts[1:], ""], strict=True):
            if isinstance(part, str):
                before += part
                continue
            of_a_login = before == "{}:" and after == "" and part is parts[-1] and _is_encoded(scope, node)
            if of_a_login or (_BEFORE.search(before) and isinstance(after, str) and _AFTER.match(after)):
                yield "password", part
            before += "{}"


def _is_encoded(scope: Scope, node: ast.expr) -> bool:
    """Whether `user:password` is made to be a header."""
    return any(
        isinstance(around, ast.Call) and last(around.func).endswith("b64encode") for around in scope.around(node)
    )
