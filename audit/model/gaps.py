"""Gaps of a reading: the places where it could not look, each with the French words that name it in a report."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Gap:
    """A place where a fault may hide. `line` counts from 1; 0 stands for the whole file, or for no place in particular.

    `says`: the French clause of its kind, with fields of the gap in braces.
    """

    says: ClassVar[str]
    path: str = ""
    line: int = 0

    @property
    def place(self) -> str:
        """`path:line`, as far as it is known."""
        return f"{self.path}:{self.line}" if self.line else self.path

    @property
    def words(self) -> str:
        """A French clause: what was not read, and where."""
        return self.says.format(gap=self)


@dataclass(frozen=True, slots=True)
class UnreadFile(Gap):
    """A file of the target that could not be opened, decoded or parsed; `why` is French.

    As far as its text tells, it may write settings of Celery (`configures`), or decorate or define a task (`declares`).
    """

    says = "`{gap.path}` n'a pas été lu ({gap.why})"
    why: str = ""
    configures: bool = True
    declares: bool = True


@dataclass(frozen=True, slots=True)
class ExcludedCode(Gap):
    """A module that the program imports from a path that the target file excludes."""

    says = "`{gap.module}`, importé par `{gap.place}`, est exclu de la lecture"
    module: str = ""


@dataclass(frozen=True, slots=True)
class UnresolvedImport(Gap):
    """An import of the project's own code that no file read answers to."""

    says = "`{gap.module}`, importé par `{gap.place}`, n'a pas été trouvé"
    module: str = ""


@dataclass(frozen=True, slots=True)
class OpaqueCall(Gap):
    """A call in what a task runs, whose callee could be any function: `getattr(x, name)()`, a parameter, `eval`."""

    says = "l'audit n'a pas suivi l'appel `{gap.text}`, `{gap.place}`"
    text: str = ""
    function: str = ""


@dataclass(frozen=True, slots=True)
class LongExpression(Gap):
    """An expression of which nobody knows what it is worth: to follow what it calls takes more steps than a reading may."""

    says = "ce que vaut `{gap.place}` est trop long à suivre"


@dataclass(frozen=True, slots=True)
class LoadedCode(Gap):
    """Code of a module that tasks load, run by no call that was followed: an operator, a value made at import, a nested function."""

    name: str = ""

    @property
    def words(self) -> str:
        """What it is, and its place."""
        where = f"`{self.name}`, `{self.place}`" if self.name else f"`{self.place}`"
        return f"{where}, est dans un module que les tâches chargent : rien ne dit si elles s'en servent"


@dataclass(frozen=True, slots=True)
class Doubt(Gap):
    """Something that was seen and may be what the rule looks for, or not; `why` is French."""

    says = "{gap.why}"
    why: str = ""


@dataclass(frozen=True, slots=True)
class UnknownRole(Doubt):
    """A role that the target file gives no symbol, or one that no probe found; `settles`, in French: what would tell."""

    settles: str = ""


@dataclass(frozen=True, slots=True)
class _Unread(Gap):
    """What was not understood, and why, in French."""

    why: str = ""

    @property
    def words(self) -> str:
        """The reason, and the place when there is one."""
        return f"{self.why}, `{self.place}`" if self.place else self.why


class UnreadSettings(_Unread):
    """Settings that exist and that the source does not tell."""


class UnregisteredTask(_Unread):
    """A class of tasks that nothing registers, of what was read."""


class UnreadProcess(_Unread):
    """A process file, or a command in one, that was not understood."""


@dataclass(frozen=True, slots=True)
class UnrecognisedUse(Gap):
    """A library that a module uses, or a function that it defines, in ways that the reading does not know."""

    says = "`{gap.library}` est employé dans `{gap.place}` d'une façon que l'audit ne reconnaît pas"
    library: str = ""


_NAMED, _PLACES = 3, 20


def _placed(gap: Gap) -> str:
    """Its words, and where to look, which some of them say already."""
    return f"{gap.words}, `{gap.place}`" if gap.path and gap.path not in gap.words else gap.words


def named(gaps: tuple[Gap, ...]) -> str:
    """The first gaps as one French clause, how many more there are, and where."""
    told = {_placed(gap): gap.place for gap in gaps}
    left = list(told.values())[_NAMED:]
    places = [f"`{place}`" for place in dict.fromkeys(left) if place]
    where = f" : {', '.join(places[:_PLACES])}{'…' if places[_PLACES:] else ''}" if places else ""
    more = f" (et {len(left)} autre{'s' if len(left) > 1 else ''}{where})" if left else ""
    return " ; ".join([*told][:_NAMED]) + more
