"""What is required of a certificate: given up, in a dictionary of options or by a value."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.secrets_and_certificates import UnreadVerification, UnverifiedCertificate
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.scope import Scope, last
from audit.reading.behaviour.verification_options import gives_up
from audit.reading.python.abstract_values import External, Value, unwrap
from audit.reading.python.child_nodes import walk

REQUIREMENTS = ("ssl_cert_reqs", "cert_reqs")
_OPTIONS_OF_CLIENTS = re.compile(
    r"^(?=[A-Z])[A-Z0-9_]*(OPTIONS|CONNECTION|CLIENT|SETTINGS|HOSTS|DATABASES|CACHES|DSL|KWARGS)[A-Z0-9_]*$"
)
_CONFIGURED = re.compile(r"(?i)env|setting|config|debug")


def in_dictionaries(scope: Scope) -> Iterator[UnverifiedCertificate | UnreadVerification]:
    """`{"ssl_cert_reqs": None}` among the settings of a client; those of Celery have a rule of their own."""
    for dictionary in scope.all(ast.Dict):
        for key, value in zip(dictionary.keys, dictionary.values, strict=True):
            name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
            if name in REQUIREMENTS and not _is_celery_s(scope, dictionary):
                yield from _required(scope, value, name)
            elif (setting := _setting_of(scope, dictionary)) and gives_up(scope, name, value):
                # What reads the setting is not followed from here.
                how = f"{name}={ast.unparse(value)}"
                yield scope.observed(UnverifiedCertificate, value, argument=how, condition=setting)


def _setting_of(scope: Scope, dictionary: ast.Dict) -> str:
    """The setting of a module that holds the options of a client, by its name; empty for any other dictionary."""
    around = list(scope.around(dictionary))
    if scope.symbol or any(isinstance(node, ast.Call) for node in around):
        return ""
    targets = [t for node in around if isinstance(node, ast.Assign) for t in node.targets]
    return next((t.id for t in targets if isinstance(t, ast.Name) and _OPTIONS_OF_CLIENTS.search(t.id)), "")


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
