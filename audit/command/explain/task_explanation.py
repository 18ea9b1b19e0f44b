"""Where a task is defined, its options, its queue, its retries, whether workers load it, and what it calls."""

from collections.abc import Iterator

from audit.command.explain.fact_line import Explanation, FactLine, at, counted, told
from audit.command.explain.setting_overrides import TASK_OPTIONS, of_annotations
from audit.model.facts import Facts, Task
from audit.model.retries import RetryPolicy
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN
from audit.rules.routing import route_of

_FIRST = 5
_IMPORT = "`audit run --level configuration` imports the application, and tells the options that the task has there"


def task_named(facts: Facts, asked: str) -> Task | None:
    """The task of this registered name or symbol; by its own name where it is the only one that has it."""
    whole = [t for t in facts.tasks if asked in {t.name, t.symbol, t.symbol.replace(":", ".")}]
    short = [t for t in facts.tasks if asked in {t.name.rpartition(".")[2], t.symbol.rpartition(":")[2]}]
    return whole[0] if whole else short[0] if len(short) == 1 else None


def explain_task(known: TargetFacts, asked: str, task: Task) -> Explanation:
    """Everything that the source tells of a task."""
    facts = known.source
    unknown = [name for name, value in task.options.items() if value is UNKNOWN]
    lines = [
        at("definition", f"{task.name} is defined here, as {task.symbol}", known.head(task.symbol), quoted=False),
        *_options(facts, task),
        *_from_settings(facts, task),
        *_queue(known, task),
        *_loading(facts, task),
        *_retries(known.retries(task.symbol)),
        *_reached(known, task),
    ]
    if unknown:
        lines.append(FactLine("note", _IMPORT))
    return Explanation(asked, "task", task.name, not unknown, lines)


def _options(facts: Facts, task: Task) -> Iterator[FactLine]:
    """Options in the order of what overrides what."""
    writes = facts.option_writes.get(task.symbol, ())
    for number, write in enumerate(writes):
        later = [w for w in writes[number + 1 :] if w.name == write.name]
        value = told(task.options.get(write.name, write.value) if not later else write.value, write.name)
        over = f", overridden by {later[-1].source}" if later else ""
        yield at("option", f"option {write.name}={value}, from {write.source}{over}", write.excerpt)
    for name in sorted(task.options.keys() - {w.name for w in writes}):
        yield FactLine("option", f"option {name}={told(task.options[name], name)}")


def _from_settings(facts: Facts, task: Task) -> Iterator[FactLine]:
    """Settings and annotations that reach this task."""
    for setting, option in TASK_OPTIONS.items():
        written = facts.settings.get(setting)
        if written and option not in task.options and option != "queue":
            text = f"no option {option}: the setting {setting}={told(written.value, setting)} is what counts"
            yield at("setting", text, written.excerpt)
        yield from of_annotations(facts, option, task.name)


def _queue(known: TargetFacts, task: Task) -> Iterator[FactLine]:
    facts = known.source
    routes, default = facts.settings.get("task_routes"), facts.settings.get("task_default_queue")
    routed = route_of(task.name, routes.value) if routes else ""
    if task.options.get("queue") is not None:
        queue = task.options["queue"]
        writes = [w for w in facts.option_writes.get(task.symbol, ()) if w.name == "queue"]
        yield at("queue", f"queue {told(queue)}, from its own option", writes[-1].excerpt if writes else None)
    elif routes and (routed or not isinstance(routes.value, dict | list | tuple | None)):
        queue = routed or UNKNOWN
        yield at("queue", f"queue {told(queue)}, from task_routes", routes.excerpt)
    elif default:
        queue = default.value
        yield at("queue", f"queue {told(queue)}, the default one: no option or route names another", default.excerpt)
    else:
        queue = UNKNOWN if "*" in facts.settings else "celery"
        yield FactLine("queue", f"queue {told(queue)}: no option, no route and no task_default_queue were read")
    for worker in known.workers:
        taken = worker.options.get("queues", "")
        if isinstance(queue, str) and taken and "$" not in taken:
            verb = "takes from it" if queue in taken.split(",") else "does not take from it"
            yield at("queue", f"the worker started here {verb}: --queues={taken}", worker.excerpt)


def _loading(facts: Facts, task: Task) -> Iterator[FactLine]:
    module = task.symbol.partition(":")[0]
    for one in (u for u in facts.unloaded if u.module == module):
        late = f"; these functions import it later: {', '.join(one.importers[:_FIRST])}" if one.importers else ""
        yield FactLine(
            "loading", f"workers do not load {module}: nothing that they run at their start imports it{late}"
        )
        return
    for name in ("include", "imports"):
        setting = facts.settings.get(name)
        listed = [setting.value] if setting and isinstance(setting.value, str) else setting.value if setting else ()
        if setting and isinstance(listed, list | tuple) and module in listed:
            yield at("loading", f"workers load {module}: the setting {name} lists it", setting.excerpt)
            return
    for application in facts.applications:
        if application.kind == "celery" and application.symbol.partition(":")[0] == module:
            yield at("loading", f"workers load {module}: the application is built there", application.excerpt)
            return
    yield FactLine("loading", f"nothing shows that workers leave {module} out; which import loads it is not told")


def _retries(policy: RetryPolicy | None) -> Iterator[FactLine]:
    if policy is None:
        yield FactLine("retries", "its retries were not read")
        return
    if not policy.schedules and not policy.otherwise:
        yield FactLine("retries", "no retry was found in it")
    for schedule in policy.schedules:
        most = "without limit" if schedule.max_retries is None else f"at most {schedule.max_retries}"
        delays = ", ".join(f"{delay:g}" for delay in schedule.delays[:_FIRST])
        text = f"retries {most}, after {delays} s" if delays else f"retries {most}"
        if schedule.why_unknown:
            most = "" if schedule.max_retries is None else f"; at most {schedule.max_retries}"
            text = f"retries after delays that the source does not tell (« {schedule.why_unknown} »){most}"
        yield at("retries", text, schedule.excerpts[0] if schedule.excerpts else None)
    if policy.otherwise:
        yield FactLine("retries", f"something else may retry it (« {policy.otherwise} »)")
    if policy.doubt:
        yield FactLine("retries", f"what catches its Retry is not sure (« {policy.doubt} »)")


def _reached(known: TargetFacts, task: Task) -> Iterator[FactLine]:
    """Functions that the task may call; what it publishes runs elsewhere."""
    functions = known.reachable(task.symbol, known.task_symbols)[1:]
    yield FactLine("calls", f"it may call {counted(len(functions), 'function')} of the project")
    for function in functions[:_FIRST]:
        yield at("calls", f"calls {function.symbol}", function.head, quoted=False)
