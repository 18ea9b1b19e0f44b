"""Logs writes so that both sides of an undecided test can be interpreted, then merged."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from audit.model.setting_writes import Means
from audit.model.unknown import UNKNOWN
from audit.reading.old_setting_names import is_setting
from audit.reading.python.abstract_values import (
    MISSING,
    Addition,
    Conf,
    External,
    Held,
    Missing,
    Namespace,
    OpaqueWrite,
    Origin,
    Overridable,
    SeenWrite,
    Table,
    Value,
    Write,
)
from audit.reading.python.equal_values import same

Sides = tuple[Held | None, ...]


@dataclass
class Branch:
    """What one side of a test wrote, and how it ended (`return`, `raise`, `break`, `continue`, or empty)."""

    writes: dict[tuple[int, Value], Held]
    ended: str


class UndoLog:
    """Every write to the tables of a reading, one layer for each open branch. `module` is the one being read.

    `given_flask`: a function is read that is given a Flask application. No worker runs without what it configures Celery
    with, whichever module makes the call.
    """

    def __init__(self) -> None:
        self.module = ""
        self.given_flask = False
        self._by: tuple[Means, Origin | None, str] = (Means.ASSIGNED, None, "")
        self._layers: list[dict[tuple[int, Value], tuple[Table, Value | Missing, Origin | None]]] = []

    def write(self, table: Table, key: Value, value: Value, origin: Origin | None) -> None:
        """Set a key; a key that cannot be hashed makes the table opaque."""
        try:
            hash(key)
        except TypeError:
            self.obscure(table, origin)
            return
        self.see(table, key, value, origin)
        if self.given_flask and isinstance(table, Conf):
            table.by_flask.setdefault(self.module, {})[key] = value
        self._note(table, key, ((value, origin),))
        self._set(table, key, value, origin)

    def note_default(self, table: Table, key: Value, value: Value, origin: Origin | None) -> None:
        """A default is given to a key that has a value: it counts should that value not."""
        if isinstance(table, Conf) and not self._layers:
            table.history.append(Write(self.writer(table), key, ((value, origin),), default=True))

    def obscure(self, table: Table, origin: Origin | None) -> None:
        """Something unreadable was merged into a table."""
        table.opaque = table.opaque or origin
        if origin:
            self.see(table, None, UNKNOWN, origin)
        if isinstance(table, Conf) and origin:
            table.history.append(OpaqueWrite(self.writer(table), origin))

    @contextmanager
    def by(self, means: Means, call: Origin | None = None, written_as: str = "") -> Iterator[None]:
        """What writes into configurations for now, for who asks where a setting comes from."""
        before, self._by = self._by, (means, call, written_as)
        try:
            yield
        finally:
            self._by = before

    def see(self, table: Table, key: Value, value: Value, origin: Origin | None) -> None:
        """Remember that a write into a configuration was read, whatever becomes of it."""
        if isinstance(table, Conf) and origin:
            table.seen.append(SeenWrite(self.writer(table), key, value, origin, self.is_open, *self._by))

    def writer(self, conf: Conf) -> str:
        """The module that writes into a configuration, for who asks whether a worker loads it."""
        return conf.home if self.given_flask else self.module

    def _note(self, table: Table, key: Value, sides: Sides, chosen: int = 0, variable: str = "") -> None:
        """What an open branch writes is noted once it is merged."""
        if isinstance(table, Conf) and not self._layers:
            table.history.append(Write(self.writer(table), key, sides, chosen, variable))

    def _set(self, table: Table, key: Value, value: Value, origin: Origin | None) -> None:
        if self._layers:
            self._layers[-1].setdefault((id(table), key), (table, table.get(key, MISSING), table.origins.get(key)))
        _put(table, key, value, origin)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Write for good, whatever branch is open: a module's statements belong to no branch that imports it."""
        layers, self._layers = self._layers, []
        given, self.given_flask = self.given_flask, False
        try:
            yield
        finally:
            self._layers, self.given_flask = layers, given

    @contextmanager
    def by_start(self) -> Iterator[None]:
        """What every start of the configuration's own module runs writes, for now."""
        given, self.given_flask = self.given_flask, True
        try:
            yield
        finally:
            self.given_flask = given

    @property
    def is_open(self) -> bool:
        """Whether a branch is being read."""
        return bool(self._layers)

    @property
    def depth(self) -> int:
        """How many branches are being read, one inside the other."""
        return len(self._layers)

    def begin(self) -> None:
        """Open a branch."""
        self._layers.append({})

    def end(self, ended: str) -> tuple[Branch, list[tuple[Table, Value]]]:
        """Close the innermost branch: what it wrote, taken back, and the places it wrote to."""
        layer = self._layers.pop()
        writes = {place: (t.get(place[1], MISSING), t.origins.get(place[1])) for place, (t, _, _) in layer.items()}
        for (_, key), (table, value, origin) in layer.items():
            _put(table, key, value, origin)
        return Branch(writes, ended), [(table, key) for (_, key), (table, _, _) in layer.items()]

    def merge(
        self, branches: list[Branch], places: list[tuple[Table, Value]], chosen: int = 0, variable: str = ""
    ) -> None:
        """Write what holds after any of these branches; where they differ, UNKNOWN, or what the `chosen` one wrote
        when only an environment variable decides.

        A branch that makes tasks run where they are published has no worker: it says nothing of how workers are set.
        """
        working = [branch for branch in branches if variable or not _is_eager(branch)] or branches
        written = {(id(t), k): (t, k) for t, k in places}
        # What tables made on one side hold is put back before they are compared with those of another.
        order = sorted(
            written, key=lambda p: (isinstance(written[p][0], Namespace | Conf), sum(p in b.writes for b in branches))
        )
        for table, key in map(written.__getitem__, order):
            read = working if _is_of_workers(key) else branches
            sides = tuple(branch.writes.get((id(table), key)) for branch in read)
            self._note(table, key, sides, chosen, variable)
            value, origin = _merged(table, key, _after(table, key, sides), chosen, variable)
            if value is not MISSING:
                self._set(table, key, value, origin)


