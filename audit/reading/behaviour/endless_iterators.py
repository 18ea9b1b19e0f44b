"""Iterators that give values for ever: of the standard library, of libraries that listen, of functions and classes of the project."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from audit.model.word_tables import word_set
from audit.reading.behaviour.loop_exits import Loop, called, ends, is_literally_true, left_by, yields
from audit.reading.behaviour.scope import Scope, calls_of, function_scope, keyword, last
from audit.reading.python.abstract_values import BoundMethod, ClassValue, FunctionValue, Instance, Value, unwrap
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute
from audit.reading.python.interpreter import Machine
from audit.reading.python.syntax_cache import Definition, Place

_DEPTH = 4
_TWO = 2
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp
_MADE: Mapping[str, Callable[[], object]] = {
    f"builtins.{kind.__name__}": kind for kind in (bool, dict, float, int, list, str)
}
# What a cursor gives when there is no row left, by the library that it is of.
_CURSORS: Mapping[type[ast.expr], re.Pattern[str]] = {
    ast.Tuple: re.compile(r"(?m)^\s*(?:import|from) pymysql\b"),
    ast.List: re.compile(r"(?m)^\s*(?:import|from) (?:sqlite3|psycopg2?|asyncpg)\b"),
}
_CONSUMERS = re.compile(r"^(kafka|aiokafka)\.(\w+\.)*(AIO)?KafkaConsumer$")
_STREAMS = re.compile(r"^(pymongo|motor|kubernetes|etcd3|consul)\.")
_WATCHERS = frozenset({"watchfiles.watch", "watchfiles.awatch"})
_SPEAKS_OF_ONE = re.compile(
    r"while \(?(?:True|1\b|not False)|\b(?:count|cycle|repeat|listen|iter|a?watch)\(|KafkaConsumer|Watch\(|__next__"
)
# What they walk is the argument of this place, and they end when it does.
_WRAPPERS = {
    **dict.fromkeys(
        ("enumerate", "iter", "aiter", "tqdm", "accumulate", "pairwise", "batched", "chunked", "closing"), 0
    ),
    **dict.fromkeys(("chain", "from_iterable", "zip", "zip_longest"), 0),
    **dict.fromkeys(("filter", "filterfalse", "dropwhile", "starmap", "map", "imap"), 1),
}
_ANY = frozenset({"chain", "from_iterable", "zip_longest"})
_ALL = frozenset({"map", "zip"})
_STOPS = frozenset({"next", "anext", "islice", "takewhile", "any", "all", "aclosing"})
_WHOLE = word_set("""
    list tuple set frozenset sum max min sorted dict deque Counter join reduce extend consume fsum
