"""What a function calls while a transaction is open: in a block, below a decorator, or before the commit that follows."""

import ast
import re
from collections.abc import Iterator, Sequence

from audit.model.observations.messages import Opening, TransactionCalls
from audit.model.word_tables import word_set
from audit.reading.behaviour.model_signals import listens_before_commit
from audit.reading.behaviour.published_calls import METHODS
from audit.reading.behaviour.row_objects import ancestors, owner
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.behaviour.told_failures import LOGGING
from audit.reading.behaviour.transaction_reach import is_transaction
from audit.reading.python.abstract_values import ClassValue, FunctionValue, last_name
from audit.reading.python.child_nodes import walk
from audit.reading.python.name_resolution import dotted

_WRITES = word_set("add add_all merge flush delete execute executemany insert bulk_save_objects")
_READS = re.compile(
    r"^(get|query|filter|filter_by|first|one|all|scalar|scalars|select|len|print|rollback|remove|close)\b|_or_404$"
)
_WRITING = re.compile(r"^(add|merge|flush|execute|insert|save|create|update|delete|store|put|write|bulk)")
_STACKS = frozenset({"enter_context", "enter_async_context"})
# Django's administration opens a transaction around them.
_ADMIN = frozenset(
    ("save_model", "save_form", "save_formset", "save_related", "delete_model", "response_add", "response_change",
     "response_delete", "log_addition", "log_change", "log_deletion", "construct_change_message")
)  # fmt: skip
# What answers a request, in a class of views.
_ANSWERS = frozenset(
    ("get", "post", "put", "patch", "delete", "dispatch", "form_valid", "form_invalid", "perform_create", "perform_update",
     "perform_destroy", "create", "update", "partial_update", "destroy", "list", "retrieve", "get_success_url", "done")
)  # fmt: skip
_VIEW = re.compile(r"(View|ViewSet|ViewSetMixin|ModelMixin|APIView|ListModelMixin|FormMixin)$")
_AFTER_REQUEST = re.compile(r"(after_request|after_app_request|teardown_request|teardown_appcontext)$")


def open_transactions(scope: Scope) -> Iterator[TransactionCalls]:
    """Each TransactionCalls of a function; of a module, those of classes that a decorator surrounds."""
    if not scope.symbol:
        yield from (*_of_classes(scope), *_of_migrations(scope))
        return
    name, cls = getattr(scope.root, "name", ""), owner(scope)
    inside = [call for call in scope.calls if is_inside(scope, call)]
    if not inside and name in _ADMIN and _is_one_of(cls, re.compile(r"Admin(Mixin)?$")):
        inside = scope.calls
    if inside:
        yield scope.observed(TransactionCalls, scope.root, Opening.BLOCK, _named(inside))
    if name in _ANSWERS and _is_one_of(cls, _VIEW):
        yield scope.observed(TransactionCalls, scope.root, Opening.VIEW, ())
    if scope.all(ast.Yield) and (_commits_after(scope) or any(is_inside(scope, node) for node in scope.all(ast.Yield))):
        yield scope.observed(TransactionCalls, scope.root, Opening.YIELD, ())
    if not any(last(c.func) == "commit" for c in scope.calls):
        return
    before = [call for call in scope.calls if call not in inside and commit_follows(scope, call) is not None]
    if before:
        yield scope.observed(TransactionCalls, scope.root, Opening.COMMIT, _named(before))
    if any(_AFTER_REQUEST.search(dotted(d)) for d in getattr(scope.root, "decorator_list", [])):
        yield scope.observed(TransactionCalls, scope.root, Opening.REQUEST, ())


def _named(calls: Sequence[ast.Call]) -> tuple[tuple[int, str], ...]:
    return tuple((call.lineno, last(call.func)) for call in calls)


def _is_one_of(cls: object, names: re.Pattern[str]) -> bool:
    return isinstance(cls, ClassValue) and any(names.search(last_name(base)) for base in ancestors(cls))


