"""Every function of the target: signature, calls with what they resolve to, names used, and its text."""

import ast
from collections.abc import Iterator
from typing import Any

from audit.facts import Call, Function, Parameter
from audit.probes.source.frames import Frame
from audit.probes.source.machine import Machine
from audit.probes.source.modules import Module
from audit.probes.source.text import segment
from audit.probes.source.values import (
    UNKNOWN,
    BoundMethod,
    ClassValue,
    FunctionValue,
    Namespace,
    unwrap,
)

_HEAD_LINES = 12
_Definition = ast.FunctionDef | ast.AsyncFunctionDef


def read_functions(machine: Machine) -> dict[str, Function]:
    """All functions and methods by symbol, nested ones included; a symbol defined twice keeps its last definition."""
    found: dict[str, Function] = {}
    for name in sorted(machine.project.modules):
        module = machine.project.modules[name]
        for qualified, owner, node in definitions(module.tree):
            symbol = f"{name}:{qualified}"
            found[symbol] = _function(machine, module, symbol, owner, node)
    return found


def definitions(tree: ast.Module) -> Iterator[tuple[str, str, _Definition]]:
    """Qualified name, class around (or empty) and node of each function definition."""
    pending: list[tuple[ast.AST, str, str]] = [(tree, "", "")]
    while pending:
        parent, prefix, owner = pending.pop()
        for child in ast.iter_child_nodes(parent):
            if isinstance(child, _Definition):
                yield f"{prefix}{child.name}", owner, child
                pending.append((child, f"{prefix}{child.name}.<locals>.", ""))
            elif isinstance(child, ast.ClassDef):
                pending.append((child, f"{prefix}{child.name}.", f"{prefix}{child.name}"))
            elif isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
                pending.append((child, prefix, owner))


def _function(machine: Machine, module: Module, symbol: str, owner: str, node: _Definition) -> Function:
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    last = node.end_lineno or node.lineno
    signature_end = max(node.body[0].lineno - 1, node.lineno)
    source = module.source
    inside = [inner for statement in node.body for inner in ast.walk(statement)]
    resolver = _Resolver(machine, module, owner, node, inside)
    return Function(
        symbol=symbol,
        parameters=tuple(parameters(module, node)),
        decorators=tuple(segment(source, d) for d in node.decorator_list),
        calls=tuple(_call(module, resolver, n) for n in inside if isinstance(n, ast.Call)),
        head=source.excerpt(first, max(min(last, first + _HEAD_LINES - 1), min(signature_end, last))),
        body=source.excerpt(first, last),
        names=tuple(dict.fromkeys(filter(None, map(dotted, inside)))),
    )


def dotted(node: ast.AST) -> str:
    """`a.b.c` for a name or an attribute of names; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def parameters(module: Module, node: _Definition) -> Iterator[Parameter]:
    """Parameters in order; `*args` and `**kwargs` keep their stars."""
    spec = node.args
    plain = [*spec.posonlyargs, *spec.args]
    defaults: dict[str, ast.expr] = {p.arg: d for p, d in zip(reversed(plain), reversed(spec.defaults), strict=False)}
    defaults |= {p.arg: d for p, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None}
    for star, group in (("", plain), ("*", [spec.vararg]), ("", spec.kwonlyargs), ("**", [spec.kwarg])):
        for parameter in filter(None, group):
            default = defaults.get(parameter.arg)
            depends = next((d for d in map(depends_name, (default, *_metadata(parameter.annotation))) if d), "")
            yield Parameter(
                star + parameter.arg,
                segment(module.source, parameter.annotation) if parameter.annotation else "",
                segment(module.source, default) if default else "",
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


def _call(module: Module, resolver: "_Resolver", node: ast.Call) -> Call:
    source = module.source
    return Call(
        name=dotted(node.func) or segment(source, node.func),
        target=resolver.target(node.func),
        arguments=tuple(segment(source, a) for a in node.args),
        keywords={k.arg or "**": segment(source, k.value) for k in node.keywords},
        excerpt=source.excerpt(node.lineno, node.end_lineno or node.lineno),
    )


class _Resolver:
    """Finds what names of a function's body stand for, by the imports and definitions around it."""

    def __init__(self, machine: Machine, module: Module, owner: str, node: _Definition, inside: list[ast.AST]) -> None:
        self._machine = machine
        self._owner = machine.resolve(f"{module.name}:{owner}") if owner else UNKNOWN
        arguments = [*node.args.posonlyargs, *node.args.args]
        self._self = arguments[0].arg if owner and arguments else ""
        self._frame = Frame(module, Namespace(), (machine.module_names(module.name),))
        self._annotated = {a.arg: a.annotation for a in (*arguments, *node.args.kwonlyargs)}
        self._import_locally(inside)

    def _import_locally(self, inside: list[ast.AST]) -> None:
        imports = [n for n in inside if isinstance(n, ast.Import | ast.ImportFrom)]
        if imports:
            self._machine.new_entry()
            self._machine.read_body(self._machine, list(imports), self._frame)

    def target(self, node: ast.expr) -> str:
        """Symbol of the project that a callee stands for: a function, a method or a class; empty when not found."""
        name = dotted(node)
        if not name:
            return self._target_of_chain(node)
        first, *rest = name.split(".")
        value = self._start(first)
        for part in rest:
            if isinstance(value, FunctionValue):
                break
            value = self._machine.attribute(self._machine, value, part)
        return _symbol(value)

    def _start(self, name: str) -> Any:
        if name == self._self and name:
            return self._owner
        annotation = self._annotated.get(name)
        if name in self._annotated:
            hint = self._frame.lookup(dotted(annotation)) if annotation is not None and dotted(annotation) else UNKNOWN
            return hint if isinstance(hint, ClassValue) else UNKNOWN
        return unwrap(self._frame.lookup(name))[0]

    def _target_of_chain(self, node: ast.expr) -> str:
        """`function().method`: followed only as far as the class that `function` is."""
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call):
            inner = self._start(dotted(node.value.func)) if "." not in dotted(node.value.func) else UNKNOWN
            if isinstance(inner, ClassValue):
                return _symbol(self._machine.attribute(self._machine, inner, node.attr))
        return ""


def _symbol(value: Any) -> str:
    value, _ = unwrap(value)
    if isinstance(value, BoundMethod):
        return value.function.symbol
    return value.symbol if isinstance(value, FunctionValue | ClassValue) else ""
