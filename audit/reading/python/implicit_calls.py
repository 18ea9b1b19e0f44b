"""Calls that no text writes: what signals, events, Django's commands and settings, and `super()` run of the project."""

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import pairwise

from audit.model.facts import Call, Unresolved
from audit.model.word_tables import word_set
from audit.reading.python.abstract_values import ClassValue, External, FunctionValue, Instance, unwrap
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute, lineage
from audit.reading.python.interpreter import Machine
from audit.reading.python.name_resolution import dotted, symbol_of
from audit.reading.python.signal_receivers import Receiver, SignalReceivers, is_decorated, last_name, signal_name
from audit.reading.python.syntax_cache import Definition
from audit.reading.python.task_hooks import hooks_of
from audit.target.import_paths import imported_names

_SENDS = frozenset(("send", "send_robust", "asend", "asend_robust", "send_async"))
_SAVES = word_set("save asave create acreate get_or_create aget_or_create update_or_create aupdate_or_create")
_CREATES = _SAVES - {"save", "asave"}
# Which methods of Django's models, or of mongoengine's documents, send which signals.
_OF_MODELS = {
    **dict.fromkeys(_SAVES, ("pre_save", "post_save")),
    **dict.fromkeys(("delete", "adelete"), ("pre_delete", "post_delete")),
    **dict.fromkeys(("add", "remove", "set", "clear"), ("m2m_changed",)),
}
_OF_SESSIONS = word_set("add add_all begin commit delete execute flush merge scalar scalars")
_AROUND_TASKS = ("task_prerun", "task_postrun", "task_success", "task_failure", "task_retry", "task_internal_error")
_SPEAKS_OF_SQL = re.compile(r"(?i)session|engine|sqlalchemy|\bdb\b")
_PUBLISHES = frozenset(("delay", "apply_async", "send_task"))
_OF_PUBLICATIONS = ("before_task_publish", "after_task_publish")
_STARTS = frozenset(("run", "call", "check_call", "check_output", "Popen", "system", "popen", "create_subprocess_exec"))
# Of runpy.
_MODULES = frozenset(("run_module", "run_path"))
# Settings of Django that name a class, and the calls through which it is used.
_SETTINGS = (
    (re.compile(r"""EMAIL_BACKEND\s*=\s*["']([\w.]+)["']"""),
     re.compile(r"\b(send_mail|send_mass_mail|mail_admins|mail_managers|EmailMessage|EmailMultiAlternatives)$")),
    (re.compile(r"""(?:DEFAULT_FILE_STORAGE\s*=|["']BACKEND["']\s*:)\s*["']([\w.]+)["']"""),
     re.compile(r"\b(default_storage|storages?|caches?)\b.*\.\w+$")),
    (re.compile(r"""["'](?:class|\(\))["']\s*:\s*["']([\w.]+)["']"""),
     re.compile(r"\blog(ger|ging)?\.(debug|info|warning|error|critical|exception|log)$")),
)  # fmt: skip


