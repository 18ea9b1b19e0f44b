"""Commands that a shell script runs, read from its syntax tree: variables and functions followed, loops noticed."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from audit.reading.deployment.command_wrappers import unwrapped
from audit.reading.deployment.shell_words import expand, expand_all
from audit.reading.deployment.started_programs import started

_MAX_DEPTH = 25
_BEYOND = -1
_MAX_STEPS = 20_000
_ENDLESS = frozenset({"true", ":", "[1]", "[[1]]", "((1))"})
_LEAVING = frozenset({"break", "exit", "return"})
_TESTING = frozenset({"test", "[", "[[", "grep", "command", "which", "type", "hash", "pgrep"})
_SHELLS = frozenset({"bash", "sh", "dash", "ash", "zsh"})
_AS_ANOTHER = frozenset({"su", "runuser"})
_COUNTING = frozenset({"-lt", "-le", "-gt", "-ge", "-ne", "<", "<=", ">", ">="})


@dataclass(frozen=True)
class Command:
    """A simple command with its words expanded. `loop`: it starts again whenever it dies.

    `lasting`: it is started to stay (in the background, in a loop, or in place of the shell).
    `forgotten`: it runs in the background, and its death does not end the shell that started it.
    `outlived`: when it dies, what comes after it goes on, and keeps alive the shell that started it.
    `branches`: the choices on the way to it, each with the side taken. `stops`: its failure ends the shell.
    """

    words: tuple[str, ...]
    first: int
    last: int
    loop: bool = False
    lasting: bool = False
    forgotten: bool = False
    branches: tuple[tuple[int, int], ...] = ()
    outlived: bool = False
    stops: bool = False

    def excludes(self, other: "Command") -> bool:
        """Whether one run of the script starts one of the two at most."""
        sides = dict(other.branches)
        return any(sides.get(choice, side) != side for choice, side in self.branches)


@dataclass(frozen=True)
class _Context:
    loop: bool = False
    guarded: bool = False
    background: bool = False
    apart: bool = False
    lines: tuple[int, int] | None = None
    depth: int = 0
    branches: tuple[tuple[int, int], ...] = ()


@dataclass
class _Shell:
    """State of one script: its variables, functions and positional parameters, and the commands met.

    `ended` says why what follows is not reached: `service` (waits for one), `exit`, `return`, `break`; else it is empty.
    `awaited` is how many commands had been met when the script last waited for the first of them to die.
    `passed` are choices of which a side goes no further, so that what follows is on the other.
    """

    variables: dict[str, list[str]] = field(default_factory=dict)
    functions: dict[str, Node] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)
    errexit: bool = False
    pipefail: bool = False
    commands: list[Command] = field(default_factory=list)
    steps: int = 0
    ended: str = ""
    awaited: int = 0
    passed: tuple[tuple[int, int], ...] = ()
    choices: Iterator[int] = field(default_factory=count)


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


def read_commands(text: str, variables: dict[str, str] | None = None) -> list[Command]:
    """Commands of a script in the order they are met, functions followed where they are called."""
    shell = _Shell({name: [value] for name, value in (variables or {}).items()})
    first_line = text.partition("\n")[0]
    if first_line.startswith("#!"):
        _set(shell, [word for word in first_line.split()[1:] if not word.startswith("--")])
    _walk(shell, _parser().parse(text.encode()).root_node, _Context())
    return _remembered(shell)


def _remembered(shell: _Shell) -> list[Command]:
    """The commands; those in the background are not forgotten when the script ends as soon as one of them dies."""
    if shell.awaited < len(shell.commands) or shell.ended == "service":
        return shell.commands
    return [replace(command, forgotten=False) for command in shell.commands]


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
    since = len(shell.commands)
    for index, child in enumerate(node.children):
        if shell.ended:
            _outlive(shell, node.children[index:], since)
            return
        since = len(shell.commands)
        _statement(shell, child, replace(context, background=True) if _is_behind(child) else context)


def _outlive(shell: _Shell, following: Sequence[Node], since: int) -> None:
    """Note what would not end the shell by dying, when something that comes next goes on."""
    if shell.ended == "service" and any(_goes_on(shell, node) for node in following):
        shell.commands[since:] = [
            replace(c, outlived=not (c.stops or c.loop or c.forgotten)) for c in shell.commands[since:]
        ]


def _goes_on(shell: _Shell, node: Node) -> bool:
    """Whether a statement keeps a shell alive: it sleeps for hours, follows a file, serves, or waits for another."""
    for words, apart in _commands_in(node):
        behind = any(c.forgotten for c in shell.commands)
        if not (apart and _is_behind(node)) and (_endures(words) or (words[0] == "wait" and behind)):
            return True
    return False


def _endures(words: Sequence[str]) -> bool:
    if words[0] == "sleep":
        return any(re.fullmatch(r"inf(inity)?|\d{4,}|\d+[hd]", word) for word in words[1:])
    service = started([word.strip("\"'") for word in words], lasting=False)
    return (words[0] == "tail" and words[1:2] != ["-n"]) or bool(service and not service.detached)


def _statement(shell: _Shell, node: Node, context: _Context) -> None:
    passed = shell.passed
    _walk(shell, node, context)
    if _is_behind(node):
        shell.ended, shell.passed = "", passed


def _subshell(shell: _Shell, node: Node, context: _Context) -> None:
    """What a subshell ends is itself, but the script waits for a service that it runs."""
    passed = shell.passed
    _statements(shell, node, replace(context, apart=True))
    shell.ended, shell.passed = shell.ended if shell.ended == "service" else "", passed


def _pipeline(shell: _Shell, node: Node, context: _Context) -> None:
    """The status is the last command's, unless `pipefail`: `errexit` does not see the others die."""
    children = [c for c in node.children if c.is_named]
    waits = False
    for child in children:
        hidden = child is not children[-1] and not shell.pipefail
        _walk(shell, child, replace(context, apart=True, guarded=context.guarded or hidden))
        waits = waits or shell.ended == "service"
        shell.ended = ""
    shell.ended = "service" if waits else ""


