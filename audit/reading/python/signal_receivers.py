"""The functions of a project that signals and events run: of Django, Celery, SQLAlchemy, blinker, or the project's own."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from audit.reading.python.child_nodes import literal_text, walk
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Module
from audit.reading.python.name_resolution import dotted, symbol_of
from audit.reading.python.syntax_cache import Definition

_WORDS = ("receiver(", ".connect", "listens_for(", "listen(")
_MADE = re.compile(r"(?m)^[ \t]*(\w+)\s*(?::[^=\n]+)?=\s*(?:[\w.]+\.)?(?:Signal|signal|NamedSignal)\(")


@dataclass(frozen=True)
class Receiver:
    """A function that a signal runs. `sender`: the only one for which it does, by its last name; empty for any.

    `event`: it listens to an event of SQLAlchemy.
    """

    signal: str
    sender: str
    symbol: str
    event: bool = False


class SignalReceivers:
    """The receivers of the program's code, tests apart, by the last name of their signal."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def of(self, signal: str) -> list[Receiver]:
        """Those of a signal."""
        return self._by_signal.get(signal, [])

    def is_one_signal(self, name: str) -> bool:
        """Whether the project makes only one signal of this name."""
        return self._made.get(name, 0) == 1

    @cached_property
    def events(self) -> list[Receiver]:
        """The listeners of SQLAlchemy's events."""
        return [receiver for found in self._by_signal.values() for receiver in found if receiver.event]

    @cached_property
    def _modules(self) -> list[Module]:
        return self._machine.project.own()

    @cached_property
    def _made(self) -> dict[str, int]:
        found: dict[str, int] = defaultdict(int)
        for module in self._modules:
            for name in _MADE.findall(module.source.text) if "ignal" in module.source.text else ():
                found[name] += 1
        return found

    @cached_property
    def _by_signal(self) -> dict[str, list[Receiver]]:
        found: dict[str, list[Receiver]] = defaultdict(list)
        for module in self._modules:
            if any(word in module.source.text for word in _WORDS):
                for receiver in (*self._decorated(module), *self._connected(module)):
                    found[receiver.signal].append(receiver)
        return found

    def _decorated(self, module: Module) -> Iterator[Receiver]:
        for qualified, _, place in self._machine.graph.definitions.get(module.name, ()):
            for decorator in place.node().decorator_list if place.is_decorated else ():
                yield from _receivers(decorator, f"{module.name}:{qualified}")

    def _connected(self, module: Module) -> Iterator[Receiver]:
        calls = [n for n in walk(module.tree) if isinstance(n, ast.Call)]
        for call in calls:
            place = {"connect": 0, "listen": 2}.get(last_name(call.func))
            if place is None or not isinstance(call.func, ast.Attribute | ast.Name) or len(call.args) <= place:
                continue
            for symbol in self._symbols(module, call.args[place]):
                if place:
                    yield from _events(call, symbol)
                elif isinstance(call.func, ast.Attribute):
                    yield Receiver(signal_name(call.func.value), _sender(call), symbol)

    def _symbols(self, module: Module, node: ast.expr) -> list[str]:
        """The function that a name stands for in a module; by its own name, where a function imports it."""
        name = dotted(node)
        found = symbol_of(self._machine.resolve(f"{module.name}:{name}")) if name else ""
        if found or not name:
            return [found] if found else []
        own = name.rpartition(".")[2]
        imported = re.search(rf"\bimport\b.*\b{own}\b|^from .* import \($", module.source.text, re.MULTILINE)
        return self._named.get(own, []) if imported or "." in name else []

    @cached_property
    def _named(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for module, definitions in self._machine.graph.definitions.items():
            for qualified, _, _ in definitions:
                found[qualified.rpartition(".")[2]].append(f"{module}:{qualified}")
        return found


def _receivers(decorator: ast.expr, symbol: str) -> Iterator[Receiver]:
    """What a decorator connects a function to: `@receiver(post_save, sender=Order)`, `@closed.connect`."""
    if isinstance(decorator, ast.Attribute):
        if decorator.attr == "connect":
            yield Receiver(signal_name(decorator.value), "", symbol)
    elif isinstance(decorator, ast.Call):
        name, first = last_name(decorator.func), decorator.args[:1]
        if name == "listens_for":
            yield from _events(decorator, symbol)
        elif name == "receiver" and first:
            each = first[0].elts if isinstance(first[0], ast.List | ast.Tuple) else first
            yield from (Receiver(signal_name(signal), _sender(decorator), symbol) for signal in each)
        elif name in {"connect", "connect_via"} and isinstance(decorator.func, ast.Attribute):
            yield Receiver(signal_name(decorator.func.value), _sender(decorator), symbol)
        elif name.startswith(("pre_", "post_")):
            yield Receiver(name, _sender(decorator), symbol)


def _events(call: ast.Call, symbol: str) -> Iterator[Receiver]:
    event = call.args[1] if len(call.args) > 1 else None
    if isinstance(event, ast.Constant) and isinstance(event.value, str):
        yield Receiver(event.value, last_name(call.args[0]), symbol, event=True)


def _sender(call: ast.Call) -> str:
    given = [k.value for k in call.keywords if k.arg == "sender"]
    node = given[0] if given else None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.rpartition(".")[2]
    if isinstance(node, ast.Attribute) and node.attr == "through":
        return last_name(node.value)
    return last_name(node) if node is not None else ""


def signal_name(node: ast.expr) -> str:
    """The last name of a signal, or the text that names it: `signals.closed`, `signal("closed")`."""
    if isinstance(node, ast.Call):
        return literal_text(node.args[0]) if node.args else ""
    return last_name(node)


def last_name(node: ast.expr) -> str:
    """The last name of what is called or named."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def is_decorated(node: Definition, *names: str) -> bool:
    """Whether a decorator of one of these last names stands on a function."""
    return any(last_name(d.func if isinstance(d, ast.Call) else d) in names for d in node.decorator_list)
