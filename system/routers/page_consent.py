"""The form of a consent, on a contact's page: what was said, when, and by whom a refusal is undone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from starlette.datastructures import FormData

from system.clock import utc_now
from system.db.contact_list import Listed
from system.db.database import get_db
from system.domain.consent_dates import parse_date
from system.page.rendering import day, day_and_time
from system.routers.page_identity import text_of
from system.services.consent import consent_again
from system.services.contact_edits import record_consent

LONGEST_SOURCE, SHORTEST_PROOF = 200, 5


@dataclass
class ConsentForm:
    """What was typed (`again`: that it comes after the refusal), when that was (UTC), and what is wrong, by field."""

    typed: Mapping[str, str]
    given_at: datetime
    problems: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, form: FormData) -> Self:
        """Without a day it is now."""
        now = utc_now()
        found = cls({name: text_of(form, name) for name in ("source", "given_on", "again")}, now)
        if text := found.typed["given_on"]:
            try:
                given_at = parse_date(text)
                # Of a day whose hour nobody noted: today is now, or it would be before a refusal of this morning.
                found.given_at = now if day(given_at) == day(now) else given_at
            except (ValueError, OverflowError):
                found.problems["given_on"] = "Ce n’est pas une date : écrivez par exemple 13/05/2026."
        if found.given_at > now:
            found.problems["given_on"] = "Cette date est dans le futur."
        return found

    def record(self, contact: Listed, *, actor: str) -> bool:
        """Records it, unless something is wrong with it.

        Raises:
            ConsentNotNeededError: when the contact has consented already, or has opted out meanwhile.

        """
        source, refused_at = self.typed["source"], contact.suppressed_at
        if not 0 < len(source) <= LONGEST_SOURCE:
            self.problems["source"] = "Dites où et comment la personne a consenti, en 200 caractères au plus."
        elif refused_at is not None:
            self._compare(refused_at)
        if self.problems:
            return False
        if refused_at is None:
            record_consent(get_db(), contact.id, source=source, given_at=self.given_at, actor=actor)
        else:
            consent_again(get_db(), contact.phone, proof=source, given_at=self.given_at, actor=actor)
        return True

    def _compare(self, refused_at: datetime) -> None:
        if len(" ".join(self.typed["source"].split())) < SHORTEST_PROOF:
            few = "Dites où et comment la personne a consenti de nouveau, en 5 caractères au moins."
            self.problems["source"] = few
        if self.given_at <= refused_at:
            said = f"La personne s’est désinscrite après cette date, le {day_and_time(refused_at)}."
            self.problems["given_on"] = said
        if self.typed["again"] != "yes":
            self.problems["again"] = "Cochez cette case si la personne a consenti après sa désinscription."
