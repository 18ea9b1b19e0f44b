"""What probes collect about a target. Every probe gives the same shapes, each at its own level."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from enum import StrEnum
from functools import cached_property
from typing import cast

from audit.model.call_completion import CallCompletion
from audit.model.domains import Domain
from audit.model.findings import Evidence, Excerpt, Level
from audit.model.gaps import Gap
from audit.model.guard_facts import GuardFacts
from audit.model.observations.observation import Observation, Seen
from audit.model.plain_value import PlainValue
from audit.model.probes import Probe
from audit.model.retries import RetryPolicy, RetrySchedule
from audit.model.setting_writes import OptionWrite, SettingWrite
from audit.model.stops import Stop


@dataclass(frozen=True)
class Setting:
    """One Celery setting, under its lowercase name (`task_acks_late`).

    `overridable` names the environment variable that may replace the value, else it is empty; `word`: by its text as it stands.
    `comment`: by which its author explains it, beside it or just above. `starts`: what an address begins with, of which the rest
    is not known.
    """

    name: str
    value: PlainValue
    excerpt: Excerpt | None = None
    overridable: str = ""
    word: bool = False
    comment: str = ""
    starts: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function; `depends` is the dotted name inside `Depends(...)` or `Security(...)`."""

    name: str
    annotation: str = ""
    default: str = ""
    depends: str = ""


class Unresolved(StrEnum):
    """Why a call has no target in the project.

    METHOD: an attribute of an unknown receiver (`x.start()`); NAME: a global name that could not be followed to its
    definition; CALLABLE: a local value is called (`handler()`); COMPUTED: the name itself is computed (`getattr(x, name)()`).
    """

    NO = ""
    METHOD = "method"
    NAME = "name"
    CALLABLE = "callable"
    COMPUTED = "computed"


@dataclass(frozen=True, slots=True)
class Call:
    """A call written in a function: `name` as written (`self.retry`), `target` its symbol in the project when resolved.

    `arguments` and `keywords` hold source text; `callbacks` the functions of the project given as arguments; `choices` those of a
    table, of which it runs one. `unresolved` says why a callee that may be the project's has no target; it is empty when the callee is resolved, or from a library.
    """

    name: str
    target: str = ""
    arguments: tuple[str, ...] = ()
    keywords: Mapping[str, str] = field(default_factory=dict)
    excerpt: Excerpt | None = None
    callbacks: tuple[str, ...] = ()
    unresolved: Unresolved = Unresolved.NO
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """A function or method of the target, under its symbol `package.module:qualified.name`.

    `wrappers`: symbols of what the project defines and runs with it: decorators, methods of a task's class, defaults. `gaps`: its
    imports that find nothing. `decorated`: names by which a decorator that it makes calls what is decorated.
    """

    symbol: str
    parameters: tuple[Parameter, ...]
    decorators: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    head: Excerpt | None = None
    body: Excerpt | None = None
    names: tuple[str, ...] = ()
    wrappers: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    decorated: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """A Celery task: registered name, symbol of its function, options of the decorator as Python values or source text.

    One text may make several tasks. `alike`: how many different functions made of this one bear the name.
    """

    name: str
    symbol: str
    options: Mapping[str, PlainValue] = field(default_factory=dict)
    alike: int = 1


@dataclass(frozen=True)
class BeatEntry:
    """An entry of `beat_schedule`: `seconds` for an interval, `crontab` as `minute hour dom month dow` otherwise."""

    name: str
    task: str
    seconds: float | None = None
    crontab: str = ""
    options: Mapping[str, PlainValue] = field(default_factory=dict)
    excerpt: Excerpt | None = None


@dataclass(frozen=True)
class Route:
    """An HTTP route with every dependency reachable from it, at any depth, as symbols; `?` stands for what could not be read."""

    method: str
    path: str
    endpoint: str
    dependencies: tuple[str, ...] = ()
    excerpt: Excerpt | None = None


