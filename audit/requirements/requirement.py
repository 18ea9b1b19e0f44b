"""What a criterion is."""

from dataclasses import dataclass

from audit.model.findings import Level

# What comes before an execution where nobody has written a driver yet.
DRIVER_FIRST = (
    "écrire un pilote, petit programme qui démarre l'application et compte ce que la passerelle accepte (`audit init --driver` en écrit le "
    "squelette, `audit/experiments/DRIVER.md` en montre un de trente lignes), puis "
)


@dataclass(frozen=True)
class Requirement:
    """One criterion, `N.M` or `C1`.

    `floor` is the weakest level at which it can be CONFORME, `settles` what would settle it when it is undetermined. The
    questions that judge a criterion `N.M`, and those that must have established it at its floor, say so themselves
    (`Question.requirements`, `Question.decides`). A criterion of profile `celery` names them here: it may concern nothing
    in a target, and no point that it asks for may stay open. `since`: when it joined its profile (ISO 8601, UTC), empty for
    those of the first day; a journal that is older does not have it.
    """

    id: str
    title: str
    criterion: str
    floor: Level
    heading: str
    settles: str
    judged_by: tuple[str, ...] = ()
    decided_by: tuple[str, ...] = ()
    since: str = ""

    @property
    def names_its_judges(self) -> bool:
        """Whether it is one of those that say themselves what judges them."""
        return bool(self.judged_by)

    @property
    def family(self) -> str:
        """The `N` of `N.M`, the letter of `C1`."""
        return family_of(self.id)


def family_of(identifier: str) -> str:
    """The `N` of a criterion's id `N.M`, the letter of `C1`."""
    return identifier.partition(".")[0].rstrip("0123456789") or identifier.partition(".")[0]
