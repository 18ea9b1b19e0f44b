"""Which expressions given to a task are plain values: by what they are worked out from, their type, their name or their use."""

import ast
import re
import sys
from collections.abc import Iterator

from audit.model.unknown import UNKNOWN
from audit.model.word_tables import word_set
from audit.reading.behaviour.called_functions import named_function
from audit.reading.behaviour.model_signals import is_sent_otherwise, sent_to
from audit.reading.behaviour.reaching_values import keeps_parameter, values
from audit.reading.behaviour.row_objects import PAIRS, QUERIES, is_row, is_row_class, is_whether_new, parameters
from audit.reading.behaviour.scope import Scope, chain, function_scope, last
from audit.reading.behaviour.type_tests import is_of_a_plain_type
from audit.reading.python.abstract_values import ClassValue, FunctionValue, exported, has_unknown, unwrap
from audit.reading.python.child_nodes import walk
from audit.reading.python.parameters import defaults_of, placed

_DEPTH = 5
_PLAIN = (ast.Constant, ast.JoinedStr, ast.Compare, ast.Lambda, ast.Attribute, ast.UnaryOp)
# The last word of a name that is one of an identifier, of a number or of a date.
_IDENTIFIERS = (
    " "
    "id ids pk pks uuid uuids guid uid gid pid oid sha hash key keys slug slugs name names username number numbers num n i "
    "j x y z code codes count total size limit offset index page at date dates time timestamp ts day days year month hour "
    "hours minutes seconds start end since until before after seq sequence identifier identifiers version versions url urls "
    "uri path paths filename hostname ip port token secret password digest nonce salt serial timezone tz period interval "
    "duration delay timeout countdown retries attempts attempt min max step prefix suffix pattern regex lat lon lng score "
    "rate ratio weight amount price encoding lang language locale currency "
)
# That of a text, of a choice, or of data made of plain values, unless a class of rows bears it.
_DATA = (
    " "
    "link file files dir directory folder email emails mail address addresses phone text body html subject message messages "
    "msg title content contents type types kind status state action actions level mode query sql args kwargs params param "
    "parameters options opts config settings data payload context ctx extra meta metadata json info dict list values value "
    "fields field headers attrs attributes force flag verbose debug template sender recipient recipients to from cc bcc "
    "host domain retry ref refs reference references label labels tag tags reason error errors traceback result results "
    "rows lines line chunk batch string str bytes buffer format filters filter columns column table model cls backend queue "
    "topic channel command cmd scope scopes permission permissions role roles country zone signature coordinates "
)
_SAYS_YES_OR_NO = re.compile(
    r"^(?:is|has|should|with|without|do|dry|use|no|only|can|include|exclude|skip|allow|keep|send|ignore|raw)_"
)
# What follows says by what something is looked for.
_BY = re.compile(r"_(?:by|from|for|of|with|in)_.*")
_TYPES = word_set("""
    str int float bool bytes UUID date datetime time timedelta Decimal dict Dict list List tuple Tuple set Set Mapping
    Sequence Iterable Optional Union Literal Collection frozenset
""")
_LOOKED_UP = re.compile(r"(?:^|_)(?:id|pk|ids|pks|uuid|slug|key|name|code|email)(?:__in|__iexact)?$")
_MAKES_PLAIN = word_set("""
    str int float bool len repr sum round hash bytes dumps isoformat format join strip lower upper replace split decode
    encode hex hexdigest total_seconds timestamp strftime keys model_dump model_dump_json to_dict as_dict to_json asdict
    __json__ json serialize values_list values now utcnow today time uuid4 get_json getlist read range type abs render
""")
_TAKES_PLAIN = word_set("int UUID get aget get_by_id find_one ObjectId open loads Path import_string")
_CLIENTS = frozenset({"session", "client", "requests", "http"})
_OF_SETTINGS = re.compile(r"(?i)(settings|config|conf|options|args|enum|module)$")
_SAME = word_set("list tuple set sorted reversed iter max min next deepcopy copy pop")


