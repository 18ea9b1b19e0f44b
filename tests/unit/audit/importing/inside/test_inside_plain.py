import ast
import functools
import json
import math
import sys
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kombu import Exchange, Queue

from audit.importing import inside
from audit.importing.inside.plain import plain, symbol


class Bad:
    def __repr__(self) -> str:
        raise ValueError

    def act(self) -> None: ...


class Color(Enum):
    RED = 1


VALUES: list[tuple[Any, Any]] = [
    (timedelta(minutes=1), 60),
    (timedelta(milliseconds=1500), 1.5),
    (math.inf, "inf"),
    (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
    ({3, 1, 2}, [1, 2, 3]),
    ((1, "a", None), [1, "a", None]),
    (OrderedDict({1: True}), {"1": True}),
    (Queue("low"), "low"),
    (Exchange("main"), "main"),
    (ValueError, "builtins:ValueError"),
    (Color.RED, "<Color.RED: 1>"),
    ("x" * 3000, "x" * 2000 + "…"),
]


@pytest.mark.parametrize(("value", "expected"), VALUES)
def test_values_become_the_nearest_json(value: Any, expected: Any) -> None:
    assert plain(value) == expected


def test_addresses_are_left_out() -> None:
    assert plain(object()) == "<object object>"


def test_a_repr_that_fails_gives_the_type() -> None:
    assert plain(Bad()) == f"<{__name__}:Bad>"


def test_a_structure_without_end_is_cut() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert json.dumps(plain(endless))
    assert len(plain(list(range(5000)))) == 1000


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=50),
        lambda c: st.lists(c) | st.dictionaries(st.text(), c),
        max_leaves=20,
    )
)
def test_json_values_stay_what_they_are(value: Any) -> None:
    assert plain(value) == value or _depth(value) > 8


def _depth(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_depth(child) for child in children), default=0)


def test_symbols_name_what_is_called() -> None:
    assert symbol(functools.partial(functools.partial(plain), 1)) == "audit.importing.inside.plain:plain"
    assert symbol(Bad().act) == f"{__name__}:Bad.act"
    assert symbol(Bad()) == f"{__name__}:Bad"


MODULES = sorted(Path(inside.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_it_is_written_for_python_3_9_and_the_standard_library(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
    imports = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    names = {a.name for n in imports if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module or "" for n in imports if isinstance(n, ast.ImportFrom) and not n.level}
    assert {name.partition(".")[0] for name in names} <= set(sys.stdlib_module_names)
    assert path.name == "__init__.py" or "__future__" in names
