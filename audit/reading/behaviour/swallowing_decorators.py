"""Decorators of libraries that make an ordinary end of a failure: tenacity, backoff, funcy, returns."""

import ast
import re
from collections.abc import Iterator

from audit.model.observations.failure_handling import SwallowedError
from audit.reading.behaviour.library_waits import made_elsewhere, option_of
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.child_nodes import walk

WORDS = (
    *("backoff", "tenacity", "funcy", "returns", "result", "subprocess", "os.system"),
    *("ignor", "suppress", "silen", "swallow", "no_fail", "nofail", "never_fail", "catch_", "fail_silently"),
)
_SWALLOWS = frozenset({"funcy.ignore", "funcy.silent", "funcy.flow.ignore", "funcy.flow.silent", "funcy.flow.suppress"})
_MAKES_VALUES = re.compile(r"^(returns\.\w+\.(safe|future_safe|impure_safe)|result\.(as_result|as_async_result))$")
_SAYS_SO = re.compile(
    r"(?i)(ignor|suppress|silen|swallow|no_?fail|never_?fail|catch_(all|exceptions?|errors?)|fail_?silently)"
)
_LOST = "le décorateur `{}` tait l'erreur du dernier essai"


def swallowed_by_decorators(scope: Scope) -> Iterator[SwallowedError]:
    """SwallowedError: each decorator of a library, below the one that makes a task, that hides what its function raises."""
    for written in getattr(scope.root, "decorator_list", []):
        decorator = made_elsewhere(scope, written)
        made = decorator.func if isinstance(decorator, ast.Call) else decorator
        dotted = scope.external(made)
        if not dotted or dotted.startswith("celery."):
            continue
        how, doubt = _hidden(scope, dotted, decorator)
        if how or doubt:
            yield scope.observed(SwallowedError, written, how=how, doubt=doubt)


def _hidden(scope: Scope, dotted: str, decorator: ast.expr) -> tuple[str, str]:
    """How a decorator hides an error, and why it may not; both empty for one that hands it on."""
    library, name = dotted.partition(".")[0], dotted.rpartition(".")[2]
    if dotted in _SWALLOWS:
        return f"le décorateur `{name}` tait toute erreur", ""
    if _MAKES_VALUES.match(dotted):
        return "", f"le décorateur `{name}`, qui fait de l'erreur une valeur que l'appelant peut ne pas lire"
    if library in _LAST_ERROR and isinstance(decorator, ast.Call):
        return _LAST_ERROR[library](scope, decorator, name)
    return "", f"le décorateur `{name}`, qui tait peut-être l'erreur" if _SAYS_SO.search(name) else ""


def _of_backoff(scope: Scope, call: ast.Call, name: str) -> tuple[str, str]:
    said = option_of(scope, call, "raise_on_giveup")
    value = scope.evaluated(said) if said is not None else True
    if value is False:
        return _LOST.format(name), ""
    return "", "" if value is True else f"le décorateur `{name}`, qui tait peut-être l'erreur"


def _of_tenacity(scope: Scope, call: ast.Call, name: str) -> tuple[str, str]:
    answer = option_of(scope, call, "retry_error_callback")
    if answer is None:
        return "", ""
    if isinstance(answer, ast.Lambda) and not _raises(answer.body):
        return _LOST.format(name), ""
    return "", f"le décorateur `{name}`, dont `retry_error_callback` répond à la place de l'erreur"


def _raises(answer: ast.expr) -> bool:
    """Whether an answer asks the outcome for its result, which raises what it failed with."""
    return any(isinstance(n, ast.Call) and last(n.func) in {"result", "reraise"} for n in walk(answer))


_LAST_ERROR = {"backoff": _of_backoff, "tenacity": _of_tenacity}
