"""Options by which clients of many kinds are told not to verify a server: Elasticsearch, MongoDB, Kubernetes, MySQL."""

import ast
import re
from collections.abc import Iterator

from audit.model.unknown import UNKNOWN
from audit.model.word_tables import word_list, word_set
from audit.reading.behaviour.called_functions import function_of, inside
from audit.reading.behaviour.row_objects import owner
from audit.reading.behaviour.scope import Scope, last
from audit.reading.behaviour.verification_values import arguments_of
from audit.reading.python.abstract_values import ClassValue, External, FunctionValue, Instance, Value, unwrap
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute
from audit.reading.python.interpreter import PARTIAL
from audit.reading.python.parameters import parameters_of

# Options that say no other thing whoever the client is, by the value that gives up verifying.
_FALSE = word_set("""
    verify_certs verify_cert verify_certificate verify_certificates verify_ssl verify_tls verify_ssl_cert
    verify_ssl_certs verify_hostname ssl_verify ssl_verify_cert ssl_verify_identity ssl_check_hostname
    ssl_assert_hostname assert_hostname check_hostname tls_verify validate_certs validate_cert validate_ssl cert_check
    check_cert check_certs verify_peer ssl_verify_peer
""")
_TRUE = word_set("""
    tlsAllowInvalidCertificates tlsAllowInvalidHostnames tlsInsecure tls_insecure skip_verify
    tls_allow_invalid_certificates tls_skip_verify insecure_skip_verify trust_server_certificate ssl_no_verify
    allow_invalid_certificates disable_ssl_certificate_validation
""")
# Arguments that hold the options of a client; what a request sends holds those of somebody else.
_HOLDERS = word_set("connect_args connection_args client_args client_kwargs client_options kwargs options tls hosts")
_COPIES = frozenset({"dict", "copy", "deepcopy"})
_DEEPEST = 5
_BRANCHES = (ast.If, ast.For, ast.While, ast.Try, ast.Match)
_OF_CURL = re.compile(r"SSL_VERIFY(PEER|HOST)")
# A dictionary that gives one of them is written somewhere.
_WRITTEN = re.compile(rf"\b(?:{'|'.join(sorted(_FALSE | _TRUE))})\b|SSL_VERIFY")
WORDS = word_list("""
    cert_check check_cert SSL_VERIFY verify hostname tlsAllow tlsInsecure insecure validate_ allow_invalid trust_server
    VERIF INSECURE VALIDATE_ CHECK_
""")


def unverifying_option(scope: Scope, call: ast.Call) -> str:
    """The option of a call that gives up verifying, as written; empty when none does, or when the target's code ignores it."""
    found = next(((name, value) for name, value in _options(scope, call) if gives_up(scope, name, value)), None)
    return f"{found[0]}={ast.unparse(found[1])}" if found and _reaches_a_client(scope, call, found[0]) else ""


def unverifying_attribute(scope: Scope, target: ast.Attribute, value: ast.expr) -> str:
    """`configuration.verify_ssl = False` of an object that a library made, as written; empty when it gives up nothing."""
    owner, _ = unwrap(scope.evaluated(target.value))
    made = owner.cls if isinstance(owner, Instance) else owner
    others = isinstance(made, External) and not made.dotted.startswith(("builtins.", "ssl."))
    return f"{target.attr} = {ast.unparse(value)}" if others and gives_up(scope, target.attr, value) else ""


def unverifying_transfer(scope: Scope, call: ast.Call) -> str:
    """`curl.setopt(pycurl.SSL_VERIFYPEER, 0)`, as written; empty for another call."""
    if last(call.func) != "setopt" or len(call.args) != 2 or not _OF_CURL.search(ast.unparse(call.args[0])):
        return ""
    return f"{last(call.args[0])}={ast.unparse(call.args[1])}" if scope.value(call.args[1]) in (0, False) else ""


def options_to_judge(scope: Scope, call: ast.Call) -> Iterator[tuple[str, ast.expr, bool]]:
    """The options of a client whose value is not a plain one, each with the value that gives up verifying."""
    for name, value in _options(scope, call):
        if name in _FALSE | _TRUE and not isinstance(value, ast.Constant) and _reaches_others(scope, call):
            yield name, value, name in _TRUE


