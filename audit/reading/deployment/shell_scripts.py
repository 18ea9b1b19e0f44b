"""Commands that a shell script runs, each with the answers to three questions: reached, started again, survived."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.reading.deployment.entry_scripts import sourced_text
from audit.reading.deployment.file_references import Around
from audit.reading.deployment.shell_reach import Reached, read_reach
from audit.reading.deployment.shell_restarts import By, Restart, read_restarts
from audit.reading.deployment.shell_survival import Survival, Survivor, is_meant_to_stay, read_survivals
from audit.reading.deployment.shell_syntax import read_structure


@dataclass(frozen=True)
class Command:
    """A command that is reached. `lasting`: it is started to stay."""

    reached: Reached
    restart: Restart
    survival: Survival
    lasting: bool

    @property
    def words(self) -> tuple[str, ...]:
        """Its words, expanded."""
        return self.reached.command.words

    @property
    def lines(self) -> tuple[int, int]:
        """The first and last of those that start it."""
        return self.reached.command.first, self.reached.command.last

    @property
    def loop(self) -> bool:
        """Whether a loop of the script starts it again."""
        return self.restart.by is By.LOOP

    @property
    def doubt(self) -> str:
        """Why, in French, it cannot be told what starts it again."""
        return self.reached.doubt or self.restart.doubt

    @property
    def unseen(self) -> bool:
        """Whether the script goes on after its death, and starts nothing again."""
        return not self.doubt and not self.loop and self.survival.survivor is Survivor.SCRIPT


def read_commands(
    text: str,
    variables: dict[str, str] | None = None,
    arguments: Sequence[str] = (),
    *,
    known: bool = False,
    around: Around | None = None,
) -> list[Command]:
    """Commands of a script in the order they are met, functions followed where they are called.

    `known`: these variables and these arguments are all that it is given. `around`: where the files that it sources are.
    """
    script = read_structure(
        text, variables or {}, arguments, known=known, sourced=lambda name: sourced_text(name, around)
    )
    reach = read_reach(script)
    answers = zip(reach.commands, read_restarts(script, reach), read_survivals(reach), strict=True)
    return [Command(reached, restart, survival, is_meant_to_stay(reached)) for reached, restart, survival in answers]
