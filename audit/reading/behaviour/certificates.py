"""Connections that give up verifying who answers: an argument, an attribute, a context of `ssl`."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.secrets_and_certificates import UnreadVerification, UnverifiedCertificate
from audit.model.unknown import UNKNOWN
from audit.model.word_tables import word_set
from audit.reading.behaviour.constant_flags import never_runs
from audit.reading.behaviour.required_certificates import (
    REQUIREMENTS,
    asks_nothing,
    given_up,
    in_dictionaries,
    in_settings,
    settled,
)
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.behaviour.standard_clients import without_a_context
from audit.reading.behaviour.unverified_addresses import unverified_addresses
from audit.reading.behaviour.unverified_commands import unverified_commands
from audit.reading.behaviour.verification_options import (
    kept_option,
    opaque_spread,
    options_to_judge,
    spread_choices,
    spread_entry,
    unverifying_attribute,
    unverifying_option,
    unverifying_transfer,
)
from audit.reading.behaviour.verification_values import Side, arguments_of, hands_on, sides, skipping, verifying
from audit.reading.python.abstract_values import ClassValue, External, Instance
from audit.reading.python.parameters import parameters_of

CLIENTS = ("requests.", "httpx.", "httpx2.", "niquests.", "aiohttp.", "urllib3.")
# Clients that take `verify` too, of which nothing else is asked.
_OTHERS = (
    *("boto3.", "botocore.", "aiobotocore.", "hvac.", "requests_oauthlib.", "authlib.integrations.", "curl_cffi."),
    *("cloudscraper.", "requests_toolbelt.", "requests_futures."),
)
# What they verify is a signature, or an address.
_SIGNING = ("jwt.", "jose.", "authlib.jose.", "itsdangerous.", "email_validator.", "cryptography.", "validate_email.")
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request", "send"})
_UNVERIFIED = "ssl._create_unverified_context"
_CONTEXT, _MADE = re.compile(r"\bSSLContext\b"), re.compile(r"\b_create_(?:unverified|stdlib)_context\b")
_DEFAULTS = frozenset({"_create_default_https_context", "_create_https_context"})
_CLIENT_OR_SERVER = word_set("PROTOCOL_TLS PROTOCOL_SSLv23 PROTOCOL_TLSv1 PROTOCOL_TLSv1_1 PROTOCOL_TLSv1_2")
_SAYS_OTHERWISE = ("verify_mode", "server_side", "sni_callback", "start_server", "create_server")
_ATTRIBUTE = re.compile(r"[\"'](?:verify|check_hostname|verify_mode|verify_ssl)[\"']")
_GIVEN = re.compile(r"[\"']verify[\"']|\bverify\s*=")
_FILTERS = frozenset({"filterwarnings", "simplefilter"})
_LOCAL = re.compile(r"^(?:localhost|127\.|\[?::1|unix:)")
_CELERY_S = re.compile(r"(?i)(?:broker|backend)_use_ssl")
_SERVER = ("PROTOCOL_TLS_SERVER", "CLIENT_AUTH")


def unverified_certificates(scope: Scope) -> Iterator[UnverifiedCertificate | UnreadVerification]:
    """What a scope writes that gives up verifying the certificate of a server, or that may."""
    for call in scope.calls:
        found = list(_by_a_call(scope, call)) or list(_left_over(scope, call))
        yield from () if found and never_runs(scope, call) else found
    for node in scope.all(ast.Assign):
        for target, value in _pairs(node):
            if (how := _in_assignment(scope, target, value)) and not never_runs(scope, node):
                yield given_up(scope, node, how)
            elif isinstance(target, ast.Attribute) and target.attr == "verify" and _is_client(scope, target.value):
                yield from _chosen(scope, node, f"{target.attr} = {ast.unparse(value)}", value)
    yield from in_dictionaries(scope)
    yield from in_settings(scope)
    for name in scope.all(ast.Constant):
        called = scope.parents.get(name)
        if name.value == _UNVERIFIED.partition(".")[2] and not _evaluates_to_it(scope, called):
            yield scope.observed(UnreadVerification, name, argument=_UNVERIFIED)
    for address, how, condition in unverified_addresses(scope):
        yield scope.observed(UnverifiedCertificate, address, argument=how, condition=condition)
    for command, how in unverified_commands(scope):
        yield given_up(scope, command, how)


def _set_by_name(scope: Scope, call: ast.Call) -> bool:
    """Whether this may give a client or a context any attribute: `setattr(made, name, value)`, `vars(made).update(options)`."""
    text = scope.module.source.text
    if last(call.func) == "setattr" and len(call.args) == 3 and not isinstance(call.args[1], ast.Constant):
        named = _ATTRIBUTE.search(text) is not None and (_imports_a_client(scope) or "ssl" in text)
        return named or (_imports_a_client(scope) and _is_client(scope, call.args[0]) and not _is_told(scope, call))
    owner = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr == "update" else None
    whole = isinstance(owner, ast.Attribute) and owner.attr == "__dict__"
    whole = whole or (isinstance(owner, ast.Call) and last(owner.func) == "vars")
    return whole and _imports_a_client(scope) and scope.machine.project.holds(_GIVEN)


def _is_told(scope: Scope, call: ast.Call) -> bool:
    """Whether the table over which a loop sets attributes is known."""
    loops = [n.iter for n in scope.around(call) if isinstance(n, ast.For)]
    calls = [over.func for over in loops if isinstance(over, ast.Call)]
    over = next((func.value for func in calls if isinstance(func, ast.Attribute)), None)
    return over is not None and isinstance(scope.value(over), dict)


def _silences(scope: Scope, call: ast.Call) -> bool:
    """Whether the warning that a request was not verified is shown no more: somebody sends such requests."""
    if last(call.func) == "disable_warnings":
        return "urllib3" in (scope.external(call.func) or ast.unparse(call.func))
    given = (*call.args, *(k.value for k in call.keywords))
    return last(call.func) in _FILTERS and any(last(one) == "InsecureRequestWarning" for one in given)


def _by_a_call(scope: Scope, call: ast.Call) -> Iterator[UnverifiedCertificate | UnreadVerification]:
    if last(call.func) == "insecure_channel" and scope.external(call.func).startswith("grpc."):
        yield from _in_clear(scope, call)
        return
    if how := _in_call(scope, call):
        yield given_up(scope, call, how)
        return
    if _set_by_name(scope, call):
        yield scope.observed(UnreadVerification, call, argument=ast.unparse(call.func))
        return
    if _silences(scope, call):
        yield scope.observed(UnreadVerification, call, argument=ast.unparse(call), silenced=True)
        return
    how, spread = without_a_context(scope, call)
    if how and spread:
        yield scope.observed(UnreadVerification, call, argument=how)
    elif how:
        yield given_up(scope, call, how)
    else:
        yield from _by_a_choice(scope, call)


def _left_over(scope: Scope, call: ast.Call) -> Iterator[UnreadVerification]:
    """What is given to a library that is none of those read, under the name of a verification or as what asks nothing."""
    if kept := kept_option(scope, call):
        yield scope.observed(UnreadVerification, call, argument=kept)
    given = [(k.arg or "", k.value) for k in call.keywords]
    for value in [*call.args, *(value for _, value in given)]:
        pairs = zip(value.keys, value.values, strict=True) if isinstance(value, ast.Dict) else ()
        given += [(str(getattr(key, "value", "")), one) for key, one in pairs]
    for name, value in given:
        nothing = last(value) == "CERT_NONE" or (last(getattr(value, "func", value)) == "VerifyMode")
        if nothing or (name == "verify" and isinstance(value, ast.Constant) and value.value is False):
            # To work out what is called may take long: only where something is left to it.
            callee = held(scope, call.func)
            if callee and not callee.startswith(_SIGNING) and callee.partition(".")[0] not in {"builtins", "ssl"}:
                yield scope.observed(UnreadVerification, call, argument=f"{name}={ast.unparse(value)}")


def _in_clear(scope: Scope, call: ast.Call) -> Iterator[UnverifiedCertificate | UnreadVerification]:
    """A channel that nothing protects, to another machine, or to one that is not known."""
    address = call.args[0] if call.args else keyword(call, "target")
    value = scope.evaluated(address) if address is not None else UNKNOWN
    if isinstance(value, str) and _LOCAL.match(value):
        return
    condition = "" if isinstance(value, str) or address is None else ast.unparse(address)
    yield scope.observed(UnverifiedCertificate, call, argument=f"{ast.unparse(call.func)}(…)", condition=condition)


def _by_a_choice(scope: Scope, call: ast.Call) -> Iterator[UnverifiedCertificate | UnreadVerification]:
    """A value of `verify=` that another value replaces, as something decides that is not known."""
    if True in _trusting(scope, call):
        yield scope.observed(
            UnverifiedCertificate, call, argument=ast.unparse(call), condition=ast.unparse(call.args[0])
        )
    for name, libraries in (("verify", (*CLIENTS, *_OTHERS)), ("ssl", ("aiohttp.",))):
        written = keyword(call, name)
        given = [(scope, written)] if written is not None else spread_choices(scope, call, name)
        if given and _asks_by(scope, call, libraries):
            yield from _of_several(scope, call, name, given)
            return
        spread = not given and any(k.arg is None for k in call.keywords)
        hidden = opaque_spread(scope, call) if spread and _asks_by(scope, call, libraries) else ""
        if hidden:
            yield scope.observed(UnreadVerification, call, argument=hidden)
            return
    if option := next(options_to_judge(scope, call), None):
        name, value, giving = option
        yield from _chosen(scope, call, f"{name}={ast.unparse(value)}", value, giving=giving)


def _of_several(
    scope: Scope, call: ast.Call, name: str, given: list[tuple[Scope, ast.expr]]
) -> Iterator[UnverifiedCertificate | UnreadVerification]:
    """The same of an option that one of several statements gives."""
    if len(given) == 1 and given[0][0] is scope:
        yield from _chosen(scope, call, f"{name}={ast.unparse(given[0][1])}", given[0][1])
        return
    found = frozenset[Side]().union(*(sides(where, value) for where, value in given))
    told = " ou ".join(dict.fromkeys(f"{name}={ast.unparse(value)}" for _, value in given))
    if Side.GIVES_UP in found:
        condition = "" if found == {Side.GIVES_UP} else told
        yield scope.observed(UnverifiedCertificate, call, argument=told, condition=condition)
    elif Side.UNREAD in found:
        yield scope.observed(UnreadVerification, call, argument=told)


def _chosen(
    scope: Scope, node: ast.expr | ast.stmt, how: str, value: ast.expr, *, giving: bool = False
) -> Iterator[UnverifiedCertificate | UnreadVerification]:
    found = sides(scope, value, skipping if giving else verifying)
    if found == {Side.GIVES_UP}:
        yield given_up(scope, node, how)
    elif Side.GIVES_UP in found:
        yield scope.observed(UnverifiedCertificate, node, argument=how, condition=ast.unparse(scope.given(value)))
    elif Side.UNREAD in found:
        yield scope.observed(UnreadVerification, node, argument=how)


def _pairs(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What each target is given: `a, b = x, y` gives each its own."""
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            yield from zip(target.elts, node.value.elts, strict=False)
        else:
            yield target, node.value


