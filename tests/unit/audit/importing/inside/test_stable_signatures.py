"""What the interpreter says of a signature must be the same in every run: its digest names one tree."""

from typing import Annotated

from audit.importing.inside.signatures import parameters


class _Mark:
    """Its `repr` is Python's own, which gives an address."""


def _view(item: Annotated[int, _Mark()]) -> None: ...


def test_an_annotation_is_told_without_an_address_in_memory() -> None:
    (told,) = parameters(_view)
    assert "_Mark object" in told["annotation"]
    assert " at 0x" not in told["annotation"]