def _case(shell: _Shell, node: Node, context: _Context) -> None:
    choice = next(shell.choices)
    for side, item in enumerate(c for c in node.children if c.type == "case_item"):
        _statements(shell, item, _on_side(context, choice, side))
        _pass(shell, choice)
        shell.ended = ""


def _on_side(context: _Context, choice: int, side: int) -> _Context:
    return replace(context, branches=(*context.branches, (choice, side)))


def _pass(shell: _Shell, choice: int) -> None:
    """Note, when this side of a choice went no further, that what follows the choice is on no such side."""
    if shell.ended:
        shell.passed = (*(p for p in shell.passed if p[0] != choice), (choice, _BEYOND))


def _function(shell: _Shell, node: Node, _: _Context) -> None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is not None and body is not None:
        shell.functions[_text(name)] = body


def _assignment(shell: _Shell, node: Node, _: _Context) -> None:
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if name is None or name.type != "variable_name":
        return
    given = expand(value, shell.variables, shell.arguments) if value is not None else [""]
    before = shell.variables.get(_text(name), []) if any(c.type == "+=" for c in node.children) else []
    if before and value is not None and value.type != "array":
        given = [" ".join(before) + " ".join(given)]
    else:
        given = [*before, *given]
    shell.variables[_text(name)] = given


def _loop(shell: _Shell, node: Node, context: _Context) -> None:
    """`while` and `until`: only one without an end, that nothing leaves, starts again what dies in it."""
    conditions = [c for c in node.children_by_field_name("condition") if c.is_named]
    body = node.child_by_field_name("body")
    until = any(child.type == "until" for child in node.children)
    endless = len(conditions) == 1 and _endless(conditions[0], until)
    met = len(shell.commands)
    leaves = body is not None and _leaves(shell, body)
    # `until worker; do sleep 1; done` starts it again after every end but a clean one, as `on-failure` does.
    again = len(conditions) == 1 and not leaves and until != (conditions[0].type == "negated_command")
    for condition in conditions:
        if condition.type not in {"test_command", "arithmetic_expansion"}:
            _walk(shell, condition, replace(context, loop=again, guarded=True))
    if body is None or shell.ended:
        return
    last = _turn(shell, body, replace(context, loop=endless and not leaves))
    # Nothing comes after a loop without an end, nor after what is waited for in its first turn.
    shell.ended = "service" if endless and (not leaves or last == "service") else ""
    if _lasts(conditions[0] if conditions else None, until):
        shell.commands[met:] = [replace(command, lasting=True) for command in shell.commands[met:]]


def _turn(shell: _Shell, body: Node, context: _Context) -> str:
    """Read one turn of a loop, and tell what ended it."""
    children = [c for c in body.children if c.is_named]
    waits, since = _waits(children), len(shell.commands)
    for index, child in enumerate(children):
        if shell.ended:
            _endure(shell, children[index:], since)
            break
        behind = _is_behind(child)
        _statement(shell, child, replace(context, loop=context.loop and (waits or not behind), background=behind))
    return shell.ended


