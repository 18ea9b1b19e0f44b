"""What is kept of a number that is erased, and how a number may be spelled in what is to be searched."""

import hmac

import phonenumbers

from system.domain.phone import PhoneNumber

# What people put between the digits, any space and any dash; nothing that separates the fields of a file or of a document.
_BETWEEN = r'[^0-9A-Za-z,;:|"{}\n\[\]]{0,4}'


class ErasureKey:
    """Makes marks of numbers: nobody can turn one back without the secret, which is not in the database."""

    def __init__(self, secret: str) -> None:
        # Another purpose must not share marks with this one.
        self._key = hmac.digest(secret.encode(), b"erased numbers", "sha256")
        self.id = self._mark("key")[:16]

    def mark(self, phone: PhoneNumber) -> str:
        """The same for every form of a person's number."""
        return self._mark(min(phone.forms))

    def _mark(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), "sha256").hexdigest()


def spellings(phone: PhoneNumber) -> str:
    """A regular expression (PostgreSQL's and Python's) for the number as people, files and WhatsApp write it, in each of its forms."""
    return "|".join(_spelled(form) for form in phone.forms)


def _spelled(form: PhoneNumber) -> str:
    try:
        country = str(phonenumbers.parse(form).country_code)
    except phonenumbers.NumberParseException:
        country = ""
    national = _BETWEEN.join(form[1 + len(country) :])
    abroad = rf"(?:\+|00)?{_BETWEEN}{_BETWEEN.join(country)}{_BETWEEN}(?:0{_BETWEEN})?"
    return rf"(?<!\d)(?:{abroad}|0?{_BETWEEN}){national}(?!\d)"
