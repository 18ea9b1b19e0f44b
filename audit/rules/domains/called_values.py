"""Which values that are called can only be functions that were followed: what callers give, what a function makes."""

import re
from collections.abc import Collection, Iterator

from audit.model.facts import Call, Function, Parameter
from audit.model.gaps import OpaqueCall
from audit.model.target_facts import TargetFacts

_NAME = re.compile(r"[A-Za-z_]\w*")
_DOTTED = re.compile(r"[A-Za-z_][\w.]*")
_DEPTH = 6


def known_value(known: TargetFacts, followed: Collection[str], gap: OpaqueCall) -> bool:
    """Whether what this calls is in code that was followed: an argument of a parameter, or what a function of the project makes."""
    name = gap.text.partition("(")[0]
    if not _NAME.fullmatch(name) or gap.function not in known.source.functions:
        return False
    function = known.source.functions[gap.function]
    made = dict(known.source.guards[gap.function].made).get(name, "")
    if made:
        return _makes_its_own(known, followed, function, made, _DEPTH)
    parameters = [p for p in function.parameters if p.name not in {"self", "cls"}]
    place = next((i for i, p in enumerate(parameters) if p.name == name), -1)
    return place >= 0 and _always_given(known, followed, function, parameters[place], place)


def _makes_its_own(known: TargetFacts, followed: Collection[str], function: Function, made: str, depth: int) -> bool:
    """Whether the function that this call runs only hands out functions that it defines, or that such a function makes."""
    target = next((c.target for c in function.calls if c.name == made), "")
    if target not in followed or not depth:
        return False
    maker, handed = known.source.functions[target], known.source.guards[target].hands_out
    return bool(handed) and all(not one or _makes_its_own(known, followed, maker, one, depth - 1) for one in handed)


def _always_given(
    known: TargetFacts, followed: Collection[str], function: Function, parameter: Parameter, place: int
) -> bool:
    """Whether each call of the function that was followed gives this parameter a function that was followed, or a library's."""
    calls = list(_calls_of(known, followed, function))
    given = [(call, argument(call, parameter, place)) for call in calls]
    return bool(calls) and all(_default(followed, t, parameter) or _followed(known, call, t) for call, t in given)


def _default(followed: Collection[str], text: str, parameter: Parameter) -> bool:
    """Whether this is the parameter's default, a function of the project, which was followed with the function itself."""
    last = text.rpartition(".")[2]
    return text == parameter.default and any(s.rpartition(":")[2] == last for s in followed)


def _calls_of(known: TargetFacts, followed: Collection[str], function: Function) -> Iterator[Call]:
    symbols = {function.symbol, function.symbol.removesuffix(".__init__")}
    return (call for symbol in followed for call in known.source.functions[symbol].calls if call.target in symbols)


def argument(call: Call, parameter: Parameter, place: int) -> str:
    """What a call gives a parameter, as written, its default included; `*` for what `*values` or `**options` may give."""
    if parameter.name in call.keywords:
        return call.keywords[parameter.name]
    spread = "**" in call.keywords or any(a.startswith("*") for a in call.arguments)
    if spread:
        return "*"
    return call.arguments[place] if place < len(call.arguments) else parameter.default


def _followed(known: TargetFacts, call: Call, text: str) -> bool:
    if text.startswith("lambda"):
        return True
    last = text.rpartition(".")[2]
    if not _DOTTED.fullmatch(text):
        return False
    if any(callback.rpartition(":")[2].rpartition(".")[2] == last for callback in call.callbacks):
        return True
    # A library's: no function of the project bears its name.
    return "." in text and not text.startswith(("self.", "cls.")) and not _borne(known, last)


def _borne(known: TargetFacts, name: str) -> bool:
    return any(symbol.rpartition(":")[2].rpartition(".")[2] == name for symbol in known.source.functions)
