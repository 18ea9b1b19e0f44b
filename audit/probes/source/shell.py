"""Commands that a shell script runs, read from its syntax tree: variables and functions followed, loops noticed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from audit.probes.source.words import expand, expand_all

_MAX_DEPTH = 25
_MAX_STEPS = 20_000
_ENDLESS = frozenset({"true", ":", "1"})
_COUNTING = frozenset({"-lt", "-le", "-gt", "-ge", "-ne", "<", "<=", ">", ">="})


@dataclass(frozen=True)
class Command:
    """A simple command with its words expanded. `loop`: it starts again whenever it dies.

    `lasting`: it is started to stay (in the background, in a loop, or in place of the shell).
    """

    words: tuple[str, ...]
    first: int
    last: int
    loop: bool = False
    lasting: bool = False


@dataclass(frozen=True)
class _Context:
    loop: bool = False
    guarded: bool = False
    background: bool = False
    lines: tuple[int, int] | None = None
    depth: int = 0


@dataclass
class _Shell:
    """State of one script: its variables, functions and positional parameters, and the commands met."""

    variables: dict[str, list[str]] = field(default_factory=dict)
    functions: dict[str, Node] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)
    errexit: bool = False
    commands: list[Command] = field(default_factory=list)
    steps: int = 0


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


def read_commands(text: str, variables: dict[str, str] | None = None) -> list[Command]:
    """Commands of a script in the order they are met, functions followed where they are called."""
    shell = _Shell({name: [value] for name, value in (variables or {}).items()})
    first_line = text.partition("\n")[0]
    shell.errexit = first_line.startswith("#!") and " -e" in first_line
    _walk(shell, _parser().parse(text.encode()).root_node, _Context())
    return shell.commands


def _walk(shell: _Shell, node: Node, context: _Context) -> None:
    shell.steps += 1
    if context.depth > _MAX_DEPTH or shell.steps > _MAX_STEPS:
        return
    reader = _READERS.get(node.type)
    if reader:
        reader(shell, node, replace(context, depth=context.depth + 1))
    elif node.type not in {"comment", "heredoc_redirect", "test_command", "file_redirect", "herestring_redirect"}:
        _statements(shell, node, context)


def _statements(shell: _Shell, node: Node, context: _Context) -> None:
    """Read children in order; one followed by `&` runs in the background."""
    children = list(node.children)
    for index, child in enumerate(children):
        behind = index + 1 < len(children) and children[index + 1].type == "&"
        _walk(shell, child, replace(context, background=True) if behind else context)


def _function(shell: _Shell, node: Node, _: _Context) -> None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is not None and body is not None:
        shell.functions[_text(name)] = body


def _assignment(shell: _Shell, node: Node, _: _Context) -> None:
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if name is not None and name.type == "variable_name":
        shell.variables[_text(name)] = expand(value, shell.variables, shell.arguments) if value is not None else [""]


def _loop(shell: _Shell, node: Node, context: _Context) -> None:
    """`while` and `until`: their condition is a command too, and may be the one that is started again."""
    condition, body = node.child_by_field_name("condition"), node.child_by_field_name("body")
    until = any(child.type == "until" for child in node.children)
    again = _lasts(condition, until)
    if condition is not None and condition.type not in {"test_command", "arithmetic_expansion"}:
        _walk(shell, condition, replace(context, loop=until, guarded=True))
    if body is None:
        return
    met = len(shell.commands)
    children = [c for c in body.children if c.is_named]
    waits = any(_text(c).split()[:1] == ["wait"] for c in children)
    stops = any(_text(c) in {"break", "exit", "return"} for c in children)
    for child in children:
        behind = _is_behind(child)
        _walk(shell, child, replace(context, loop=again and not stops and (waits or not behind), background=behind))
    if not again:
        return
    shell.commands[met:] = [replace(command, lasting=True) for command in shell.commands[met:]]


def _is_behind(node: Node) -> bool:
    following = node.next_sibling
    return following is not None and following.type == "&"


def _lasts(condition: Node | None, until: bool) -> bool:
    """Whether a loop goes on for ever, or until something other than a count stops it."""
    if condition is None:
        return False
    text = _text(condition).strip()
    if text in _ENDLESS:
        return not until
    if text == "false":
        return until
    return not any(word in _COUNTING for word in text.split())


def _for(shell: _Shell, node: Node, context: _Context) -> None:
    name, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
    if name is None or body is None:
        return
    words = expand_all(node.children_by_field_name("value"), shell.variables, shell.arguments)
    for word in words[:50]:
        shell.variables[_text(name)] = [word]
        _statements(shell, body, replace(context, loop=False))


def _list(shell: _Shell, node: Node, context: _Context) -> None:
    """`a && b`, `a || b`: a failure of `a` does not stop the script; `a || break` leaves the loop when `a` dies."""
    children = [c for c in node.children if c.is_named]
    operator = next((c.type for c in node.children if c.type in {"&&", "||"}), "")
    leaves = operator == "||" and len(children) > 1 and _leaves(children[1])
    if children:
        _walk(shell, children[0], replace(context, guarded=True, loop=context.loop and not leaves))
    for child in children[1:]:
        _walk(shell, child, context)


def _leaves(node: Node) -> bool:
    return _text(node).split()[:1] in (["break"], ["exit"], ["return"])


def _if(shell: _Shell, node: Node, context: _Context) -> None:
    conditions = {c.id for c in node.children_by_field_name("condition")}
    for child in node.children:
        if child.type != "test_command":
            _walk(shell, child, replace(context, guarded=True) if child.id in conditions else context)


def _negated(shell: _Shell, node: Node, context: _Context) -> None:
    _statements(shell, node, replace(context, guarded=True))


def _command(shell: _Shell, node: Node, context: _Context) -> None:
    parts = [c for c in node.children if c.is_named and c.type not in {"variable_assignment", "file_redirect"}]
    words = expand_all(
        [c.children[0] if c.type == "command_name" else c for c in parts], shell.variables, shell.arguments
    )
    lines = context.lines or (node.start_point[0] + 1, _last_line(node))
    _run(shell, words, replace(context, lines=lines))


def _last_line(node: Node) -> int:
    return node.end_point[0] + (1 if node.end_point[1] else 0)


def _run(shell: _Shell, words: Sequence[str], context: _Context) -> None:
    if not words or context.lines is None or context.depth > _MAX_DEPTH:
        return
    name = words[0]
    if name in shell.functions:
        saved = shell.arguments
        shell.arguments = list(words[1:])
        _walk(shell, shell.functions[name], context)
        shell.arguments = saved
    elif name in _BUILTINS:
        _BUILTINS[name](shell, words[1:])
    elif name.rpartition("/")[2] in {"bash", "sh"} and "-c" in words[:-1]:
        _inline(shell, words[words.index("-c") + 1], context)
    elif name == "eval":
        _inline(shell, " ".join(words[1:]), context)
    else:
        replaces = name == "exec"
        restarts = context.loop and (context.guarded or not shell.errexit) and (not replaces or context.background)
        lasting = context.loop or context.background or replaces
        shell.commands.append(Command(tuple(words[1:] if replaces else words), *context.lines, restarts, lasting))


def _inline(shell: _Shell, text: str, context: _Context) -> None:
    """A script given as text keeps the lines of the command that gives it."""
    inner = _Shell(dict(shell.variables), dict(shell.functions), list(shell.arguments), shell.errexit, [], shell.steps)
    _walk(inner, _parser().parse(text.encode()).root_node, context)
    shell.commands += inner.commands
    shell.steps = inner.steps


def _set(shell: _Shell, words: Sequence[str]) -> None:
    for index, word in enumerate(words):
        if word == "--":
            shell.arguments = list(words[index + 1 :])
            return
        if word in {"-o", "+o"} and "errexit" in words:
            shell.errexit = word == "-o"
        elif word[:1] in {"-", "+"} and "e" in word[1:]:
            shell.errexit = word[0] == "-"


def _shift(shell: _Shell, words: Sequence[str]) -> None:
    count = int(words[0]) if words and words[0].isdecimal() else 1
    shell.arguments = shell.arguments[count:]


def _ignore(_: _Shell, __: Sequence[str]) -> None:
    return None


_BUILTINS: dict[str, Callable[[_Shell, Sequence[str]], None]] = {
    "set": _set,
    "shift": _shift,
    **dict.fromkeys(
        [
            "trap",
            "echo",
            "printf",
            "wait",
            "kill",
            "sleep",
            "cd",
            "source",
            ".",
            "return",
            "exit",
            "break",
            "continue",
            "true",
            "false",
            ":",
            "test",
            "[",
            "mkdir",
        ],
        _ignore,
    ),
}


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


_READERS: dict[str, Callable[[_Shell, Node, _Context], None]] = {
    "function_definition": _function,
    "variable_assignment": _assignment,
    "while_statement": _loop,
    "for_statement": _for,
    "list": _list,
    "if_statement": _if,
    "elif_clause": _if,
    "negated_command": _negated,
    "command": _command,
}
