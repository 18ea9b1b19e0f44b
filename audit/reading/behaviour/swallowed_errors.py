"""Failures that a function turns into an ordinary answer."""

import ast
from collections.abc import Iterator, Sequence

from audit.model.observations.failure_handling import Fate, NotedError, SwallowedError
from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.deployed_branches import deployed_handler
from audit.reading.behaviour.exception_handlers import (
    BROAD,
    STACKING,
    context_fate,
    handlers_fate,
    hands_on_sometimes,
    inside,
    is_pushed,
    is_unread,
    manager_made_by,
    pushed_fate,
)
from audit.reading.behaviour.gathered_answers import is_raised
from audit.reading.behaviour.scope import Scope, keyword, last
from audit.reading.behaviour.swallowing_decorators import swallowed_by_decorators
from audit.reading.behaviour.told_failures import (
    FAILED,
    ends_the_function,
    hands_on,
    is_log,
    left_unsaid,
    tells_in_words,
    tells_of_a_failure,
)
from audit.reading.python.abstract_values import BoundMethod, ClassValue, FunctionValue
from audit.reading.python.child_nodes import walk

# What an outage raises: answering it by a dictionary hides it as much as a broad `except` does.
_OUTAGES = frozenset({"RequestException", "ConnectionError", "Timeout", "TimeoutError", "OperationalError"})
_COMMANDS = frozenset({"run", "call", "system"})
_TESTS = frozenset({"issubclass", "isinstance"})
_ERROR_KEYS = frozenset({"error", "errors", "err", "exception", "erreur", "traceback"})
_STATE_KEYS = frozenset({"status", "state", "result", "statut", "outcome"})
_SUCCESS_KEYS = frozenset({"success", "ok", "succeeded"})


def swallowed_errors(scope: Scope) -> Iterator[SwallowedError]:
    """SwallowedError: what makes an ordinary end of a failure.

    A broad `except`, or one of an outage, that answers an error; a broad one, a `suppress` or a `finally` that passes over it.
    """
    if not scope.symbol:
        return
    for handler in scope.all(ast.ExceptHandler):
        yield from _of_handler(scope, *deployed_handler(scope, handler, hands_on))
    yield from _left_to_contexts(scope)
    yield from _never_read(scope)
    yield from swallowed_by_decorators(scope)
    for tried in scope.all(ast.Try):
        if any(isinstance(n, ast.Return) for n in inside(tried.finalbody)):
            how = "un `return` dans un `finally` tait toute erreur"
            yield scope.observed(SwallowedError, tried.finalbody[0], how=how, doubt="")


def _of_handler(scope: Scope, handler: ast.ExceptHandler, differ: bool) -> Iterator[SwallowedError]:
    """What a handler hides; of one that another deployment makes hand the error on, when they `differ`."""
    unsure = "un `except` large, qui ne relance que selon l'environnement ou une option" if differ else ""
    broad = _catches(handler.type, BROAD)
    if (broad or _catches(handler.type, _OUTAGES)) and not _hands_on(handler.body):
        answer = _answer(scope, handler)
        if answer is not None and (broad or isinstance(answer, ast.Dict)):
            yield scope.observed(SwallowedError, handler, how="", doubt=unsure)
            return
        if answer is None and broad and (given := _left_to(scope, handler)):
            doubt = f"un `except` large, qui rend ce que `{given}` fait de l'erreur"
            yield scope.observed(SwallowedError, handler, how="", doubt=doubt)
            return
    if broad and (_leaves_on_one_branch(handler) or _hands_on_one_branch(scope, handler)):
        doubt = "un `except` large, qui ne relance pas l'erreur dans tous les cas"
        yield scope.observed(SwallowedError, handler, how="", doubt=doubt)
        return
    fate = handlers_fate(scope, [handler], BROAD) if _is_quiet(handler) else Fate.HANDED_ON
    if fate:
        logged = "qui ne fait que journaliser l'erreur" if any(map(is_log, handler.body)) else ""
        how, doubt = _passed_over(scope, handler, "except", logged)
        if fate is Fate.UNCLEAR:
            doubt = "un `except` dont on ne lit pas ce qu'il attrape, qui tait l'erreur"
        ends = bool(logged) and fate is Fate.LOST and not differ and ends_the_function(scope, handler)
        how = "un `except` large journalise l'erreur, puis laisse finir la tâche" if ends else how
        answers = _answers(scope, handler) and not differ
        yield scope.observed(SwallowedError, handler, how=how, doubt=unsure or doubt, answers=answers, ends=ends)
    elif broad and tells_of_a_failure(scope, handler) and ends_the_function(scope, handler):
        how = "un `except` large note l'échec, puis laisse finir la tâche"
        yield scope.observed(NotedError, handler, how=how, doubt=unsure or "qui note l'échec", ends=not differ)
    elif broad and (left_unsaid(scope, handler) or _only_gives(handler)) and ends_the_function(scope, handler):
        doubt = "un `except` large, dont rien ne dit s'il répare l'échec ou le tait"
        yield scope.observed(NotedError, handler, how="", doubt=unsure or doubt)


