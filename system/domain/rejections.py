"""Why a line of a file of contacts was not taken, in English for the command line and in French for the page."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a line was not taken."""

    NO_PHONE = "no_phone"
    NOT_A_NUMBER = "not_a_number"
    DUPLICATE = "duplicate"
    QUOTES = "quotes"
    FIELDS = "fields"
    TOO_LONG = "too_long"
    CHARACTER = "character"
    DATE = "date"
    FUTURE = "future"


_ENGLISH = {
    Reason.NO_PHONE: "no phone number",
    Reason.NOT_A_NUMBER: "not a phone number: {}",
    Reason.DUPLICATE: "the same number as line {}",
    Reason.QUOTES: "a quotation mark is missing or misplaced",
    Reason.FIELDS: "more fields than columns ({})",
    Reason.TOO_LONG: "too long: {}",
    Reason.CHARACTER: "a character that cannot be stored: {}",
    Reason.DATE: "not a date (expected YYYY-MM-DD, DD/MM/YYYY, DD.MM.YY or 1 May 2026): {}",
    Reason.FUTURE: "an opt-in date in the future: {}",
}
_FRENCH = {
    Reason.NO_PHONE: "aucun numéro de téléphone",
    Reason.NOT_A_NUMBER: "ce n’est pas un numéro de téléphone : {}",
    Reason.DUPLICATE: "même numéro qu’à la ligne {}",
    Reason.QUOTES: "un guillemet manque ou est mal placé",
    Reason.FIELDS: "plus de champs que de colonnes ({})",
    Reason.TOO_LONG: "trop long : {}",
    Reason.CHARACTER: "un caractère qui ne peut pas être enregistré : {}",
    Reason.DATE: "ce n’est pas une date (attendu : AAAA-MM-JJ, JJ/MM/AAAA, JJ.MM.AA ou 1 mai 2026) : {}",
    Reason.FUTURE: "une date de consentement dans le futur : {}",
}


class RowError(ValueError):
    """The row cannot be taken; `detail` completes the reason, `column` is the one at fault, where it is one."""

    def __init__(self, reason: Reason, detail: str = "", *, column: str = "phone") -> None:
        super().__init__(_ENGLISH[reason].format(detail))
        self.reason, self.detail, self.column = reason, detail, column

    @property
    def french(self) -> str:
        return _FRENCH[self.reason].format(self.detail)


@dataclass(frozen=True)
class Rejection:
    """A line that was not taken, as it stands in the file; `detail` completes the reason."""

    line: int
    reason: Reason
    detail: str
    raw: str

    @property
    def english(self) -> str:
        return _ENGLISH[self.reason].format(self.detail)

    @property
    def french(self) -> str:
        return _FRENCH[self.reason].format(self.detail)
