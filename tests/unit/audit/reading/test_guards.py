"""What a function makes of the answers it gets, and how what it protects fails."""

import ast
from textwrap import dedent

import pytest

from audit.model.guard_facts import GuardFacts, KeyDeleted, KeyTaken
from audit.reading.behaviour.guards import guard_facts


def facts(body: str) -> GuardFacts:
    (function,) = ast.parse(f"def f(x, key):\n{dedent(body)}".replace("\n", "\n    ").rstrip()).body
    assert isinstance(function, ast.FunctionDef)
    return guard_facts(function)


@pytest.mark.parametrize(
    ("body", "dropped"),
    [
        ("claim(x)", {"claim"}),
        ("seen = claim(x)", {"claim"}),
        ("seen = claim(x)\nreturn seen", set()),
        ("if claim(x):\n    return 1\nclaim(x)", set()),
        ("try:\n    claim(x)\nexcept UniqueViolation:\n    return 1", set()),
        ("try:\n    claim(x)\nexcept Exception:\n    pass", {"claim"}),
    ],
)
def test_answers_that_are_dropped(body: str, dropped: set[str]) -> None:
    assert facts(body).dropped == dropped


def test_an_outage_that_opens_or_shuts() -> None:
    opens = facts("try:\n    return store.set(key, 1, nx=True)\nexcept ConnectionError:\n    return True")
    shuts = facts("try:\n    return store.set(key, 1, nx=True)\nexcept ConnectionError:\n    raise")
    other = facts("try:\n    return int(x)\nexcept ValueError:\n    return True")
    assert (opens.opens_on_failure, shuts.opens_on_failure, other.opens_on_failure) == (5, 0, 0)
    assert facts("try:\n    return store.get(key)\nexcept RedisError:\n    return False").false_on_failure == 5


def test_keys_that_are_taken_and_deleted() -> None:
    told = facts('name = f"lock:{key}"\nstore.set(name, 1, nx=True, ex=9)\nstore.delete(name)')
    assert told.taken == (KeyTaken("f'lock:{key}'", expires=True),)
    assert told.deleted == (KeyDeleted("f'lock:{key}'", 4, asked=False),)
    assert facts("if store.get(key) == x:\n    store.delete(key)").deleted[0].asked


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("if store.get(key):\n    return False\nstore.set(key, 1)", 4),
        ("row = table.first()\nif row:\n    return False\ntable.insert(key)", 5),
        ("if store.get(key):\n    return False\nreturn store.set(key, 1, nx=True)", 0),
        ("store.set(key, 1)", 0),
    ],
)
def test_a_check_before_a_write(body: str, line: int) -> None:
    assert facts(body).checks_then_writes == line


@pytest.mark.parametrize(
    ("body", "handed"),
    [
        ("def own():\n    return 1\nreturn own", ("",)),
        ("return (lambda: 1) if x else made(key)", ("", "made")),
        ("if x:\n    return x\nreturn", ("?", "")),
    ],
)
def test_what_a_function_hands_out(body: str, handed: tuple[str, ...]) -> None:
    assert sorted(facts(body).hands_out) == sorted(handed)
