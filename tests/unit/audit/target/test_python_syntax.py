"""Texts that are no Python are refused with the reason, and nothing else is raised."""

import pytest

from audit.target.python_syntax import UnparsableError, parse, parse_expression

DEEP = "x = " + "-" * 100_000 + "1"


@pytest.mark.parametrize(
    ("text", "why"),
    [("\ndef f(:", "erreur de syntaxe ligne 2"), ("x = 1\0", "(syntaxe|octet nul)"), (DEEP, "Python refuse")],
)
def test_why_a_text_is_refused(text: str, why: str) -> None:
    with pytest.raises(UnparsableError, match=why):
        parse(text)


@pytest.mark.parametrize("text", ["(", "", "a b", "\0", "-" * 100_000 + "1"])
def test_an_expression_is_refused_too(text: str) -> None:
    with pytest.raises(UnparsableError):
        parse_expression(text)


def test_no_warning_of_the_target_is_ours() -> None:
    assert len(parse("x = '\\d'\ny = 1 is 1\n").body) == 2
    assert len(parse(b"# coding: latin-1\nx = '\xe9'\n").body) == 1
