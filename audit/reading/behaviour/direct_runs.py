"""Tasks that code runs in its own process: by `apply()`, by `run()`, or by a call of the function."""

import ast
from collections.abc import Iterator

from audit.model.observations.messages import DirectRun
from audit.model.word_tables import word_set
from audit.reading.behaviour.deployed_branches import Said, decided
from audit.reading.behaviour.possible_values import possible_texts
from audit.reading.behaviour.published_calls import is_a_task, is_canvas, named_task, stands_for_tasks
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import ClassValue, FunctionValue, Value, descends_from, unwrap
from audit.reading.python.child_nodes import walk
from audit.reading.python.parameters import placed

WORDS = ("def ",)
# What publishes a task, which a class may define again, or be given.
_PUBLISHES = frozenset({"apply_async", "delay", "send_task"})
_HERE = frozenset({"apply", "run", "__call__", "__wrapped__"})
# They call, in this process, what they are given.
_CALLING = word_set("add_task submit run_in_executor to_thread run_in_threadpool run_sync Thread Timer")


def direct_runs(scope: Scope) -> Iterator[DirectRun]:
    """DirectRun: each call of a task that no broker carries."""
    yield from _instead_of_publishing(scope)
    names = scope.machine.decorated_names if scope.symbol else frozenset[str]()
    for call in scope.calls if names else ():
        run = call.func
        yield from _handed(scope, call, names)
        if isinstance(run, ast.Call) and (named := _computed(call, run)):
            yield from _by_a_computed_name(scope, call, *named)
            continue
        if isinstance(run, ast.Attribute) and run.attr in _HERE:
            if _is_a_choice(scope, run):
                yield scope.observed(DirectRun, call, task=named_task(scope, run.value))
                continue
            run = run.value
        if isinstance(run, ast.Call) and last(run.func) in {"s", "si"} and isinstance(run.func, ast.Attribute):
            # A signature that is called runs the task here.
            run = run.func.value
        if isinstance(run, ast.Name) and run.id not in names and (name := named_task(scope, run)):
            yield scope.observed(DirectRun, call, task=name)
        if last(run) in names and isinstance(task := scope.evaluated(run), FunctionValue) and is_a_task(task):
            yield scope.observed(DirectRun, call, task=task.symbol)


def _instead_of_publishing(scope: Scope) -> Iterator[DirectRun]:
    """What runs a task where it is asked to publish it: `apply_async` of a class of tasks, or what replaces it."""
    for assign in scope.all(ast.Assign):
        names = {t.attr for t in assign.targets if isinstance(t, ast.Attribute)}
        if names & _PUBLISHES and isinstance(assign.value, ast.Attribute) and assign.value.attr in _HERE:
            yield from _unless_elsewhere(scope, assign)
    holder, _, method = scope.symbol.rpartition(".")
    if method in _PUBLISHES and _is_of_tasks(scope, scope.machine.resolve(holder)):
        for call in scope.calls:
            run = call.func.attr in _HERE if isinstance(call.func, ast.Attribute) else last(call.func) == "self"
            if run:
                yield from _unless_elsewhere(scope, call)


def _is_of_tasks(scope: Scope, holder: Value) -> bool:
    """Whether a class is over Celery's tasks or application; one over nothing is, where it hands on to what publishes."""
    if not isinstance(holder, ClassValue) or descends_from(holder, "Task", "Celery"):
        return isinstance(holder, ClassValue)
    return not holder.bases and any(
        isinstance(c.func, ast.Attribute) and c.func.attr in _PUBLISHES for c in scope.calls
    )


def _unless_elsewhere(scope: Scope, node: ast.AST) -> Iterator[DirectRun]:
    """The run, unless a test leaves it to development, or to the setting of Celery that has a rule of its own."""
    asked: list[ast.expr] = []
    below = node
    for around in scope.around(node):
        if isinstance(around, ast.If | ast.IfExp) and below is not around.test:
            sides = around.body if isinstance(around.body, list) else [around.body]
            asked.append(around.test if below in sides else ast.UnaryOp(ast.Not(), around.test))
        blocks = [b for name in ("body", "orelse") if isinstance(b := getattr(around, name, None), list) and below in b]
        before = [s for b in blocks for s in b[: b.index(below)] if isinstance(s, ast.If)]
        asked += [ast.UnaryOp(ast.Not(), s.test) for s in before if isinstance(s.body[-1], ast.Return | ast.Raise)]
        below = around
    told = [_said(scope, test) for test in asked]
    if Said.FALSE in told or any("always_eager" in ast.unparse(test) for test in asked):
        return
    doubtful = [test for test, said in zip(asked, told, strict=True) if said is not Said.TRUE]
    yield scope.observed(
        DirectRun, node, task="", computed=ast.unparse(doubtful[0])[:60] if doubtful else "", instead=True
    )


