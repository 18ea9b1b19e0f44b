"""What a criterion is."""

from dataclasses import dataclass

from audit.model.findings import Level

# What comes before an execution where nobody has written a driver yet.
DRIVER_FIRST = (
    "écrire le pilote de la cible (`target.driver`, selon le protocole `audit.experiments.driver.Driver` : il la lance et compte "
    "ce que la passerelle accepte), puis "
)


@dataclass(frozen=True)
class Requirement:
    """One criterion `N.M`.

    `floor` is the weakest level at which it can be CONFORME, `settles` what would settle it when it is undetermined. The
    questions that must have established it there say so themselves (`Question.decides`).
    """

    id: str
    title: str
    criterion: str
    floor: Level
    heading: str
    settles: str

    @property
    def family(self) -> str:
        """The `N` of `N.M`."""
        return family_of(self.id)


def family_of(identifier: str) -> str:
    """The `N` of a criterion's id `N.M`."""
    return identifier.partition(".")[0]
