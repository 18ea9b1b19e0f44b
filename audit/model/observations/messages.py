"""Messages: tasks that code publishes, queues that it empties, results that it reads, settings that it misses."""

from dataclasses import dataclass
from enum import StrEnum

from audit.model.observations.observation import Observation, TaskObservation
from audit.model.plain_value import PlainValue
from audit.model.unknown import Unknown

# The `delivery_mode` of messages that RabbitMQ keeps in memory alone.
TRANSIENT = (
    1,
    "transient",
    "kombu.entity.TRANSIENT_DELIVERY_MODE",
    "kombu.Exchange.TRANSIENT_DELIVERY_MODE",
)


@dataclass(frozen=True)
class PublishedMessage(Observation):
    """A call that publishes a task. `task`: its symbol, or the name given to `send_task`; empty when neither is known.

    `queue`: the one the call names, None when it names none; when UNKNOWN, it is one of `choices` if there are some.
    `method` is the one called (`delay`, `apply_async`, `send_task` …).
    `gives_limits`: the call gives the task time limits, or options that are not written there. `dropped`: what it returns is kept
    by nobody. `soft_limit` and `hard_limit`: the time limits that it writes, in seconds. `through`: the library's callable that it
    hands the task to, and that publishes it in its own time.
    """

    task: str
    queue: str | Unknown | None
    choices: tuple[str, ...]
    method: str
    gives_limits: bool
    dropped: bool = False
    soft_limit: float | Unknown | None = None
    hard_limit: float | Unknown | None = None
    through: str = ""


@dataclass(frozen=True)
class DelayedMessage(Observation):
    """A call of `method` that asks for a `countdown` or an `eta`; `seconds`: how far ahead.

    Where each turn of a loop adds `step` seconds, the first waits `first` and `seconds` is UNKNOWN. `most`: the greatest that
    UNKNOWN seconds can be, None where nothing bounds them. `expires`: the seconds after which the call says that the task is
    worth nothing, None when it does not say. `task` as in PublishedMessage.
    """

    seconds: float | Unknown
    method: str
    first: float = 0.0
    step: float = 0.0
    expires: float | Unknown | None = None
    task: str = ""
    most: float | None = None


@dataclass(frozen=True)
class ExpiringMessage(Observation):
    """A call that publishes a task at once, with the seconds after which it is worth nothing; `task` as in PublishedMessage."""

    expires: float | Unknown
    task: str


@dataclass(frozen=True)
class DatabaseObjectArgument(Observation):
    """A published task that is given an object of the database; `argument` is its source text, cut at 60 characters."""

    argument: str


@dataclass(frozen=True)
class QueriedArgument(Observation):
    """A published task that is given one of the answers of a query, which may be a whole document or an identifier.

    `replaced`: it is a row, for which the `apply_async` of a class of the target may give something else. `handed`: it is a row,
    given to a method of something unknown, that publishes what it is given if it is the target's of that name. `unfollowed`: nothing
    tells what it is, neither its name nor what the task does with it.
    """

    argument: str
    replaced: bool = False
    handed: bool = False
    unfollowed: bool = False


@dataclass(frozen=True)
class UncommittedPublication(Observation):
    """A task published inside a transaction, or between its writes and its commit; `task` as in PublishedMessage."""

    task: str


@dataclass(frozen=True)
class DirectPublication(Observation):
    """A task published at once, outside any transaction that the function opens; `task` as in PublishedMessage.

    `on_save`: the function runs when a row is saved or deleted, as a receiver or as a method of the model. `committed`: it has just
    committed what it wrote.
    """

    task: str
    on_save: bool
    committed: bool = False


class Opening(StrEnum):
    """What opens the transaction in which calls are made.

    BLOCK: a block, a decorator, or the framework; COMMIT: nothing but a commit that follows; YIELD: a dependency that commits after
    what depends on it; REQUEST: every request, where the settings or a hook make one; VIEW: the function answers requests.
    """

    BLOCK = "block"
    COMMIT = "commit"
    YIELD = "yield"
    REQUEST = "request"
    VIEW = "view"


@dataclass(frozen=True)
class TransactionCalls(Observation):
    """What a function calls while a transaction is open: `calls` holds line and last name. `opening`: what opened it."""

    opening: Opening
    calls: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class SignalReceiver(Observation):
    """A function that receives signals; `symbol` is empty where only its `name` is known.

    `signals`: their last names, after their library for those that bear Django's names and are not its own.
    """

    name: str
    signals: tuple[str, ...]


@dataclass(frozen=True)
class AtomicRequests(Observation):
    """Django's `ATOMIC_REQUESTS`, which makes a transaction of each request; `on` is UNKNOWN when it cannot be told."""

    on: bool | Unknown


