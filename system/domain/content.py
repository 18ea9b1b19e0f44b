"""What a Message 1 may be besides a text: a file with a text under it, or a template that WhatsApp has approved."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Self
from urllib.parse import urlsplit

from system.domain.variables import variables, written

MOST_TEXT = 4096
# Of a text under a file.
MOST_CAPTION = 1024
MOST_URL, MOST_NAME, MOST_LANGUAGE, MOST_VALUE, MOST_VALUES = 2000, 512, 10, 1024, 30
IMAGES = frozenset({"jpg", "jpeg", "png"})
DOCUMENTS = frozenset({"pdf", "doc", "docx", "odt", "xls", "xlsx", "ods", "ppt", "pptx", "odp", "csv", "txt"})
# WhatsApp refuses what is larger.
MOST_MEGABYTES = {"image": 5, "document": 100}
_NAME = re.compile(r"[a-z0-9_]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")


class ContentError(ValueError):
    """A file or a template that cannot be sent; `field` is the one to change, and `french` says it for the page."""

    def __init__(self, field: str, english: str, french: str) -> None:
        super().__init__(english)
        self.field, self.french = field, french


@dataclass(frozen=True)
class Media:
    """A file that the gateway fetches; the message's text stands under it."""

    url: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """The file at this address. It is not fetched here: who may write a campaign must not make this server ask for addresses.

        Raises:
            ContentError: unless it is an https address of an image or a document.

        """
        try:
            parts = urlsplit(url)
            usable = parts.scheme == "https" and "." in (parts.hostname or "") and parts.username is None
            usable = usable and parts.port != 0 and bool(re.fullmatch(r"[!-~]+", url)) and len(url) <= MOST_URL
        except ValueError:
            usable = False
        if not usable:
            raise ContentError(
                "media_url",
                "not the address of a file, such as https://example.org/affiche.png"
                f" (https, at most {MOST_URL} ASCII characters, no password)",
                "Ce n’est pas l’adresse d’un fichier : écrivez par exemple https://exemple.fr/affiche.png"
                " (en https, sans mot de passe, sans espace ni accent).",
            )
        made = cls(url)
        if made.suffix not in IMAGES | DOCUMENTS:
            every = ", ".join((*sorted(IMAGES), *sorted(DOCUMENTS)))
            raise ContentError(
                "media_url",
                f".{made.suffix[:20]}: not a kind of file that is sent; known are {every}",
                f"Ce type de fichier ne s’envoie pas. L’adresse doit finir par l’un de ceux-ci : {every}.",
            )
        return made

    @property
    def suffix(self) -> str:
        return PurePosixPath(urlsplit(self.url).path).suffix.lower().removeprefix(".")

    @property
    def kind(self) -> str:
        return "image" if self.suffix in IMAGES else "document"

    @property
    def texts(self) -> tuple[str, ...]:
        """What has variables, besides the message's text."""
        return ()

    @property
    def stored(self) -> dict[str, Any]:
        """As it is kept, and handed to the gateway."""
        return {"media": {"url": self.url}}


@dataclass(frozen=True)
class Template:
    """A template by its name and language, and what stands for its numbered variables; the message's text only shows it."""

    name: str
    language: str
    values: tuple[str, ...] = ()

    @classmethod
    def parse(cls, name: str, language: str, values: Sequence[str]) -> Self:
        """The template of this name; its values may hold variables of ours.

        Raises:
            ContentError: for a name, a language or a value that WhatsApp does not take.
            VariableError: for a variable nobody knows.

        """
        if not _NAME.fullmatch(name) or len(name) > MOST_NAME:
            raise ContentError(
                "template_name",
                f"{name[:80]!r}: a template's name is made of small letters, digits and _",
                "Le nom d’un modèle n’a que des minuscules sans accent, des chiffres et _, comme rentree_2026.",
            )
        if not _LANGUAGE.fullmatch(language):
            raise ContentError(
                "template_language",
                f"{language[:20]!r}: a template's language is written like fr or en_GB",
                "La langue d’un modèle s’écrit comme fr ou en_GB.",
            )
        known = tuple(written(" ".join(value.split())) for value in values)
        empty = any(not value or any(found.default == "" for found in variables(value)) for value in known)
        if empty or len(known) > MOST_VALUES or any(len(value) > MOST_VALUE for value in known):
            raise ContentError(
                "template_values",
                f"a template has at most {MOST_VALUES} values, none of them empty (not by a default either),"
                f" of at most {MOST_VALUE} characters each",
                f"Un modèle a {MOST_VALUES} valeurs au plus, de {MOST_VALUE} caractères au plus, dont aucune n’est vide,"
                " même par sa valeur par défaut.",
            )
        return cls(name, language, known)

    @property
    def texts(self) -> tuple[str, ...]:
        """What has variables, besides the message's text."""
        return self.values

    @property
    def stored(self) -> dict[str, Any]:
        """As it is kept; filled, as it is handed to the gateway."""
        body = {"body": list(self.values)} if self.values else {}
        return {"template": {"name": self.name, "language": self.language} | body}


Content = Media | Template


def read(stored: Mapping[str, Any] | None) -> Content | None:
    """What was kept; None of a text alone."""
    if not stored:
        return None
    if "media" in stored:
        return Media(stored["media"]["url"])
    template = stored["template"]
    return Template(template["name"], template["language"], tuple(template.get("body", ())))


def most_text(content: Content | None) -> int:
    """How many characters of text the gateway takes with it."""
    return MOST_CAPTION if isinstance(content, Media) else MOST_TEXT
