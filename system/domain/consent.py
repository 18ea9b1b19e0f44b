"""Whether a text asks us to write no more. Accents, case and punctuation say nothing."""

import re
import unicodedata

# In doubt a text with one of these is a refusal: a message too few harms nobody. Apostrophes and hyphens are spaces here.
_ANYWHERE = re.compile(
    r"""\b(?:
        desinscri | desabonn | unsubscri | opt\ ?out\b
      | (?:arret(?:er|ez|e|es)|cess(?:er|ez|e|es))\ (?:de\ (?:m|me)\b | (?:vos|ces|les|tes)\ (?:messages|sms|envois|publicites)\b)
      | ne\ (?:m|me)\ (?:ecri|envo|contact|derang)\w*\ plus\b
      | ne\ (?:(?:veux|souhaite|desire)\ )?plus\ (?:recevoir|m\ (?:ecrire|envoyer)|me\ contacter)\b
      | (?:me\ (?:retir|enlev|supprim)(?:er|ez) | (?:retir|enlev|supprim)(?:e|ez)\ moi)\ de\ (?:la|ta|votre|vos|cette)\ listes?\b
    )""",
    re.VERBOSE,
)
# Common words, which must be the whole message: « arrêt de bus » refuses nothing.
_ALONE = frozenset({"stop", "arret", "arreter", "arretez"})
_POLITE = frozenset({"svp", "stp", "merci", "please", "sms", "pub", "tout", "message", "messages", "whatsapp"})
# The politeness of several words, and the short number that advertisements ask to send STOP to.
_ASIDE = re.compile(r"\bs il (?:vous|te) plait\b|(?<=\bstop) (?:au )?\d{4,6}\b")


def is_opt_out(text: str) -> bool:
    """STOP, ARRÊT and their kin, alone or with a word of politeness; « désinscrire », « ne m'écrivez plus » anywhere."""
    bare = " ".join(re.findall(r"[^\W_]+", _without_accents(text)))
    if _ANYWHERE.search(bare):
        return True
    words = [word for word in _ASIDE.sub("", bare).split() if word not in _POLITE]
    return bool(words) and set(words) <= _ALONE


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