def _of_classes(scope: Scope) -> Iterator[TransactionCalls]:
    """Methods that `@method_decorator(transaction.atomic, name="dispatch")` surrounds."""
    for cls in scope.all(ast.ClassDef):
        for decorator in cls.decorator_list:
            if not isinstance(decorator, ast.Call) or not any(is_transaction(scope, a) for a in decorator.args):
                continue
            named = next((k.value for k in decorator.keywords if k.arg == "name"), None)
            only = named.value if isinstance(named, ast.Constant) else "dispatch"
            for method in cls.body:
                if not isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) or only not in {
                    "dispatch",
                    method.name,
                }:
                    continue
                calls = [n for n in walk(method) if isinstance(n, ast.Call)]
                seen = scope.observed(TransactionCalls, method, Opening.BLOCK, _named(calls))
                symbol = f"{scope.module.name}:{cls.name}.{method.name}"
                yield TransactionCalls(symbol, seen.excerpt, seen.opening, seen.calls)


def _of_migrations(scope: Scope) -> Iterator[TransactionCalls]:
    """What `migrations.RunPython` runs: Django opens a transaction around each migration, unless it says `atomic = False`."""
    for call in scope.by_name.get("RunPython", ()):
        given = [n.body for n in scope.around(call) if isinstance(n, ast.ClassDef)]
        own = {t: s.value for body in given for s in body if isinstance(s, ast.Assign) for t in map(last, s.targets)}
        told = keyword(call, "atomic")
        atomic = scope.value(told) if told is not None else None
        if atomic is False or (atomic is None and "atomic" in own and scope.value(own["atomic"]) is False):
            continue
        for node in (*call.args[:2], *(k.value for k in call.keywords if k.arg in {"code", "reverse_code"})):
            function = scope.evaluated(node)
            if isinstance(function, FunctionValue):
                calls = [n for n in walk(function.node) if isinstance(n, ast.Call)]
                seen = scope.observed(TransactionCalls, call, Opening.BLOCK, _named(calls))
                yield TransactionCalls(function.symbol, seen.excerpt, seen.opening, seen.calls)


def is_inside(scope: Scope, call: ast.expr) -> bool:
    """Whether a call, or what is yielded, runs in a transaction: of a block around it, of a decorator, of an event, or that a stack entered before."""
    if listens_before_commit(scope):
        return True
    blocks = [n for n in scope.around(call) if isinstance(n, ast.With | ast.AsyncWith)]
    managers = [item.context_expr for block in blocks for item in block.items if not _holds(item, call)]
    managers += [m for d in getattr(scope.root, "decorator_list", []) for m in (d, *_given(d))]
    stacked = [c for name in _STACKS for c in scope.by_name.get(name, ()) if c.args and c.lineno < call.lineno]
    managers += [c.args[0] for c in stacked]
    return any(is_transaction(scope, manager) for manager in managers)


def _given(decorator: ast.expr) -> list[ast.expr]:
    """What `method_decorator(transaction.atomic)` makes a decorator of."""
    named = isinstance(decorator, ast.Call) and last(decorator.func) == "method_decorator"
    return list(decorator.args) if named and isinstance(decorator, ast.Call) else []


def _holds(item: ast.withitem, call: ast.expr) -> bool:
    return any(node is call for node in walk(item.context_expr))


def commit_follows(scope: Scope, call: ast.Call) -> bool | None:
    """Whether something is surely written, then this is called, then committed; None when no commit follows, or nothing may be written."""
    follows, writes = False, last(call.func) not in METHODS and _is_of_project(scope, call)
    for before, after in _around(scope, call):
        committers = {name for statement in after for name in _committers(scope, statement)}
        committers |= {cursor for cursor, holder in _cursors(scope) if holder in committers}
        if committers and _wrote(before, committers):
            return True
        follows = follows or bool(committers)
        writes = writes or _may_write(before)
    return False if follows and writes else None


