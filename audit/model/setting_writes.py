"""Where a setting, or an option of a task, is written: each place that the reading met, in the order it met them."""

from dataclasses import dataclass
from enum import StrEnum

from audit.model.findings import Excerpt
from audit.model.plain_value import PlainValue


class Means(StrEnum):
    """What writes a setting."""

    ASSIGNED = "assignment"
    ARGUMENT = "argument of the application"
    UPDATED = "update"
    LOADED = "loaded configuration"
    DEFAULTS = "add_defaults"
    SET_BY_NAME = "setattr"
    REMOVED = "removal"
    PERIODIC = "add_periodic_task"
    UNCALLED = "function that nothing was seen to call"
    CURRENT_APPLICATION = "current_app"


class Loading(StrEnum):
    """Whether the workers load the module that writes, when that is known to matter."""

    LOADED = "loaded"
    NEVER = "not loaded"
    MAYBE = "maybe loaded"


@dataclass(frozen=True)
class SettingWrite:
    """One write of a setting; the name `*` is that of a write that may be any setting's.

    `position`: its place among all the writes that were read. `written_as`: the name it has at this place.
    `call`: what gave it to the application, where that is elsewhere. `test`: the first line of the test, the loop or
    the `try` that it depends on. `unknown_names`: what its value uses that the source does not tell. `outside`: the
    name outside the project that the value is. `variable`: the environment variable that may replace the value.
    """

    name: str
    value: PlainValue
    means: Means
    module: str
    position: int
    excerpt: Excerpt | None = None
    call: Excerpt | None = None
    written_as: str = ""
    variable: str = ""
    loading: Loading = Loading.LOADED
    on_a_side: bool = False
    test: Excerpt | None = None
    unknown_names: tuple[str, ...] = ()
    outside: str = ""


class OptionSource(StrEnum):
    """What gives an option to a task, the weakest first."""

    EVERY_CLASS = "the application's class of tasks"
    BASE_CLASS = "a class of the task"
    DECORATOR = "the decorator"
    WRITTEN = "an assignment on the task"
    ANY_TASK = "an assignment on what may be any task"


@dataclass(frozen=True)
class OptionWrite:
    """One place that gives an option to a task."""

    name: str
    value: PlainValue
    source: OptionSource
    excerpt: Excerpt | None = None