def held(scope: Scope, node: ast.expr) -> str:
    """Dotted name of what comes from outside the target, or of the class of it that a name holds an instance of."""
    if isinstance(node, ast.Call) and last(node.func) == "getattr" and isinstance(node.args[-1], ast.Constant):
        node = ast.Attribute(node.args[0], str(node.args[-1].value), ast.Load())
    value = scope.evaluated(node)
    told = value.cls if isinstance(value, Instance) else value
    return told.dotted if isinstance(told, External) else scope.external(node)


def _in_call(scope: Scope, call: ast.Call) -> str:
    """The argument that gives up verifying, as a reader knows it; empty when none does."""
    for name in REQUIREMENTS:
        reqs = keyword(call, name) or spread_entry(scope, call, name)
        if (
            reqs is not None
            and keyword(call, "server_side") is None
            and asks_nothing(scope, reqs, name == "ssl_cert_reqs")
        ):
            return f"{name}={ast.unparse(reqs)}"
    verify, ssl = (_only(scope, call, name) for name in ("verify", "ssl"))
    asks = verify is not None and (_asks_by(scope, call, (*CLIENTS, *_OTHERS)) or hands_on(scope, call, "verify"))
    if verify is not None and asks and _is_false(scope, verify):
        return f"verify={ast.unparse(verify)}"
    if ssl is not None and _is_false(scope, ssl) and _asks_by(scope, call, ("aiohttp.",)):
        return f"ssl={ast.unparse(ssl)}"
    if last(call.func) == "setdefault" and len(call.args) == 2 and _gives_up_option(scope, *call.args):
        return f"verify={ast.unparse(call.args[1])}"
    return _by_a_context(scope, call) or unverifying_option(scope, call) or unverifying_transfer(scope, call)


