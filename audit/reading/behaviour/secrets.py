"""Secrets written in full in the code. No observation quotes the secret itself."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.secrets_and_certificates import HardcodedSecret, UnreadSecret
from audit.model.secret_masking import is_secret
from audit.model.word_tables import word_list
from audit.reading.behaviour.literal_texts import Place, as_text, filled_text, followed, literals
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.behaviour.secret_places import given, signature
from audit.reading.behaviour.secret_values import (
    drawn,
    has_a_password,
    is_literal_secret,
    is_placeholder,
    is_private_key,
    issued_key,
    key_in_address,
    known_shape,
    lets_in,
    plain_password,
    signs,
    word_as_password,
)
from audit.reading.python.child_nodes import walk

# What a secret may be called, in small letters: a word of each name that `is_secret` knows.
_WORDS = word_list("""
    passw _pwd passphrase secret token credential authorization security_key api access account private role
""")
_PREFIXES = ("sk_live_", "rk_live_", "ghp_", "gho_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "xoxa-", "akia", "aiza")
# Calls that take a secret by its place, and addresses that hold a key.
_CALLS = word_list("""
    jwt hmac fernet itsdangerous basicauth auth=( .login( hooks.slack api/webhooks setattr secretstr secretbytes
    b64decode a2b_base64 unhexlify fromhex simple_bind plaincredentials chr( (chr, headers= params= cookies= b64encode
    create_user create_superuser set_password make_password environ.setdefault paramiko ftplib pysftp mysql ldap3 url.create plaintextauthprovider _auth=
""")
_GIVEN = re.compile(
    r"(?:passw|_pwd|passphrase|secret|token|credential|authorization|key)(?:\w*[\"']?\]?\s*(?::[^=\n\"']{1,60})?[=:,]\s*"
    r"(?:(?:[\w.]+\(|default\s*=)\s*|[^\n]{1,120}?\b(?:or|else)\s+)?|"
    r"[^\n]{0,80}?(?:default\s*=|=\s*[\"'][^\n]{0,40},|\(\[)\s*)[rbf]{0,2}[\"'][^\"'\s]{5}"
)
_QUOTED = re.compile(r"[\"']([A-Za-z0-9_\-]{20,64})[\"']")
_NAMED = re.compile(r"def \w*(?:passw|secret|token|_key|credential)\w*\(")
# A text of letters and digits by its place, in a call or in a list.
_ARGUMENT = re.compile(r"[(\[,]\s*[\"'](?=[^\"'\s/]*\d)(?=[^\"'\s/]*[a-z])[^\"'\s/]{8,80}[\"']\s*[,)\]]")
_PARAMETER = re.compile(
    r"(?:password|pwd|accountkey|sharedaccesskey)=\S{6}|[?&](?:api_?key|access_token|token|secret|sig)=\w{16}"
)
_LOGIN = re.compile(r"://[^\s:/@\"']*:(?:[^\s@/\"']+@|[\"'])")
_URL = re.compile(
    r"^[a-z][a-z0-9+.\-]*://(?P<user>[^\s:/@]*):(?P<password>[^\s@/{}$]+)@(?P<host>[^\s:/?]+)", re.IGNORECASE
)
_SAMPLE_USER = re.compile(r"(?i)(?:dummy|fake|your|example|xxx)")
# A class of settings for development or tests holds no secret of anybody.
_ASIDE = re.compile(r"(?:Dev(?:elopment)?|Test(?:s|ing)?|Local|Sandbox|Mock|Fake)(?![a-z])")
_FILE_ASIDE = re.compile(r"(?:^|[/_.])(?:dev|devel|development|test|tests|testing|local|sandbox|ci)(?=[/_.])")
# Documentation of an interface, and helpers of tests: what they show is nobody's.
_DOCUMENTS = re.compile(r"(?:^|/)(?:apidocs|api_docs|openapi|docs?|testutils|test_utils|pytest|fixtures)/")
_SAMPLES = ("OpenApiExample", "OpenAPIExample")
_MACHINE = re.compile(r"^[a-z][a-z0-9]*[.\-][a-z0-9.\-]+$|^\d+(?:\.\d+){3}$")
_HOST = re.compile(r"(?i)(?:^|_)(?:host|hostname|server|address)$")
_LETTERS = 8
# What opens an account, or changes how one is entered, with the place of the password.
_ACCOUNTS = {"create_user": 2, "create_superuser": 2, "set_password": 0, "make_password": 0}
_OF_SAMPLES = re.compile(
    r"(?i)demo|seed|sample|fixture|example|factor|populate|(?:^|[/_.])(?:dev|test|local|docs?)(?=[/_.])"
)
# A module that Invenio loads before those of an installation.
_DEFAULTS = re.compile(r"invenio_config\.module")
_OF_FLASK = re.compile(r"\.config\.from_object\(")
# The password that a call is given, by itself.
_BARE = frozenset({"password", "passwd", "pwd"})
_FOR_WANT = frozenset({Place.DEFAULT, Place.INSTEAD})
_TEXTS = (ast.Constant, ast.JoinedStr, ast.BinOp)
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
    if any(prefix in small for prefix in _PREFIXES) or any(word in small for word in _CALLS):
        return True
    if any(drawn(word) for word in _QUOTED.findall(text)):
        return True
    if _NAMED.search(small) or _ARGUMENT.search(small):
        return True
    return any(word in small for word in _WORDS) and bool(_GIVEN.search(small) or _PARAMETER.search(small))


def literal_secrets(scope: Scope) -> Iterator[HardcodedSecret | UnreadSecret]:
    """HardcodedSecret: a name that speaks of a secret given a literal that looks like one, or a URL with a password."""
    path = scope.module.source.path
    own = not scope.symbol and not _FILE_ASIDE.search(path)
    documents = bool(_DOCUMENTS.search(path)) or any(name in scope.module.source.text for name in _SAMPLES)
    every = list(given(scope))
    keywords = [k for call in scope.calls for k in call.keywords if not _FILE_ASIDE.search(path)]
    handed = {id(k.value) for k in keywords if k.arg in _BARE and isinstance(k.value, ast.Constant)}
    for name, value, place in every:
        kept = place is Place.DEFAULT or (own and place is not Place.LISTED)
        texts = list(literals(scope, value))
        if not texts and (is_secret(name) or name == "password"):
            texts = [(value, text)] if (text := followed(scope, value)) else []
            if not texts and not documents and _is_worked_out(name, value):
                yield scope.observed(UnreadSecret, value, what=f"ce que `{name}` vaut est calculé, et ne se lit pas")
        for node, text in texts:
            # Inside a function, `secret="…"` alone is as often a sample as a secret.
            if scope.symbol and name in {"secret", "token"} and not known_shape(text):
                continue
            if _in_a_class_aside(scope, node) or (documents and not known_shape(text)):
                continue
            beside = plain_password(name, text) and _beside_a_server(scope, value)
            if beside or is_literal_secret(name, text, own=kept):
                yield _hidden(scope, node, f"`{name}`")
                continue
            known = _why_known(scope, name, text, place) if own else ""
            known = "" if known and _is_refused(scope, name, text) else known
            word = "un mot, donné à un appel" if id(node) in handed and word_as_password(text) else ""
            if only := known or word:
                yield _hidden(scope, node, f"`{name}`", only)
    if not documents:
        yield from _of_accounts(scope)
        yield from _random(scope, {id(value) for name, value, _ in every if is_secret(name)})
    wanted = {id(n) for _, value, place in every if place in _FOR_WANT for n in walk(value)}
    yield from _anywhere(scope, documents, {id(value) for _, value, _ in every}, wanted)


def _why_known(scope: Scope, name: str, text: str, place: Place) -> str:
    """Why a value that everybody knows is a secret here; empty where it is none."""
    if signs(name, text) and _stands(scope, name, place):
        return "une valeur connue de tous, faute d'une autre, que rien ne refuse"
    if place is Place.DEFAULT and lets_in(name, text) and _is_compared(scope, name):
        return "une valeur connue de tous, à laquelle ce qui est reçu est comparé"
    return ""


def _stands(scope: Scope, name: str, place: Place) -> bool:
    """Whether a value stands for want of another: as a default, or in what Flask loads, where nothing else in the project gives one."""
    by_flask = scope.machine.project.holds(_OF_FLASK) or any(map(_DEFAULTS.search, scope.machine.project.requirements))
    if place is not Place.OWN or not by_flask:
        return place in _FOR_WANT
    given_to = re.compile(rf"\b{re.escape(name)}\b(?:[\"']\])?\s*(?::[^=\n]+)?=(?!=)|[\"']{re.escape(name)}[\"']\s*:")
    return sum(len(given_to.findall(module.source.text)) for module in scope.machine.project.own(name)) == 1


def _is_compared(scope: Scope, name: str) -> bool:
    """Whether the project compares what it is given with the value of this name: who knows it comes in."""
    compares = rf"\b{re.escape(name)}\b[^\n]*(?:==|!=)|(?:==|!=|compare_digest\(|constant_time_compare\()[^\n]*\b{re.escape(name)}\b"
    return scope.machine.project.holds(re.compile(compares))


def _of_accounts(scope: Scope) -> Iterator[HardcodedSecret]:
    """Passwords of accounts that the program itself opens: `create_superuser("admin", "a@b.org", "admin")`."""
    if _OF_SAMPLES.search(f"{scope.module.source.path} {scope.symbol}"):
        return
    for call in scope.calls:
        place = _ACCOUNTS.get(last(call.func), -1)
        placed = call.args[place] if 0 <= place < len(call.args) else None
        given_to = keyword(call, "password") or keyword(call, "raw_password") or placed
        text = as_text(given_to) if given_to is not None and place >= 0 else ""
        told = is_literal_secret("password", text, own=False) or (given_to is not placed and word_as_password(text))
        if given_to is not None and text and not told:
            yield _hidden(scope, given_to, f"le mot de passe que `{last(call.func)}` donne à un compte")


def _is_refused(scope: Scope, name: str, text: str) -> bool:
    """Whether a test of the project looks at this value, or at this name, and raises something."""
    for module in scope.machine.project.modules.values():
        if name not in module.source.text and text not in module.source.text:
            continue
        for node in (n for n in walk(module.tree) if isinstance(n, ast.If | ast.Assert)):
            told = {last(n) for n in walk(node.test) if isinstance(n, ast.Name | ast.Attribute)}
            looked = name in told or any(as_text(n) == text for n in walk(node.test) if isinstance(n, ast.expr))
            inner = [] if isinstance(node, ast.Assert) else [n for s in node.body for n in walk(s)]
            ends = any(isinstance(n, ast.Raise) or (isinstance(n, ast.Call) and last(n.func) == "exit") for n in inner)
            if looked and (ends or isinstance(node, ast.Assert)):
                return True
    return False


def _anywhere(scope: Scope, documents: bool, named: set[int], wanted: set[int]) -> Iterator[HardcodedSecret]:
    """What is a secret under any name: an address with its password, a private key, a key of a known provider.

    `named` are the expressions that a name is given, `wanted` those that stand for want of another.
    """
    own = [n for n in signature(scope.root) if isinstance(n, _TEXTS)]
    texts = [n for kind in _TEXTS for n in scope.all(kind)] + own
    inside = {id(n) for one in texts for n in _below(one)}
    for node in (n for n in texts if id(n) not in inside):
        text = filled_text(node)
        if not text:
            continue
        aside = documents or _in_a_class_aside(scope, node)
        if "://" in text and not aside and (host := host_of_a_password(text)):
            local = host in _LOCAL
            if not local or (id(node) in wanted and not _FILE_ASIDE.search(scope.module.source.path)):
                why = f"faute d'une autre, pour `{host}`" if local else ""
                yield _hidden(scope, node, "une adresse avec son mot de passe", why)
        elif "://" in text and not aside and key_in_address(text):
            yield _hidden(scope, node, "une adresse avec sa clé")
        elif is_private_key(text):
            yield _hidden(scope, node, "une clé privée")
        elif not documents and has_a_password(text):
            yield _hidden(scope, node, "les paramètres d'une connexion avec leur mot de passe")
        elif id(node) not in named and issued_key(text):
            yield _hidden(scope, node, "la clé d'un service")


def _is_worked_out(name: str, value: ast.expr) -> bool:
    """Whether a value that could not be followed is made of a text that may be the secret, or of many numbers."""
    inner = list(walk(value)) if isinstance(value, ast.Call | ast.BinOp | ast.Subscript) else []
    numbers = sum(isinstance(n, ast.Constant) and type(n.value) is int for n in inner)
    texts = [as_text(n) for n in inner if isinstance(n, ast.Constant)]
    # `config.get("S3_ACCESS_KEY_ID")` is given a name.
    texts = [text for text in texts if not (text.isupper() and text.endswith(name.upper()))]
    return is_secret(name) and (numbers >= _LETTERS or any(is_literal_secret(name, text, own=False) for text in texts))


def _random(scope: Scope, named: set[int]) -> Iterator[UnreadSecret]:
    """Texts that somebody drew by chance, under a name that says nothing of them."""
    for node in scope.all(ast.Constant):
        text = node.value if isinstance(node.value, str) and id(node) not in named else ""
        if drawn(text) and not _in_a_class_aside(scope, node):
            yield scope.observed(UnreadSecret, node, what="un texte a la forme d'une clé tirée au hasard")


def _below(node: ast.expr) -> Iterator[ast.AST]:
    """The texts that one text is made of."""
    if isinstance(node, ast.JoinedStr):
        yield from node.values
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from (node.left, node.right, *_below(node.left), *_below(node.right))


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


def host_of_a_password(text: str) -> str:
    """The host of an address that holds a password, in small letters; empty for a sample, or for what somebody fills."""
    found = _URL.match(text)
    host = found["host"].lower() if found else ""
    if not found or (host in _BESIDE and not _GENERATED.match(found["password"])):
        return ""
    if _SAMPLE_HOST.search(host) or _SAMPLE_PASSWORD.match(found["password"]):
        return ""
    return "" if is_placeholder(found["password"]) or _SAMPLE_USER.match(found["user"]) else host


def _hidden(scope: Scope, node: ast.expr, what: str, only: str = "") -> HardcodedSecret:
    return HardcodedSecret(scope.symbol, None, what, scope.module.source.path, node.lineno, only)
