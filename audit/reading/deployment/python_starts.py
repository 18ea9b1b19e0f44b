"""What a program of the target in Python starts, as the script that a shell would run instead."""

import ast
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from audit.reading.deployment.python_commands import Command, command_of
from audit.reading.deployment.python_words import Words, constants_of, dotted, unknown
from audit.reading.python.parameters import defaults_of, placed
from audit.target.import_paths import imported_module
from audit.target.python_syntax import UnparsableError, parse

Function = ast.FunctionDef | ast.AsyncFunctionDef
_MOST = 6


@dataclass
class Code:
    """A file of Python: its functions by name, the methods of a class too, and what its imports name."""

    path: str
    module: str
    tree: ast.Module
    imported: dict[str, str] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)


# The code of a name that another file of the target defines, and its own name there; None for none.
Lookup = Callable[[str], tuple[Code, str] | None]


@dataclass
class Script:
    """Lines of a shell, the place in Python of each, and whether something that may start Celery was not followed."""

    lines: list[str] = field(default_factory=list)
    places: list[tuple[str, int, int]] = field(default_factory=list)
    blind: bool = False

    @property
    def text(self) -> str:
        """The script. An error stops a program in Python."""
        return "\n".join(("set -e", *self.lines))

    def add(self, line: str, code: Code, node: ast.stmt) -> None:
        """One line, and where it comes from."""
        self.lines.append(line)
        self.places.append((code.path, node.lineno, node.end_lineno or node.lineno))

    def place(self, line: int) -> tuple[str, int, int] | None:
        """The place in Python of a line of the text, counted from one."""
        return self.places[line - 2] if 1 < line <= len(self.places) + 1 else None


def read_code(path: str, module: str, text: str) -> Code | None:
    """A file, parsed; None for what no Python here can read."""
    try:
        tree = parse(text)
    except UnparsableError:
        return None
    code = Code(path, module, tree)
    package = module if path.endswith("__init__.py") else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            code.imported |= {
                n.asname or n.name.partition(".")[0]: n.name if n.asname else n.name.partition(".")[0]
                for n in node.names
            }
        elif isinstance(node, ast.ImportFrom):
            base = imported_module(node, package)
            code.imported |= {n.asname or n.name: f"{base}.{n.name}" for n in node.names}
        elif isinstance(node, Function):
            code.functions.setdefault(node.name, node)
    return code


def script_of(code: Code, function: str, arguments: Sequence[str], find: Lookup) -> Script:
    """What a function does, or (no name) what the file does when it is run with these arguments."""
    script = Script()
    called = code.functions.get(function)
    reader = _Reader(script, find, given_options(code, called, arguments))
    if function and (called is None or _is_chosen(called)):
        script.blind = True
    else:
        words = Words(code.imported, constants_of(code.tree.body), reader.options)
        words.held |= reader.options if called else {}
        reader.read(code, called.body if called else code.tree.body, words)
    return script


def given_options(code: Code, called: Function | None, arguments: Sequence[str]) -> dict[str, list[str]]:
    """What each option of a command is worth, by its name in Python: the word that it is given, else its default."""
    declared = [n for n in ast.walk(code.tree) if isinstance(n, ast.Call) and _called(n) == "add_argument"]
    above = called.decorator_list if called else []
    declared += [n for n in above if isinstance(n, ast.Call) and _called(n) == "option"]
    found: dict[str, list[str]] = {}
    for call in declared if not any("$" in word for word in arguments) else ():
        words = {str(k.arg): str(k.value.value) for k in call.keywords if isinstance(k.value, ast.Constant)}
        names = [str(a.value) for a in call.args if isinstance(a, ast.Constant)]
        longest = max(names, key=lambda name: (not name.startswith("-"), len(name)), default="")
        told = [word.partition("=")[2] for word in arguments if word.partition("=")[0] in names and "=" in word]
        told += [after for word, after in pairwise(arguments) if word in names]
        default = words.get("default", "None")
        if default != "None" or told:
            text = shlex.quote((told or [default])[-1])
            variable = "" if told else words.get("envvar", "")
            name = words.get("dest", longest).lstrip("-").replace("-", "_")
            found[name] = [f'"${{{variable}:-{text}}}"' if variable else text]
    return found


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def chosen_command(code: Code, arguments: Sequence[str]) -> str:
    """The function that `@group.command()` of click or typer runs for one of these words; empty for none."""
    named = {name: f for f in code.functions.values() for name in _command_names(f)}
    return next((named[word].name for word in arguments if word in named), "")