# What the reason of a start that is not followed says where its own file brings it back.
BROUGHT_BACK = "et qui est relancé"


@dataclass(frozen=True)
class Process:
    """A long-running command found in a process file.

    `role` is `worker`, `beat`, `worker+beat`, `web` or `other`; `restart` is what brings it back when it dies
    (`loop`, `supervisor`, `systemd`, `compose`, `kubernetes`, `platform`), empty when nothing does.
    `options` holds the long options of the command (`concurrency`, `queues`, `pool` …) with variables' defaults folded.
    `instead`: another one of this role and file is started where this one is not, as on the other side of an `if`.
    `doubt`: why, in French, what brings it back cannot be told. `copies`: how many run at once, None when that is not told.
    `runner`: the lines of another file that run its script or its image; `user`: the one its container is given there.
    `emptying`: the command run on the way to it that empties `queues`, or (`empties`) a `database` or `keys NAMES`, does so `sometimes`, or is a `program` that speaks of it.
    `stops`: the ways it is stopped, one for each file that starts it. `probe`: what asks whether its container lives.
    `mounts`: the folders of its container that outlive it. `clears`: what its script removes first, word by word.
    `environment`: the variables that its files give it. `memory`: the most that its container may use, as written.
    `unknown_words`: those of its command that stand for options which nothing gives. `built`: the Dockerfile of its image, empty when not told.
    `code`: the lines of Python that start it, where a program of the target does. `asleep`: why, in French, nothing starts it unasked.
    `host`: the name of host that its container is given, `host` for its machine's; empty for one of its own.
    `filtered`: why, in French, what is watched in its place is the end of a pipe; `aside`: why another process may be watched.
    """

    role: str
    command: str
    options: Mapping[str, str]
    restart: str
    excerpt: Excerpt
    instead: bool = False
    doubt: str = ""
    copies: int | None = 1
    runner: Excerpt | None = None
    user: str = ""
    empties: str = ""
    emptying: Excerpt | None = None
    stops: tuple[Stop, ...] = ()
    probe: Probe | None = None
    mounts: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    memory: str = ""
    unknown_words: tuple[str, ...] = ()
    built: str = ""
    code: Excerpt | None = None
    asleep: str = ""
    host: str = ""
    filtered: str = ""
    aside: str = ""


@dataclass(frozen=True)
class Deprecation:
    """A use of something deprecated: what, where, and what replaces it (French sentences)."""

    what: str
    replacement: str
    excerpt: Excerpt | None = None


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return dict(value) if isinstance(value, Mapping) else str(value)


@dataclass(frozen=True)
class Application:
    """An application that a module of the target binds to a name: `kind` is `celery` or `asgi`.

    `settings`: where it keeps its messages and which queue it takes by default, for one of several of Celery.
    """

    kind: str
    symbol: str
    excerpt: Excerpt | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)


@dataclass(frozen=True)
class Unloaded:
    """A module of tasks that nothing a worker runs at its start imports. `importers`: the functions that import it later, as symbols."""

    module: str
    importers: tuple[str, ...] = ()