def _endure(shell: _Shell, following: Sequence[Node], since: int) -> None:
    """Note that a turn of a loop does not end when what it waits for dies, and starts nothing again."""
    if any(_goes_on(shell, node) for node in following):
        shell.commands[since:] = [replace(c, loop=False) for c in shell.commands[since:]]


def _waits(children: Sequence[Node]) -> bool:
    """Whether a turn of the loop waits for what it started; for all of several, it would not see one die."""
    waited = [_text(c).split() for c in children if _text(c).split()[:1] == ["wait"]]
    return any(len(words) > 1 for words in waited) or (bool(waited) and sum(map(_is_behind, children)) == 1)


def _endless(condition: Node, until: bool) -> bool:
    text = "".join(_text(condition).split())
    return text == "false" if until else text in _ENDLESS


def _leaves(shell: _Shell, body: Node) -> bool:
    """Whether anything in the body of a loop may leave it, functions that it calls included."""
    called, followed = [body], set[str]()
    while called:
        node = called.pop()
        for words, apart in _commands_in(node):
            name = words[0]
            if name == "exit" or (name in _LEAVING and node is body) or (name == "exec" and words[1:] and not apart):
                return True
            if name in shell.functions and name not in followed:
                followed.add(name)
                called.append(shell.functions[name])
    return False


def _commands_in(node: Node) -> Iterator[tuple[list[str], bool]]:
    """Words, as written, of every command below a node, and whether it is in a shell of its own."""
    queue = [(node, False)]
    while queue:
        current, apart = queue.pop()
        apart = apart or current.type in {"subshell", "pipeline"} or _is_behind(current)
        if current.type == "command" and _text(current).split():
            yield _text(current).split(), apart
        queue += [(child, apart) for child in current.children]


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
        if shell.ended:
            break
    shell.ended = shell.ended if shell.ended == "service" else ""


def _counted(shell: _Shell, node: Node, context: _Context) -> None:
    """`for ((;;))` has no end; one with a condition has."""
    body = node.child_by_field_name("body")
    if body is None:
        return
    endless = node.child_by_field_name("condition") is None and not _leaves(shell, body)
    met = len(shell.commands)
    last = _turn(shell, body, replace(context, loop=endless))
    shell.ended = "service" if endless or last == "service" else ""
    if endless:
        shell.commands[met:] = [replace(command, lasting=True) for command in shell.commands[met:]]


def _list(shell: _Shell, node: Node, context: _Context) -> None:
    """`a && b`, `a || b`: a failure of `a` does not stop the script; `a || break` leaves the loop when `a` dies."""
    children = [c for c in node.children if c.is_named]
    operator = next((c.type for c in node.children if c.type in {"&&", "||"}), "")
    leaves = operator == "||" and len(children) > 1 and _first_word(children[1]) in _LEAVING
    met = len(shell.commands)
    if children:
        _walk(shell, children[0], replace(context, guarded=True, loop=context.loop and not leaves))
    if shell.ended:
        _outlive(shell, children[1:] if operator == "||" else [], met)
        return
    chosen = operator == "&&" and _tests(children[0])
    choice = next(shell.choices)
    for child in children[1:]:
        _walk(shell, child, _on_side(context, choice, 0) if chosen else context)
    if chosen:
        _pass(shell, choice)
    # `cd app && exec web` goes no further; `test … && exec web` may.
    if operator != "&&" or _tests(children[0]):
        shell.ended = ""


def _tests(node: Node) -> bool:
    if node.type == "list":
        return any(_tests(child) for child in node.children if child.is_named)
    return node.type not in {"command", "redirected_statement"} or _first_word(node) in _TESTING


def _first_word(node: Node) -> str:
    return (_text(node).split() or [""])[0]


def _if(shell: _Shell, node: Node, context: _Context) -> None:
    """What follows is not reached only when no branch goes on."""
    ends: list[str] = []
    conditions = {c.id for c in node.children_by_field_name("condition")}
    side, choice = 0, next(shell.choices)
    for child in node.children:
        if child.type in {"elif_clause", "else_clause"}:
            ends.append(shell.ended)
            _pass(shell, choice)
            shell.ended, side = "", side + 1
        if child.type == "test_command" or shell.ended:
            continue
        inside = replace(context, guarded=True) if child.id in conditions else _on_side(context, choice, side)
        _statement(shell, child, replace(inside, background=True) if _is_behind(child) else inside)
        if child.id in conditions and shell.ended:
            return
    ends.append(shell.ended)
    _pass(shell, choice)
    whole = node.type == "elif_clause" or any(child.type == "else_clause" for child in node.children)
    shell.ended = shell.ended if whole and all(ends) else ""


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
        shell.ended = "" if shell.ended == "return" else shell.ended
    elif name in _BUILTINS:
        _BUILTINS[name](shell, words[1:])
    elif name in _LEAVING:
        shell.ended = name
    elif given := _inner_shell(shell, words):
        text, script = given
        _inline(shell, script, text, replace(context, apart=True))
        service = script.ended == "service"
        shell.ended = "service" if service else "exit" if name == "exec" else ""
    elif name == "eval":
        inner = replace(shell, commands=[])
        _inline(shell, inner, " ".join(words[1:]), context)
        shell.ended = inner.ended
    else:
        _start(shell, words, context, context.lines)


