"""Retries of the sender: three at most, after 60, 120 and 240 s, and a `Retry` that nothing swallows (4.6, 8.5)."""

import ast
from collections.abc import Callable, Iterator, Sequence
from enum import Enum, auto

from audit.facts import Function, RetrySchedule
from audit.known import Known, syntax
from audit.model import Finding, Problem, Severity
from audit.rules.rule import Rule, defect, established, not_found, undetermined, without_role

_DOC = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#retrying"
DELAYS = (60.0, 120.0, 240.0)
_SOLUTION = "raise self.retry(countdown=60 * 2 ** self.request.retries, max_retries=3)"


def _problem(title: str, schedule: RetrySchedule, solution: str) -> Problem:
    return Problem(
        title=title,
        severity=Severity.CRITICAL,
        impact="Élevé : un échec passager n'est pas réessayé comme prévu",
        recommendation="Réessayer au plus 3 fois, après 60 s, 120 s puis 240 s",
        situation=schedule.excerpts,
        solution=solution,
    )


def _schedules(known: Known, sentence: str) -> tuple[Sequence[RetrySchedule], list[Finding]]:
    """The sender's retry schedules, or the finding that says why there are none."""
    symbol = known.target.role("sender")
    if not symbol:
        return (), [without_role(known, "sender", sentence)]
    if known.source.failure or symbol not in known.source.functions:
        return (), [not_found(known, symbol, sentence)]
    schedules = known.retry_schedules(symbol)
    if not schedules:
        function = known.source.functions[symbol]
        name = symbol.rpartition(":")[2]
        text = f"`{name}` n'appelle jamais `self.retry()` : un échec passager n'est pas réessayé"
        nothing = RetrySchedule(symbol, (), None, (function.head,) if function.head else ())
        return (), [
            defect(text, _problem(f"`{name}` ne réessaie pas", nothing, _SOLUTION), known.source_evidence(function))
        ]
    return schedules, []


def _limit(known: Known) -> Sequence[Finding]:
    sentence = "Un échec passager est réessayé au plus 3 fois"
    schedules, findings = _schedules(known, sentence)
    for schedule in schedules:
        evidence = [known.source.evidence(e) for e in schedule.excerpts] or [known.source.evidence()]
        if schedule.why_unknown:
            findings.append(undetermined(sentence, schedule.why_unknown))
        elif schedule.max_retries != len(DELAYS):
            count = "sans limite" if schedule.max_retries is None else f"{schedule.max_retries} fois au plus"
            text = f"L'envoi est réessayé {count}, au lieu de 3"
            findings.append(defect(text, _problem("Nombre de reprises", schedule, _SOLUTION), *evidence))
        else:
            findings.append(established(sentence, *evidence))
    return findings


def _french(delays: Sequence[float]) -> str:
    return ", ".join(f"{delay:g} s" for delay in delays) or "aucun délai"


def _delays(known: Known) -> Sequence[Finding]:
    sentence = f"Les reprises suivent un recul exponentiel : {_french(DELAYS)}"
    schedules, findings = _schedules(known, sentence)
    for schedule in schedules:
        evidence = [known.source.evidence(e, délais=_french(schedule.delays)) for e in schedule.excerpts]
        if schedule.why_unknown:
            findings.append(undetermined(sentence, schedule.why_unknown))
        elif schedule.delays != DELAYS:
            text = f"Les délais de reprise que la tâche emploie sont {_french(schedule.delays)}, au lieu de {_french(DELAYS)}"
            findings.append(
                defect(text, _problem("Délais de reprise", schedule, _SOLUTION), *evidence or [known.source.evidence()])
            )
        else:
            findings.append(established(sentence, *evidence or [known.source.evidence()]))
    return findings


def _swallowed(known: Known) -> Sequence[Finding]:
    sentence = "Aucun `except` ne rattrape l'exception de `self.retry()`"
    symbol = known.target.role("sender")
    if not symbol:
        return [without_role(known, "sender", sentence)]
    function = known.source.functions.get(symbol)
    if known.source.failure or function is None or function.body is None:
        return [not_found(known, symbol, sentence)]
    tree = syntax(function)
    unread = _why_unread(known, symbol, tree)
    if tree is None or unread:
        return [undetermined(sentence, unread)]
    receivers = _receivers(tree)
    fates = [_fate(node, receivers) for node in ast.walk(tree)]
    if _Fate.LOST in fates:
        text = (
            "`self.retry()` est rattrapée par un `except`, un `suppress` ou un `finally` qui l'englobe : "
            "la reprise part deux fois, ou la tâche passe pour finie"
        )
        schedule = RetrySchedule(symbol, (), None, (function.body,))
        problem = _problem("Reprise rattrapée", schedule, "except Retry:\n    raise")
        return [defect(text, problem, known.source_evidence(function))]
    if _Fate.UNCLEAR in fates:
        missing = "un `except` autour de `self.retry()` ne relance l'exception que dans certains cas"
        return [undetermined(sentence, missing, "mettre `except Retry: raise` avant lui")]
    return [established(sentence, known.source_evidence(function))]


def retry_is_lost(function: Function) -> bool:
    """Whether an `except`, a `suppress` or a `finally` of this task drops the exception that its `retry()` raises."""
    tree = syntax(function)
    if tree is None:
        return False
    receivers = _receivers(tree)
    return any(_fate(node, receivers) is _Fate.LOST for node in ast.walk(tree))


