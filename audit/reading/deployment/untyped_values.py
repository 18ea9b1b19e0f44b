"""What files of YAML and TOML hold, of which nobody checked the types."""

from typing import Any


def table(value: Any) -> dict[str, Any]:
    """A mapping; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """A list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def tables(value: Any) -> list[dict[str, Any]]:
    """The mappings of a list."""
    return [one for one in listed(value) if isinstance(one, dict)]


def pairs_of(value: Any) -> dict[str, Any]:
    """A mapping, or the one that a list of `NAME=value` stands for; a name alone has no value of the file."""
    pairs = (str(item).partition("=") for item in listed(value))
    return {name: text if equals else None for name, equals, text in pairs} | table(value)


def within(held: Any, *keys: str) -> Any:
    """What mappings hold, one inside the other, under these keys; None where one is missing."""
    for key in keys:
        held = table(held).get(key)
    return held


def name_of(document: Any) -> str:
    """The name of an object of Kubernetes."""
    return str(table(within(document, "metadata")).get("name", ""))


def count(value: Any) -> int | None:
    """A whole number; None for what is none."""
    return int(told) if (told := str(value)).isdecimal() else None
