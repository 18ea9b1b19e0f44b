"""Secrets written in full in the code. No observation quotes the secret itself."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.observation import Observation
from audit.model.observations.secrets_and_certificates import HardcodedSecret
from audit.model.secret_masking import is_secret
from audit.reading.behaviour.scope import Scope, last

# What a secret may be called, in small letters: a word of each name that `is_secret` knows.
_WORDS = (
    "passw",
    "passphrase",
    "secret",
    "token",
    "credential",
    "authorization",
    "security_key",
    "api",
    "access",
    "account",
    "private",
    "role",
)
_PREFIXES = ("sk_live_", "rk_live_", "ghp_", "gho_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "xoxa-", "akia", "aiza")
_GIVEN = re.compile(
    r"(?:passw|passphrase|secret|token|credential|authorization|key)\w*[\"']?\]?\s*(?::[^=\n\"']{1,60})?[=:,]\s*(?:[\w.]+\(\s*)?[rbf]?[\"'][^\"'\s]{6}"
)
_LOGIN = re.compile(r"://[^\s:/@\"']*:[^\s@/\"']+@")
_URL = re.compile(r"^[a-z][a-z0-9+.\-]*://[^\s:/@]*:(?P<password>[^\s@/{}$]+)@(?P<host>[^\s:/?]+)", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"(?i)change|example|exemple|your|votre|xxx|dummy|placeholder|sample|fake|mock|todo|none|null|default|insert|"
    r"replace|redacted|test|demo|<|>|\$|\{|\*\*\*|\.\.\.|^password\d*$|^secret\d*$|^guest$|^masterkey$|^postgres$|^admin$|^root$"
)
_KNOWN = re.compile(r"^(sk_live_|rk_live_|ghp_|gho_|github_pat_|glpat-|xox[abps]-|AKIA|AIza|SG\.|eyJ)[\w\-.]{10,}")
# Names of secrets' names, headers and addresses rather than of secrets.
_ABOUT = re.compile(
    r"(?i)(header|field|param|name|url|uri|path|file|prefix|type|env|label|title|length|ttl|scheme|regex)s?$"
)
# An identifier, the name of a file, a masked value.
_NO_SECRET = re.compile(
    r"(?i)^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$|\.(?:json|ya?ml|toml|pem|key|crt|txt|env|ini|p12)$|[*•x]{4}"
)
# A class of settings for development or tests holds no secret of anybody.
_ASIDE = re.compile(r"(?:Dev(?:elopment)?|Test(?:s|ing)?|Local|Sandbox|Mock|Fake)(?![a-z])")
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
# Beside the application, in the same composition: a word there is no secret, a generated password is.
_BESIDE = frozenset({"db", "redis", "rabbitmq", "postgres", "broker"})
_GENERATED = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d).{10,}")


def may_hold_a_secret(text: str) -> bool:
    """Whether a module is worth a walk: a cheap look at its text."""
    small = text.lower()
    if "://" in small and _LOGIN.search(small):
        return True
    if any(prefix in small for prefix in _PREFIXES):
        return True
    return any(word in small for word in _WORDS) and _GIVEN.search(small) is not None


def literal_secrets(scope: Scope) -> Iterator[Observation]:
    """HardcodedSecret: a name that speaks of a secret given a literal that looks like one, or a URL with a password."""
    for name, given in _given(scope):
        node = _wrapped(given)
        # Inside a function, `secret="…"` alone is as often a sample as a secret.
        if scope.symbol and name in {"secret", "token"} and not _KNOWN.match(str(getattr(node, "value", ""))):
            continue
        if _in_a_class_aside(scope, node):
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_literal_secret(name, node.value):
            yield _hidden(scope, node, f"`{name}`")
    for constant in scope.all(ast.Constant):
        if isinstance(constant.value, str) and "://" in constant.value and _url_has_password(constant.value):
            yield _hidden(scope, constant, "une adresse avec son mot de passe")


def _wrapped(node: ast.expr) -> ast.expr:
    """The literal inside `SecretStr("…")`, or the node itself."""
    wraps = isinstance(node, ast.Call) and last(node.func) in {"SecretStr", "SecretBytes", "Secret", "str", "Field"}
    return node.args[0] if wraps and isinstance(node, ast.Call) and len(node.args) == 1 else node


def _in_a_class_aside(scope: Scope, node: ast.expr) -> bool:
    return any(isinstance(one, ast.ClassDef) and _ASIDE.search(one.name) for one in scope.around(node))


def _given(scope: Scope) -> Iterator[tuple[str, ast.expr]]:
    """Names of any kind, with the expression each is given."""
    yield from _assigned(scope)
    for call in scope.calls:
        yield from ((k.arg, k.value) for k in call.keywords if k.arg)
        if last(call.func) in {"getenv", "get", "setdefault", "config", "env"} and len(call.args) == 2:
            yield str(getattr(call.args[0], "value", "")), call.args[1]
    for dictionary in scope.all(ast.Dict):
        for key, value in zip(dictionary.keys, dictionary.values, strict=True):
            yield str(getattr(key, "value", "")), value


def _assigned(scope: Scope) -> Iterator[tuple[str, ast.expr]]:
    for assign in scope.all(ast.Assign):
        for target in assign.targets:
            name = (
                target.slice.value
                if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant)
                else last(target)
            )
            yield str(name), assign.value
    for annotated in scope.all(ast.AnnAssign):
        if annotated.value is not None:
            yield last(annotated.target), annotated.value


def _is_literal_secret(name: str, value: str) -> bool:
    if _KNOWN.match(value):
        return not _NO_SECRET.search(value)
    if _NO_SECRET.search(value):
        return False
    if not is_secret(name) or _ABOUT.search(name) or _PLACEHOLDER.search(value) or not value.isprintable():
        return False
    if " " in value or "://" in value or value.startswith(("/", "X-", "x-")):
        return False
    mixed = bool(re.search(r"\d", value)) and bool(re.search(r"[A-Za-z]", value))
    if re.search(r"(?i)passw", name):
        return len(value) >= 6 and bool(re.search(r"[\d\W]", value))
    return len(value) >= 16 and mixed


def _url_has_password(text: str) -> bool:
    found = _URL.match(text)
    if not found or found["host"].lower() in _LOCAL:
        return False
    if found["host"].lower() in _BESIDE and not _GENERATED.match(found["password"]):
        return False
    return not _PLACEHOLDER.search(found["password"]) and "example" not in found["host"]


def _hidden(scope: Scope, node: ast.expr, what: str) -> HardcodedSecret:
    return HardcodedSecret(scope.symbol, None, what, scope.module.source.path, node.lineno)
