"""Secrets written in full in the code. No observation quotes the secret itself."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.observation import Observation
from audit.model.observations.secrets_and_certificates import HardcodedSecret
from audit.reading.behaviour.scope import Scope, last
from audit.reading.behaviour.secret_values import (
    is_literal_secret,
    is_placeholder,
    is_private_key,
    known_shape,
    plain_password,
)

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
# A class of settings for development or tests holds no secret of anybody.
_ASIDE = re.compile(r"(?:Dev(?:elopment)?|Test(?:s|ing)?|Local|Sandbox|Mock|Fake)(?![a-z])")
_FILE_ASIDE = re.compile(r"(?:^|[/_.])(?:dev|devel|development|test|tests|testing|local|sandbox|ci)(?=[/_.])")
_MACHINE = re.compile(r"^[a-z][a-z0-9]*[.\-][a-z0-9.\-]+$|^\d+(?:\.\d+){3}$")
_HOST = re.compile(r"(?i)(?:^|_)(?:host|hostname|server|address)$")
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
# Beside the application, in the same composition: a word there is no secret, a generated password is.
_BESIDE = frozenset({"db", "redis", "rabbitmq", "postgres", "broker"})
_GENERATED = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d).{10,}")


def may_hold_a_secret(text: str) -> bool:
    """Whether a module is worth a walk: a cheap look at its text."""
    small = text.lower()
    if "private key-----" in small:
        return True
    if "://" in small and _LOGIN.search(small):
        return True
    if any(prefix in small for prefix in _PREFIXES):
        return True
    return any(word in small for word in _WORDS) and _GIVEN.search(small) is not None


def literal_secrets(scope: Scope) -> Iterator[Observation]:
    """HardcodedSecret: a name that speaks of a secret given a literal that looks like one, or a URL with a password."""
    own = not scope.symbol and not _FILE_ASIDE.search(scope.module.source.path)
    for name, given, listed in _given(scope):
        node = _wrapped(given)
        # Inside a function, `secret="…"` alone is as often a sample as a secret.
        if scope.symbol and name in {"secret", "token"} and not known_shape(str(getattr(node, "value", ""))):
            continue
        if _in_a_class_aside(scope, node):
            continue
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and (
            is_literal_secret(name, text, own=own and not listed)
            or (plain_password(name, text) and _beside_a_server(scope, given))
        ):
            yield _hidden(scope, node, f"`{name}`")
    for constant in scope.all(ast.Constant):
        if not isinstance(constant.value, str):
            continue
        if "://" in constant.value and _url_has_password(constant.value):
            yield _hidden(scope, constant, "une adresse avec son mot de passe")
        if is_private_key(constant.value):
            yield _hidden(scope, constant, "une clé privée")


def _wrapped(node: ast.expr) -> ast.expr:
    """The literal inside `SecretStr("…")`, or the node itself."""
    wraps = isinstance(node, ast.Call) and last(node.func) in {"SecretStr", "SecretBytes", "Secret", "str", "Field"}
    return node.args[0] if wraps and isinstance(node, ast.Call) and len(node.args) == 1 else node


def _beside_a_server(scope: Scope, given: ast.expr) -> bool:
    """Whether a call or a dictionary gives this password with the host, of another machine, that asks for it."""
    pairs: list[tuple[str, ast.expr]] = []
    for call in scope.calls:
        if any(k.value is given for k in call.keywords):
            pairs += [(k.arg or "", k.value) for k in call.keywords]
    for dictionary in scope.all(ast.Dict):
        if any(value is given for value in dictionary.values):
            pairs += [
                (str(getattr(k, "value", "")), v) for k, v in zip(dictionary.keys, dictionary.values, strict=True)
            ]
    hosts = [getattr(value, "value", None) for name, value in pairs if _HOST.search(name)]
    return any(isinstance(host, str) and _MACHINE.match(host) and host not in _LOCAL for host in hosts)


def _in_a_class_aside(scope: Scope, node: ast.expr) -> bool:
    return any(isinstance(one, ast.ClassDef) and _ASIDE.search(one.name) for one in scope.around(node))


def _given(scope: Scope) -> Iterator[tuple[str, ast.expr, bool]]:
    """Names of any kind, with the expression each is given, and whether it is one of a list: an argument, an entry."""
    yield from ((name, value, False) for name, value in _assigned(scope))
    for call in scope.calls:
        yield from ((k.arg, k.value, True) for k in call.keywords if k.arg)
        if last(call.func) in {"getenv", "get", "setdefault", "config", "env"} and len(call.args) == 2:
            yield str(getattr(call.args[0], "value", "")), call.args[1], False
    for dictionary in scope.all(ast.Dict):
        for key, value in zip(dictionary.keys, dictionary.values, strict=True):
            yield str(getattr(key, "value", "")), value, True


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


def _url_has_password(text: str) -> bool:
    found = _URL.match(text)
    if not found or found["host"].lower() in _LOCAL:
        return False
    if found["host"].lower() in _BESIDE and not _GENERATED.match(found["password"]):
        return False
    return not is_placeholder(found["password"]) and "example" not in found["host"]


def _hidden(scope: Scope, node: ast.expr, what: str) -> HardcodedSecret:
    return HardcodedSecret(scope.symbol, None, what, scope.module.source.path, node.lineno)
