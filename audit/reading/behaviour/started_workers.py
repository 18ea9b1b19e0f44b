"""Workers and beats that Python code of the project starts: by a command, by words given to Celery, by an application's own methods."""

import ast
from collections.abc import Iterator

from audit.model.observations.deployment_statements import BeatStartedByCode, OtherScheduler, WorkerStartedByCode
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import External, Instance

# What publishes when a scheduler calls it.
_PUBLISHING = frozenset({"delay", "apply_async", "send_task"})
_SCHEDULERS = frozenset({"add_job", "scheduled_job", "do", "run_repeatedly", "add_periodic_job"})
WORDS = (
    "add_job",
    "celery.bin",
    "celery.apps",
    "WorkController(",
    "scheduled_job",
    ".do(",
    "worker",
    ".Worker(",
    ".Beat(",
    '"beat"',
    "'beat'",
    "celery beat",
)
_STARTERS = frozenset(
    {"execv", "execve", "execvp", "execvpe", "execl", "execlp", "spawnv", "spawnvp", "run", "Popen", "call", "system"}
    | {"check_call", "check_output", "getoutput", "run_command", "create_subprocess_exec", "create_subprocess_shell"}
    | {"worker_main", "start", "main", "execute_from_commandline"}
)
_COMMANDS = ("celery.bin.", "celery.__main__.", "celery.apps.", "celery.worker.WorkController")
_ROLES = frozenset({"worker", "beat"})


def started_workers(scope: Scope) -> Iterator[WorkerStartedByCode | BeatStartedByCode | OtherScheduler]:
    """One observation for each call that starts `celery … worker` or `celery … beat`, or has another scheduler publish."""
    for call in scope.calls:
        name = last(call.func)
        if name in _SCHEDULERS and any(_publishes(one) for one in (*call.args, *(k.value for k in call.keywords))):
            yield scope.observed(OtherScheduler, call)
        command = _is_celery_s(scope, call.func)
        if name in {"Worker", "WorkController", "Beat"} and (command or _is_an_application(scope, call.func)):
            if name == "Beat":
                yield scope.observed(BeatStartedByCode, call)
            else:
                options = tuple(k.arg.replace("_", "-") for k in call.keywords if k.arg)
                yield scope.observed(WorkerStartedByCode, call, options, all(k.arg for k in call.keywords))
        if name not in _STARTERS and not command:
            continue
        given = [*call.args, *(k.value for k in call.keywords if k.arg in {"args", "argv", "cmd", "command"})]
        given += [] if given or not command else _arguments(scope)
        words = [word for argument in given for word in _words(_given(scope, argument))]
        named = name == "worker_main" or command or any(word.rpartition("/")[2] == "celery" for word in words)
        if _ROLES.isdisjoint(words) or not (named or name == "start"):
            continue
        if "worker" not in words:
            yield scope.observed(BeatStartedByCode, call)
        else:
            options = tuple(word.partition("=")[0].lstrip("-") for word in words if word.startswith("-"))
            whole = all(_is_plain(_given(scope, argument)) for argument in given)
            yield scope.observed(WorkerStartedByCode, call, options, whole)


def _is_plain(node: ast.expr) -> bool:
    """Whether a command is a text, or a list of texts."""
    return all(
        isinstance(one, ast.Constant) for one in (node.elts if isinstance(node, ast.List | ast.Tuple) else [node])
    )


def _is_celery_s(scope: Scope, callee: ast.expr) -> bool:
    """Whether this is Celery's own command, or its own class of workers or beats."""
    value = scope.evaluated(callee)
    return isinstance(value, External) and value.dotted.startswith(_COMMANDS)


def _arguments(scope: Scope) -> list[ast.expr]:
    """What a module writes in `sys.argv`."""
    written = scope.all(ast.Assign)
    return [a.value for a in written if any(ast.unparse(target) == "sys.argv" for target in a.targets)]


def _publishes(given: ast.expr) -> bool:
    """Whether what a scheduler is given is a publication, or calls one."""
    nodes = (
        [given]
        if isinstance(given, ast.Attribute)
        else ast.walk(given)
        if isinstance(given, ast.Lambda | ast.Call)
        else []
    )
    return any(isinstance(node, ast.Attribute) and node.attr in _PUBLISHING for node in nodes)


def _is_an_application(scope: Scope, method: ast.expr) -> bool:
    """Whether a method is one of a Celery application: made here, or called so."""
    holder = method.value if isinstance(method, ast.Attribute) else None
    value = scope.evaluated(holder) if holder is not None else None
    made = value.cls if isinstance(value, Instance) else None
    celery = isinstance(made, External) and made.dotted.startswith("celery.")
    return holder is not None and (celery or last(holder) in {"celery", "celery_app"})


def _given(scope: Scope, node: ast.expr) -> ast.expr:
    """What a name stands for, in a function or in the module; what is split is a command written as one text."""
    if isinstance(node, ast.Call) and last(node.func) == "split":
        holder = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        node = node.args[0] if node.args and last(holder) in {"shlex", "split"} else holder
    if not isinstance(node, ast.Name):
        return node
    local = scope.assigned.get(node.id)
    if local is None:
        # A command that is written in each branch: any of them.
        several = [
            a.value
            for a in scope.all(ast.Assign)
            if any(isinstance(t, ast.Name) and t.id == node.id for t in a.targets)
        ]
        return ast.copy_location(ast.List([*several], ast.Load()), node) if several else node
    return local


def _words(node: ast.expr) -> Iterator[str]:
    """The words that are written, in order; those that are computed are left out, but for how they begin."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from node.value.split() if " " in node.value else [node.value]
    elif isinstance(node, ast.List | ast.Tuple):
        for item in node.elts:
            yield from _words(item)
    elif isinstance(node, ast.BinOp):
        for part in (node.left, node.right):
            yield from _words(part)
    elif isinstance(node, ast.JoinedStr):
        texts = [part for part in node.values if isinstance(part, ast.Constant)]
        for part in texts if any(" " in str(t.value) for t in texts) else node.values[:1]:
            yield from _words(part)
    elif isinstance(node, ast.Call) and last(node.func) in {"split", "format"} and isinstance(node.func, ast.Attribute):
        yield from _words(node.func.value)
