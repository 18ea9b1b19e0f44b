"""Phone numbers."""

import re
from typing import Self

_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)


class PhoneNumber(str):
    """An E.164 number, such as `+33639980001`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Accepts spaces, dots, dashes and parentheses.

        Raises:
            ValueError: when what remains is not an E.164 number.

        """
        bare = re.sub(r"[\s().-]", "", text)
        if not _E164.fullmatch(bare):
            raise ValueError(f"not an E.164 phone number: {text!r}")
        return cls(bare)

    @classmethod
    def from_whatsapp(cls, text: str) -> Self:
        """Accepts a WhatsApp chat identifier (`33639980001@c.us`) as well.

        Raises:
            ValueError: when it holds no E.164 number, as for a group.

        """
        bare = text.removesuffix("@c.us").removesuffix("@s.whatsapp.net")
        return cls.parse(bare if bare.startswith("+") else f"+{bare}")