def _says_plain(scope: Scope, name: str) -> bool:
    """Whether a name is that of an identifier, of a text, of a number, or of data made of these."""
    word = name.lower().rpartition("_")[2]
    if f" {word} " in _IDENTIFIERS or _SAYS_YES_OR_NO.search(name.lower()):
        return True
    return f" {word} " in _DATA and not _is_of_a_row(scope, word)


def _is_of_a_row(scope: Scope, word: str) -> bool:
    """Whether a class of rows of the project bears the name: `message`, where there is a `Message`."""
    names = {word.capitalize(), word.removesuffix("s").capitalize()}
    modules = scope.machine.project.modules.values()
    held = [(m.name, n) for m in modules for n in names if f"class {n}(" in m.source.text]
    return any(is_row_class(scope, unwrap(scope.machine.module_names(m).get(n))[0]) for m, n in held)


def is_plain(scope: Scope, node: ast.expr, depth: int = 0) -> bool:
    """Whether an expression is known to be no object of the database: by what gives it, by its type or by its name."""
    if isinstance(node, ast.Await | ast.Starred | ast.NamedExpr):
        return is_plain(scope, node.value, depth)
    if isinstance(node, _PLAIN) or _is_known(scope, node):
        return True
    if isinstance(node, ast.Name):
        return _is_plain_name(scope, node, depth)
    if isinstance(node, ast.Subscript):
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        return isinstance(key, str) or is_whether_new(node) or is_plain(scope, node.value, depth)
    if isinstance(node, ast.Call):
        return _is_plain_call(scope, node, depth)
    parts = _parts(node)
    return bool(parts) and all(is_plain(scope, part, depth) for part in parts)


def _is_known(scope: Scope, node: ast.expr) -> bool:
    value = scope.evaluated(node)
    return exported(value) is not UNKNOWN and not has_unknown(value)


def _parts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [node.left, node.right] if isinstance(node.op, ast.Add | ast.BitOr) else [ast.Constant(0)]
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.BoolOp):
        return node.values if isinstance(node.op, ast.Or) else node.values[-1:]
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
        return [node.elt]
    if isinstance(node, ast.Dict | ast.DictComp):
        return [*node.values, ast.Constant(0)] if isinstance(node, ast.Dict) else [node.value]
    return [*node.elts, ast.Constant(0)] if isinstance(node, ast.List | ast.Tuple | ast.Set) else []


def _is_plain_name(scope: Scope, node: ast.Name, depth: int) -> bool:
    if _says_plain(scope, node.id) or is_of_a_plain_type(scope, node) or depth > _DEPTH:
        return True
    own = parameters(scope) if keeps_parameter(scope, node) else []
    parameter = next((p for p in own if p.arg == node.id), None)
    if parameter is not None and parameter.annotation is not None and _is_plain_type(scope, parameter.annotation):
        return True
    sent = list(sent_to(scope, node.id)) if parameter is not None and not is_sent_otherwise(scope) else []
    if parameter is not None and (
        _has_plain_default(scope, node.id) or (sent and all(is_plain(*one, depth + 1) for one in sent))
    ):
        return True
    given = list(values(scope, node, PAIRS))
    return parameter is None and bool(given) and all(is_plain(scope, value, depth + 1) for value in given)


def _has_plain_default(scope: Scope, name: str) -> bool:
    held = defaults_of(scope.spec).get(name)
    return isinstance(held, ast.Constant) and held.value is not None


def _is_plain_type(scope: Scope, annotation: ast.expr) -> bool:
    names = {n.id for n in walk(annotation) if isinstance(n, ast.Name)} | {
        n.attr for n in walk(annotation) if isinstance(n, ast.Attribute)
    }
    if names & _TYPES and "Any" not in names:
        return not is_row_class(scope, annotation)
    value = scope.evaluated(annotation)
    return isinstance(value, ClassValue) and not is_row_class(scope, value)


