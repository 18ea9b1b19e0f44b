from typing import Annotated, Any

import pytest
from fastapi import Depends, Security

from audit.importing.inside.signatures import parameters


class Pager:
    pass


def user() -> None: ...


def written(a, b: int = 3, c: str | None = None, *d: list[str], e: Any = Pager) -> None: ...  # type: ignore[no-untyped-def]


def injected(
    a: Annotated[Pager, Depends()],
    b: int = Depends(user),
    c: Annotated[int, Security(user)] = 0,
    d: Pager = Depends(),  # noqa: B008
) -> None: ...


def unreadable(a: "Nowhere", b: "int" = 1) -> None: ...  # type: ignore[name-defined]  # noqa: F821


def test_parameters_are_shown_as_text() -> None:
    shown = [(p["name"], p["annotation"], p["default"]) for p in parameters(written)]
    assert shown == [
        ("a", "", ""),
        ("b", "int", "3"),
        ("c", "str | None", "None"),
        ("d", "list[str]", ""),
        ("e", "Any", f"{__name__}:Pager"),
    ]


def test_dependencies_are_found_in_defaults_and_annotations() -> None:
    expected = [f"{__name__}:{name}" for name in ("Pager", "user", "user", "Pager")]
    assert [p["depends"] for p in parameters(injected)] == expected


def test_annotations_that_do_not_resolve_stay_as_written() -> None:
    assert [p["annotation"] for p in parameters(unreadable)] == ["Nowhere", "int"]


@pytest.mark.parametrize("function", [5, dict.update])
def test_what_has_no_signature_has_no_parameter(function: Any) -> None:
    assert parameters(function) == []