# Worked out from the text, which is digested.
_DERIVED = frozenset(
    ("program", "user_mentions", "call_completion", "whole_work", "guards", "setting_writes", "option_writes", "test_modules", "libraries", "loading", "views",
     "celery_absence")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Loading:
    """What the own statements of a file do: the `files` of the project that they import, and the `names` that they mention.

    `implicit`: symbols of its methods that Python, or a library whose class is inherited from, may call.
    """

    files: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    implicit: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Facts:
    """Everything one probe learned. `failure` says why it learned nothing, else it is empty; `failures`, each part that failed.

    `text_digest` is the SHA-256 of every file read, where functions are read from it when they are asked for.
    `configured_by` is the key of the project's configuration whose default configures Celery: a deployment may change it whole.
    `celery_absence`: what was read of a target that never names it, with what
    may still bring it, None for one that does. `published_settings`: files that may stand for the module of settings that the target names and does not hold.
    `program`: where the applications lie, for `is_test_file`. `unloaded` holds only what could be established; a module of tasks that is not there may be loaded or not.
    `setting_writes`: every write of each setting, in the order read; `option_writes`: of the options of each task, by symbol.
    Of each function, by symbol: `user_mentions`, the words of it that speak of a logged-in person, its `call_completion`,
    `whole_work`, the call, as written, that does all it does, empty for none, and `guards`, what it makes of answers.
    `gaps` are the files and imports of the program that were not read; `test_modules`, the modules that only serve tests.
    `libraries`: the top-level names of what each file imports from outside the project, by path; `loading`: what each file does of the
    project as it is loaded. `views`: symbols of the functions that take a request, as the views of Django do.
    """

    level: Level
    probe: str
    failure: str = ""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)
    tasks: tuple[Task, ...] = ()
    beat: tuple[BeatEntry, ...] = ()
    beat_known: bool = False
    routes: tuple[Route, ...] = ()
    routes_known: bool = False
    processes: tuple[Process, ...] = ()
    deprecations: tuple[Deprecation, ...] = ()
    retries: tuple[RetryPolicy, ...] = ()
    observations: tuple[Observation, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[tuple[str, str], ...] = ()
    failures: tuple[str, ...] = ()
    text_digest: str = ""
    applications: tuple[Application, ...] = ()
    configured_by: str = ""
    published_settings: tuple[str, ...] = ()
    unloaded: tuple[Unloaded, ...] = ()
    gaps: tuple[Gap, ...] = ()
    test_modules: frozenset[str] = frozenset()
    libraries: Mapping[str, frozenset[str]] = field(default_factory=dict)
    loading: Mapping[str, Loading] = field(default_factory=dict)
    program: tuple[str, ...] = ()
    user_mentions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    call_completion: Mapping[str, CallCompletion] = field(default_factory=dict)
    setting_writes: Mapping[str, tuple[SettingWrite, ...]] = field(default_factory=dict)
    option_writes: Mapping[str, tuple[OptionWrite, ...]] = field(default_factory=dict)
    whole_work: Mapping[str, str] = field(default_factory=dict)
    guards: Mapping[str, GuardFacts] = field(default_factory=dict)
    views: frozenset[str] = frozenset()
    celery_absence: Domain[str] | None = None

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all these facts, in hexadecimal; over the text that functions are read from rather than over each."""
        content = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _DERIVED}
        if self.text_digest:
            del content["functions"], content["observations"]
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=_plain)
        return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()

    @cached_property
    def asked(self) -> set[type[Observation]]:
        """The kinds of observations that were asked for: those that a rule rests on, when it empties this first."""
        return set()

    @cached_property
    def _by_kind(self) -> dict[type[Observation], tuple[Observation, ...]]:
        return {}

    def observations_of(self, kind: type[Seen]) -> tuple[Seen, ...]:
        """The observations of this kind, in the order they were read."""
        self.asked.add(kind)
        if kind not in self._by_kind:
            self._by_kind[kind] = tuple(o for o in self.observations if isinstance(o, kind))
        return cast("tuple[Seen, ...]", self._by_kind[kind])

    @property
    def without_celery(self) -> bool:
        """Whether all was read, and nothing names Celery."""
        return self.celery_absence is not None and not self.celery_absence.gaps

    @property
    def retry_schedules(self) -> tuple[RetrySchedule, ...]:
        """The schedules of every task."""
        return tuple(schedule for policy in self.retries for schedule in policy.schedules)

    def evidence(self, excerpt: Excerpt | None = None, **values: object) -> Evidence:
        """Evidence of this probe, at its level."""
        pairs = tuple((name, str(value)) for name, value in values.items())
        return Evidence(self.level, self.probe, self.digest, excerpt, pairs)