def _leaves_on_one_branch(handler: ast.ExceptHandler) -> bool:
    """Whether a handler ends by raising, and answers nothing before that where a test says so: `if code == 400: return`."""
    raises = isinstance(handler.body[-1], ast.Raise)
    tests = [n for n in inside(handler.body) if isinstance(n, ast.If)] if raises else []
    return any(isinstance(end := test.body[-1], ast.Return) and end.value is None for test in tests)


def _hands_on_one_branch(scope: Scope, handler: ast.ExceptHandler) -> bool:
    """Whether a handler raises or retries where a test says so, and ends the function otherwise: `if again: raise`."""
    some = any(hands_on(n) for n in inside(handler.body))
    return some and not _always_hands_on(handler.body) and ends_the_function(scope, handler)


def _always_hands_on(body: Sequence[ast.stmt]) -> bool:
    for statement in body:
        if isinstance(statement, ast.If):
            if statement.orelse and _always_hands_on(statement.body) and _always_hands_on(statement.orelse):
                return True
        elif isinstance(statement, ast.Match | ast.For | ast.While | ast.Try):
            # What ends them is not followed: they are given the benefit of it.
            if any(hands_on(n) for n in inside([statement])):
                return True
        elif any(hands_on(n) for n in inside([statement])) or hands_on(statement):
            return True
    return False


def _only_gives(handler: ast.ExceptHandler) -> bool:
    """Whether a handler only gives values to names and attributes: `self.ok = False`."""
    return all(isinstance(s, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Pass) or is_log(s) for s in handler.body)


def _never_read(scope: Scope) -> Iterator[SwallowedError]:
    """Work handed to a pool, or gathered with its exceptions, whose outcome nobody looks at."""
    yield from _exit_codes(scope)
    yield from _started_apart(scope)
    yield from _only_logged(scope)
    loaded = {name.id for name in scope.all(ast.Name) if isinstance(name.ctx, ast.Load)}
    for call in scope.calls:
        keeps = last(call.func) == "gather" and keyword(call, "return_exceptions")
        kept = isinstance(keeps, ast.Constant) and keeps.value is True
        handed = (
            isinstance(call.func, ast.Attribute) and call.func.attr in {"submit", "map"} and _is_a_pool(scope, call)
        )
        awaited = last(call.func) == "wait" and scope.external(call.func) == "asyncio.wait"
        if not kept and not handed and not awaited:
            continue
        holder: ast.AST | None = scope.parents.get(call)
        holder = scope.parents.get(holder) if isinstance(holder, ast.Await) else holder
        names = [t.id for t in holder.targets if isinstance(t, ast.Name)] if isinstance(holder, ast.Assign) else []
        unread = isinstance(holder, ast.Expr) or (bool(names) and loaded.isdisjoint(names))
        if unread and isinstance(holder, ast.stmt):
            how = f"personne ne lit ce que `{last(call.func)}` rend, échecs compris"
            doubt = (
                "" if _is_all_its_work(scope, holder) else f"un `{last(call.func)}` dont personne ne lit ce qu'il rend"
            )
            yield scope.observed(SwallowedError, call, how=how, doubt=doubt)
        elif last(call.func) != "map" and not is_raised(scope, call):
            how = f"les échecs que `{last(call.func)}` garde parmi ses réponses ne sont ni relancés ni repris"
            doubt = f"un `{last(call.func)}` dont les échecs, gardés parmi ses réponses, ne sont ni relancés ni repris"
            ends = scope.body[-1:] == [holder] or not any(isinstance(n, ast.Await) for n in _after(scope, call))
            yield scope.observed(SwallowedError, call, how=how, doubt=doubt, ends=ends)


