"""Words of commands as Python builds them, written for a shell: what is not known keeps a name (`$queue`)."""

import ast
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

_ENVIRONMENTS = frozenset({"os.environ.get", "os.getenv", "environ.get", "getenv", "os.environ.setdefault"})
_TEXTS = frozenset({"str", "shlex.quote", "quote", "os.fspath"})
# What usual code calls the options of its own command line.
_PARSED = frozenset({"options", "args", "opts", "arguments", "namespace", "parsed", "ns", "kwargs"})
_ALL = '"$@"'
_MOST = 30


def dotted(node: ast.expr, imported: Mapping[str, str]) -> str:
    """A name as its module spells it, by the imports of a file; empty for what is no name."""
    if isinstance(node, ast.Name):
        return imported.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        holder = dotted(node.value, imported)
        return f"{holder}.{node.attr}" if holder else ""
    return ""


class Words:
    """Values that a function holds at the point that the reading has reached, as words of a shell.

    `options`: what those of the command line are worth, which `options["pool"]` and `args.pool` are.
    """

    def __init__(
        self,
        imported: Mapping[str, str],
        constants: Mapping[str, ast.expr],
        options: Mapping[str, list[str]] | None = None,
    ) -> None:
        self.options = options or {}
        self.imported = imported
        self.constants = constants
        self.held: dict[str, list[str]] = {}
        self._readers: dict[type[ast.expr], Callable[[Any, int], list[str]]] = {
            ast.List: lambda node, depth: self.each(node.elts, depth + 1),
            ast.Tuple: lambda node, depth: self.each(node.elts, depth + 1),
            ast.Starred: lambda node, depth: self.of(node.value, depth + 1),
            ast.BinOp: self._sum,
            ast.Name: self._named,
            ast.Call: self._called,
        }

    def of(self, node: ast.expr, depth: int = 0) -> list[str]:
        """The words of a list, or the one that a text makes."""
        reader = None if depth > _MOST else self._readers.get(type(node))
        if reader is not None:
            return reader(node, depth)
        if isinstance(node, ast.Subscript) and dotted(node.value, self.imported) == "sys.argv":
            return [_ALL] if isinstance(node.slice, ast.Slice) else ['"$1"']
        if (parsed := self._parsed(node)) is not None:
            return parsed
        return [self.text(node, depth)]

    def _parsed(self, node: ast.expr) -> list[str] | None:
        """What an option of the command line is worth."""
        if not isinstance(node, ast.Attribute | ast.Subscript) or dotted(node.value, {}) not in _PARSED:
            return None
        key = node.attr if isinstance(node, ast.Attribute) else getattr(node.slice, "value", "")
        return self.options.get(str(key))

    def each(self, nodes: Sequence[ast.expr], depth: int = 0) -> list[str]:
        """The words of several values."""
        return [word for node in nodes for word in self.of(node, depth)]

    def raw(self, node: ast.expr) -> str:
        """A text that a shell is given, or that Python splits at its spaces."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        if isinstance(node, ast.JoinedStr):
            return "".join(
                str(part.value) if isinstance(part, ast.Constant) else self.text(part) for part in node.values
            )
        if isinstance(node, ast.Name) and node.id in self.held and len(self.held[node.id]) == 1:
            word = self.held[node.id][0]
            return " ".join(shlex.split(word)) if "$" not in word else word.strip("\"'")
        return " ".join(self.of(node))

    def text(self, node: ast.expr, depth: int = 0) -> str:
        """One word."""
        if depth > _MOST:
            return unknown(node)
        if isinstance(node, ast.Constant):
            return shlex.quote(str(node.value))
        if isinstance(node, ast.JoinedStr):
            return "".join(self.text(part, depth + 1) for part in node.values)
        if isinstance(node, ast.FormattedValue):
            return self.text(node.value, depth + 1)
        if isinstance(node, ast.Subscript) and dotted(node.value, self.imported).endswith("environ"):
            return _variable(node.slice, None) or unknown(node)
        inner = isinstance(node, ast.Name | ast.BinOp | ast.Call) or self._parsed(node) is not None
        found = self.of(node, depth + 1) if inner else []
        return found[0] if len(found) == 1 and found[0] != _ALL else self._executable(node)

    def _executable(self, node: ast.expr) -> str:
        return "python" if dotted(node, self.imported) == "sys.executable" else unknown(node)

    def _sum(self, node: ast.BinOp, depth: int) -> list[str]:
        if not isinstance(node.op, ast.Add):
            return [unknown(node)]
        left, right = self.of(node.left, depth + 1), self.of(node.right, depth + 1)
        if _is_text(node.left) or _is_text(node.right):
            return ["".join((*left, *right))] if len(left) == len(right) == 1 else [unknown(node)]
        return [*left, *right]

    def _named(self, node: ast.Name, depth: int) -> list[str]:
        if node.id in self.held:
            return self.held[node.id]
        constant = self.constants.get(node.id)
        return self.of(constant, depth + 1) if constant is not None else [unknown(node)]

    def _called(self, node: ast.Call, depth: int) -> list[str]:
        name = dotted(node.func, self.imported)
        if name in _ENVIRONMENTS and node.args:
            default = node.args[1] if len(node.args) > 1 else None
            return [_variable(node.args[0], self.text(default, depth + 1) if default else None) or unknown(node)]
        if name in _TEXTS and len(node.args) == 1:
            return self.of(node.args[0], depth + 1)
        if name in {"list", "tuple"} and len(node.args) == 1:
            return self.of(node.args[0], depth + 1)
        split = split_text(node, self.imported)
        if split is not None:
            return self.raw(split).split()
        return [unknown(node)]


def split_text(node: ast.expr, imported: Mapping[str, str]) -> ast.expr | None:
    """The text that `shlex.split(text)` or `text.split()` cuts at its spaces."""
    if not isinstance(node, ast.Call):
        return None
    if dotted(node.func, imported) == "shlex.split" and node.args:
        return node.args[0]
    if isinstance(node.func, ast.Attribute) and node.func.attr == "split" and not node.args:
        return node.func.value
    return None


def unknown(node: ast.AST) -> str:
    """A variable that nothing gives, named as Python names the value."""
    name = re.sub(r"\W+", "_", ast.unparse(node))[:40].strip("_") or "value"
    return f'"${name if not name[0].isdigit() else "_" + name}"'


def constants_of(body: list[ast.stmt]) -> dict[str, ast.expr]:
    """What the names of a module stand for, where they are given one value only."""
    found: dict[str, list[ast.expr]] = {}
    for name, value in _assigned(body):
        found.setdefault(name, []).append(value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def _assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for statement in body:
        if isinstance(statement, ast.Assign):
            yield from ((t.id, statement.value) for t in statement.targets if isinstance(t, ast.Name))
        elif isinstance(statement, ast.AnnAssign) and statement.value and isinstance(statement.target, ast.Name):
            yield statement.target.id, statement.value


def _is_text(node: ast.expr) -> bool:
    return (isinstance(node, ast.Constant) and isinstance(node.value, str)) or isinstance(node, ast.JoinedStr)


def _variable(name: ast.expr, default: str | None) -> str:
    """A variable of the environment, with its default."""
    if not isinstance(name, ast.Constant) or not isinstance(name.value, str) or not name.value.isidentifier():
        return ""
    return f'"${{{name.value}}}"' if default is None else f'"${{{name.value}:-{default.strip(chr(34))}}}"'
