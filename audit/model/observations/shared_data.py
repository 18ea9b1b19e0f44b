"""Data that several executions share: dates, counters, locks, reads, connections."""

from dataclasses import dataclass

from audit.model.observations.observation import TaskObservation


@dataclass(frozen=True)
class NaiveDatetime(TaskObservation):
    """A date made without a time zone; `constructor` is what makes it (`datetime.now()`).

    `names`: it only serves to name something, such as a file. `unsaid`: its zone may be agreed upon: it is read from a text, put
    together, or the day that it is where the machine is.
    """

    constructor: str
    names: bool = False
    unsaid: bool = False


@dataclass(frozen=True)
class ReadModifyWrite(TaskObservation):
    """A shared value read, changed, then written back; `statement` is the write, cut at 80 characters.

    `locked_if`: the test, as written, by which a lock is taken before. `given`: the parameter of a task by which the value that is
    changed is given, read before, perhaps. `held`: the local name of an object that is asked and given it, which others may not see.
    """

    statement: str
    locked_if: str = ""
    given: str = ""
    held: str = ""


@dataclass(frozen=True)
class DocumentRewrite(ReadModifyWrite):
    """A document of a row, as a JSON column, changed in place and written back whole: another change of it may be lost.

    `constant`: an entry is given a constant, whatever it held.
    """

    constant: bool = False


@dataclass(frozen=True)
class ExclusiveAccess(TaskObservation):
    """A function that takes a lock, of a row, of a store or of its own: what it calls may be protected by it."""


@dataclass(frozen=True)
class LockWithoutExpiry(TaskObservation):
    """A lock of a shared store that outlives who took it.

    `unread`: the script, as written, that may give it an expiry. `how`: what it is, in French, where that is not plain. `brief`: only a
    death between two commands leaves it. `perhaps`: why it may be none, or end, in French.
    """

    unread: str = ""
    how: str = ""
    brief: bool = False
    perhaps: str = ""


@dataclass(frozen=True)
class LockWithExpiry(TaskObservation):
    """A lock that ends without who took it: it expires, or dies with its process or its connection."""


@dataclass(frozen=True)
class UnboundedRead(TaskObservation):
    """A read through PostgREST that does not say how many rows it asks for; `perhaps`: in some cases only; `doubt`: or may not, in French."""

    perhaps: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class BoundedRead(TaskObservation):
    """A read through PostgREST that says how many rows it asks for."""


@dataclass(frozen=True)
class PostgrestClient(BoundedRead):
    """A client of PostgREST, made in a module that sends it nothing."""


@dataclass(frozen=True)
class GlobalCounter(TaskObservation):
    """A global variable, `name`, that a function counts in: each process has its own."""

    name: str


@dataclass(frozen=True)
class InstanceCounter(GlobalCounter):
    """A method that counts in an object, whose class has instances in the globals named `holders`."""

    holders: tuple[str, ...]


@dataclass(frozen=True)
class KeptValue(GlobalCounter):
    """A global that is given another value at each execution: state, or something that is only remembered."""


@dataclass(frozen=True)
class LocalCache(GlobalCounter):
    """A mark or a count put into a cache of Django that is the memory of one process; `unread`: its settings are not told."""

    unread: bool = False


@dataclass(frozen=True)
class ProcessMetric(GlobalCounter):
    """A metric of `prometheus_client` that a function changes, where nothing gathers those of several processes."""


@dataclass(frozen=True)
class EnclosedCounter(GlobalCounter):
    """A nested function that counts in a name of the one around it: for as long as the nested one is kept."""


@dataclass(frozen=True)
class ConnectionAtImport(TaskObservation):
    """A connection to a database opened while a module is imported: child processes would share it.

    `own_after_fork`: they would not, since the library opens another one in each.
    """

    sure: bool = True
    own_after_fork: bool = False