def _only(scope: Scope, call: ast.Call, name: str) -> ast.expr | None:
    """What a call is given under this name, None where one of several may be."""
    choices = spread_choices(scope, call, name)
    return keyword(call, name) or (spread_entry(scope, call, name) if len(choices) == 1 else None)


def _by_a_context(scope: Scope, call: ast.Call) -> str:
    """What makes a context that verifies nothing, or makes one give up."""
    if last(call.func) == "setattr" and len(call.args) == 3 and isinstance(call.args[1], ast.Constant):
        return _in_assignment(scope, ast.Attribute(call.args[0], str(call.args[1].value), ast.Store()), call.args[2])
    if last(call.func) == "setattr" and len(call.args) == 3 and isinstance(call.args[1], ast.Name):
        return _set_by_turns(scope, call, call.args[1].id)
    if _trusting(scope, call) == {True}:
        return ast.unparse(call)
    if last(call.func) in {"_create_unverified_context", "_create_stdlib_context"} or _makes_unverified(scope, call):
        return "_create_unverified_context"
    return ""


def _set_by_turns(scope: Scope, call: ast.Call, name: str) -> str:
    """What `for name, value in OPTIONS.items(): setattr(client, name, value)` gives up, among the entries of the table."""
    for loop in (around for around in scope.around(call) if isinstance(around, ast.For)):
        over = loop.iter.func if isinstance(loop.iter, ast.Call) else None
        named = isinstance(loop.target, ast.Tuple) and [last(t) for t in loop.target.elts][:1] == [name]
        given = over.value if named and isinstance(over, ast.Attribute) and over.attr == "items" else None
        parts = [given] if given is not None else []
        parts += (
            [v for k, v in zip(given.keys, given.values, strict=True) if k is None]
            if isinstance(given, ast.Dict)
            else []
        )
        tables = [table for part in parts if isinstance(table := scope.value(part), dict)]
        for key, value in ((key, value) for table in tables for key, value in table.items()):
            if isinstance(key, str) and isinstance(value, bool | int | str | None):
                target = ast.Attribute(call.args[0], key, ast.Store())
                if how := _in_assignment(scope, target, ast.Constant(value)):
                    return how
    return ""