def _reaches_others(scope: Scope, call: ast.Call) -> bool:
    callee = scope.evaluated(call.func)
    return isinstance(callee, External) and not callee.dotted.startswith("builtins.")


def spread_entry(scope: Scope, call: ast.Call, name: str) -> ast.expr | None:
    """What `**options` gives under this name, an entry that was set one by one included; the last written here."""
    return next((value for where, value in reversed(spread_choices(scope, call, name)) if where is scope), None)


def spread_choices(scope: Scope, call: ast.Call, name: str) -> list[tuple[Scope, ast.expr]]:
    """What `**options` may give under this name, each with where it is written: the last for sure, and those that only a branch gives."""
    found: list[tuple[Scope, ast.expr]] = []
    for where, key, value in (one for k in call.keywords if k.arg is None for one in _spread(scope, k.value)):
        if key == name:
            branch = any(isinstance(n, _BRANCHES) for n in where.around(value))
            found = [*found, (where, value)] if branch else [(where, value)]
    return found


def _spread(scope: Scope, node: ast.expr) -> Iterator[tuple[Scope, str, ast.expr]]:
    """The entries of a dictionary, that a function or a property of the project may answer."""
    yield from ((scope, key, value) for key, value in _entries(scope, node))
    if inner := _answering(scope, scope.given(node)):
        for answer in inner.all(ast.Return):
            if answer.value is not None:
                yield from ((inner, key, value) for key, value in _entries(inner, answer.value))


def _answering(scope: Scope, made: ast.expr) -> Scope | None:
    """The function, or the property, of the project that answers a mapping."""
    callee: Value = UNKNOWN
    if isinstance(made, ast.Call):
        callee = unwrap(scope.evaluated(made.func))[0]
    elif isinstance(made, ast.Attribute) and last(made.value) == "self" and isinstance(cls := owner(scope), ClassValue):
        callee = unwrap(class_attribute(cls, made.attr))[0]
    return inside(scope, function_of(callee))


def opaque_spread(scope: Scope, call: ast.Call) -> str:
    """`**options` of which nothing tells all that it holds, as written; the function's own `**` apart, read where it is called."""
    spread = (k.value for k in call.keywords if k.arg is None)
    return next((f"**{ast.unparse(given)}" for given in spread if not is_all_read(scope, given)), "")


def is_all_read(scope: Scope, node: ast.expr, depth: int = 0) -> bool:
    """Whether every key of a mapping is written in the code, or read with its file."""
    made = scope.given(node)
    if isinstance(made, ast.Name):
        made = scope.of_module.get(made.id, made)
    known = scope.value(node)
    if depth > _DEEPEST or (isinstance(known, dict) and "**" not in known):
        return depth <= _DEEPEST
    if isinstance(made, ast.Dict):
        keys = [k for k in made.keys if k is not None and not isinstance(scope.value(k), str)]
        laid = [v for k, v in zip(made.keys, made.values, strict=True) if k is None]
        return not keys and all(is_all_read(scope, one, depth + 1) for one in laid)
    if isinstance(made, ast.BoolOp | ast.IfExp | ast.BinOp):
        parts = (
            made.values
            if isinstance(made, ast.BoolOp)
            else [made.left, made.right]
            if isinstance(made, ast.BinOp)
            else [made.body, made.orelse]
        )
        return all(is_all_read(scope, one, depth + 1) for one in parts)
    if isinstance(made, ast.Name):
        return _is_handed(scope, made.id, depth)
    if isinstance(made, ast.Call) and last(made.func) in _COPIES:
        held = [*made.args, *(k.value for k in made.keywords if k.arg is None)]
        held += [made.func.value] if last(made.func) == "copy" and isinstance(made.func, ast.Attribute) else []
        return all(is_all_read(scope, one, depth + 1) for one in held)
    inner = _answering(scope, made)
    answers = [a.value for a in inner.all(ast.Return) if a.value is not None] if inner else []
    return inner is not None and bool(answers) and all(is_all_read(inner, one, depth + 1) for one in answers)


