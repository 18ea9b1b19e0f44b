"""What a literal must look like, under the name it is given, to be a secret."""

import re

from audit.model.secret_masking import is_secret
from audit.model.word_tables import word_set

_PLACEHOLDER = re.compile(
    r"(?i)change|example|exemple|your|votre|xxx|dummy|placeholder|sample|fake|mock|todo|none|null|default|insert|"
    r"replace|redacted|test|demo|\*\*\*|\.\.\.|^password\d*$|^secret\d*$|^guest$|^masterkey$|^postgres$|^admin$|^root$"
)
# A text that something fills: `${KEY}`, `$KEY`, `<key>`, `{key}`, `%(key)s`. One of these signs alone is part of a key.
_FILLED = re.compile(r"\$\{|\$\(|^\$\w+$|<[^<>]*>|\{\w*\}|\{\{|%\(\w+\)s|^%[rs]$")
_KNOWN = re.compile(r"^(sk_live_|rk_live_|ghp_|gho_|github_pat_|glpat-|xox[abps]-|AKIA|AIza|SG\.|eyJ)[\w\-.]{10,}")
_ISSUED = re.compile(r"(?:sk_live_|rk_live_|ghp_|gho_|github_pat_|glpat-|xox[abps]-|AKIA|AIza|SG\.)[\w\-.]{16,}")
_PARAMETERS = re.compile(r"(?i)(?:^|[\s;])(?:password|pwd|accountkey|sharedaccesskey)=(?P<password>[^\s;{}%$'\"]{6,})")
_CONNECTS = re.compile(r"(?i)(?:^|[\s;])(?:host|server|dbname|database|accountname|endpoint|data source)=")
_PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(?:\s|\\n)+[A-Za-z0-9+/=\s]{48}")
# Names of secrets' names, headers, addresses and classes rather than of secrets.
_ABOUT = re.compile(
    r"(?i)(header|field|param|name|url|uri|path|file|prefix|type|env|label|title|length|ttl|scheme|regex|model|class|"
    r"template|view|form|serializer|validator|hasher|backend|generator|algorithm|event|message|format|pattern|regexp|_re|rule|policy|hint|help|"
    r"passw(?:or)?d_(?:check|hash|scheme|min|max|reset|change|confirm|strength|complex|normali|require|expir|valid|history)"
    r"(?!.*(?:key|secret|token|salt)s?$)\w*)s?$"
)
# An identifier, the name of a file, a masked value.
_NO_SECRET = re.compile(
    r"(?i)^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$|\.(?:json|ya?ml|toml|pem|key|crt|txt|env|ini|p12|html|py)$|[*•x]{4}"
)
# A dotted or a slashed name of things: an event, a class, a route, a template.
_NAME_OF_THINGS = re.compile(r"^[A-Za-z_][\w\-]*(?:[.:/][A-Za-z_][\w\-]*)+$")
_JOINED_WORDS = re.compile(r"^[A-Za-z]+(?:[_\-][A-Za-z]+)*$")
_DRAWN = re.compile(r"(?=(?:[^0-9]*[0-9]){3})(?=(?:[^A-Z]*[A-Z]){3})(?=(?:[^a-z]*[a-z]){3})[A-Za-z0-9_\-]{20,64}")
# What is spelled: a word, a number of many figures, the alphabet, letters in a row.
_SPELLED = re.compile(r"[a-z]{5}|[A-Z]{5}|\d{6}|(?i:abc|xyz|0123)")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_PASSWORD = re.compile(r"(?i)(?:^|_)(?:passw(?:or)?d|(?<=_)pwd)$")
_OF_A_SERVICE = re.compile(
    r"(?i)(?:^|_)(?:database|db|postgres|postgresql|mysql|mariadb|mongo|mongodb|redis|valkey|rabbitmq|rabbit|amqp|broker|elasticsearch|"
    r"opensearch|ldap|smtp|mail|email|email_host|admin|root|superuser|keycloak|minio|s3|ftp|sftp|kafka|neo4j|default)_"
)
# The name of a variable that holds a secret, and no key that somebody wrote to try.
_OF_VARIABLE = re.compile(
    r"^(?!(?:.*_)?(?:DEV|DEVELOPMENT|TEST|TESTING|LOCAL|DEBUG|MY|SUPER|INSECURE|SECRET_KEY|DUMMY)(?:_|$))"
    r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:SECRET|KEY|TOKEN|PASSWORD|PASSPHRASE|CREDENTIALS?)$"
)
_SIGNING_KEY = re.compile(r"(?i)^_*(?:default_|jwt_|session_|app_|flask_|django_)*secret(?:_key)?$")
_LETS_IN = re.compile(r"(?i)(?:^|_)(?:token|api_?key|access_?key|passw(?:or)?d|passphrase)$")
_KEY_IN_ADDRESS = re.compile(
    r"(?i)[?&](?:api_?key|access_token|token|secret|sig|password)=(?P<key>[\w\-.]{16,})|"
    r"hooks\.slack\.com/services/(?P<slack>T\w{6,}/B\w{6,}/\w{16,})|discord(?:app)?\.com/api/webhooks/\d{9,}/(?P<discord>[\w\-]{30,})"
)
_LOCAL = re.compile(
    r"(?i)://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]|[\w\-]+(?:\.[\w\-]+)*\.(?:test|invalid|local))(?=[:/?])"
)
_ABOUT_SECRETS = word_set("passw password passwd passphrase secret token key api access credentials")


