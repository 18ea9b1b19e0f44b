"""The columns of a file of contacts, by the names that people and programs give them."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

# Accents, case and punctuation of a header do not count.
_NAMES = {
    "last_name": ("last name", "lastname", "surname", "family name", "nom de famille", "nom"),
    "full_name": ("name", "full name", "display name", "nom complet", "nom et prenom", "contact"),
    "first_name": ("first name", "firstname", "given name", "prenom"),
    "categories": ("category", "categories", "categorie", "groupe", "groupes", "group", "groups", "tags", "labels"),
    "opted_in_at": (
        "opted in at",
        "opt in date",
        "opt in",
        "optin",
        "consent date",
        "consent",
        "date de consentement",
        "date du consentement",
        "consentement",
        "date optin",
        "date d optin",
        "date opt in",
        "date d opt in",
    ),
    "opt_in_source": ("opt in source", "consent source", "source du consentement", "source"),
}
_MEANINGS = {name: meaning for meaning, names in _NAMES.items() for name in names}
# A column of numbers has one of these words, and beside it only words that say nothing. The best is the one of WhatsApp's numbers.
_WHATSAPP = frozenset({"whatsapp", "wa"})
_MOBILE = frozenset(
    {
        "mobile",
        "mobiles",
        "portable",
        "portables",
        "gsm",
        "cell",
        "cellphone",
        "cellulaire",
        "movil",
        "celular",
        "handy",
    }
)
_PHONE = frozenset(
    {
        "phone",
        "phones",
        "telephone",
        "telephones",
        "tel",
        "tels",
        "phonenumber",
        "msisdn",
        "telefono",
        "telefon",
        "telefone",
    }
)
_LANDLINE = frozenset(
    {"fixe", "domicile", "bureau", "home", "work", "travail", "standard", "professionnel", "pro", "secondaire"}
)
_NUMBER = frozenset({"numero", "number", "num", "numeros"})
_SILENT = frozenset(
    {
        "n",
        "no",
        "nr",
        "de",
        "du",
        "des",
        "d",
        "le",
        "la",
        "les",
        "l",
        "of",
        "the",
        "value",
        "e",
        "164",
        "international",
        "principal",
    }
    | {"primary", "main", "contact", "client", "personnel", "perso", "1", "2", "3", "4", "5"}
)


class FileFault(StrEnum):
    """Why nothing of a file can be taken."""

    EMPTY = "empty"
    NO_PHONE_COLUMN = "no_phone_column"
    NO_HEADER = "no_header"
    NOT_A_NUMBER = "not_a_number"
    NOT_A_TABLE = "not_a_table"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"


_ENGLISH = {
    FileFault.EMPTY: "the file is empty",
    FileFault.NO_PHONE_COLUMN: "no column is called phone, telephone, mobile, whatsapp or the like; the columns are: {}",
    FileFault.NO_HEADER: "the first line has a number ({}) where the names of the columns are expected: add a line such as name;phone before it",
    FileFault.NOT_A_NUMBER: "the first line is neither a header nor a number: {}",
    FileFault.NOT_A_TABLE: "this is no table of contacts but {}: save it as .csv or .xlsx",
    FileFault.UNREADABLE: "the workbook cannot be opened: it is damaged or protected by a password",
    FileFault.TOO_LARGE: "the workbook is too large once it is unpacked: save it as .csv",
}
_FRENCH = {
    FileFault.EMPTY: "Le fichier est vide.",
    FileFault.NO_PHONE_COLUMN: (
        "Aucune colonne ne contient de numéros : la première ligne doit nommer une colonne « téléphone ». Colonnes trouvées : {}."
    ),
    FileFault.NO_HEADER: (
        "La première ligne contient un numéro ({}) au lieu des noms des colonnes : ajoutez avant elle une ligne comme nom;téléphone."
    ),
    FileFault.NOT_A_NUMBER: "La première ligne n’est ni un nom de colonne ni un numéro : {}.",
    FileFault.NOT_A_TABLE: "Ce fichier n’est pas un tableau de contacts mais {} : enregistrez-le au format .csv ou .xlsx.",
    FileFault.UNREADABLE: "Le classeur ne peut pas être ouvert : il est abîmé, ou protégé par un mot de passe.",
    FileFault.TOO_LARGE: "Le classeur est trop gros une fois décompressé : enregistrez-le au format .csv.",
}
_KINDS = {
    "pdf": ("a PDF", "un PDF"),
    "picture": ("a picture", "une image"),
    "archive": ("an archive, or a text of Word", "une archive ou un texte de Word"),
    "opendocument": ("an OpenDocument file", "un fichier OpenDocument"),
}


class HeaderError(ValueError):
    """Nothing of the file can be taken: no column holds phone numbers, or it is no table."""

    def __init__(self, fault: FileFault, detail: str = "") -> None:
        english, french = _KINDS.get(detail, (detail, detail))
        super().__init__(_ENGLISH[fault].format(english))
        self.fault, self.french = fault, _FRENCH[fault].format(french)


@dataclass(frozen=True)
class Header:
    """Where each known column stands; the names of the others, and of columns of numbers that are not read."""

    positions: dict[str, int]
    phone: str = ""
    other_phones: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    @classmethod
    def of(cls, names: Sequence[str]) -> "Header":
        """Finds the known columns; of two of one meaning the first counts, of several columns of numbers the best.

        Raises:
            HeaderError: when none holds phone numbers.

        """
        ranks = {at: rank for at, name in enumerate(names) if (rank := _phone_rank(bare(name))) is not None}
        if not ranks:
            given = ", ".join(shown(name) for name in names if name) or "-"
            raise HeaderError(FileFault.NO_PHONE_COLUMN, given)
        best = min(ranks, key=lambda at: (ranks[at], at))
        found: dict[str, int] = {}
        for at, name in enumerate(names):
            meaning = _MEANINGS.get(bare(name)) if at not in ranks else None
            if meaning is not None:
                found.setdefault(meaning, at)
        positions = {"phone": best} | _with_one_name(found)
        used = set(positions.values())
        others = tuple(shown(names[at]) for at in ranks if at != best)
        ignored = tuple(shown(name) for at, name in enumerate(names) if name and at not in used and at not in ranks)
        return cls(positions, shown(names[best]), others, ignored)


def is_known(name: str) -> bool:
    """Whether a column of this name would be read, if there were numbers beside it."""
    return bare(name) in _MEANINGS


def _with_one_name(found: dict[str, int]) -> dict[str, int]:
    last, full = found.pop("last_name", None), found.pop("full_name", None)
    # Beside a first name, a whole name would say it twice.
    chosen = (last, full) if "first_name" in found else (full, last)
    name = next((at for at in chosen if at is not None), None)
    return found if name is None else found | {"name": name}


def _phone_rank(name: str) -> int | None:
    words = frozenset(name.split())
    kinds = (words & _WHATSAPP, words & _MOBILE, words & _PHONE, words & _NUMBER)
    if not any(kinds) or words - _WHATSAPP - _MOBILE - _PHONE - _LANDLINE - _NUMBER - _SILENT:
        return None
    if words & _LANDLINE:
        return len(kinds)
    return next(rank for rank, found in enumerate(kinds) if found)


def bare(text: str) -> str:
    """The words of a header, without accents, case and punctuation."""
    # `WhatsApp` is one word and `MobilePhone` two.
    apart = re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])", " ", re.sub("WhatsApp", "Whatsapp", text))
    decomposed = unicodedata.normalize("NFKD", apart.casefold())
    return " ".join(re.findall(r"[a-z]+|[0-9]+", "".join(c for c in decomposed if not unicodedata.combining(c))))


def shown(text: str) -> str:
    """A text of a file that can be shown: short, and with nothing that cannot be printed."""
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return printable if len(printable) <= 40 else printable[:39] + "…"
