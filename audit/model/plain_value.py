"""The values that facts hold: those of JSON, tuples, and what could not be worked out."""

from typing import TypeAlias

from audit.model.unknown import Unknown

# The key under which a dictionary holds that it was given more than could be read.
REST = "**"
PlainValue: TypeAlias = (
    bool | int | float | str | Unknown | list["PlainValue"] | tuple["PlainValue", ...] | dict[str, "PlainValue"] | None
)