def _is_plain_call(scope: Scope, call: ast.Call, depth: int) -> bool:
    name = last(call.func)
    if name == "dict" or (name in _SAME and call.args):
        handed = [*call.args, *(k.value for k in call.keywords)] if name == "dict" else call.args[:1]
        return all(is_plain(scope, value, depth) for value in handed)
    if name == "getattr" and len(call.args) > 1 and not isinstance(call.args[1], ast.Constant):
        # A name that is worked out may be that of a related row.
        return bool(_OF_SETTINGS.search(last(call.args[0])))
    read = name == "get" and call.args and isinstance(call.args[0], ast.Constant)
    holder = last(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    # What a query gives was told before; so was `session.get` of a class.
    asked = holder in _CLIENTS or any(last(c.func) in QUERIES and c.args for c in chain(call))
    if read or asked or name in _MAKES_PLAIN or _says_plain(scope, _BY.sub("", name)):
        return True
    callee = scope.evaluated(call.func)
    function = named_function(scope, call.func) or callee
    if isinstance(function, FunctionValue) and not isinstance(function.node, ast.Lambda):
        return _gives_plain(function_scope(scope.machine, function), function.node.returns, depth)
    # A class of the project that is one of rows was told before.
    library = scope.external(call.func).partition(".")[0]
    return isinstance(function, ClassValue) or library in sys.stdlib_module_names


def _gives_plain(scope: Scope, returned: ast.expr | None, depth: int) -> bool:
    """Whether a function answers plain values, by its annotation or by all that it returns."""
    answers = [n.value for n in scope.all(ast.Return) if n.value is not None]
    declared = returned is not None and _is_plain_type(scope, returned)
    if declared or depth >= _DEPTH:
        return declared
    return all(is_plain(scope, value, depth + 2) and not _holds_a_row(scope, value) for value in answers)


def _holds_a_row(scope: Scope, node: ast.expr) -> bool:
    return is_row(scope, node) or any(_holds_a_row(scope, part) for part in _parts(node))


def is_used_as_plain(scope: Scope, call: ast.Call, node: ast.expr) -> bool:
    """Whether the task itself takes a plain value, by the type, the name or the use of the parameter that this is given to."""
    function = scope.evaluated(call.func.value) if isinstance(call.func, ast.Attribute) else None
    if not isinstance(function, FunctionValue) or isinstance(function.node, ast.Lambda):
        return False
    taken = next((name for name, value in _taken(function.node, call) if value is node), "")
    if not taken:
        return False
    inner = function_scope(scope.machine, function)
    own = next((p for p in parameters(inner) if p.arg == taken), None)
    if _says_plain(inner, taken) or (
        own is not None and own.annotation is not None and _is_plain_type(inner, own.annotation)
    ):
        return True
    return any(_looks_up(inner, n) for n in inner.all(ast.Name) if n.id == taken)


def _taken(node: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """What a publication gives the parameters of the task."""
    names = placed(node.args)
    if last(call.func) in {"delay", "delay_on_commit", "s", "si"}:
        given: list[ast.expr] = list(call.args)
        yield from ((k.arg, k.value) for k in call.keywords if k.arg)
    else:
        held = {k.arg: k.value for k in call.keywords}
        args = held.get("args", call.args[0] if call.args else None)
        kwargs = held.get("kwargs", call.args[1] if len(call.args) > 1 else None)
        given = list(args.elts) if isinstance(args, ast.List | ast.Tuple) else []
        if isinstance(kwargs, ast.Dict):
            entries = zip(kwargs.keys, kwargs.values, strict=True)
            yield from ((str(k.value), v) for k, v in entries if isinstance(k, ast.Constant))
        elif isinstance(kwargs, ast.Call):
            yield from ((k.arg, k.value) for k in kwargs.keywords if k.arg)
    yield from zip(names, given, strict=False)


def _looks_up(scope: Scope, node: ast.Name) -> bool:
    """`get(pk=order)`, `find(order)`, `f"{order}"`, `int(order)`: what only a plain value is used for."""
    parent = scope.parents.get(node)
    if isinstance(parent, ast.keyword):
        return bool(parent.arg and _LOOKED_UP.search(parent.arg))
    if isinstance(parent, ast.Call) and node in parent.args:
        return last(parent.func) in _TAKES_PLAIN
    return isinstance(parent, ast.BinOp)