def _start(shell: _Shell, words: Sequence[str], context: _Context, lines: tuple[int, int]) -> None:
    replaces = words[0] == "exec"
    words = words[1:] if replaces else words
    if not words:
        return
    restarts = context.loop and (context.guarded or not shell.errexit)
    restarts = restarts and (not replaces or context.background or context.apart)
    lasting = context.loop or context.background or replaces
    branches = (*shell.passed, *context.branches)
    stops = (shell.errexit and not context.guarded) or (replaces and not context.apart)
    command = Command(tuple(words), *lines, restarts, lasting, context.background, branches, stops=stops)
    shell.commands.append(command)
    service = started(words, lasting=False)
    if service and not service.detached:
        shell.ended = "service"
    elif replaces:
        shell.ended = "exit"


def _inner_shell(shell: _Shell, words: Sequence[str]) -> "tuple[str, _Shell] | None":
    """The script given to a shell (`exec tini -- bash -c text`, `su -c text user`), and that shell before it runs it."""
    inner = unwrapped(words)
    name = inner[0].rpartition("/")[2] if inner else ""
    at = _given_script(inner) if name in _SHELLS | _AS_ANOTHER else 0
    if not at:
        return None
    arguments = inner[at + 2 :] if name in _SHELLS else []
    script = _Shell(dict(shell.variables), dict(shell.functions), arguments, steps=shell.steps)
    script.passed, script.choices = shell.passed, shell.choices
    if name in _SHELLS:
        _set(script, [inner[at].replace("c", ""), *(word for word in inner[1:at] if not word.startswith("--"))])
    return inner[at + 1], script


def _given_script(words: Sequence[str]) -> int:
    """Index of the `-c` of `bash -c text`, also among others (`-lc`); 0 when there is none."""
    for index, word in enumerate(words[1:-1], 1):
        if word == "--command" or ("c" in word and word.startswith("-") and not word.startswith("--")):
            return index
    return 0


def _inline(shell: _Shell, inner: _Shell, text: str, context: _Context) -> None:
    """A script given as text keeps the lines of the command that gives it."""
    _walk(inner, _parser().parse(text.encode()).root_node, context)
    shell.commands += inner.commands if context.background else _remembered(inner)
    shell.steps = inner.steps


def _set(shell: _Shell, words: Sequence[str]) -> None:
    for index, word in enumerate(words):
        if word == "--":
            shell.arguments = list(words[index + 1 :])
            return
        if word[:1] not in {"-", "+"}:
            continue
        named = words[index + 1 : index + 2] if word.endswith("o") else []
        if "e" in word[1:] or "errexit" in named:
            shell.errexit = word[0] == "-"
        if "pipefail" in named:
            shell.pipefail = word[0] == "-"


def _wait(shell: _Shell, words: Sequence[str]) -> None:
    if "-n" in words or sum(command.forgotten for command in shell.commands) == 1:
        shell.awaited = len(shell.commands)


def _shift(shell: _Shell, words: Sequence[str]) -> None:
    count = int(words[0]) if words and words[0].isdecimal() else 1
    shell.arguments = shell.arguments[count:]


def _ignore(_: _Shell, __: Sequence[str]) -> None:
    return None


_BUILTINS: dict[str, Callable[[_Shell, Sequence[str]], None]] = {
    "set": _set,
    "shift": _shift,
    "wait": _wait,
    **dict.fromkeys(
        [
            "trap",
            "echo",
            "printf",
            "kill",
            "sleep",
            "cd",
            "source",
            ".",
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
    "c_style_for_statement": _counted,
    "list": _list,
    "subshell": _subshell,
    "pipeline": _pipeline,
    "case_statement": _case,
    "if_statement": _if,
    "elif_clause": _if,
    "negated_command": _negated,
    "command": _command,
}