def _after(scope: Scope, call: ast.Call) -> Iterator[ast.AST]:
    """What stands below a call in its function."""
    return (n for n in walk(scope.root) if getattr(n, "lineno", 0) > (call.end_lineno or call.lineno))


def _exit_codes(scope: Scope) -> Iterator[SwallowedError]:
    """A command that is a function's whole work, and whose exit code nobody reads."""
    for call in scope.calls:
        holder = scope.parents.get(call)
        checks = keyword(call, "check")
        if not isinstance(holder, ast.Expr) or last(call.func) not in _COMMANDS or checks is not None:
            continue
        if scope.external(call.func) in {f"subprocess.{last(call.func)}", "os.system"} and _is_all_its_work(
            scope, holder
        ):
            how = f"personne ne lit le code de sortie de `{last(call.func)}`"
            yield scope.observed(SwallowedError, call, how=how, doubt="")


def _started_apart(scope: Scope) -> Iterator[SwallowedError]:
    """A thread, or a task of asyncio that nobody keeps: what fails there fails nobody else."""
    for call in scope.calls:
        thread = last(call.func) in {"Thread", "Timer"} and scope.external(call.func).startswith("threading.")
        loose = last(call.func) in {"create_task", "ensure_future"} and isinstance(scope.parents.get(call), ast.Expr)
        if thread or (loose and scope.external(call.func).startswith("asyncio.")):
            doubt = f"un `{last(call.func)}`, dont les échecs n'arrivent pas à la tâche"
            yield scope.observed(NotedError, call, how="", doubt=doubt)


def _only_logged(scope: Scope) -> Iterator[NotedError]:
    """A failure that a call answers, of which a test only makes a line of log: `if not sent: log.error("not sent")`."""
    answered = {t.id: a.value for a in scope.all(ast.Assign) for t in a.targets if isinstance(t, ast.Name)}
    for test in scope.all(ast.If):
        told = [s for s in test.body if is_log(s) and tells_in_words(s)]
        if not told or test.orelse or not all(is_log(s) or _is_an_end(s) for s in test.body):
            continue
        names = {n.id for n in walk(test.test) if isinstance(n, ast.Name)}
        if any(isinstance(answered.get(name), ast.Call | ast.Await) for name in names):
            yield scope.observed(
                NotedError, test, how="", doubt="un échec, rendu par un appel, qui n'est que journalisé"
            )


def _is_an_end(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Return) and (statement.value is None or isinstance(statement.value, ast.Constant))


def _is_a_pool(scope: Scope, call: ast.Call) -> bool:
    holder = scope.given(call.func.value) if isinstance(call.func, ast.Attribute) else call
    within = [
        i for b in scope.all(ast.With) for i in b.items if i.optional_vars and last(i.optional_vars) == last(holder)
    ]
    made = next((item.context_expr for item in within), holder)
    return isinstance(made, ast.Call) and last(made.func) in {"ThreadPoolExecutor", "ProcessPoolExecutor"}


def _answers(scope: Scope, handler: ast.ExceptHandler) -> bool:
    """Whether a handler returns a value, of a function that returns others."""
    own = [n for n in inside(handler.body) if isinstance(n, ast.Return) and n.value is not None]
    others = [r.value for r in scope.all(ast.Return) if r not in own]
    return bool(own) and any(v is not None and not isinstance(v, ast.Constant) for v in others)