def known_shape(value: str) -> bool:
    """Whether a provider issues keys that begin so."""
    return _KNOWN.match(value) is not None


def drawn(value: str) -> bool:
    """Whether a text was drawn by chance, of letters of both sizes and figures, without a word in it."""
    parted = len(re.findall(r"[_\-]", value)) > 1
    return bool(_DRAWN.fullmatch(value)) and not parted and not _SPELLED.search(value) and not is_placeholder(value)


def is_placeholder(value: str) -> bool:
    """Whether somebody must write something else in its place."""
    return bool(_PLACEHOLDER.search(value) or _FILLED.search(value))


def is_private_key(value: str) -> bool:
    """Whether a text holds a private key in PEM: its head and the first line of its body."""
    return "PRIVATE KEY-----" in value and _PRIVATE_KEY.search(value) is not None


def issued_key(value: str) -> bool:
    """Whether a text is, whole, a key that a provider issued: its shape says so under any name."""
    return bool(_ISSUED.fullmatch(value)) and not is_placeholder(value)


def key_in_address(value: str) -> bool:
    """Whether an address holds a key: among its parameters, or as the part of its path that gives access."""
    found = _KEY_IN_ADDRESS.search(value)
    key = next(filter(None, found.groups()), "") if found and not _LOCAL.search(value[: found.start()]) else ""
    return bool(re.search(r"\d", key) and re.search(r"[A-Za-z]", key)) and not is_placeholder(key)


def signs(name: str, value: str) -> bool:
    """Whether this is a key that signs and that everybody knows: the one that is meant to be changed."""
    return bool(_SIGNING_KEY.match(name)) and bool(_PLACEHOLDER.search(value)) and not _FILLED.search(value)


def lets_in(name: str, value: str) -> bool:
    """Whether this is what lets somebody in, and that everybody knows."""
    return bool(_LETS_IN.search(name)) and bool(_PLACEHOLDER.search(value)) and not _FILLED.search(value)


def has_a_password(value: str) -> bool:
    """Whether a text gives the parameters of a connection, its password among them."""
    found = _PARAMETERS.search(value)
    if not found or not _CONNECTS.search(value):
        return False
    return not is_placeholder(found["password"]) and not _NO_SECRET.search(found["password"])


def is_literal_secret(name: str, value: str, *, own: bool) -> bool:
    """Whether a literal is a secret under this name; `own`: a module or a class of it holds the name, not a function."""
    if known_shape(value):
        return not _NO_SECRET.search(value)
    if not _may_be(name, value):
        return False
    if re.search(r"(?i)passw|_pwd$", name):
        return len(value) >= 6 and _is_password(name, value, own)
    if own and _SIGNING_KEY.match(name) and not _tells(name, value, every=True):
        return len(value) >= 8
    return len(value) >= 16 and bool(re.search(r"\d", value)) and bool(re.search(r"[A-Za-z]", value))


def _is_password(name: str, value: str, own: bool) -> bool:
    if not _JOINED_WORDS.match(value):
        return bool(re.search(r"[\d\W]", value))
    of_a_service = own and value.isalpha() and bool(_OF_A_SERVICE.search(name)) and plain_password(name, value)
    return of_a_service or ("-" in value and not _tells(name, value))


def plain_password(name: str, value: str) -> bool:
    """Whether a word without a digit may be a password under this name: the place must then tell that it is one."""
    return _may_be(name, value) and bool(_PASSWORD.search(name)) and len(value) >= 6 and not _tells(name, value)


def word_as_password(value: str) -> bool:
    """Whether a word may be the password that a call is given: no name of a field or of a class, nor what somebody fills."""
    parted = "-" in value and "_" not in value
    return len(value) >= 6 and _may_be("password", value) and (parted or (value.islower() and not _tells("", value)))


def plain_secret(name: str, value: str) -> bool:
    """Whether a text without a figure, words too, may be a password or a key that signs: where it stands must tell that it is one."""
    if _FILLED.search(value) or _NO_SECRET.search(value) or "://" in value or value.startswith("/"):
        return False
    if signs(name, value):
        return True
    held = _PASSWORD.search(name) or _SIGNING_KEY.match(name)
    return bool(held) and len(value) >= 6 and not is_placeholder(value) and not _tells(name, value)


def _may_be(name: str, value: str) -> bool:
    if _OF_VARIABLE.match(value):
        return False
    if _NO_SECRET.search(value) or _names_things(name) or _names_things(value):
        return False
    if not is_secret(name) or _ABOUT.search(name) or is_placeholder(value) or not value.isprintable():
        return False
    return not (" " in value or "://" in value or value.startswith(("/", "X-", "x-")))


def _names_things(text: str) -> bool:
    parts = re.split(r"[.:/]", text)
    return bool(_NAME_OF_THINGS.match(text)) and not any(len(re.findall(r"\d", part)) > 2 for part in parts)


def _tells(name: str, value: str, *, every: bool = False) -> bool:
    """Whether a value repeats words of its name, or of secrets' names: a kind of thing, not a secret."""
    known = _words(name) | _ABOUT_SECRETS
    told = _words(value)
    return told <= known if every else bool(told & known)


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}
