"""Phone numbers."""

import re
from typing import Self

import phonenumbers

# The digits that a mobile number of these countries has in one form and not in the other: WhatsApp's identifiers keep the form
# under which the account was opened (faq.whatsapp.com, "About international phone number format").
_TWO_FORMS = (
    (re.compile(r"\+55(\d\d)9([6-9]\d{7})"), r"+55\1\2"),
    (re.compile(r"\+55(\d\d)([6-9]\d{7})"), r"+55\g<1>9\2"),
    (re.compile(r"\+521(\d{10})"), r"+52\1"),
    (re.compile(r"\+52(\d{10})"), r"+521\1"),
    (re.compile(r"\+549(\d{10})"), r"+54\1"),
    (re.compile(r"\+54(\d{10})"), r"+549\1"),
)
POSSIBLE = phonenumbers.ValidationResult.IS_POSSIBLE
_HOME_ZERO = re.compile(r"\A(\+\d{1,3}[\s.-]*)\(0\)", re.ASCII)
_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)


class PhoneNumber(str):
    """An E.164 number, such as `+33639980001`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Accepts spaces, dots, dashes and parentheses, and the 0 that is dialled at home only: `+33 (0)6 …`.

        Raises:
            ValueError: when what remains is not an E.164 number.

        """
        bare = re.sub(r"[\s().-]", "", _HOME_ZERO.sub(r"\1", text.strip()))
        bare = re.sub(r"\A\+330(?=[1-9]\d{8}\Z)", "+33", bare, flags=re.ASCII)
        if not _E164.fullmatch(bare):
            raise ValueError(f"not an E.164 phone number: {text!r}")
        return cls(bare)

    @property
    def forms(self) -> tuple[Self, ...]:
        """This number first, then another that reaches the same person: in Brazil, Mexico and Argentina a mobile has two."""
        return (self, *(type(self)(form.sub(other, self)) for form, other in _TWO_FORMS if form.fullmatch(self)))

    @classmethod
    def from_person(cls, text: str, *, region: str) -> Self:
        """Accepts a number as people write it; without its country it is one of `region` (ISO 3166, as in FR).

        Raises:
            ValueError: when numbers of its country do not have such a length.

        """
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException as error:
            raise ValueError(f"not a phone number: {text!r}") from error
        # Possible, not valid: the library's tables lag behind the ranges that countries open, and WhatsApp will be asked.
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        possible = phonenumbers.is_possible_number_with_reason(number) == POSSIBLE
        if number.extension or not (possible or any(_possible(form) for form in cls(e164).forms)):
            raise ValueError(f"not a phone number: {text!r}")
        return cls.parse(e164)

    @classmethod
    def from_whatsapp(cls, text: str) -> Self:
        """Accepts a WhatsApp chat identifier (`33639980001@c.us`) as well.

        Raises:
            ValueError: when it holds no E.164 number, as for a group.

        """
        bare = text.removesuffix("@c.us").removesuffix("@s.whatsapp.net")
        return cls.parse(bare if bare.startswith("+") else f"+{bare}")


def _possible(e164: str) -> bool:
    # Some forms that WhatsApp uses have a length that numbers of their country no longer have, such as +52 1 …
    return bool(phonenumbers.is_possible_number_with_reason(phonenumbers.parse(e164)) == POSSIBLE)