""")


def repeated(node: ast.expr) -> ast.expr | None:
    """What `iter(call, last)` asks before each turn, as a comparison."""
    if not (isinstance(node, ast.Call) and last(node.func) == "iter" and len(node.args) == _TWO):
        return None
    asked, sentinel = node.args
    answer = asked.body if isinstance(asked, ast.Lambda) else ast.Call(asked, [], [])
    return ast.Compare(answer, [ast.NotEq()], [sentinel])


class EndlessIterators:
    """Tells which expressions are one, and what becomes of those that functions of the project give."""

    def __init__(self, machine: Machine) -> None:
        """The functions are those of the project, its tests apart."""
        self._machine = machine
        self._forms: dict[Place[Definition], _Form] = {}

    def are_named(self, text: str) -> bool:
        """Whether a text names a function or a class of the project that may give one."""
        return bool(self._names) and self._named.search(text) is not None

    def has_no_end(self, scope: Scope, node: ast.expr, depth: int = _DEPTH) -> bool:
        """Whether an iterator gives values for ever, or waits for ever for the next one."""
        made = _made(scope, node)
        if isinstance(made, ast.GeneratorExp):
            return self.has_no_end(scope, made.generators[0].iter, depth)
        if not isinstance(made, ast.Call):
            return depth > 0 and bool(self._names) and self._gives(unwrap(scope.held(made))[0], depth)
        name, args = last(made.func), made.args
        if name == "iter" and len(args) == _TWO:
            return _never_gives(scope, *args)
        first = _WRAPPERS.get(name, len(args))
        if first < len(args):
            ended = (self.has_no_end(scope, one, depth) for one in args[first:])
            return any(ended) if name in _ANY else all(ended) if name in _ALL else next(ended)
        if name in self._names and depth:
            return self._gives(unwrap(scope.evaluated(made.func))[0], depth)
        return _is_of_a_library(scope, made)

    def counts(self, scope: Scope, node: ast.expr) -> bool:
        """Whether an iterator gives another value at each turn, rather than the same ones again."""
        made = _made(scope, node)
        inner = called(scope, made) if isinstance(made, ast.Call) else []
        return not any(re.search(r"\b(cycle|repeat)\(", ast.unparse(one)) for one in (made, *inner))

    def walked_whole(self, scope: Scope) -> Iterator[ast.expr]:
        """What walks such an iterator to its end: `list(pages())`, `[page for page in pages()]`."""
        for call in scope.calls:
            if last(call.func) in _WHOLE and call.args and self._speaks_of_one(call):
                given = call.args[1 if last(call.func) == "reduce" and len(call.args) > 1 else 0]
                if self.has_no_end(scope, given):
                    yield call
        whole: list[_Comprehension] = [*scope.all(ast.ListComp), *scope.all(ast.SetComp), *scope.all(ast.DictComp)]
        for node in whole:
            if any(self.has_no_end(scope, one.iter) for one in node.generators):
                yield node

    def given_to_others(self, scope: Scope) -> tuple[ast.AST, str] | None:
        """Where a function gives values for ever, and the doubt, in French, that those who walk it leave."""
        name = _own_name(scope)
        if name not in self._functions or (node := self._source(scope, _DEPTH, raised=True)) is None:
            return None
        # An object is walked where its class is named.
        walked = scope.symbol.rpartition(".")[0].rpartition(":")[2] if name in {"__iter__", "__aiter__"} else name
        if walked.startswith("__") or not walked.isidentifier() or not self._are_all_settled(scope, walked, _DEPTH):
            return (
                node,
                f"`{scope.symbol.partition(':')[2]}` donne sans fin, et ce qui le parcourt peut ne pas s'arrêter",
            )
        return None

    def _speaks_of_one(self, call: ast.Call) -> bool:
        """Whether what is given is a call, or a name: no list that is written."""
        return any(isinstance(one, ast.Call | ast.Name | ast.GeneratorExp | ast.Attribute) for one in call.args)

    def _gives(self, value: Value, depth: int) -> bool:
        """Whether what a call runs, or an object, gives for ever."""
        cls = value.cls if isinstance(value, Instance) else value
        function = value.function if isinstance(value, BoundMethod) else _walked_by(unwrap(cls)[0]) or value
        if not isinstance(function, FunctionValue) or isinstance(function.node, ast.Lambda):
            return False
        inner = function_scope(self._machine, function)
        if function.node.name in {"__next__", "__anext__"}:
            return _never_stops(inner)
        return self._source(inner, depth - 1) is not None

    def _source(self, scope: Scope, depth: int, *, raised: bool = False) -> ast.AST | None:
        """What a function gives for ever: a loop, or what it returns; `raised`: even where an error of the project may end it."""
        loops: list[Loop] = [*scope.all(ast.While), *scope.all(ast.For), *scope.all(ast.AsyncFor)]
        for loop in loops:
            if not yields(loop) or ends(loop) or (not raised and left_by(scope, loop)):
                continue
            if (
                is_literally_true(scope, loop.test)
                if isinstance(loop, ast.While)
                else self.has_no_end(scope, loop.iter, depth)
            ):
                return loop
        generator = any(scope.all(kind) for kind in (ast.Yield, ast.YieldFrom))
        given: list[ast.YieldFrom] | list[ast.Return] = scope.all(ast.YieldFrom) if generator else scope.all(ast.Return)
        return next((n for n in given if n.value is not None and self.has_no_end(scope, n.value, depth)), None)

    def _are_all_settled(self, scope: Scope, name: str, depth: int) -> bool:
        """Whether the project calls a function, and each call is left, or told of where it stands."""
        calls = list(calls_of(scope, name))
        return bool(calls) and all(self._is_settled(other, call, depth) for other, call in calls)

    def _is_settled(self, scope: Scope, node: ast.expr, depth: int) -> bool:
        around = scope.parents.get(node)
        if isinstance(around, ast.For | ast.AsyncFor):
            told = self._is_given_on(scope, depth) if yields(around) else self.has_no_end(scope, node)
            return ends(around) or told
        if isinstance(around, ast.comprehension):
            whole = scope.parents[around]
            lazy = whole if isinstance(whole, ast.GeneratorExp) else None
            return self._is_settled(scope, lazy, depth) if lazy else self.has_no_end(scope, node)
        if isinstance(around, ast.Return | ast.YieldFrom):
            return self._is_given_on(scope, depth)
        if isinstance(around, ast.Assign) and isinstance(around.targets[0], ast.Name | ast.Attribute):
            return self._is_settled_under(scope, around.targets[0], depth)
        if isinstance(around, ast.Call) and node is not around.func:
            return self._is_settled_in(scope, around, node, depth)
        # `pages().__next__()`, and one that is made and left there.
        return isinstance(around, ast.Expr) or (isinstance(around, ast.Attribute) and around.attr == "__next__")

    def _is_settled_in(self, scope: Scope, call: ast.Call, node: ast.expr, depth: int) -> bool:
        """The same of one that is given to a call."""
        word = last(call.func)
        if word in _STOPS or (word == "zip" and not self.has_no_end(scope, call)):
            return True
        if word in _WHOLE:
            return self.has_no_end(scope, node)
        return word in _WRAPPERS and self._is_settled(scope, call, depth)

    def _is_given_on(self, scope: Scope, depth: int) -> bool:
        name = _own_name(scope)
        return depth > 0 and not name.startswith("__") and self._are_all_settled(scope, name, depth - 1)

    def _is_settled_under(self, scope: Scope, target: ast.Name | ast.Attribute, depth: int) -> bool:
        """The same of each use of a name, or of an attribute that the module only gives to `next`."""
        if isinstance(target, ast.Attribute) or not scope.symbol:
            word = re.escape(last(target))
            used = re.findall(rf"\b{word}\b(?!\s*(?::[^=\n]+)?=[^=])", scope.module.source.text)
            stopped = re.findall(rf"\b(?:next|islice|takewhile)\(\s*[\w.]*\b{word}\b", scope.module.source.text)
            return bool(used) and len(used) == len(stopped)
        loads = [n for n in scope.all(ast.Name) if n.id == target.id and isinstance(n.ctx, ast.Load)]
        return all(self._is_settled(scope, one, depth) for one in loads)

    @cached_property
    def _functions(self) -> frozenset[str]:
        """The names of functions that may give values for ever, by their form."""
        project, found = self._machine.project, frozenset[str]()
        if not project.holds(_SPEAKS_OF_ONE):
            return found
        modules = project.own()
        words = _SPEAKS_OF_ONE
        for _ in range(_DEPTH):
            named = "|".join(sorted(found)) or "__next__"
            said = re.compile(rf"\byield\b|__a?next__|{_SPEAKS_OF_ONE.pattern}|\b(?:{named})\s*\(")
            new = {
                own
                for module in modules
                if words.search(module.source.text)
                for qualified, _, place in self._machine.graph.definitions[module.name]
                if (own := qualified.rpartition(".")[2]) not in found
                if said.search(place.text) and self._form(place).may_give(found)
            }
            if not new:
                break
            found |= new
            words = re.compile(rf"\b(?:{'|'.join(sorted(new))})\(")
        return found

    def _form(self, place: Place[Definition]) -> "_Form":
        return self._forms.get(place) or self._forms.setdefault(place, _form(place.node()))

    @cached_property
    def _names(self) -> frozenset[str]:
        """These, and the classes of the project that are walked by one."""
        special = self._functions & {"__iter__", "__aiter__", "__next__", "__anext__"}
        if not special:
            return self._functions
        classes = {
            cls.name
            for module in self._machine.project.modules.values()
            if any(f"def {name}(" in module.source.text for name in special)
            for cls in walk(module.tree)
            if isinstance(cls, ast.ClassDef)
        }
        return self._functions | classes

    @cached_property
    def _named(self) -> re.Pattern[str]:
        return re.compile(rf"\b(?:{'|'.join(sorted(self._names))})\b")


def _own_name(scope: Scope) -> str:
    return re.split("[.:]", scope.symbol)[-1]


@dataclass(frozen=True, slots=True)
class _Form:
    """What may make a function one: by itself, or by the functions whose values it returns or hands on."""

    alone: bool
    calls: frozenset[str] = frozenset()

    def may_give(self, found: frozenset[str]) -> bool:
        """Whether it may be one, where functions of these names are."""
        return self.alone or not found.isdisjoint(self.calls)


def _form(function: Definition) -> _Form:
    """A loop that yields, what is returned or handed on, or `__next__`."""
    if function.name in {"__next__", "__anext__"}:
        return _Form(alone=True)
    calls = set[str]()
    for node in walk(function):
        if isinstance(node, ast.While | ast.For | ast.AsyncFor) and yields(node) and not ends(node):
            return _Form(alone=True)
        if isinstance(node, ast.Return | ast.YieldFrom) and node.value is not None:
            calls.update(last(n.func) for n in walk(node.value) if isinstance(n, ast.Call))
    return _Form(any(_SPEAKS_OF_ONE.search(f"{name}(") for name in calls), frozenset(calls))


def _walked_by(cls: Value) -> FunctionValue | None:
    """What gives the values of an object of the project."""
    if not isinstance(cls, ClassValue):
        return None
    for name, after in (("__iter__", "__next__"), ("__aiter__", "__anext__")):
        method = unwrap(class_attribute(cls, name))[0]
        if isinstance(method, FunctionValue):
            returned = [n.value for n in walk(method.node) if isinstance(n, ast.Return)]
            itself = any(isinstance(value, ast.Name) and value.id == "self" for value in returned)
            given = unwrap(class_attribute(cls, after))[0] if itself else method
            return given if isinstance(given, FunctionValue) else None
    return None


def _never_stops(scope: Scope) -> bool:
    """Whether nothing in a `__next__` raises an error, nor in what it calls, nor asks another iterator."""
    stops = any(last(c.func) in {"next", "anext", "__next__", "__anext__"} for c in scope.calls)
    raised = any(isinstance(n, ast.Raise) for c in scope.calls for f in called(scope, c) for n in walk(f))
    return not stops and not raised and not scope.all(ast.Raise)


def _made(scope: Scope, node: ast.expr) -> ast.expr:
    """What an iterator is: written here, given a name, or entered by a `with`."""
    blocks: list[ast.With | ast.AsyncWith] = [*scope.all(ast.With), *scope.all(ast.AsyncWith)]
    entered = [
        item.context_expr
        for block in blocks
        for item in block.items
        if item.optional_vars is not None and ast.unparse(item.optional_vars) == ast.unparse(node)
    ]
    found = entered[-1] if entered else scope.given(node)
    return found.value if isinstance(found, ast.Await) else found


def _is_of_a_library(scope: Scope, call: ast.Call) -> bool:
    dotted, name = scope.external(call.func), last(call.func)
    if dotted == "itertools.repeat":
        return len(call.args) == 1 and keyword(call, "times") is None
    if dotted in {"itertools.count", "itertools.cycle"} or _listens(scope, call):
        return True
    if dotted in _WATCHERS:
        return keyword(call, "stop_event") is None
    if _CONSUMERS.match(dotted):
        return keyword(call, "consumer_timeout_ms") is None
    if name == "watch" or (name == "stream" and "Watch" in ast.unparse(call.func)):
        bound = any(k.arg in {"timeout_seconds", "max_await_time_ms", "timeout"} for k in call.keywords)
        return bool(_STREAMS.match(dotted)) and not (bound and name == "stream")
    return False


def _never_gives(scope: Scope, asked: ast.expr, sentinel: ast.expr) -> bool:
    """Whether `iter(int, 1)`, which calls until it is given the second, never is; nor a queue in which nobody puts it."""
    if isinstance(sentinel, ast.List | ast.Tuple) and not sentinel.elts:
        return _is_of_another_type(scope, asked, sentinel)
    if not isinstance(sentinel, ast.Constant):
        return False
    if isinstance(asked, ast.Lambda):
        return isinstance(asked.body, ast.Constant) and asked.body.value != sentinel.value
    if last(asked) == "get" and re.match(r"(queue|multiprocessing)\.", scope.external(asked)):
        put = re.compile(rf"put(?:_nowait)?\(\s*(?:{re.escape(ast.unparse(sentinel))}\b|\w+\s*[,)])")
        return not scope.machine.project.naming(put)
    made = _MADE.get(scope.external(asked))
    return made is not None and made() != sentinel.value


def _is_of_another_type(scope: Scope, asked: ast.expr, sentinel: ast.expr) -> bool:
    """Whether the last batch of a cursor never equals this: a plain cursor of PyMySQL gives `()`, those of most others `[]`."""
    method = asked.body if isinstance(asked, ast.Lambda) else asked
    if isinstance(method, ast.Call):
        method = method.args[0] if last(method.func) == "partial" and method.args else method.func
    project = scope.machine.project
    known = {kind for kind, imported in _CURSORS.items() if project.naming(imported)}
    other = project.naming("DictCursor") or project.naming("SSCursor")
    return last(method) == "fetchmany" and len(known) == 1 and not other and not isinstance(sentinel, known.pop())


def _listens(scope: Scope, call: ast.Call) -> bool:
    """Whether these are the messages of a subscription of Redis, that nothing here ends."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "listen" or call.args:
        return False
    holder, text = call.func.value, scope.module.source.text
    made = _made(scope, holder)
    kept = (
        rf"\b{re.escape(last(holder))}\b\s*=\s*(?:await )?[\w.()]*\bpubsub\("
        if isinstance(holder, ast.Attribute)
        else "$^"
    )
    subscribed = (isinstance(made, ast.Call) and last(made.func) == "pubsub") or re.search(kept, text) is not None
    return subscribed and "unsubscribe" not in text
