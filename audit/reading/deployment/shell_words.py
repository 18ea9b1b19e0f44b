"""Words of a shell command, expanded: quotes, variables and their defaults, arrays, positional parameters."""

from collections.abc import Mapping, MutableMapping, Sequence

from tree_sitter import Node

_MAX_WORDS = 500
_MAX_TEXT = 10_000


def expand_all(nodes: Sequence[Node], variables: MutableMapping[str, list[str]], arguments: Sequence[str]) -> list[str]:
    """Words of several nodes."""
    words: list[str] = []
    for node in nodes:
        words += expand(node, variables, arguments)
    return words[:_MAX_WORDS]


def expand(node: Node, variables: MutableMapping[str, list[str]], arguments: Sequence[str]) -> list[str]:
    """Words that one node stands for; what is not known keeps its own text (`$NAME`)."""
    if node.type == "array":
        return expand_all([c for c in node.children if c.is_named], variables, arguments)
    if node.type == "string":
        return _string(node, variables, arguments)
    if node.type == "simple_expansion":
        return _split(_variable(node, variables, arguments))
    if node.type == "expansion":
        return _split(_expansion(node, variables, arguments))
    return [_joined(node, variables, arguments)]


def _split(values: list[str]) -> list[str]:
    """Without quotes, a value is cut at spaces."""
    return [word for value in values for word in (value.split() if not value.startswith("$") else [value])]


def _string(node: Node, variables: MutableMapping[str, list[str]], arguments: Sequence[str]) -> list[str]:
    named = [c for c in node.children if c.is_named]
    if (
        len(named) == 1
        and named[0].type in {"simple_expansion", "expansion"}
        and _length(node) == _length(named[0]) + 2
    ):
        inner = named[0]
        if text_of(inner) in {"$@", "${@}"} or "[@]" in text_of(inner):
            return _value(inner, variables, arguments)
    return [_joined(node, variables, arguments)]


def _length(node: Node) -> int:
    return node.end_byte - node.start_byte


def _value(node: Node, variables: MutableMapping[str, list[str]], arguments: Sequence[str]) -> list[str]:
    read = _variable if node.type == "simple_expansion" else _expansion
    return read(node, variables, arguments)


def _joined(node: Node, variables: MutableMapping[str, list[str]], arguments: Sequence[str]) -> str:
    """Text of a node with its parts expanded in place and its quotes removed."""
    if node.type in {"simple_expansion", "expansion"}:
        return " ".join(_value(node, variables, arguments))[:_MAX_TEXT]
    if node.type == "raw_string":
        return text_of(node)[1:-1]
    if node.type == "ansi_c_string":
        return text_of(node)[2:-1]
    if node.type not in {"string", "concatenation"}:
        return text_of(node).replace("\\\n", "").replace("\\", "")
    text, position, raw = "", node.start_byte, node.text or b""
    for child in node.children:
        text += raw[position - node.start_byte : child.start_byte - node.start_byte].decode("utf-8", "replace")
        text += "" if child.type == '"' else _joined(child, variables, arguments)
        position = child.end_byte
    return text[:_MAX_TEXT]


def _variable(node: Node, variables: MutableMapping[str, list[str]], arguments: Sequence[str]) -> list[str]:
    name = text_of(node).removeprefix("$")
    return _named(name, text_of(node), variables, arguments)


def _named(name: str, text: str, variables: MutableMapping[str, list[str]], arguments: Sequence[str]) -> list[str]:
    if name in {"@", "*"}:
        return list(arguments)
    if name.isdecimal() and name != "0":
        return list(arguments[int(name) - 1 : int(name)])
    return list(variables.get(name, [text]))


def _expansion(node: Node, variables: MutableMapping[str, list[str]], arguments: Sequence[str]) -> list[str]:
    """`${NAME}`, `${NAME:-default}`, `${NAME:=default}` which also sets it, `${NAME[@]}`; others leave the text as it is."""
    children = [c for c in node.children if c.type not in {"${", "}"}]
    if not children or children[0].type not in {"variable_name", "special_variable_name", "subscript"}:
        return [text_of(node)]
    first, *rest = children
    name = text_of(first.children[0] if first.type == "subscript" else first)
    operator = rest[0].type if rest else ""
    if not rest or _is_set(name, variables, arguments, empty=operator in {"-", "="}):
        return _named(name, text_of(node), variables, arguments)
    if operator not in {":-", "-", ":=", "="}:
        return [text_of(node)]
    return _default(first, operator, expand_all(rest[1:], variables, arguments), variables)


def _default(name: Node, operator: str, words: Sequence[str], variables: MutableMapping[str, list[str]]) -> list[str]:
    given = [" ".join(words)]
    if operator in {":=", "="} and name.type == "variable_name":
        variables[text_of(name)] = given
    return given


def _is_set(name: str, variables: Mapping[str, list[str]], arguments: Sequence[str], *, empty: bool) -> bool:
    """Whether a name has a value. `empty`: even an empty one."""
    known = name in variables or name in {"@", "*"} or (name.isdecimal() and int(name) <= len(arguments))
    return known and (empty or variables.get(name) != [""])


def text_of(node: Node) -> str:
    """Its text, as written."""
    return (node.text or b"").decode("utf-8", "replace")