@dataclass(frozen=True)
class RegisteredSerializer(Observation):
    """A serializer registered in Kombu under a name and a content type; each is UNKNOWN when it cannot be told.

    `library`: the one that its encoder or its decoder uses and that runs code, such as `pickle`; empty for none.
    """

    name: str | Unknown
    content_type: str | Unknown
    library: str | Unknown


@dataclass(frozen=True)
class ChordUse(Observation):
    """A chord, written as such or as a group followed by a task; `header`: symbols of the tasks whose results it waits for.

    `dropped`: those of which a signature says that nobody keeps the result; `partial`: others may be of the header; `perhaps`: a
    chain of a list that is not read, and that may hold a group before a task.
    """

    header: tuple[str, ...]
    dropped: tuple[str, ...] = ()
    partial: bool = False
    perhaps: bool = False


@dataclass(frozen=True)
class QueuePurge(Observation):
    """A call that destroys what waits in the queues, in `module`.

    `queue`: the only one, by its name, or a key of Redis; `address`: of the database that it empties, `?` when it cannot be told.
    """

    module: str
    queue: str = ""
    address: str = ""


@dataclass(frozen=True)
class RunByWorker(Observation):
    """A function that a worker runs beside tasks: it receives its signal, or is of a bootstep; by `name` where no symbol is known."""

    name: str = ""


@dataclass(frozen=True)
class ResultRead(Observation):
    """A file, `path`, that reads results of tasks: of those it publishes itself (`names`), or of any whose identifier it is given."""

    path: str
    names: frozenset[str] = frozenset()
    of_any: bool = True


@dataclass(frozen=True)
class UselessOption(Observation):
    """An option that `method` publishes a task with, and that Celery does not read there; `meant`: the one that it resembles."""

    written: str
    meant: str
    method: str


@dataclass(frozen=True)
class OwnSetting(Observation):
    """A setting that the target's own code reads, by its `name`."""

    name: str


@dataclass(frozen=True)
class UnprefixedSetting(Observation):
    """A setting of Celery, `meant`, written as a name without the `prefix` that the application reads, or as an older one."""

    written: str
    meant: str
    prefix: str


@dataclass(frozen=True)
class CountedDelivery(TaskObservation):
    """Something that may give a message up after too many deliveries, a queue's limit where `by_the_broker`.

    `sure`: it does; else only its words speak of it. `unlimited`: a queue that has no limit, beside those that have one.
    """

    by_the_broker: bool
    sure: bool
    unlimited: bool = False


@dataclass(frozen=True)
class RequeuedMessage(TaskObservation):
    """A task that gives its own message back to the queue by `Reject(…, requeue=True)`, with nothing that counts."""


@dataclass(frozen=True)
class Republication(Observation):
    """A call that publishes a task again when it fails, without `retry()` and without a bound."""


@dataclass(frozen=True)
class MessageOption(Observation):
    """An option that one publication, or one signature, gives its message: `name` is `serializer` or `delivery_mode`."""

    name: str
    value: PlainValue


@dataclass(frozen=True)
class LosingQueue(Observation):
    """A queue that RabbitMQ is asked to forget, or to drop messages of; `how`, in French."""

    how: str


@dataclass(frozen=True)
class RepeatedTask(Observation):
    """A task made again and again, in a loop or by a function that is called often, always under the `name` of its function."""

    name: str


@dataclass(frozen=True)
class RateGivenLater(Observation):
    """A rate that code gives the task of each worker that runs: `app.control.rate_limit("shop.send", "5/s")`."""


@dataclass(frozen=True)
class KeptPublication(Observation):
    """A method that publishes a task, kept or given rather than called: `HOOKS.append(notify.delay)`."""


@dataclass(frozen=True)
class KombuConsumer(Observation):
    """A connection that the project makes by kombu to consume: its visibility timeout, `sure` where it surely is to Redis."""

    seconds: PlainValue
    sure: bool


@dataclass(frozen=True)
class DirectRun(Observation):
    """A call that runs a task in the process that makes it; `task`: its symbol, its name, or empty for one of several.

    `computed`: what is called, as written, where its name is worked out and may be that of a method that publishes the task.
    `instead`: it does what publishes tasks, `apply_async`, whoever asks; `computed` is then the test that decides.
    """

    task: str
    computed: str = ""
    instead: bool = False


@dataclass(frozen=True)
class UnpickledArgument(TaskObservation):
    """A function that decodes one of its arguments by what runs the code that it holds: `library` is what it calls."""

    library: str
