"""Whether rules about a broker, late acknowledgement or results concern a target, as its settings say."""

from audit.model.gaps import Doubt
from audit.model.target_facts import TargetFacts
from audit.rules.domains.setting_domain import Scope, hidden_tasks, scope_of
from audit.rules.effective_settings import broker, production_tasks, read, results, short
from audit.rules.task_options import is_unread, own_option


def redis_only(known: TargetFacts) -> Scope:
    """The scope of rules that only concern a Redis broker."""
    kind, why = broker(known)
    reading = read(known, "broker_url")
    if not kind:
        return Scope(gaps=(Doubt(why=why),))
    if kind == "redis":
        return Scope()
    if reading.variable:
        why = f"le broker est {kind} par défaut, et `{reading.variable}` peut le changer"
        return Scope(gaps=(Doubt(why=why),))
    return scope_of(known, f"le broker est {kind}, pas Redis", reading)


def late_only(known: TargetFacts) -> Scope:
    """The scope of rules that only concern late acknowledgement: one task that has it is enough."""
    reading = read(known, "task_acks_late", False, tasks_suffice=True)
    own = [(task, own_option(task, "acks_late", facts)) for task, facts in production_tasks(known)]
    if any(value is True for _, value in own):
        return Scope()
    if reading.missing:
        return Scope(gaps=(Doubt(why=reading.missing),))
    if reading.value:
        return Scope()
    unsure = [
        Doubt(why=f"un autre `acks_late` est possible pour `{short(task.symbol)}`, et ne se lit pas dans le code")
        for task, value in own
        if is_unread(value)
    ]
    gaps = (*unsure, *hidden_tasks(known))
    return scope_of(known, "les tâches sont acquittées avant leur exécution", reading, gaps=gaps)


def ignoring(known: TargetFacts) -> tuple[frozenset[str], frozenset[str]]:
    """Symbols of the tasks whose results are not kept, by their own option, an annotation or the application; of those of
    which that could not be read.
    """
    told = read(known, "task_ignore_result", False)
    default = told.value is True and not told.missing
    own = [(task.symbol, own_option(task, "ignore_result", facts)) for task, facts in production_tasks(known)]
    unread = frozenset(symbol for symbol, value in own if is_unread(value))
    followed = (None, *(value for _, value in own if isinstance(value, str) and not is_unread(value)))
    return frozenset(s for s, v in own if v is True or (v in followed and default)), unread


def kept_results(known: TargetFacts) -> Scope:
    """The scope of rules that only concern results that are kept."""
    kept, why = results(known)
    backend, ignored = read(known, "result_backend"), read(known, "task_ignore_result", False)
    if kept == "none":
        return scope_of(known, "aucun résultat n'est conservé", backend)
    dropping, unread = ignoring(known)
    kept_by = [task for task, _ in production_tasks(known) if task.symbol not in dropping]
    if not ignored.missing and ignored.value is True and not unread and not kept_by:
        outside = "les résultats sont ignorés (`task_ignore_result`)"
        return scope_of(known, outside, ignored, gaps=hidden_tasks(known))
    # Whatever keeps them, an explicit setting is judged; that something does must be known.
    sure = kept or (read(known, "result_expires").written and backend.written)
    return Scope() if sure else Scope(gaps=(Doubt(why=why),))


def redis_everywhere(known: TargetFacts) -> Scope:
    """The scope of rules that concern one Redis for the messages and the results."""
    scope = redis_only(known)
    kept, why = results(known)
    if scope.outside or (not kept and scope.gaps):
        return scope
    if kept and kept != "redis":
        return scope_of(known, "les résultats ne sont pas dans Redis", read(known, "result_backend"))
    return Scope(gaps=(*scope.gaps, Doubt(why=why))) if why else scope