def _is_handed(scope: Scope, name: str, depth: int) -> bool:
    """Whether a parameter is the function's own `**`, or a mapping that each of its calls writes."""
    if scope.spec.kwarg and scope.spec.kwarg.arg == name:
        return True
    given = arguments_of(scope, name) if name in parameters_of(scope.spec) else []
    return bool(given) and all(
        (isinstance(one, ast.Constant) and one.value is None) or is_all_read(where, one, depth + 1)
        for where, one in given
    )


def _options(scope: Scope, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    if last(call.func) in {"dict", "setdefault", "update"}:
        return
    holders = [*call.args]
    for given in call.keywords:
        if given.arg is None:
            # The last written of a name wins.
            yield from dict(_entries(scope, given.value)).items()
        else:
            yield given.arg, given.value
            holders += [given.value] if given.arg in _HOLDERS else []
    for held in holders if scope.machine.project.holds(_WRITTEN) else ():
        for node in [held, *(held.elts if isinstance(held, ast.List | ast.Tuple) else ())]:
            yield from _entries(scope, node)


def _entries(scope: Scope, node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The entries of a dictionary by their names: those it is made with, then those it is given later in the same scope."""
    made = scope.given(node)
    if isinstance(made, ast.Name):
        made = scope.of_module.get(made.id, made)
    yield from _made_with(made)
    known = scope.value(node) if isinstance(node, ast.Name | ast.Attribute) else {}
    if isinstance(known, dict):
        # Made elsewhere, in another module perhaps.
        yield from ((key, ast.Constant(value)) for key, value in known.items() if isinstance(value, int | float | None))
    if isinstance(node, ast.Name):
        yield from scope.entries.get(node.id, ())
        for call in scope.calls if scope.changes.get(node.id) else ():
            receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
            if isinstance(receiver, ast.Name) and receiver.id == node.id:
                yield from _given_later(call)


def _made_with(made: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(made, ast.Dict):
        for key, value in zip(made.keys, made.values, strict=True):
            if key is None:
                yield from _made_with(value)
            yield str(getattr(key, "value", "")), value
    if isinstance(made, ast.Call) and last(made.func) == "dict":
        yield from ((k.arg, k.value) for k in made.keywords if k.arg)


def _given_later(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    if last(call.func) == "update":
        yield from ((k.arg, k.value) for k in call.keywords if k.arg)
        for given in call.args:
            yield from _made_with(given)
    if last(call.func) == "setdefault" and len(call.args) == 2:
        yield str(getattr(call.args[0], "value", "")), call.args[1]


def gives_up(scope: Scope, name: str, node: ast.expr) -> bool:
    """Whether an option of this name and value gives up verifying."""
    if name not in _FALSE and name not in _TRUE:
        return False
    value: Value = scope.held(node)
    # A variable of the environment may give another value: nothing is proved.
    settled = UNKNOWN if unwrap(value)[1] else value
    return settled is (name in _TRUE)


def _called(scope: Scope, call: ast.Call) -> Value:
    """What is called, or what `partial` keeps the options for, through other ones."""
    if last(call.func) != "partial" or not call.args:
        return scope.evaluated(call.func)
    callee: Value = scope.evaluated(call.args[0])
    while isinstance(callee, Instance) and callee.cls == PARTIAL and callee.arguments:
        callee = unwrap(callee.arguments[0])[0]
    return callee


def _reaches_a_client(scope: Scope, call: ast.Call, name: str) -> bool:
    """Whether a call is to code of others, or to a function of the target that hands the option on."""
    callee = _called(scope, call)
    if isinstance(callee, ClassValue):
        return any(isinstance(base, External) for base in callee.bases) and not callee.decorators
    if isinstance(callee, FunctionValue):
        spread = callee.node.args.kwarg
        return any(
            isinstance(k.value, ast.Name) and k.value.id in (name, spread.arg if spread and k.arg is None else name)
            for inner in walk(callee.place.node())
            if isinstance(inner, ast.Call)
            for k in inner.keywords
        )
    return True


def kept_option(scope: Scope, call: ast.Call) -> str:
    """The option that gives up verifying and that `partial` keeps for what gives it to no client that is read; as written."""
    if last(call.func) != "partial":
        return ""
    found = next(
        (f"{name}={ast.unparse(value)}" for name, value in _options(scope, call) if gives_up(scope, name, value)), ""
    )
    return "" if unverifying_option(scope, call) else found
