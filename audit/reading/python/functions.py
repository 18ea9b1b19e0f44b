"""Describes each function of a target on demand: signature, resolved calls, names used and text."""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from audit.model.facts import Call, Function, Parameter, Unresolved
from audit.model.gaps import LongExpression
from audit.reading.python.called_tables import CalledTables
from audit.reading.python.child_nodes import walk
from audit.reading.python.implementations import Implementations
from audit.reading.python.implicit_calls import ImplicitCalls
from audit.reading.python.interpreter import Machine
from audit.reading.python.lru_cache import LruCache
from audit.reading.python.modules import Module
from audit.reading.python.name_resolution import Resolver, dotted
from audit.reading.python.parameters import defaults_of, parameters_of
from audit.reading.python.syntax_cache import Definition, Place
from audit.reading.python.task_hooks import task_hooks
from audit.reading.python.unresolved_calls import unresolved

Fact = TypeVar("Fact")
_HEAD_LINES = 20
# A character of a function weighs some 20 bytes once it was read.
_MOST_CHARACTERS = 1_500_000


class Functions(Mapping[str, Function]):
    """Functions and methods by symbol, nested ones included; a symbol defined twice keeps its last definition.

    A project has far more of them than rules ask for: each is read at its first use, and those used last are kept.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._implementations = Implementations(machine)
        self._implicit = ImplicitCalls(machine, lambda: self._implementations.classes)
        self._places: dict[str, tuple[str, str, Place[Definition]]] = {}
        self._read: LruCache[str, Function] = LruCache(_MOST_CHARACTERS)
        for name in sorted(machine.graph.definitions):
            for qualified, owner, place in machine.graph.definitions[name]:
                self._places[f"{name}:{qualified}"] = name, owner, place

    def __getitem__(self, symbol: str) -> Function:
        if found := self._read.get(symbol):
            return found
        name, owner, place = self._places[symbol]
        module = self._machine.project.modules[name]
        node = place.node()
        function = _function(self._machine, module, symbol, owner, node)
        done = (*self._implementations.run_by(symbol, node), *self._implicit.run_by(symbol, node))
        around = tuple(self._implicit.around(symbol, node))
        if done or around:
            function = replace(function, calls=(*function.calls, *done), wrappers=(*function.wrappers, *around))
        return self._read.put(symbol, function, len(function.body.text) if function.body else 0)

    def definition(self, symbol: str) -> Definition:
        """The syntax tree of this function."""
        return self._places[symbol][2].node()

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class OfFunctions(Mapping[str, Fact]):
    """What an analysis says of each function, by symbol, worked out at its first use."""

    def __init__(self, functions: Functions, analysis: Callable[[str, Definition], Fact]) -> None:
        self._functions, self._analysis = functions, analysis
        self._found: dict[str, Fact] = {}

    def __getitem__(self, symbol: str) -> Fact:
        if symbol not in self._found:
            self._found[symbol] = self._analysis(symbol, self._functions.definition(symbol))
        return self._found[symbol]

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)


def _function(machine: Machine, module: Module, symbol: str, owner: str, node: Definition) -> Function:
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    last = node.end_lineno or node.lineno
    signature_end = max(node.body[0].lineno - 1, node.lineno)
    source = module.source
    inside = [inner for statement in node.body for inner in walk(statement)]
    resolver = Resolver(machine, module, owner, node, inside)
    tables = CalledTables(resolver, inside)
    return Function(
        symbol=symbol,
        parameters=tuple(parameters(module, node)),
        decorators=tuple(source.segment(d) for d in node.decorator_list),
        calls=tuple(_call(module, resolver, n, tables) for n in inside if isinstance(n, ast.Call)),
        head=source.excerpt(first, max(min(last, first + _HEAD_LINES - 1), min(signature_end, last))),
        body=source.excerpt(first, last),
        names=tuple(dict.fromkeys(filter(None, map(dotted, inside)))),
        gaps=(
            *machine.own_imports.missing(module, _bodies(node, inside)),
            *(LongExpression(source.path, n.lineno) for n in resolver.unread),
        ),
        wrappers=(
            *filter(None, (resolver.target(_callee(d)) for d in node.decorator_list)),
            *task_hooks(machine, resolver, symbol, node),
            *filter(None, (resolver.target(d) for d in _defaults(node) if isinstance(d, ast.Name | ast.Attribute))),
        ),
        decorated=_decorated(node),
    )


def _decorated(node: Definition) -> tuple[str, ...]:
    """The parameters of the functions that this one defines and returns: `@retry(times=3)` gives them what it decorates."""
    returned = {n.value.id for n in node.body if isinstance(n, ast.Return) and isinstance(n.value, ast.Name)}
    made = [n for n in node.body if isinstance(n, Definition) and n.name in returned]
    return tuple(name for one in made for name in parameters_of(one.args)[:1])


def _defaults(node: Definition) -> list[ast.expr]:
    return [*node.args.defaults, *filter(None, node.args.kw_defaults)]


def _bodies(node: Definition, inside: list[ast.AST]) -> list[ast.AST]:
    """The statements of a function, and those of the functions it defines."""
    nested = [inner for inner in inside if isinstance(inner, Definition)]
    return [statement for function in (node, *nested) for statement in function.body]


def _callee(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node


def parameters(module: Module, node: Definition) -> Iterator[Parameter]:
    """Parameters in order; `*args` and `**kwargs` keep their stars."""
    spec = node.args
    plain, defaults = [*spec.posonlyargs, *spec.args], defaults_of(spec)
    for star, group in (("", plain), ("*", [spec.vararg]), ("", spec.kwonlyargs), ("**", [spec.kwarg])):
        for parameter in filter(None, group):
            default = defaults.get(parameter.arg)
            depends = next((d for d in map(depends_name, (default, *_metadata(parameter.annotation))) if d), "")
            yield Parameter(
                star + parameter.arg,
                module.source.segment(parameter.annotation) if parameter.annotation else "",
                module.source.segment(default) if default else "",
                depends,
            )


def _metadata(annotation: ast.expr | None) -> list[ast.expr]:
    """What follows the type inside `Annotated[…]`."""
    if isinstance(annotation, ast.Subscript) and dotted(annotation.value).rpartition(".")[2] == "Annotated":
        return annotation.slice.elts[1:] if isinstance(annotation.slice, ast.Tuple) else []
    return []


def depends_name(node: ast.expr | None) -> str:
    """Dotted name inside `Depends(name)` or `Security(name)`, or of the factory in `Depends(factory(…))`."""
    if not isinstance(node, ast.Call) or dotted(node.func).rpartition(".")[2] not in {"Depends", "Security"}:
        return ""
    given = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "dependency")]
    inner = given[0] if given else None
    return dotted(inner.func if isinstance(inner, ast.Call) else inner) if inner is not None else ""


def _call(module: Module, resolver: Resolver, node: ast.Call, tables: CalledTables) -> Call:
    source = module.source
    target = resolver.target(node.func)
    table = None if target else tables.called_by(node.func)
    given = (*node.args, *(k.value for k in node.keywords))
    named = [a for a in given if isinstance(a, ast.Name | ast.Attribute)]
    return Call(
        name=dotted(node.func) or source.segment(node.func),
        target=target,
        arguments=tuple(source.segment(a) for a in node.args),
        keywords={k.arg or "**": source.segment(k.value) for k in node.keywords},
        excerpt=source.excerpt(node.lineno, node.end_lineno or node.lineno),
        callbacks=(
            *filter(None, (resolver.target(a) for a in named)),
            *(held for one in (node.func, *named) for held in resolver.held_by(one)),
            *(table.symbols if table and len(table.symbols) == 1 and table.whole else ()),
        ),
        unresolved=Unresolved.NO if target or (table and table.whole) else unresolved(resolver, node),
        choices=table.symbols if table else (),
    )