def keep_writes(conf: Conf, ignored: Collection[str], doubted: Collection[str]) -> None:
    """Make a configuration what it is without the writes of modules `ignored`, and with those of `doubted` in doubt.

    A doubted write leaves a value unknown, unless it says what already holds.
    """
    if conf.home in ignored:
        ignored = ()
    if conf.home in doubted:
        doubted = ()
    conf.ignored, conf.doubted = ignored, doubted
    history, conf.history, conf.opaque = conf.history, [], None
    conf.clear()
    conf.origins.clear()
    for write in history:
        if write.module not in ignored:
            conf.history.append(write)
            _write_again(conf, write, doubted=write.module in doubted)
        elif isinstance(write, Addition):
            _put(write.table, write.key, MISSING, None)


def doubt_flask(conf: Conf, *, configured: bool) -> None:
    """Leave in doubt what modules that each start a Flask application of their own make the configuration, if they differ.

    `configured`: a worker may load one of them.
    """
    for key in {key for written in conf.by_flask.values() for key in written}:
        told = [written.get(key, MISSING) for written in conf.by_flask.values()]
        if key in conf and not (configured and all(_agree(one, told[0]) for one in told)):
            _put(conf, key, UNKNOWN, conf.origins.get(key))


def _write_again(conf: Conf, write: Write | OpaqueWrite | Addition, *, doubted: bool) -> None:
    if isinstance(write, OpaqueWrite):
        conf.opaque = conf.opaque or write.origin
    elif not isinstance(write, Addition) and not (write.default and write.key in conf):
        after = _after(conf, write.key, write.sides)
        if doubted:
            held = conf.get(write.key, MISSING)
            after = [(value if _agree(value, held) else UNKNOWN, origin) for value, origin in after]
        value, origin = _merged(conf, write.key, after, write.chosen, write.variable)
        if value is not MISSING:
            _put(conf, write.key, value, origin)


def _agree(value: Value | Missing, held: Value | Missing) -> bool:
    return value is held or (value is not MISSING and held is not MISSING and same(value, held))


def _after(table: Table, key: Value, sides: Sides) -> list[Held]:
    """What a key holds after each side; what held before where a side writes nothing."""
    before = (table.get(key, MISSING), table.origins.get(key))
    return [before if side is None else side for side in sides]


def _merged(table: Table, key: Value, after: list[Held], chosen: int, variable: str) -> Held:
    present = [(value, origin) for value, origin in after if value is not MISSING]
    if not present:
        return MISSING, None
    everywhere = (isinstance(table, Namespace) and not may_configure(key)) or len(present) == len(after)
    if everywhere and all(same(value, present[0][0]) for value, _ in present):
        return present[0]
    # What stands in for a name of Celery, where tasks are not wanted, is no task.
    if isinstance(table, Namespace) and (real := [held for held in present if _is_celery_s(held[0])]):
        return real[0]
    if variable:
        value, origin = after[min(chosen, len(after) - 1)]
        if value is MISSING:
            return MISSING, None
        return (value if isinstance(value, Overridable) else Overridable(value, variable)), origin
    return UNKNOWN, present[-1][1]


def _is_celery_s(value: Value) -> bool:
    return isinstance(value, External) and value.dotted.startswith("celery.") and value.dotted.endswith("task")


def _is_eager(branch: Branch) -> bool:
    return any(_names_eager(key) and value is True for (_, key), (value, _) in branch.writes.items())


def _names_eager(key: Value) -> bool:
    return isinstance(key, str) and key.lower().endswith("always_eager")


def _is_of_workers(key: Value) -> bool:
    """Whether a name is that of a setting which matters to workers alone."""
    return isinstance(key, str) and not _names_eager(key) and (is_setting(key) or key.startswith("CELERY_"))


def _put(table: Table, key: Value, value: Value | Missing, origin: Origin | None) -> None:
    if value is MISSING:
        table.pop(key, None)
        table.origins.pop(key, None)
        return
    table[key] = value
    if origin is None:
        table.origins.pop(key, None)
    else:
        table.origins[key] = origin


def may_configure(name: Value) -> bool:
    """Whether a name of a module may be read as a setting, where missing means Celery's own default."""
    return isinstance(name, str) and (name.isupper() or is_setting(name))
