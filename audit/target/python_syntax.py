"""Parses the Python of a target, whatever its text holds."""

import ast
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from audit.target.newer_syntax import NewerParser


@cache
def _newer_parser() -> NewerParser:
    """One for this process, which starts nothing until a text needs it."""
    return NewerParser()


class UnparsableError(Exception):
    """A text is not Python that this interpreter can parse; the message says why, in French."""


def parse(text: str | bytes) -> ast.Module:
    """The syntax tree of a module's text, by a newer Python of this machine where this one refuses it. Raises UnparsableError."""
    with _refusals():
        try:
            return ast.parse(text)
        except SyntaxError:
            newer = _newer_parser().parse(text.decode() if isinstance(text, bytes) else text)
            if newer is None:
                raise
            return newer


def parse_expression(text: str) -> ast.expr:
    """The syntax tree of one expression. Raises UnparsableError."""
    with _refusals():
        return ast.parse(text, mode="eval").body


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            # Of the target's own escapes and comparisons.
            warnings.simplefilter("ignore")
            yield
    except SyntaxError as error:
        raise UnparsableError(f"erreur de syntaxe ligne {error.lineno or '?'}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise UnparsableError("texte que Python refuse d'analyser (octet nul, ou imbrication trop profonde)") from error
