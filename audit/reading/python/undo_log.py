"""Writes that can be taken back, so that both sides of a test nobody can decide are read and then merged."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from audit.model.unknown import UNKNOWN
from audit.reading.celery.old_setting_names import is_setting
from audit.reading.python.abstract_values import Namespace, Origin, Overridable, Table, same

_MISSING = object()


@dataclass
class Branch:
    """What one side of a test wrote, and how it ended (`return`, `raise`, `break`, `continue`, or empty)."""

    writes: dict[tuple[int, Any], tuple[Any, Origin | None]]
    ended: str


class Journal:
    """Records every write to the tables of a reading, one layer for each open branch."""

    def __init__(self) -> None:
        self._layers: list[dict[tuple[int, Any], tuple[Table, Any, Origin | None]]] = []

    def write(self, table: Table, key: Any, value: Any, origin: Origin | None) -> None:
        """Set a key; a key that cannot be hashed makes the table opaque."""
        try:
            hash(key)
        except TypeError:
            table.opaque = table.opaque or origin
            return
        if self._layers:
            self._layers[-1].setdefault((id(table), key), (table, table.get(key, _MISSING), table.origins.get(key)))
        _put(table, key, value, origin)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Write for good, whatever branch is open: the statements of a module are those of no branch that imports it."""
        layers, self._layers = self._layers, []
        try:
            yield
        finally:
            self._layers = layers

    @property
    def is_open(self) -> bool:
        """Whether a branch is being read."""
        return bool(self._layers)

    def begin(self) -> None:
        """Open a branch."""
        self._layers.append({})

    def end(self, ended: str) -> tuple[Branch, list[tuple[Table, Any]]]:
        """Close the innermost branch: what it wrote, taken back, and the places it wrote to."""
        layer = self._layers.pop()
        writes = {place: (t.get(place[1], _MISSING), t.origins.get(place[1])) for place, (t, _, _) in layer.items()}
        for (_, key), (table, value, origin) in layer.items():
            _put(table, key, value, origin)
        return Branch(writes, ended), [(table, key) for (_, key), (table, _, _) in layer.items()]

    def merge(
        self, branches: list[Branch], places: list[tuple[Table, Any]], chosen: int = 0, variable: str = ""
    ) -> None:
        """Write what holds after any of these branches; where they differ, UNKNOWN, or what the `chosen` one wrote
        when only an environment variable decides.

        A branch that makes tasks run where they are published has no worker: it says nothing of how workers are set.
        """
        working = [branch for branch in branches if variable or not _is_eager(branch)] or branches
        for table, key in {(id(t), k): (t, k) for t, k in places}.values():
            before = (table.get(key, _MISSING), table.origins.get(key))
            read = working if _is_of_workers(key) else branches
            after = [branch.writes.get((id(table), key), before) for branch in read]
            value, origin = _merged(table, key, after, chosen, variable)
            if value is not _MISSING:
                self.write(table, key, value, origin)


def _merged(
    table: Table, key: Any, after: list[tuple[Any, Origin | None]], chosen: int, variable: str
) -> tuple[Any, Origin | None]:
    present = [pair for pair in after if pair[0] is not _MISSING]
    if not present:
        return _MISSING, None
    everywhere = (isinstance(table, Namespace) and not _may_configure(key)) or len(present) == len(after)
    if everywhere and all(same(value, present[0][0]) for value, _ in present):
        return present[0]
    if variable:
        value, origin = after[min(chosen, len(after) - 1)]
        if value is _MISSING:
            return _MISSING, None
        return (value if isinstance(value, Overridable) else Overridable(value, variable)), origin
    return UNKNOWN, present[-1][1]


def _is_eager(branch: Branch) -> bool:
    return any(_names_eager(key) and value is True for (_, key), (value, _) in branch.writes.items())


def _names_eager(key: Any) -> bool:
    return isinstance(key, str) and key.lower().endswith("always_eager")


def _is_of_workers(key: Any) -> bool:
    """Whether a name is that of a setting which matters to workers alone."""
    return isinstance(key, str) and not _names_eager(key) and (is_setting(key) or key.startswith("CELERY_"))


def _put(table: Table, key: Any, value: Any, origin: Origin | None) -> None:
    if value is _MISSING:
        table.pop(key, None)
        table.origins.pop(key, None)
        return
    table[key] = value
    if origin is None:
        table.origins.pop(key, None)
    else:
        table.origins[key] = origin


def _may_configure(name: Any) -> bool:
    """Whether a name may be read as a setting by whoever loads its module: there, missing means Celery's own default."""
    return isinstance(name, str) and (name.isupper() or is_setting(name))
