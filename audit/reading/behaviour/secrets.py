"""Secrets written in full in the code. No observation quotes the secret itself."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.observation import Observation
from audit.model.observations.secrets_and_certificates import HardcodedSecret
from audit.reading.behaviour.literal_texts import Place, as_text, default_read, literals
from audit.reading.behaviour.scope import Scope, last
from audit.reading.behaviour.secret_values import (
    has_a_password,
    is_literal_secret,
    is_placeholder,
    is_private_key,
    issued_key,
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
    r"(?:passw|passphrase|secret|token|credential|authorization|key)\w*[\"']?\]?\s*(?::[^=\n\"']{1,60})?[=:,]\s*"
    r"(?:(?:[\w.]+\(|default\s*=)\s*|[^\n]{1,120}?\b(?:or|else)\s+)?[rbf]{0,2}[\"'][^\"'\s]{6}"
)
_PARAMETER = re.compile(r"(?:password|pwd|accountkey|sharedaccesskey)=\S{6}")
_LOGIN = re.compile(r"://[^\s:/@\"']*:[^\s@/\"']+@")
_URL = re.compile(r"^[a-z][a-z0-9+.\-]*://[^\s:/@]*:(?P<password>[^\s@/{}$]+)@(?P<host>[^\s:/?]+)", re.IGNORECASE)
# A class of settings for development or tests holds no secret of anybody.
_ASIDE = re.compile(r"(?:Dev(?:elopment)?|Test(?:s|ing)?|Local|Sandbox|Mock|Fake)(?![a-z])")
_FILE_ASIDE = re.compile(r"(?:^|[/_.])(?:dev|devel|development|test|tests|testing|local|sandbox|ci)(?=[/_.])")
# Documentation of an interface, and helpers of tests: what they show is nobody's.
_DOCUMENTS = re.compile(r"(?:^|/)(?:apidocs|api_docs|openapi|docs?|testutils|test_utils|pytest|fixtures)/")
_SAMPLES = ("OpenApiExample", "OpenAPIExample")
_MACHINE = re.compile(r"^[a-z][a-z0-9]*[.\-][a-z0-9.\-]+$|^\d+(?:\.\d+){3}$")
_HOST = re.compile(r"(?i)(?:^|_)(?:host|hostname|server|address)$")
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
# Beside the application, in the same composition: a word there is no secret, a generated password is.
_BESIDE = frozenset({"db", "redis", "rabbitmq", "postgres", "broker"})
_SAMPLE_HOST = re.compile(
    r"(?i)example|^(?:the|my|your)?[-_]?(?:host(?:name)?|server(?:name)?|domain|address|ip)$|^\.{2,}$|^x+$"
)
_SAMPLE_PASSWORD = re.compile(r"(?i)^(?:my|the|user)?[-_]?(?:pass(?:w(?:or)?d)?|pwd?|pw|mot_?de_?passe)$")
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
    return any(word in small for word in _WORDS) and bool(_GIVEN.search(small) or _PARAMETER.search(small))


def literal_secrets(scope: Scope) -> Iterator[Observation]:
    """HardcodedSecret: a name that speaks of a secret given a literal that looks like one, or a URL with a password."""
    path = scope.module.source.path
    own = not scope.symbol and not _FILE_ASIDE.search(path)
    documents = bool(_DOCUMENTS.search(path)) or any(name in scope.module.source.text for name in _SAMPLES)
    for name, given, listed in _given(scope):
        kept = listed is Place.DEFAULT or (own and listed is not Place.LISTED)
        for node, text in literals(scope, given):
            # Inside a function, `secret="…"` alone is as often a sample as a secret.
            if scope.symbol and name in {"secret", "token"} and not known_shape(text):
                continue
            if _in_a_class_aside(scope, node) or (documents and not known_shape(text)):
                continue
            if is_literal_secret(name, text, own=kept) or (
                plain_password(name, text) and _beside_a_server(scope, given)
            ):
                yield _hidden(scope, node, f"`{name}`")
    yield from _anywhere(scope, documents)


def _anywhere(scope: Scope, documents: bool) -> Iterator[HardcodedSecret]:
    """What is a secret under any name: an address with its password, a private key, a key of a known provider."""
    named = {id(given) for _, given, _ in _given(scope)}
    for constant in scope.all(ast.Constant):
        text = as_text(constant)
        if not text:
            continue
        if "://" in text and _url_has_password(text) and not documents:
            yield _hidden(scope, constant, "une adresse avec son mot de passe")
        elif is_private_key(text):
            yield _hidden(scope, constant, "une clé privée")
        elif not documents and has_a_password(text):
            yield _hidden(scope, constant, "les paramètres d'une connexion avec leur mot de passe")
        elif id(constant) not in named and issued_key(text):
            yield _hidden(scope, constant, "la clé d'un service")


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


def _given(scope: Scope) -> Iterator[tuple[str, ast.expr, Place]]:
    """Names of any kind, with the expression each is given, and where."""
    yield from ((name, value, Place.OWN) for name, value in _assigned(scope))
    for call in scope.calls:
        yield from ((k.arg, k.value, Place.LISTED) for k in call.keywords if k.arg)
        if read := default_read(call):
            yield (*read, Place.DEFAULT)
    for dictionary in scope.all(ast.Dict):
        for key, value in zip(dictionary.keys, dictionary.values, strict=True):
            yield str(getattr(key, "value", "")), value, Place.LISTED


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
    if _SAMPLE_HOST.search(found["host"]) or _SAMPLE_PASSWORD.match(found["password"]):
        return False
    return not is_placeholder(found["password"])


def _hidden(scope: Scope, node: ast.expr, what: str) -> HardcodedSecret:
    return HardcodedSecret(scope.symbol, None, what, scope.module.source.path, node.lineno)