class ImplicitCalls:
    """Finds what a function of the program runs by no call of its own text."""

    def __init__(self, machine: Machine, classes: Callable[[], Iterable[ClassValue]]) -> None:
        """`classes` gives those of the program."""
        self._machine, self._classes = machine, classes
        self._receivers = SignalReceivers(machine)

    def around(self, symbol: str, node: Definition) -> Iterator[str]:
        """Receivers of Celery's signals that run with each task, where this function is one."""
        if not (symbol in self._machine.made_tasks or is_decorated(node, "task", "shared_task", "periodic_task")):
            return
        yield from self._hooks(node)
        for receiver in (r for signal in _AROUND_TASKS for r in self._receivers.of(signal)):
            if receiver.sender in {"", node.name} and receiver.symbol != symbol:
                yield receiver.symbol

    def _hooks(self, node: Definition) -> Iterator[str]:
        """What the class that the only application gives its tasks runs around them, where a task names no other."""
        apps = self._machine.celery_instances
        given = unwrap(apps[0].fields.get("Task", apps[0].keywords.get("task_cls")))[0] if len(apps) == 1 else None
        cls = unwrap(self._machine.resolve(given.replace(":", ".")))[0] if isinstance(given, str) else given
        if isinstance(cls, ClassValue) and _base(node) is None:
            yield from hooks_of(cls)

    def _bound(self, symbol: str, node: Definition) -> Iterator[Call]:
        """What `self.count()` runs in a task that is bound, whose class its decorator names."""
        base, arguments = _base(node), node.args.args
        cls = unwrap(self._machine.resolve(f"{symbol.partition(':')[0]}:{dotted(base)}"))[0] if base else None
        if not isinstance(cls, ClassValue) or not arguments:
            return
        for call in (n for statement in node.body for n in ast.walk(statement) if isinstance(n, ast.Call)):
            holder = call.func.value if isinstance(call.func, ast.Attribute) else None
            if isinstance(holder, ast.Name) and holder.id == arguments[0].arg:
                method = unwrap(class_attribute(cls, last_name(call.func)))[0]
                if isinstance(method, FunctionValue):
                    yield Call(last_name(call.func), method.symbol)

    def run_by(self, symbol: str, node: Definition) -> tuple[Call, ...]:
        """The calls: with a target where it is sure, with choices where it may run, with neither where nobody can tell."""
        calls = [n for statement in node.body for n in walk(statement) if isinstance(n, ast.Call)]
        place = _Function(self._machine, symbol, node)
        found = [
            implied
            for call in calls
            for implied in (
                *self._signalled(place, call),
                *self._saved(place, call),
                *self._started(place, call),
                *self._set(call),
                *self._beside(symbol, call.func),
                *self._instead(symbol, call.func),
            )
        ]
        if is_decorated(node, "singledispatch", "singledispatchmethod"):
            found += _chosen(node.name, self._registered.get(node.name, ()))
        return (*found, *self._bound(symbol, node))

    def _signalled(self, place: "_Function", call: ast.Call) -> Iterator[Call]:
        if not isinstance(call.func, ast.Attribute):
            return
        method, holder = call.func.attr, call.func.value
        if method in _SENDS and (name := signal_name(holder)):
            receivers = [r.symbol for r in self._receivers.of(name)]
            sure = self._receivers.is_one_signal(name) or isinstance(holder, ast.Call)
            yield from [Call(name, r) for r in receivers] if sure else _chosen(name, receivers)
        for signal in _OF_MODELS.get(method, ()):
            receivers_of_models = self._receivers.of(signal)
            if receivers_of_models and not place.is_of_library(holder):
                yield from _fired(signal, receivers_of_models, place, holder)
        if method in _OF_SESSIONS and self._receivers.events and _SPEAKS_OF_SQL.search(place.text):
            yield from _chosen("event", [r.symbol for r in self._receivers.events])
        for signal in _OF_PUBLICATIONS if method in _PUBLISHES else ():
            yield from _chosen(signal, [r.symbol for r in self._receivers.of(signal)])

    def _saved(self, place: "_Function", call: ast.Call) -> Iterator[Call]:
        """The project's own `save` of a model, where `Order.objects.create(…)` runs it."""
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in _CREATES:
            return
        holder: ast.expr = call.func.value
        while isinstance(holder, ast.Attribute | ast.Call):
            if name := dotted(holder):
                yield from self._save_of(place, name, call.func.attr)
            holder = holder.func if isinstance(holder, ast.Call) else holder.value
        yield from self._save_of(place, dotted(holder), call.func.attr)

    def _save_of(self, place: "_Function", name: str, method: str) -> Iterator[Call]:
        """By the class of the module that bears this name; else, by those of the project whose name its function imports."""
        last = name.rpartition(".")[2]
        cls = unwrap(self._machine.resolve(f"{place.module}:{name}"))[0] if name else None
        if name in {"self", "cls"}:
            cls = unwrap(self._machine.resolve(place.symbol.rpartition(".")[0]))[0]
        models = [cls] if isinstance(cls, ClassValue) else []
        if not models and last[:1].isupper() and last in place.text:
            models = [c for c in self._classes() if c.symbol.rpartition(":")[2] == last]
        own = [m for m in models if not isinstance(unwrap(class_attribute(m, method))[0], FunctionValue)]
        found = [v.symbol for m in own if isinstance(v := unwrap(class_attribute(m, "save"))[0], FunctionValue)]
        yield from [Call("save", found[0])] if len(found) == 1 else _chosen("save", found)

    def _started(self, place: "_Function", call: ast.Call) -> Iterator[Call]:
        """Commands of Django, and Python programs of the project in another process."""
        name = last_name(call.func)
        if name == "call_command":
            first = call.args[0] if call.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield from self._command(first.value)
            elif self._commands:
                yield place.opaque(call)
        elif name in _STARTS | _MODULES and call.args:
            words = [n.value for n in walk(call) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
            parts = [part for word in words for part in word.split()]
            if any(part.endswith("manage.py") for part in parts):
                yield from (c for part in parts for c in self._command(part))
            elif name in _MODULES or self._runs_python(call, parts):
                yield place.opaque(call)

    def _runs_python(self, call: ast.Call, parts: list[str]) -> bool:
        """Whether a command line runs a file, or a module after `-m`, of the program."""
        if any(part.rpartition("/")[2] in self._scripts for part in parts):
            return True
        named = any(option == "-m" and module in self._machine.project.modules for option, module in pairwise(parts))
        return named and re.search("python|executable", ast.unparse(call)) is not None

    def _command(self, name: str) -> Iterator[Call]:
        for module in self._commands.get(name, ()):
            cls = unwrap(self._machine.resolve(f"{module}:Command"))[0]
            for method in ("handle", "handle_label", "handle_app_config") if isinstance(cls, ClassValue) else ():
                found = unwrap(class_attribute(cls, method))[0] if isinstance(cls, ClassValue) else None
                if isinstance(found, FunctionValue):
                    yield Call(method, found.symbol)

    def _set(self, call: ast.Call) -> Iterator[Call]:
        """Methods of the classes that Django's settings name and that this call uses."""
        name = dotted(call.func)
        for place, (_, used) in enumerate(_SETTINGS):
            if name and used.search(name) and (methods := self._named_in_settings[place]):
                yield from _chosen(name, methods)

    def _beside(self, symbol: str, callee: ast.expr) -> list[Call]:
        """What `super()` finds in a class that is no base of its own: that of a class which inherits from both."""
        if not (isinstance(callee, ast.Attribute) and isinstance(callee.value, ast.Call)):
            return []
        owner = (
            unwrap(self._machine.resolve(symbol.rpartition(".")[0]))[0]
            if dotted(callee.value.func) == "super"
            else None
        )
        if not isinstance(owner, ClassValue):
            return []
        after = [one for order in self._orders if owner in order for one in order[order.index(owner) + 1 :]]
        own = lineage(owner)
        found = [symbol_of(one.names.get(callee.attr)) for one in after if one not in own]
        return _chosen(callee.attr, filter(None, found))

    def _instead(self, symbol: str, callee: ast.expr) -> list[Call]:
        """What a name stands for where the import of a library fails: `except ImportError: from shop.slow import push`."""
        found = (
            self._fallbacks.get((symbol.partition(":")[0], last_name(callee))) if isinstance(callee, ast.Name) else None
        )
        return _chosen(last_name(callee), found or ())

    @cached_property
    def _fallbacks(self) -> dict[tuple[str, str], list[str]]:
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for module in self._machine.project.naming(re.compile("ImportError|ModuleNotFound")):
            for handler in (h for n in module.tree.body if isinstance(n, ast.Try) for h in n.handlers):
                for statement in handler.body:
                    if isinstance(statement, Definition):
                        found[module.name, statement.name].append(f"{module.name}:{statement.name}")
                    elif isinstance(statement, ast.ImportFrom):
                        source = imported_names(statement, module.package)[0]
                        for alias in statement.names:
                            value = self._machine.resolve(f"{source}:{alias.name}")
                            found[module.name, alias.asname or alias.name] += filter(None, [symbol_of(value)])
        return found

    @cached_property
    def _orders(self) -> list[list[ClassValue]]:
        """The orders in which Python looks names up in the classes that inherit from several of the project."""
        several = [c for c in self._classes() if sum(isinstance(base, ClassValue) for base in c.bases) > 1]
        return [lineage(cls) for cls in several]

    @cached_property
    def _registered(self) -> dict[str, list[str]]:
        """What `@handle.register` registers, by the name of the function that chooses among them."""
        found: dict[str, list[str]] = defaultdict(list)
        for module, definitions in self._machine.graph.definitions.items():
            if ".register" not in self._machine.project.modules[module].source.text:
                continue
            for qualified, _, place in definitions:
                for decorator in place.node().decorator_list:
                    made = decorator.func if isinstance(decorator, ast.Call) else decorator
                    if isinstance(made, ast.Attribute) and made.attr == "register":
                        found[last_name(made.value)].append(f"{module}:{qualified}")
        return found

    @cached_property
    def _commands(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for name in self._machine.project.modules:
            if ".management.commands." in f".{name}":
                found[name.rpartition(".")[2]].append(name)
        return found

    @cached_property
    def _scripts(self) -> frozenset[str]:
        """The names of the Python files of the program."""
        return frozenset(module.source.path.rpartition("/")[2] for module in self._machine.project.own())

    @cached_property
    def _named_in_settings(self) -> list[list[str]]:
        found: list[list[str]] = [[] for _ in _SETTINGS]
        for module in self._machine.project.naming(re.compile("BACKEND|LOGGING|STORAGE")):
            for place, (naming, _) in enumerate(_SETTINGS):
                for name in naming.findall(module.source.text):
                    found[place] += self._methods(name)
        return found

    def _methods(self, name: str) -> Iterator[str]:
        cls = unwrap(self._machine.resolve(name))[0]
        for one in lineage(cls) if isinstance(cls, ClassValue) else ():
            yield from (v.symbol for value in one.names.values() if isinstance(v := unwrap(value)[0], FunctionValue))


def _base(node: Definition) -> ast.expr | None:
    """The class that a decorator gives a task."""
    given = (k for d in node.decorator_list if isinstance(d, ast.Call) for k in d.keywords)
    return next((k.value for k in given if k.arg == "base"), None)


class _Function:
    """A function, and the classes that the objects in it may be of."""

    def __init__(self, machine: Machine, symbol: str, node: Definition) -> None:
        self.node, self.symbol = node, symbol
        self._machine, self.module = machine, symbol.partition(":")[0]
        self._source = machine.project.modules[self.module].source
        self.text = self._source.text

    def opaque(self, call: ast.Call) -> Call:
        """A call whose callee may be any code of the project."""
        place = self._source.excerpt(call.lineno, call.end_lineno or call.lineno)
        return Call(dotted(call.func), arguments=("…",), excerpt=place, unresolved=Unresolved.COMPUTED)

    def is_of_library(self, holder: ast.expr) -> bool:
        """Whether an expression starts from a global object of a library, such as a client of Redis."""
        name = dotted(holder).partition(".")[0]
        value = unwrap(self._machine.resolve(f"{self.module}:{name}"))[0] if name else None
        made = value.cls if isinstance(value, Instance) else value
        return isinstance(made, External)

    def classes(self, holder: ast.expr) -> set[str]:
        """Names of the classes that an expression may be an object of; none where its text does not tell."""
        found = _capitals(holder)
        if isinstance(holder, ast.Name) and not found:
            if holder.id == "self":
                return {self.symbol.partition(":")[2].rpartition(".")[0].rpartition(".")[2]}
            spec = self.node.args
            for parameter in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs):
                if parameter.arg == holder.id and parameter.annotation:
                    found |= _capitals(parameter.annotation)
            for statement in (n for s in self.node.body for n in walk(s)):
                for target, value in _bindings(statement):
                    if any(isinstance(n, ast.Name) and n.id == holder.id for n in walk(target)):
                        found |= _capitals(value)
        return found


def _bindings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What a statement gives names, one of several too: `row, made = Order.objects.get_or_create(…)`, `for row in Order.objects.all()`."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, ast.For | ast.AsyncFor):
        yield node.target, node.iter
    elif isinstance(node, ast.NamedExpr):
        yield node.target, node.value


def _capitals(node: ast.expr) -> set[str]:
    names = {last_name(n) for n in walk(node) if isinstance(n, ast.Name | ast.Attribute)}
    return {name for name in names if name[:1].isupper() and not name.isupper()}


def _fired(signal: str, receivers: list[Receiver], place: _Function, holder: ast.expr) -> Iterator[Call]:
    """Those that a method of a model runs: for sure where the class is their sender, maybe where it is not known."""
    classes = place.classes(holder)
    if signal == "m2m_changed":
        # Its sender is `Order.tags.through`.
        related = last_name(holder) if isinstance(holder, ast.Attribute) else None
        yield from _chosen(signal, [r.symbol for r in receivers if related and r.sender in {"", related}])
        return
    for receiver in receivers:
        if receiver.symbol == place.symbol:
            continue
        if receiver.sender and classes == {receiver.sender}:
            yield Call(signal, receiver.symbol)
        elif not receiver.sender or (
            receiver.sender in classes if classes else re.search(rf"\b{receiver.sender}\b", place.text)
        ):
            yield from _chosen(signal, [receiver.symbol])


def _chosen(name: str, symbols: Iterable[str]) -> list[Call]:
    found = tuple(dict.fromkeys(symbols))
    return [Call(name, choices=found)] if found else []
