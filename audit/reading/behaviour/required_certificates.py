"""What is required of a certificate: given up, in a dictionary of options or by a value."""

import ast
import re
from collections.abc import Iterator

from audit.model.desks import is_for_a_desk
from audit.model.observations.secrets_and_certificates import UnreadVerification, UnverifiedCertificate
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.scope import Scope, last
from audit.reading.behaviour.verification_options import gives_up
from audit.reading.python.abstract_values import External, Value, unwrap
from audit.reading.python.child_nodes import literal_text, walk

REQUIREMENTS = ("ssl_cert_reqs", "cert_reqs")
_OPTIONS_OF_CLIENTS = re.compile(r"OPTIONS|CONNECTION|CLIENT|SETTINGS|HOSTS|DATABASES|CACHES|DSL|KWARGS|STORAGE")
# What a setting calls the check of a server, alone or behind the name of a library; and what else is verified.
_VERIFIED = re.compile(
    r"(^|_)((verify|check)_?(ssl|tls|https|certs?|certificates?|hostname|peer)|(ssl|tls|https|certs?|s3|http)_?verify"
    r"|(ssl|tls)_(verification|verify_peer)|validate_(ssl|tls|certs?|certificates?))$|^verify$|_client_verify$"
)
_NOT_VERIFIED = re.compile(
    r"(^|_)(insecure_skip_verify|(tls|ssl)_insecure|(skip|no)_(ssl|tls)_?verify|(ssl|tls)_no_verify)$"
)
_OF_OTHERS = re.compile(r"(?i)jwt|token|signature|webhook|e?mail_verif|BROKER_USE_SSL|BACKEND_USE_SSL")
_EXACT = frozenset(
    {"tlsAllowInvalidCertificates", "tlsAllowInvalidHostnames", "tlsInsecure", "trust_server_certificate"}
)
_CONFIGURATIONS = frozenset({"config", "settings", "conf"})
_GIVING = frozenset({"dict", "update", "setdefault", "from_mapping"})
_CONFIGURED = re.compile(r"(?i)env|setting|config|debug")


def in_dictionaries(scope: Scope) -> Iterator[UnverifiedCertificate | UnreadVerification]:
    """`{"ssl_cert_reqs": None}` among the settings of a client; those of Celery have a rule of their own."""
    for dictionary in scope.all(ast.Dict):
        for key, value in zip(dictionary.keys, dictionary.values, strict=True):
            name = literal_text(key)
            if name in REQUIREMENTS and not _is_celery_s(scope, dictionary):
                yield from _required(scope, value, name)


def in_settings(scope: Scope) -> Iterator[UnverifiedCertificate | UnreadVerification]:
    """`verify` given up in a setting, from which a library makes its client: what reads the setting is not followed from here."""
    for holder, name, value in _settings(scope):
        setting = _setting_of(scope, holder)
        if not setting or _OF_OTHERS.search(setting) or not _gives_up(scope, name, value):
            continue
        how = f"{name}={ast.unparse(value)}" if name != setting else f"{setting} = {ast.unparse(value)}"
        if unwrap(scope.held(value))[1] or is_for_a_desk(scope.module.source.path):
            yield scope.observed(UnreadVerification, value, argument=how)
        else:
            yield scope.observed(UnverifiedCertificate, value, argument=how, condition=setting)


def _settings(scope: Scope) -> Iterator[tuple[ast.AST, str, ast.expr]]:
    """What is given to settings: the node that gives it, its name, its value."""
    for dictionary in scope.all(ast.Dict):
        for key, value in zip(dictionary.keys, dictionary.values, strict=True):
            yield dictionary, str(getattr(key, "value", "")), value
    for call in scope.calls:
        if last(call.func) in _GIVING:
            yield from ((call, k.arg, k.value) for k in call.keywords if k.arg)
    assigns: list[ast.Assign | ast.AnnAssign] = [*scope.all(ast.Assign), *scope.all(ast.AnnAssign)]
    for assign in assigns:
        for target in assign.targets if isinstance(assign, ast.Assign) else [assign.target]:
            key = target.slice if isinstance(target, ast.Subscript) else None
            name = str(getattr(key, "value", "")) if key is not None else last(target)
            if name and assign.value is not None:
                yield assign, name, assign.value