def _trusting(scope: Scope, call: ast.Call) -> set[bool]:
    """Whether `ssl.SSLContext(…)` verifies nothing, by each protocol that it may be given; nothing for what says otherwise, or serves."""
    if len(call.args) > 1 or not scope.machine.project.holds(_CONTEXT) or scope.external(call.func) != "ssl.SSLContext":
        return set()
    text = scope.module.source.text
    serves = "load_cert_chain" in text and "load_verify_locations" not in text
    if serves or any(word in text for word in _SAYS_OTHERWISE):
        return set()
    given = next(iter(call.args), None) or keyword(call, "protocol")
    own = isinstance(given, ast.Name) and given.id in parameters_of(scope.spec)
    several = arguments_of(scope, given.id) if own and isinstance(given, ast.Name) else [(scope, given)]
    told = [where.external(one) if one is not None else "ssl.PROTOCOL_TLS" for where, one in several]
    return {name.rpartition(".")[2] in _CLIENT_OR_SERVER for name in told}


def _evaluates_to_it(scope: Scope, node: ast.AST | None) -> bool:
    return isinstance(node, ast.Call) and held(scope, node) == _UNVERIFIED


def _makes_unverified(scope: Scope, call: ast.Call) -> bool:
    # A method of an object is looked up only when it is given nothing by its place: the function of `ssl` is called so.
    simple = isinstance(call.func, ast.Name) or (isinstance(call.func, ast.Attribute) and not call.args)
    return simple and scope.machine.project.holds(_MADE) and scope.external(call.func) == _UNVERIFIED