def _is_of_project(scope: Scope, call: ast.Call) -> bool:
    """Whether a call may run code of the project, which may write by itself."""
    return not _READS.search(last(call.func)) and last(call.func) not in LOGGING and not scope.external(call.func)


def committed_before(scope: Scope, call: ast.Call) -> bool:
    """Whether the function commits, and then makes this call without a write between."""
    for before, _ in _around(scope, call):
        places = [index for index, s in enumerate(before) if _committers(scope, s)]
        if places:
            return not _writes_by_name(before[places[-1] + 1 :])
    return False


def _around(scope: Scope, call: ast.Call) -> Iterator[tuple[list[ast.stmt], list[ast.stmt]]]:
    """What runs before a call and after it, from the inside out: the statements of each list that holds it."""
    inner: ast.AST = call
    left = False
    for holder in (*scope.around(call), scope.root):
        for name in ("body", "orelse", "finalbody"):
            statements = getattr(holder, name, None)
            if not isinstance(statements, list) or inner not in statements:
                continue
            index = statements.index(inner)
            after = [] if left else statements[index + 1 :]
            yield statements[:index], after
            if isinstance(holder, ast.Try) and name == "body":
                yield statements[:index], [*([] if left else holder.orelse), *holder.finalbody]
            left = left or isinstance(statements[-1], ast.Return | ast.Raise)
        inner = holder


def _committers(scope: Scope, statement: ast.stmt) -> frozenset[str]:
    """What is committed by a statement that is a commit itself, or holds one; what is given a message is no database."""
    if statement not in scope.committers:
        calls = [n.func for n in walk(statement) if isinstance(n, ast.Call) and not n.args]
        committed = (f.value for f in calls if isinstance(f, ast.Attribute) and f.attr == "commit")
        scope.committers[statement] = frozenset(dotted(value).partition(".")[0] for value in committed)
    return scope.committers[statement]


def _cursors(scope: Scope) -> Iterator[tuple[str, str]]:
    """The names of cursors, each with that of its connection: `cur = conn.cursor()`, `with conn.cursor() as cur`."""
    if "cursor" not in scope.by_name:
        return
    made = [(t, node.value) for node in scope.all(ast.Assign) for t in node.targets]
    made += [(item.optional_vars, item.context_expr) for item in scope.all(ast.withitem) if item.optional_vars]
    for target, call in made:
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "cursor":
            yield dotted(target), dotted(call.func.value).partition(".")[0]


def _wrote(statements: Sequence[ast.stmt], committers: set[str]) -> bool:
    """Whether the last thing done to what is committed is a write."""
    wrote = False
    for statement in statements:
        for node in walk(statement):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr == "commit":
                    wrote = False
                elif node.func.attr in _WRITES and (dotted(node.func.value).partition(".")[0] in committers):
                    wrote = True
    return wrote


def _may_write(statements: Sequence[ast.stmt]) -> bool:
    """Whether something may be written since the last commit: an attribute is given a value, something unknown is called."""
    may = False
    for statement in statements:
        for node in walk(statement):
            if isinstance(node, ast.Call):
                name = last(node.func)
                may = (
                    False
                    if name == "commit"
                    else may or not (name in LOGGING or _READS.search(name) or name[:1].isupper())
                )
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
                may = True
    return may


def _writes_by_name(statements: Sequence[ast.stmt]) -> bool:
    """Whether an attribute is given a value, or something is called that bears the name of a write."""
    nodes = [node for statement in statements for node in walk(statement)]
    stored = any(isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store | ast.Del) for n in nodes)
    return stored or any(isinstance(n, ast.Call) and _WRITING.match(last(n.func)) for n in nodes)


def _commits_after(scope: Scope) -> bool:
    """Whether a generator commits once what it yields was used."""
    first = min(node.lineno for node in scope.all(ast.Yield))
    return any(last(c.func) == "commit" and c.lineno > first for c in scope.calls)
