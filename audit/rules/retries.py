"""Retries of the sender: three at most, after 60, 120 and 240 s, and a `Retry` that nothing swallows (4.6, 8.5)."""

import ast
import textwrap
from collections.abc import Callable, Sequence

from audit.facts import Function, RetrySchedule
from audit.known import Known
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
    if _retry_in_broad_try(function):
        text = "`self.retry()` est rattrapée par un `except` qui l'englobe : la reprise part deux fois"
        schedule = RetrySchedule(symbol, (), None, (function.body,))
        return [
            defect(
                text,
                _problem("Reprise rattrapée", schedule, "except Retry:\n    raise"),
                known.source_evidence(function),
            )
        ]
    return [established(sentence, known.source_evidence(function))]


def _retry_in_broad_try(function: Function) -> bool:
    tree = ast.parse(textwrap.dedent(function.body.text if function.body else ""))
    tries = [node for node in ast.walk(tree) if isinstance(node, ast.Try)]
    return any(_first_match_is_broad(t) for t in tries if any(_calls_retry(statement) for statement in t.body))


def _first_match_is_broad(node: ast.Try) -> bool:
    """Whether `Retry` raised in the body meets a broad handler that does not hand it on, before one made for it."""
    for handler in node.handlers:
        names = {n.id if isinstance(n, ast.Name) else getattr(n, "attr", "") for n in _caught(handler)}
        if "Retry" in names:
            return False
        if handler.type is None or names & {"Exception", "BaseException"}:
            return not (isinstance(handler.body[0], ast.Raise) and handler.body[0].exc is None)
    return False


def _caught(handler: ast.ExceptHandler) -> list[ast.expr]:
    if isinstance(handler.type, ast.Tuple):
        return handler.type.elts
    return [handler.type] if handler.type else []


def _calls_retry(node: ast.AST) -> bool:
    return any(
        isinstance(n, ast.Call)
        and isinstance(n.func, ast.Attribute)
        and n.func.attr == "retry"
        and getattr(n.func.value, "id", "") == "self"
        for n in ast.walk(node)
    )


def _rule(identifier: str, title: str, check: Callable[[Known], Sequence[Finding]]) -> Rule:
    return Rule(identifier, title, "Mécanisme de Retry", ("4.6", "8.5"), _DOC, check)


RULES = (
    _rule("retry-limit", "Trois reprises au plus", _limit),
    _rule("retry-delays", "Recul exponentiel 60, 120, 240 s", _delays),
    _rule("retry-not-swallowed", "La reprise n'est pas avalée", _swallowed),
)