def is_silent(scope: Scope, manager: ast.expr) -> bool:
    """Whether what the project puts around a block or a function does nothing at all of an error: it does not even log it."""
    made = manager_made_by(scope, manager)
    if not isinstance(made, ClassValue | FunctionValue):
        return False
    nodes = list(walk(made.node))
    handlers = [n for n in nodes if isinstance(n, ast.ExceptHandler)]
    leaving = [n for n in nodes if isinstance(n, ast.FunctionDef) and n.name in {"__exit__", "__aexit__"}]
    acts = any(isinstance(n, ast.Call) and last(n.func) not in _TESTS for f in leaving for n in walk(f))
    return not acts and all(_is_quiet(h) and not any(map(is_log, h.body)) for h in handlers)


def _left_to_contexts(scope: Scope) -> Iterator[SwallowedError]:
    """Blocks whose context manager swallows every error: `suppress`, or one of the project."""
    blocks: list[ast.With | ast.AsyncWith] = [*scope.all(ast.With), *scope.all(ast.AsyncWith)]
    entered: list[tuple[ast.AST, ast.expr]] = [(node, item.context_expr) for node in blocks for item in node.items]
    # What a stack enters surrounds the rest of the function.
    stacked = [c for c in scope.calls if last(c.func) in STACKING and c.args]
    pushed = [c for c in scope.calls if c.args and is_pushed(scope, c)]
    entered += [(call, call.args[0]) for call in (*stacked, *pushed)]
    for node, manager in entered:
        fate = pushed_fate(scope, manager, BROAD) if node in pushed else context_fate(scope, manager, BROAD)
        if fate is Fate.UNCLEAR and (hands_on_sometimes(scope, manager) or is_unread(scope, manager)):
            named = ast.unparse(manager.func if isinstance(manager, ast.Call) else manager)
            doubt = f"un bloc `with {named}`, qui tait peut-être l'erreur"
            yield scope.observed(SwallowedError, node, how="", doubt=doubt)
        if fate is not Fate.LOST:
            continue
        told = last(manager.func if isinstance(manager, ast.Call) else manager)
        around = (
            node
            if node not in (*stacked, *pushed)
            else next((n for n in scope.around(node) if isinstance(n, ast.With)), node)
        )
        logged = "" if told == "suppress" or is_silent(scope, manager) else "qui fait autre chose de l'erreur"
        how, doubt = _passed_over(scope, around, told, logged)
        yield scope.observed(SwallowedError, node, how=how, doubt=doubt)


def _passed_over(scope: Scope, node: ast.AST, word: str, logged: str) -> tuple[str, str]:
    """What is said of an error that nothing answers, by the word of what passes over it: the task's own when nothing is done after it, and nothing logged."""
    how = f"un `{word}` large tait toute erreur"
    if logged or not _is_all_its_work(scope, node):
        why = logged or "qui entoure peut-être tout son travail, ou une partie"
        return how, f"un `{word}` large, {why}"
    return how, ""


def _is_all_its_work(scope: Scope, node: ast.AST) -> bool:
    """Whether nothing is done before or after this statement, and what is around it is done once."""
    around = [node, *scope.around(node)]
    if any(isinstance(n, ast.For | ast.AsyncFor | ast.While | ast.If) for n in around):
        return False
    own = next((n for n in around if n in scope.body), None)
    if own is None:
        return False
    before, after = scope.body[: scope.body.index(own)], scope.body[scope.body.index(own) + 1 :]
    alone = not any(isinstance(n, ast.Call | ast.Await) for s in before for n in walk(s))
    return alone and all(
        isinstance(s, ast.Return) and (s.value is None or isinstance(s.value, ast.Constant)) for s in after
    )


def _is_quiet(handler: ast.ExceptHandler) -> bool:
    """Whether a handler does nothing of an error but perhaps log it."""
    return all(
        isinstance(s, ast.Pass | ast.Continue | ast.Break)
        or (isinstance(s, ast.Return) and (s.value is None or isinstance(s.value, ast.Constant)))
        or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
        or is_log(s)
        for s in handler.body
    )


