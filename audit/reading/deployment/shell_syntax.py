"""The structure of a shell script, read from its syntax tree: words expanded, functions followed where they are called."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count, takewhile

import tree_sitter_bash
from tree_sitter import Language, Parser
from tree_sitter import Node as Syntax

from audit.reading.deployment import shell_structure as shell
from audit.reading.deployment.command_wrappers import unwrapped
from audit.reading.deployment.shell_choices import case_side, flags_of_traps, tests_flags, truth
from audit.reading.deployment.shell_words import expand, expand_all, text_of

_MAX_DEPTH = 25
_MAX_STEPS = 20_000
_MAX_TURNS = 50
_ENDLESS = frozenset({"true", ":", "[1]", "[[1]]", "((1))"})
_COUNTING = frozenset({"-lt", "-le", "-gt", "-ge", "-ne", "<", "<=", ">", ">="})
_TESTING = frozenset({"test", "[", "[[", "grep", "command", "which", "type", "hash", "pgrep"})
_SHELLS = frozenset({"bash", "sh", "dash", "ash", "zsh"})
_AS_ANOTHER = frozenset({"su", "runuser"})
_LEAVING = frozenset({"break", "exit", "return"})
_BUILTINS = frozenset(("echo", "printf", "kill", "sleep", "cd", "continue", "true", "false", ":", "test", "[", "mkdir"))
_SKIPPED = frozenset({"comment", "heredoc_redirect", "test_command", "file_redirect", "herestring_redirect"})
_NOTHING = shell.Sequence()
_TOO_LONG = shell.Unread("le script est trop long, ou s'appelle sans fin")


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


def _nothing(_: str) -> str:
    return ""


def read_structure(
    text: str,
    variables: dict[str, str],
    arguments: Sequence[str] = (),
    *,
    known: bool = False,
    sourced: Callable[[str], str] = _nothing,
) -> shell.Node:
    """What a script does, given the variables that its process file sets and its own arguments; all of them, if `known`."""
    held = {name: [value] for name, value in variables.items()}
    reader = _Reader(held, arguments=list(arguments), given=known or bool(arguments or variables), sourced=sourced)
    reader.flags = flags_of_traps(text)
    first_line = text.partition("\n")[0]
    if first_line.startswith("#!"):
        reader.set_options([word for word in first_line.split()[1:] if not word.startswith("--")])
    return reader.read_text(text)


@dataclass
class _Reader:
    """What is known of the shell at the point that the reading has reached.

    `calling`: the functions on the way to it. `lines`: those of the command of the script that leads to it.
    `flags`: the variables that only its traps change.
    `sourced`: the text of a file that the script reads in its own place.
    `given`: arguments or variables come from whoever runs it; without them, a default is no value to decide by.
    """

    variables: dict[str, list[str]]
    functions: dict[str, Syntax] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)
    errexit: bool = False
    pipefail: bool = False
    depth: int = 0
    steps: "count[int]" = field(default_factory=count)
    calling: tuple[str, ...] = ()
    lines: tuple[int, int] | None = None
    given: bool = False
    flags: frozenset[str] = frozenset()
    sourced: Callable[[str], str] = _nothing

    def read_text(self, text: str) -> shell.Node:
        """A script, or a text given to `-c` or to `eval`."""
        return self.read(_parser().parse(text.encode()).root_node)

    def read(self, syntax: Syntax) -> shell.Node:
        """What a part of the syntax does; nothing, for one that starts nothing."""
        if syntax.type in _SKIPPED:
            return _NOTHING
        if self.depth > _MAX_DEPTH or next(self.steps) >= _MAX_STEPS:
            return _TOO_LONG
        reader = _READERS.get(syntax.type)
        if reader is None:
            return self.sequence(syntax.children)
        self.depth += 1
        found = reader(self, syntax)
        self.depth -= 1
        return found

    def sequence(self, syntaxes: Iterable[Syntax]) -> shell.Node:
        """Steps in order; one followed by `&` runs in the background."""
        steps = []
        for syntax in syntaxes:
            step = self.read(syntax)
            if step is not _NOTHING:
                following = syntax.next_sibling
                steps.append(shell.Background(step) if following is not None and following.type == "&" else step)
        return shell.Sequence(tuple(steps)) if steps else _NOTHING

    def words(self, syntax: Syntax) -> list[str]:
        """The words that one part stands for."""
        return expand(syntax, self.variables, self.arguments)

    def set_options(self, words: Sequence[str]) -> None:
        """`set` and its options, or those of the shell itself."""
        for index, word in enumerate(words):
            if word == "--":
                self.arguments = list(words[index + 1 :])
                return
            if word[:1] not in {"-", "+"}:
                continue
            named = words[index + 1 : index + 2] if word.endswith("o") else []
            if "e" in word[1:] or "errexit" in named:
                self.errexit = word[0] == "-"
            if "pipefail" in named:
                self.pipefail = word[0] == "-"


def _error(reader: _Reader, syntax: Syntax) -> shell.Node:
    body = reader.sequence(syntax.children)
    reason = f"la syntaxe du shell ne se lit pas à la ligne {syntax.start_point[0] + 1}"
    return shell.Unread(reason, body) if body is not _NOTHING else body


def _function(reader: _Reader, syntax: Syntax) -> shell.Node:
    name, body = syntax.child_by_field_name("name"), syntax.child_by_field_name("body")
    if name is not None and body is not None:
        reader.functions[text_of(name)] = body
    return _NOTHING


def _assignment(reader: _Reader, syntax: Syntax) -> shell.Node:
    name, value = syntax.child_by_field_name("name"), syntax.child_by_field_name("value")
    if name is None or name.type != "variable_name":
        return _NOTHING
    given = expand(value, reader.variables, reader.arguments) if value is not None else [""]
    before = reader.variables.get(text_of(name), []) if any(c.type == "+=" for c in syntax.children) else []
    if before and value is not None and value.type != "array":
        given = [" ".join(before) + " ".join(given)]
    else:
        given = [*before, *given]
    reader.variables[text_of(name)] = given
    return _NOTHING


def _loop(reader: _Reader, syntax: Syntax) -> shell.Node:
    conditions = [c for c in syntax.children_by_field_name("condition") if c.is_named]
    until = any(child.type == "until" for child in syntax.children)
    ends = _ends(conditions[0], until=until) if len(conditions) == 1 else shell.Ends.OTHERWISE
    if conditions and all(tests_flags(text_of(one), reader.flags) for one in conditions):
        # As long as no signal comes.
        ends = shell.Ends.NEVER
    counted = not conditions or _counts(conditions[0], until=until)
    condition = reader.sequence(conditions)
    return shell.Loop(condition, _body(reader, syntax), ends, counted, enters=ends is shell.Ends.NEVER)


def _ends(condition: Syntax, *, until: bool) -> shell.Ends:
    """`until worker; do sleep 1; done` starts it again after every end but a clean one, as `on-failure` does."""
    text = "".join(text_of(condition).split())
    if text == "false" if until else text in _ENDLESS:
        return shell.Ends.NEVER
    negated = condition.type == "negated_command"
    return shell.Ends.SUCCESS if until != negated else shell.Ends.OTHERWISE


def _body(reader: _Reader, syntax: Syntax) -> shell.Node:
    body = syntax.child_by_field_name("body")
    return reader.read(body) if body is not None else _NOTHING


def _counts(condition: Syntax, *, until: bool) -> bool:
    """Whether a loop does a number of turns, or none."""
    text = text_of(condition).strip()
    if text in _ENDLESS | {"false"}:
        return until != (text == "false")
    return bool(_COUNTING.intersection(text.split()))


def _counted_loop(reader: _Reader, syntax: Syntax) -> shell.Node:
    """`for ((;;))` has no end; one with a condition has."""
    counted = syntax.child_by_field_name("condition") is not None
    ends = shell.Ends.OTHERWISE if counted else shell.Ends.NEVER
    return shell.Loop(_NOTHING, _body(reader, syntax), ends, counted, enters=True)


def _each(reader: _Reader, syntax: Syntax) -> shell.Node:
    name = syntax.child_by_field_name("variable")
    turns = []
    for word in expand_all(syntax.children_by_field_name("value"), reader.variables, reader.arguments)[:_MAX_TURNS]:
        if name is not None:
            reader.variables[text_of(name)] = [word]
        turns.append(_body(reader, syntax))
    return shell.Each(tuple(turns))


def _list(reader: _Reader, syntax: Syntax) -> shell.Node:
    """`a && b` after a test is a branch; after a command, `b` follows unless `a` fails."""
    left, *others = [c for c in syntax.children if c.is_named]
    operator = next((c.type for c in syntax.children if c.type in {"&&", "||"}), "")
    holds = truth([left], reader.words) if reader.given else None
    if holds is not None:
        return reader.sequence(others) if holds == (operator == "&&") else _NOTHING
    first, second = reader.read(left), reader.sequence(others)
    if operator == "&&" and _tests(left):
        return shell.Branch((shell.Alternative(first, second),), exhaustive=False)
    return shell.AndOr(operator, first, second)


def _tests(syntax: Syntax) -> bool:
    if syntax.type == "list":
        return any(_tests(child) for child in syntax.children if child.is_named)
    return syntax.type not in {"command", "redirected_statement"} or text_of(syntax).split()[0] in _TESTING


def _if(reader: _Reader, syntax: Syntax) -> shell.Node:
    clauses = [c for c in syntax.children if c.type in {"elif_clause", "else_clause"}]
    held = [[c for c in syntax.children if c not in clauses], *(c.children for c in clauses)]
    kept, taken = [], None
    for children in held:
        taken = _taken(reader, children)
        kept += [] if taken is False else [children]
        if taken:
            break
    sides = tuple(_side(reader, children) for children in kept)
    if len(sides) == 1 and taken:
        return sides[0].body
    return shell.Branch(sides, exhaustive=bool(taken)) if sides else _NOTHING


def _taken(reader: _Reader, children: Sequence[Syntax]) -> bool | None:
    """Whether a clause is taken when it is come to; `else` always is."""
    before = list(takewhile(lambda c: c.type != "then", children[1:]))
    if len(before) + 1 == len(children):
        return True
    return truth(before, reader.words) if reader.given else None


def _side(reader: _Reader, children: Sequence[Syntax]) -> shell.Alternative:
    """What is before `then` is the condition; `else` has none."""
    before = list(takewhile(lambda c: c.type != "then", children))
    if len(before) == len(children):
        return shell.Alternative(_NOTHING, reader.sequence(children))
    return shell.Alternative(reader.sequence(before), reader.sequence(children[len(before) :]))


def _case(reader: _Reader, syntax: Syntax) -> shell.Node:
    chosen = case_side(syntax, reader.words) if reader.given else None
    if chosen is not None:
        return reader.sequence(chosen[0].children) if chosen else _NOTHING
    items = (c for c in syntax.children if c.type == "case_item")
    sides = (shell.Alternative(_NOTHING, reader.sequence(item.children)) for item in items)
    return shell.Branch(tuple(sides), exhaustive=False)


def _subshell(reader: _Reader, syntax: Syntax) -> shell.Node:
    return shell.Subshell(reader.sequence(syntax.children))


def _negated(reader: _Reader, syntax: Syntax) -> shell.Node:
    return shell.Negated(reader.sequence(syntax.children))


def _pipeline(reader: _Reader, syntax: Syntax) -> shell.Node:
    return shell.Pipeline(tuple(reader.read(c) for c in syntax.children if c.is_named), reader.pipefail)


def _command(reader: _Reader, syntax: Syntax) -> shell.Node:
    parts = [_word(c) for c in syntax.children if c.is_named and c.type not in {"variable_assignment", "file_redirect"}]
    words = expand_all(parts, reader.variables, reader.arguments)
    if words[:1] == ["wait"]:
        # As written: two variables may hold what is expanded to the same `$!`.
        return shell.Wait(tuple(map(text_of, parts[1:])))
    outer = reader.lines
    last = syntax.end_point[0] + (1 if syntax.end_point[1] else 0)
    reader.lines = outer or (syntax.start_point[0] + 1, last)
    found = _run(reader, words, reader.lines) if words else _NOTHING
    reader.lines = outer
    return found


def _word(syntax: Syntax) -> Syntax:
    return syntax.children[0] if syntax.type == "command_name" else syntax


def _run(reader: _Reader, words: Sequence[str], lines: tuple[int, int]) -> shell.Node:
    name = words[0]
    if name in reader.functions:
        return _call(reader, words)
    if name in _RUNNERS:
        return _RUNNERS[name](reader, words[1:])
    if name in _LEAVING:
        return shell.Leave(name, _number(words[1:]))
    if name in _BUILTINS:
        return shell.Builtin(tuple(words))
    given = _given_script(words)
    replaces = name == "exec"
    if given:
        text, arguments, options = given
        inner = replace(reader, variables=dict(reader.variables), functions=dict(reader.functions), arguments=arguments)
        inner.errexit = inner.pipefail = False
        inner.set_options(options)
        return shell.Shell(inner.read_text(text), reader.errexit, replaces, tuple(words[1:] if replaces else words))
    started = tuple(words[1:] if replaces else words)
    return shell.Command(started, *lines, reader.errexit, replaces) if started else _NOTHING


def _call(reader: _Reader, words: Sequence[str]) -> shell.Node:
    name, saved, calling = words[0], reader.arguments, reader.calling
    reader.arguments, reader.calling = list(words[1:]), (*calling, name)
    body = reader.read(reader.functions[name])
    reader.arguments, reader.calling = saved, calling
    return shell.Call(body, again=name in calling)


def _given_script(words: Sequence[str]) -> tuple[str, list[str], list[str]] | None:
    """The text given to a shell (`exec tini -- bash -c text`, `su -c text user`), its arguments, and its options."""
    inner = unwrapped(words)
    name = inner[0].rpartition("/")[2] if inner else ""
    if name not in _SHELLS | _AS_ANOTHER:
        return None
    # Also among others: `-lc`.
    at = next((i for i, word in enumerate(inner[1:-1], 1) if word == "--command" or _has_c(word)), 0)
    if not at:
        return None
    if name in _AS_ANOTHER:
        return inner[at + 1], [], []
    options = [inner[at].replace("c", ""), *(word for word in inner[1:at] if not word.startswith("--"))]
    return inner[at + 1], inner[at + 2 :], options


def _has_c(word: str) -> bool:
    return "c" in word and word.startswith("-") and not word.startswith("--")


def _set(reader: _Reader, words: Sequence[str]) -> shell.Node:
    reader.set_options(words)
    return _NOTHING


def _shift(reader: _Reader, words: Sequence[str]) -> shell.Node:
    reader.arguments = reader.arguments[_number(words) :]
    return _NOTHING


def _number(words: Sequence[str]) -> int:
    return int(words[0]) if words and words[0].isdecimal() else 1


def _eval(reader: _Reader, words: Sequence[str]) -> shell.Node:
    return reader.read_text(" ".join(words))


def _source(reader: _Reader, words: Sequence[str]) -> shell.Node:
    """Its functions are the script's, and its commands run where it is read."""
    text = reader.sourced(words[0]) if words else ""
    return reader.read_text(text) if text else shell.Builtin(("source", *words))


def _trap(_: _Reader, words: Sequence[str]) -> shell.Node:
    return shell.Trap(words[0] if words else "", tuple(words[1:]))


_RUNNERS: dict[str, Callable[[_Reader, Sequence[str]], shell.Node]] = {
    "set": _set,
    "shift": _shift,
    "eval": _eval,
    "trap": _trap,
    "source": _source,
    ".": _source,
}
_READERS: dict[str, Callable[[_Reader, Syntax], shell.Node]] = {
    "ERROR": _error,
    "function_definition": _function,
    "variable_assignment": _assignment,
    "while_statement": _loop,
    "for_statement": _each,
    "c_style_for_statement": _counted_loop,
    "list": _list,
    "subshell": _subshell,
    "pipeline": _pipeline,
    "case_statement": _case,
    "if_statement": _if,
    "negated_command": _negated,
    "command": _command,
}
