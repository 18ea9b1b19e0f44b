"""What a message may say of its contact: `{{prénom}}`, or `{{prénom|cher client}}` for who has none."""

import re
import unicodedata
from dataclasses import dataclass

# As they are stored in a text, and as PostgreSQL knows them (migration 0035).
FIRST, LAST, FULL = "prénom", "nom", "nom complet"
KNOWN = (FIRST, LAST, FULL)
_OTHER_NAMES = {
    "prenom": FIRST,
    "first name": FIRST,
    "firstname": FIRST,
    "nom": LAST,
    "name": LAST,
    "last name": LAST,
    "nom complet": FULL,
    "full name": FULL,
}
_WRITTEN = re.compile(r"\{\{([^{}]*)\}\}")
_ONE_BRACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Variable:
    """One variable of a text; `default` is None where it has none."""

    name: str
    default: str | None

    def __str__(self) -> str:
        return f"{{{{{self.name}}}}}" if self.default is None else f"{{{{{self.name}|{self.default}}}}}"


class VariableError(ValueError):
    """A text asks for what no contact has; `french` says it for the page."""

    def __init__(self, english: str, french: str) -> None:
        super().__init__(english)
        self.french = french


def written(text: str) -> str:
    """The text with its variables as they are stored, whatever the accents, the case and the blanks they were typed with.

    Raises:
        VariableError: for a variable nobody knows, or braces that are not closed; it names the known ones.

    """
    rest = _WRITTEN.sub("", text)
    forgotten = next(
        (found.group() for found in _ONE_BRACE.finditer(rest) if _bare(found.group(1)) in _OTHER_NAMES), None
    )
    if "{{" in rest or "}}" in rest or forgotten:
        known = ", ".join(f"{{{{{name}}}}}" for name in KNOWN)
        what = forgotten or "{{ }}"
        raise VariableError(
            f"{what}: a variable is written between two braces on each side: {known}",
            f"{what} : une variable s’écrit entre deux accolades de chaque côté : {known}.",
        )
    return _WRITTEN.sub(lambda found: str(_variable(found.group(1))), text)


def variables(text: str) -> tuple[Variable, ...]:
    """Those of a stored text, in order; what is no variable of ours is none."""
    found = (content.partition("|") for content in _WRITTEN.findall(text))
    return tuple(Variable(name, default if bar else None) for name, bar, default in found if name in KNOWN)


def needed(*texts: str) -> tuple[str, ...]:
    """The variables without a default: a contact who has no value for one cannot be written to."""
    names = {variable.name for text in texts for variable in variables(text) if variable.default is None}
    return tuple(name for name in KNOWN if name in names)


def _variable(content: str) -> Variable:
    name, bar, default = content.partition("|")
    known = _OTHER_NAMES.get(_bare(name))
    if known is None:
        every = ", ".join(f"{{{{{each}}}}}" for each in KNOWN)
        raise VariableError(
            f"{{{{{name.strip()}}}}} is not known; known are {every}",
            f"La variable {{{{{name.strip()}}}}} n’existe pas. On peut écrire {every}.",
        )
    return Variable(known, default.strip() if bar else None)


def _bare(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(re.split(r"[\s_-]+", plain.strip()))
