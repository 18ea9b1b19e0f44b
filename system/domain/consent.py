"""Whether a text asks us to write no more. Accents, case and punctuation say nothing."""

import re
import unicodedata

# In doubt a text with one of these is a refusal: a message too few harms nobody.
_ANYWHERE = re.compile(r"\b(desinscri|desabonn|unsubscri)")
# Common words, which must be the whole message: « arrêt de bus » refuses nothing.
_ALONE = frozenset({"stop", "arret", "arreter", "arretez"})
_POLITE = frozenset({"svp", "stp", "merci", "please", "sms", "pub", "tout", "message", "messages", "whatsapp"})


def is_opt_out(text: str) -> bool:
    """STOP, ARRÊT, désinscrire and their kin, alone or with a word of politeness."""
    bare = _without_accents(text)
    if _ANYWHERE.search(bare):
        return True
    words = [word for word in re.findall(r"\w+", bare) if word not in _POLITE]
    return bool(words) and set(words) <= _ALONE


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