def _in_assignment(scope: Scope, target: ast.expr, value: ast.expr) -> str:
    if isinstance(target, ast.Subscript):
        return _in_entry(scope, target, value)
    if not isinstance(target, ast.Attribute):
        return ""
    gone: bool | None = None
    if target.attr in _DEFAULTS:
        gone = held(scope, value) == _UNVERIFIED
    elif target.attr == "verify":
        gone = _is_client(scope, target.value) and _is_false(scope, value)
    elif target.attr == "check_hostname":
        gone = _is_false(scope, value) and _is_context(scope, target.value)
    elif target.attr == "verify_mode":
        number = value.args[0] if isinstance(value, ast.Call) and last(value.func) == "VerifyMode" else value
        gone = asks_nothing(scope, number) and _is_context(scope, target.value)
    if gone is None:
        return unverifying_attribute(scope, target, value)
    return f"{target.attr} = {ast.unparse(value)}" if gone else ""


def _in_entry(scope: Scope, target: ast.Subscript, value: ast.expr) -> str:
    name = target.slice.value if isinstance(target.slice, ast.Constant) else ""
    if name in REQUIREMENTS and not _CELERY_S.search(ast.unparse(target.value)):
        return f"{name}={ast.unparse(value)}" if asks_nothing(scope, value, name == "ssl_cert_reqs") else ""
    return f"verify={ast.unparse(value)}" if _gives_up_option(scope, target.slice, value) else ""


def _gives_up_option(scope: Scope, name: ast.expr, value: ast.expr) -> bool:
    """Whether this entry is `verify`, false, among the options of a request."""
    named = isinstance(name, ast.Constant) and name.value == "verify"
    return named and _imports_a_client(scope) and _is_false(scope, value)


def _is_client(scope: Scope, node: ast.expr) -> bool:
    entered = [
        w.context_expr for w in scope.all(ast.withitem) if w.optional_vars and last(w.optional_vars) == last(node)
    ]
    if any(held(scope, one).startswith(CLIENTS) for one in entered):
        return True
    return "session" in last(node).lower() or held(scope, node).startswith(CLIENTS) or _is_own_client(scope, node)


def _is_own_client(scope: Scope, node: ast.expr) -> bool:
    """Whether this is `self`, in a class written over one of a library's."""
    owner = scope.symbol.partition(":")[2].rpartition(".")[0]
    if not (isinstance(node, ast.Name) and node.id == "self" and owner.isidentifier()):
        return False
    cls = scope.evaluated(ast.Name(owner, ast.Load()))
    bases = cls.bases if isinstance(cls, ClassValue) else ()
    return any(isinstance(base, External) and base.dotted.startswith(CLIENTS) for base in bases)


def _imports_a_client(scope: Scope) -> bool:
    text = scope.module.source.text
    return any(f"{how} {library[:-1]}" in text for how in ("import", "from") for library in CLIENTS)


def _is_context(scope: Scope, node: ast.expr) -> bool:
    """Whether this may be the context of a client; that of a server asks no certificate of who calls it."""
    made = (scope.assigned.get(node.id) if isinstance(node, ast.Name) else None) or node
    return "ssl" in scope.module.source.text and not any(word in ast.unparse(made) for word in _SERVER)


def _asks_by(scope: Scope, call: ast.Call, libraries: tuple[str, ...]) -> bool:
    """Whether a call is one of these libraries', or a request by an object of unknown origin in a module that speaks of one."""
    callee = scope.external(call.func)
    if callee == "functools.partial" and call.args:
        callee = scope.external(call.args[0])
    if callee:
        return callee.startswith(libraries)
    return last(call.func) in _VERBS and _speaks_of(scope, libraries)


def _speaks_of(scope: Scope, libraries: tuple[str, ...]) -> bool:
    return any(library[:-1] in scope.module.source.text for library in libraries)


def _is_false(scope: Scope, node: ast.expr) -> bool:
    return settled(scope, node) is False