def _command_names(function: Function) -> Iterator[str]:
    for decorator in function.decorator_list:
        node = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(node, ast.Attribute) and node.attr == "command":
            call = decorator if isinstance(decorator, ast.Call) else ast.Call(node, [], [])
            given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "name")]
            told = [a.value for a in given if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            yield from told or [function.name.replace("_", "-")]


def _is_chosen(function: Function) -> bool:
    """Whether it only hands over to a command that its arguments name."""
    return any("group" in ast.unparse(decorator).lower() for decorator in function.decorator_list)


@dataclass
class _Reader:
    script: Script
    find: Lookup
    options: Mapping[str, list[str]] = field(default_factory=dict)
    depth: int = 0

    def read(self, code: Code, body: Sequence[ast.stmt], words: Words) -> None:
        for statement in body:
            self._statement(code, statement, words)

    def _statement(self, code: Code, node: ast.stmt, words: Words) -> None:
        if isinstance(node, Function | ast.ClassDef | ast.Import | ast.ImportFrom):
            return
        if isinstance(node, ast.If):
            self._choice(code, node, words)
        elif isinstance(node, ast.While | ast.For | ast.AsyncFor):
            self._loop(code, node, words)
        elif isinstance(node, ast.With | ast.AsyncWith):
            self._calls(code, node, [item.context_expr for item in node.items], words)
            self.read(code, node.body, words)
        elif isinstance(node, ast.Try):
            self.read(code, [*node.body, *node.orelse, *node.finalbody], words)
            for handler in node.handlers:
                if self._block(code, node, "if $error; then", handler.body, words):
                    self.script.add("fi", code, node)
        else:
            self._calls(code, node, [node], words)
            _bind(node, words)

    def _block(self, code: Code, node: ast.stmt, opening: str, body: Sequence[ast.stmt], words: Words) -> bool:
        """A block and what opens it, left out where it starts nothing: whether it does."""
        before = len(self.script.lines)
        self.script.add(opening, code, node)
        self.read(code, body, words)
        if len(self.script.lines) > before + 1:
            return True
        del self.script.lines[before:], self.script.places[before:]
        return False

    def _choice(self, code: Code, node: ast.If, words: Words) -> None:
        if _is_main(node.test):
            self.read(code, node.body, words)
            return
        before = dict(words.held)
        starts = self._block(code, node, "if $condition; then", node.body, words)
        after, words.held = words.held, before
        starts |= self._block(code, node, "else" if starts else "if $condition; then", node.orelse, words)
        if starts:
            self.script.add("fi", code, node)
        words.held = _together(after, words.held)

    def _loop(self, code: Code, node: ast.While | ast.For | ast.AsyncFor, words: Words) -> None:
        if isinstance(node, ast.While):
            endless = isinstance(node.test, ast.Constant) and node.test.value
            opening = "while true; do" if endless else "while $condition; do"
        else:
            opening = "for item in $items; do"
            for name in ast.walk(node.target):
                if isinstance(name, ast.Name):
                    words.held[name.id] = [unknown(name)]
        before = dict(words.held)
        if self._block(code, node, opening, node.body, words):
            self.script.add("done", code, node)
        words.held = _together(before, words.held)

    def _calls(self, code: Code, node: ast.stmt, parts: Sequence[ast.AST], words: Words) -> None:
        calls = [c for part in parts for c in _in_order(part)]
        for call in calls:
            command = command_of(call, words)
            if command is not None:
                self._command(code, node, command, calls)
            elif isinstance(call.func, ast.Attribute) and call.func.attr in {"wait", "communicate"}:
                if self.script.lines and self.script.lines[-1].endswith(" &"):
                    self.script.add("wait", code, node)
            else:
                self._follow(code, call, words)

    def _command(self, code: Code, node: ast.stmt, command: Command, calls: Sequence[ast.Call]) -> None:
        waited = any(isinstance(c.func, ast.Attribute) and c.func.attr in {"wait", "communicate"} for c in calls)
        heard = command.checked or any(_leaves(c) for c in calls) or isinstance(node, ast.Return | ast.Raise)
        if command.replaces:
            line = f"exec {command.text}"
        elif command.left and not waited:
            line = f"{command.text} &"
        else:
            line = command.text if heard else f"{command.text} || true"
        self.script.add(line, code, node)

    def _follow(self, code: Code, call: ast.Call, words: Words) -> None:
        """A function of the project, and those that it is given."""
        given = [a for a in (*call.args, *(k.value for k in call.keywords)) if isinstance(a, ast.Name | ast.Attribute)]
        for target in (call.func, *given):
            name = dotted(target, code.imported)
            found = self._found(code, target, name)
            if found is None or self.depth > _MOST:
                continue
            other, function = found
            inner = Words(other.imported, constants_of(other.tree.body), self.options if other is code else {})
            if target is call.func:
                _give(function, call, words, inner)
            self.depth += 1
            self.read(other, function.body, inner)
            self.depth -= 1

    def _found(self, code: Code, target: ast.expr, name: str) -> tuple[Code, Function] | None:
        if isinstance(target, ast.Name) and target.id in code.functions:
            return code, code.functions[target.id]
        if (
            isinstance(target, ast.Attribute)
            and isinstance(target.value, ast.Name)
            and target.value.id in {"self", "cls"}
        ):
            return (code, code.functions[target.attr]) if target.attr in code.functions else None
        found = self.find(name) if "." in name else None
        if found is None or found[1] not in found[0].functions:
            return None
        return found[0], found[0].functions[found[1]]


def _give(function: Function, call: ast.Call, words: Words, inner: Words) -> None:
    """What a call gives to the parameters of a function, else their defaults."""
    inner.held |= {name: inner.of(value) for name, value in defaults_of(function.args).items()}
    for name, value in zip(placed(function.args), call.args, strict=False):
        if not isinstance(value, ast.Starred):
            inner.held[name] = words.of(value)
    inner.held |= {k.arg: words.of(k.value) for k in call.keywords if k.arg}


def _bind(node: ast.stmt, words: Words) -> None:
    """What a statement changes in the names of a function."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                words.held[target.id] = words.of(node.value)
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
        words.held[node.target.id] = words.of(node.value)
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        before = words.held.get(node.target.id, [])
        words.held[node.target.id] = [*before, *words.of(node.value)]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        call, holder = node.value, node.value.func.value
        if (
            isinstance(holder, ast.Name)
            and holder.id in words.held
            and node.value.func.attr in {"append", "extend", "insert"}
        ):
            words.held[holder.id] = (
                [*words.held[holder.id], *words.of(call.args[-1])] if call.args else words.held[holder.id]
            )


def _together(one: Mapping[str, list[str]], other: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Names after a choice: what both sides agree on, then a word that is not known."""
    found = {}
    for name in one.keys() | other.keys():
        left, right = one.get(name, []), other.get(name, [])
        if left == right or name not in one or name not in other:
            found[name] = left or right
            continue
        common = 0
        while common < min(len(left), len(right)) and left[common] == right[common]:
            common += 1
        found[name] = [*left[:common], f'"${name}"']
    return found


def _in_order(node: ast.AST) -> Iterator[ast.Call]:
    """Calls of an expression, inner ones first, lambdas and their bodies included."""
    for child in ast.iter_child_nodes(node):
        yield from _in_order(child)
    if isinstance(node, ast.Call):
        yield node


def _leaves(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    return name in {"sys.exit", "exit", "SystemExit", "os._exit"}


def _is_main(test: ast.expr) -> bool:
    return "__name__" in ast.unparse(test) and "__main__" in ast.unparse(test)
