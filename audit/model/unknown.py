"""The value of what could not be worked out from a target's files."""

from enum import Enum
from typing import Final


class Unknown(Enum):
    """Its only member stands for what could not be worked out from the text; it survives copies."""

    UNKNOWN = "inconnu"

    def __str__(self) -> str:
        return "inconnu"


UNKNOWN: Final = Unknown.UNKNOWN