def _catches(kind: ast.expr | None, names: frozenset[str]) -> bool:
    parts = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(part is None or last(part) in names for part in parts)


def _hands_on(body: Sequence[ast.stmt]) -> bool:
    """Whether the handler raises, retries, or tells Celery the state itself."""
    for statement in body:
        for node in walk(statement):
            if isinstance(node, ast.Raise):
                return True
            if isinstance(node, ast.Call) and last(node.func) in {"retry", "update_state", "exit", "_exit"}:
                return True
    return False


def _answer(scope: Scope, handler: ast.ExceptHandler) -> ast.expr | None:
    """What the handler returns, when it tells of an error."""
    returned = next((s for s in reversed(handler.body) if isinstance(s, ast.Return)), None)
    if returned is None or returned.value is None:
        return None
    value = returned.value
    if isinstance(value, ast.Name):
        value = _last_given(handler.body, value.id) or scope.given(value)
    return value if _tells_of_error(value, handler.name) else None


def _left_to(scope: Scope, handler: ast.ExceptHandler) -> str:
    """The function that a handler gives the error and whose answer it returns, unless it always raises; else empty."""
    value = handler.body[-1].value if isinstance(handler.body[-1], ast.Return) else None
    call = value.value if isinstance(value, ast.Await) else value
    if not isinstance(call, ast.Call) or not any(isinstance(a, ast.Name) and a.id == handler.name for a in call.args):
        return ""
    callee = scope.evaluated(call.func)
    function = callee.function if isinstance(callee, BoundMethod) else callee
    if isinstance(function, FunctionValue) and isinstance(function.node, ast.FunctionDef | ast.AsyncFunctionDef):
        nodes = list(inside(function.node.body))
        always = isinstance(function.node.body[-1], ast.Raise) and not any(isinstance(n, ast.Return) for n in nodes)
        return "" if always else last(call.func)
    return last(call.func) if function is UNKNOWN else ""


def _last_given(body: Sequence[ast.stmt], name: str) -> ast.expr | None:
    for statement in reversed(body):
        if isinstance(statement, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == name for t in statement.targets
        ):
            return statement.value
    return None


def _tells_of_error(value: ast.expr, caught: str | None) -> bool:
    if isinstance(value, ast.Constant):
        return value.value is False or (isinstance(value.value, str) and value.value.lower() in FAILED)
    if isinstance(value, ast.Dict):
        pairs = [(k.value, v) for k, v in zip(value.keys, value.values, strict=True) if isinstance(k, ast.Constant)]
        return any(_is_error(str(key), item) for key, item in pairs) or _mentions(value, caught)
    if isinstance(value, ast.Call) and (last(value.func) == "dict" or last(value.func)[:1].isupper()):
        # `Result(ok=False)`, `Result(False, str(error))`: an object of the project that says so.
        first = value.args[0] if value.args else None
        told = any(_is_error(k.arg, k.value) for k in value.keywords if k.arg)
        return told or (isinstance(first, ast.Constant) and first.value is False)
    if isinstance(value, ast.Tuple):
        told = any(isinstance(e, ast.Constant) and e.value is False for e in value.elts[:1])
        return told or any(isinstance(e, ast.Name) and e.id == caught for e in value.elts)
    text = isinstance(value, ast.JoinedStr) or (isinstance(value, ast.Call) and last(value.func) in {"str", "repr"})
    return text and _mentions(value, caught)


def _is_error(key: str, value: ast.expr) -> bool:
    key = key.lower()
    constant = value.value if isinstance(value, ast.Constant) else None
    if key in _ERROR_KEYS:
        return constant is None or bool(constant)
    if key in _SUCCESS_KEYS:
        return constant is False
    return key in _STATE_KEYS and isinstance(constant, str) and constant.lower() in FAILED


def _mentions(value: ast.expr, caught: str | None) -> bool:
    return caught is not None and any(isinstance(n, ast.Name) and n.id == caught for n in walk(value))
