"""Expressions give what Python gives, or nothing."""

import ast
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.model.unknown import UNKNOWN
from audit.reading.program import new_machine
from audit.reading.python.abstract_values import Namespace, Overridable, exported
from audit.reading.python.equal_values import same
from audit.reading.python.frames import Frame
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Module, Project
from audit.reading.python.syntax_cache import SyntaxCache
from audit.reading.source_files import Source
from audit.reading.web.fastapi_objects import Web

_NUMBERS = st.one_of(st.integers(-50, 50).map(str), st.floats(0.5, 9.5).map(repr), st.sampled_from(["True", "0", "2"]))


def _operations(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "<<", ">>", "|", "&", "^", "<", "==", "and", "or"])
    return st.one_of(
        st.tuples(inner, binary, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(st.sampled_from(["-", "+", "not "]), inner).map(lambda t: f"({t[0]}{t[1]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        st.tuples(inner, inner).map(lambda t: f"max({t[0]}, {t[1]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]}, {t[1]}, {t[2]})[1]"),
    )


def read(text: str) -> Any:
    """Value of one expression in an empty module."""
    tree = ast.parse(text, mode="eval")
    module = Module("m", False, Source("m.py", text), SyntaxCache([], 1))
    machine: Machine = new_machine(Project({"m": module}), Web())
    return machine.value_of(tree.body, Frame(module, Namespace(), (Namespace(),)))


@settings(max_examples=200, deadline=None)
@given(st.recursive(_NUMBERS, _operations, max_leaves=8))
def test_arithmetic_is_pythons(text: str) -> None:
    value = read(text)
    if value is UNKNOWN:
        return
    try:
        expected = eval(text)
    except (ArithmeticError, TypeError, ValueError):
        return  # in a part whose value is not used
    assert type(value) is type(expected)
    assert value == expected or value != value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[x * 2 for x in (1, 2, 3) if x != 2]", [2, 6]),
        ("{k: v for k, v in [('a', 1)]}", {"a": 1}),
        ("f'{1}-{\"x\"}'", "1-x"),
        ("'a,b'.split(',')", ["a", "b"]),
        ("[*(1, 2), 3][-1]", 3),
        ("(1, 2, 3)[1:]", (2, 3)),
        ("{'a': 1}.get('b', 2)", 2),
        ("(lambda n: n + 1)(2)", 3),
        ("None is None", True),
        ("1 in (1, 2)", True),
        ("~5", -6),
        ("sum(range(4))", 6),
        ("sorted({3, 1})", [1, 3]),
        ("(y := 4) + y", 8),
    ],
)
def test_an_expression(text: str, value: Any) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "9 ** 9 ** 9",
        "'a' * 10 ** 9",
        "1 << 10 ** 9",
        "1 / 0",
        "[0] * 10 ** 9",
        "open('x').read()",
        "__import__('os').system('true')",
        "x.y.z()",
        "[a for a in unknown()]",
        "{**unknown()}['a']",
        "(1, 2)[5]",
        "1 + 'a'",
        "-'a'",
        "{[]: 1}[0]",
        "range(10 ** 9)",
        "int('x')",
        "10.0 ** 400",
        "'x' 'y' < 3",
        "+".join(["1"] * 900),
    ],
)
def test_what_cannot_or_must_not_be_worked_out(text: str) -> None:
    assert exported(read(text)) is UNKNOWN


def test_values_that_contain_themselves_or_grow_are_cut() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert "inconnu" in str(exported(endless))
    wide: list[Any] = [1]
    other: list[Any] = [1]
    for _ in range(60):
        wide, other = [wide, wide], [other, other]
    assert not same(wide, other)
    assert exported(wide) is not None
    assert exported("\ud800") == "?"
    assert exported(1 << 5000) is UNKNOWN


def test_equality_of_overridable_values() -> None:
    assert same(Overridable(1, "A"), Overridable(1, "A"))
    assert not same(Overridable(1, "A"), Overridable(1, "B"))
    assert not same(1, True)


def test_the_path_of_a_source_is_kept(tmp_path: Path) -> None:
    assert Source("a.py", "x\n").excerpt(1, 9).text == "x\n"