def _gives_up(scope: Scope, name: str, value: ast.expr) -> bool:
    """Whether an entry of this name says that nothing is verified, in a setting that may be replaced from outside too."""
    lower = name.lower()
    giving = bool(_NOT_VERIFIED.search(lower))
    if not giving and not _VERIFIED.search(lower):
        return name in _EXACT and gives_up(scope, name, value)
    return unwrap(scope.held(value))[0] is giving


def _setting_of(scope: Scope, node: ast.AST) -> str:
    """The setting that something is given to, by its name: one of the module, or of a configuration; empty for any other."""
    around = [node, *scope.around(node)]
    if any(isinstance(n, ast.Call) and last(n.func) not in _GIVING for n in around):
        return ""
    targets: list[ast.expr] = [t for n in around if isinstance(n, ast.Assign) for t in n.targets]
    targets += [n.target for n in around if isinstance(n, ast.AugAssign | ast.AnnAssign)]
    targets += [n.func.value for n in around if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
    for target in targets:
        key, held = "", target
        while isinstance(held, ast.Subscript):
            key, held = str(getattr(held.slice, "value", "")), held.value
        of_settings = isinstance(held, ast.Attribute) and last(held.value) in _CONFIGURATIONS
        if isinstance(held, ast.Attribute) and (of_settings or held.attr in _CONFIGURATIONS):
            return held.attr if of_settings else key or held.attr
        if isinstance(held, ast.Name) and held.id.isupper() and not scope.symbol:
            alone = held is target and any(isinstance(n, ast.Dict | ast.Call) for n in around)
            of_a_client = _OPTIONS_OF_CLIENTS.search(held.id) or "settings" in scope.module.source.path
            return held.id if of_a_client or not alone else ""
    return ""


def _required(scope: Scope, value: ast.expr, name: str) -> Iterator[UnverifiedCertificate | UnreadVerification]:
    """What is required of a certificate, in a choice or alone."""
    redis = name == "ssl_cert_reqs"
    choices = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
    nothing = [one for one in choices if asks_nothing(scope, one, redis)]
    if not nothing:
        return
    if len(nothing) == len(choices):
        yield given_up(scope, value, f"{name}={ast.unparse(value)}")
    elif isinstance(value, ast.IfExp):
        how = f"{name}={ast.unparse(nothing[0])}"
        yield scope.observed(UnverifiedCertificate, value, argument=how, condition=ast.unparse(value.test))


def _is_celery_s(scope: Scope, dictionary: ast.Dict) -> bool:
    names = [last(t) for around in scope.around(dictionary) if isinstance(around, ast.Assign) for t in around.targets]
    calls = [around for around in scope.around(dictionary) if isinstance(around, ast.Call)]
    names += [k.arg or "" for call in calls for k in call.keywords if dictionary in walk(k.value)]
    return any(name.lower().endswith(("broker_use_ssl", "backend_use_ssl")) for name in names)


def asks_nothing(scope: Scope, node: ast.expr, redis: bool = False) -> bool:
    """Whether what is required of a certificate is nothing: `ssl.CERT_NONE`, its number, its name, or None for `redis`."""
    value = scope.evaluated(node) if redis else settled(scope, node)
    if isinstance(value, External):
        return value.dotted.endswith(".CERT_NONE")
    if isinstance(value, str):
        return value.lower().endswith("none")
    return redis if value is None else value is not False and value == 0


def settled(scope: Scope, node: ast.expr) -> Value:
    """What an expression stands for, an attribute of the method's own class included."""
    owner = scope.symbol.partition(":")[2].rpartition(".")[0]
    own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}
    if own and isinstance(node, ast.Attribute) and owner.isidentifier():
        node = ast.Attribute(ast.Name(owner, ast.Load()), node.attr, ast.Load())
    value = scope.held(node)
    # A variable of the environment may give another value: nothing is proved.
    return UNKNOWN if unwrap(value)[1] else value


def given_up(scope: Scope, node: ast.expr | ast.stmt, how: str) -> UnverifiedCertificate:
    return scope.observed(UnverifiedCertificate, node, argument=how, condition=_asked_around(scope, node))


def _asked_around(scope: Scope, node: ast.AST) -> str:
    """The test of an `if` around that asks the environment or the settings: another answer of theirs verifies."""
    inner = node
    for around in scope.around(node):
        if isinstance(around, ast.If) and inner is not around.test and _CONFIGURED.search(ast.unparse(around.test)):
            return ast.unparse(around.test)
        inner = around
    return ""