def _why_unread(known: Known, symbol: str, tree: ast.Module | None) -> str:
    """Why the task's own code cannot tell what becomes of its retries; empty when it can."""
    name = symbol.rpartition(":")[2]
    if tree is None:
        return f"le code de `{name}` n'a pas pu être lu"
    if _calls_retry(tree.body, _receivers(tree), ()) or _retried_outside(known, symbol):
        return ""
    return f"`{name}` n'appelle pas elle-même `self.retry()`"


class _Fate(Enum):
    """What becomes of the `Retry` raised inside a statement."""

    HANDED_ON = auto()
    UNCLEAR = auto()
    LOST = auto()


_BROAD = frozenset({"Retry", "TaskPredicate", "CeleryError", "Exception", "BaseException"})
_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def _fate(node: ast.AST, receivers: frozenset[str]) -> _Fate:
    """What this statement does of a `Retry` raised inside it; nothing when none is."""
    if isinstance(node, ast.With | ast.AsyncWith):
        suppressed = {n for item in node.items for n in _suppressed(item.context_expr)}
        return _Fate.LOST if suppressed & _BROAD and _calls_retry(node.body, receivers) else _Fate.HANDED_ON
    if not isinstance(node, ast.Try | ast.TryStar):
        return _Fate.HANDED_ON
    handled = [statement for handler in node.handlers for statement in handler.body]
    if _leaves(node.finalbody) and _calls_retry([*node.body, *handled, *node.orelse], receivers):
        return _Fate.LOST
    if not _calls_retry(node.body, receivers):
        return _Fate.HANDED_ON
    for handler in node.handlers:
        if handler.type is None or _names(handler.type) & _BROAD:
            return _fate_in(handler)
    return _Fate.HANDED_ON


def _fate_in(handler: ast.ExceptHandler) -> _Fate:
    """Whether a handler raises again what it caught: as its last statement, nowhere, or only somewhere."""
    if _raises_again(handler.body[-1], handler.name):
        leaving = any(isinstance(n, ast.Return | ast.Break | ast.Continue) for n in _inside(handler.body))
        return _Fate.UNCLEAR if leaving else _Fate.HANDED_ON
    return _Fate.UNCLEAR if any(_raises_again(n, handler.name) for n in _inside(handler.body)) else _Fate.LOST


def _raises_again(node: ast.AST, caught: str | None) -> bool:
    if not isinstance(node, ast.Raise):
        return False
    return node.exc is None or (caught is not None and isinstance(node.exc, ast.Name) and node.exc.id == caught)


def _leaves(final: Sequence[ast.stmt]) -> bool:
    """Whether a `finally` returns or breaks, which drops the exception under way."""
    if any(isinstance(node, ast.Return) for node in _inside(final)):
        return True
    return any(isinstance(node, ast.Break | ast.Continue) for node in _inside(final, (*_NESTED, ast.For, ast.While)))


def _suppressed(node: ast.expr) -> frozenset[str]:
    """Names given to `contextlib.suppress(...)`; none for another context manager."""
    if not isinstance(node, ast.Call) or "suppress" not in _names(node.func):
        return frozenset()
    return frozenset(name for argument in node.args for name in _names(argument))


def _names(node: ast.expr) -> frozenset[str]:
    """Last part of each name of an expression such as `(Retry, celery.exceptions.Reject)`."""
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    return frozenset(n.id if isinstance(n, ast.Name) else getattr(n, "attr", "") for n in parts)


def _inside(statements: Sequence[ast.stmt], closed: tuple[type[ast.AST], ...] = _NESTED) -> Iterator[ast.AST]:
    """Nodes of these statements, without those that another function, or whatever is `closed`, holds."""
    pending: list[ast.AST] = list(statements)
    while pending:
        node = pending.pop()
        if not isinstance(node, closed):
            yield node
            pending += ast.iter_child_nodes(node)


def _receivers(tree: ast.Module) -> frozenset[str]:
    """Names the task has in its own code: the first parameter, and the function's name."""
    function = next((n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)), None)
    if function is None:
        return frozenset({"self"})
    return frozenset({"self", function.name, *(a.arg for a in function.args.args[:1])})


def _retried_outside(known: Known, symbol: str) -> bool:
    """Whether Celery itself retries the task, around its code (`autoretry_for`)."""
    return any(t.options.get("autoretry_for") for t in known.source.tasks if t.symbol == symbol)


def _calls_retry(
    statements: Sequence[ast.stmt], receivers: frozenset[str], closed: tuple[type[ast.AST], ...] = _NESTED
) -> bool:
    return any(
        isinstance(n, ast.Call)
        and isinstance(n.func, ast.Attribute)
        and n.func.attr == "retry"
        and getattr(n.func.value, "id", "") in receivers
        for n in _inside(statements, closed)
    )


def _rule(identifier: str, title: str, check: Callable[[Known], Sequence[Finding]]) -> Rule:
    return Rule(identifier, title, "Mécanisme de Retry", ("4.6", "8.5"), _DOC, check)


RULES = (
    _rule("retry-limit", "Trois reprises au plus", _limit),
    _rule("retry-delays", "Recul exponentiel 60, 120, 240 s", _delays),
    _rule("retry-not-swallowed", "La reprise n'est pas avalée", _swallowed),
)