def _said(scope: Scope, test: ast.expr) -> Said:
    """What production says of a test: by its words, else by what it is worth, that of a file of the project included."""
    value, variable = unwrap(scope.held(test))
    known = isinstance(value, bool) and not variable
    return Said(value) if known and isinstance(value, bool) else decided(scope, test)


def _is_a_choice(scope: Scope, run: ast.Attribute) -> bool:
    """Whether `apply` is asked of a canvas, of a task by its name, or of one of several."""
    if run.attr != "apply":
        return False
    return bool(is_canvas(scope, run.value) or named_task(scope, run.value) or stands_for_tasks(scope, run.value))


def _handed(scope: Scope, call: ast.Call, names: frozenset[str]) -> Iterator[DirectRun]:
    """A task given, as a function, to what calls it in this process: `background.add_task(resize, key)`, or a helper over it."""
    given: list[tuple[int | str, ast.expr]] = [*enumerate(call.args), *((k.arg or "", k.value) for k in call.keywords)]
    for place, node in given:
        # What a call answered, under the name of some function, is no function: to work it out may take long.
        if last(node) not in names or not isinstance(scope.given(node), ast.Name | ast.Attribute):
            continue
        task = scope.evaluated(node)
        if isinstance(task, FunctionValue) and is_a_task(task):
            if last(call.func) in _CALLING:
                yield scope.observed(DirectRun, call, task=task.symbol)
            elif (told := [_calls(d, place) for d in _definitions(scope, last(call.func))]) and any(told):
                computed = "" if all(told) else ast.unparse(call)[:60]
                yield scope.observed(DirectRun, call, task=task.symbol, computed=computed)


def _definitions(scope: Scope, name: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions and methods of the project that bear a name."""
    found = (n for module in scope.machine.project.naming(f"def {name}(") for n in walk(module.tree))
    return [n for n in found if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == name]


def _calls(function: ast.FunctionDef | ast.AsyncFunctionDef, place: int | str) -> bool:
    """Whether a function calls what it is given there, or gives it to what does; not one that it only decorates."""
    names = placed(function.args)
    name = place if isinstance(place, str) else names[place] if place < len(names) else ""
    inner = [n for statement in function.body for n in walk(statement)]
    calls = [n for n in inner if isinstance(n, ast.Call)]
    given = [a for c in calls if last(c.func) in _CALLING for a in (*c.args, *(k.value for k in c.keywords))]
    return any(isinstance(n, ast.Name) and n.id == name for n in (*given, *(c.func for c in calls)))


def _computed(call: ast.Call, run: ast.Call) -> tuple[ast.expr, ast.expr] | None:
    """`getattr(task, method)(…)`, `methodcaller(method, …)(task)`: the task and its method."""
    if last(run.func) == "getattr" and len(run.args) > 1:
        return run.args[0], run.args[1]
    if last(run.func) == "methodcaller" and run.args and call.args:
        return call.args[0], run.args[0]
    return None


def _by_a_computed_name(scope: Scope, call: ast.Call, task: ast.expr, method: ast.expr) -> Iterator[DirectRun]:
    """The task is run here where every method that this may be does so; where one does, or none is told, nobody knows."""
    value = scope.evaluated(task)
    known = isinstance(value, FunctionValue) and is_a_task(value)
    if not known and not named_task(scope, task) and not stands_for_tasks(scope, task):
        return
    methods = possible_texts(scope, method)
    if methods is None or methods & _HERE:
        sure = methods is not None and methods <= _HERE
        symbol = value.symbol if isinstance(value, FunctionValue) else named_task(scope, task)
        yield scope.observed(DirectRun, call, task=symbol, computed="" if sure else ast.unparse(call.func)[:60])
