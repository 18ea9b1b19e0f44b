"""Whether a text asks us to write no more. Accents, case and punctuation say nothing."""

import re
import unicodedata

# In doubt a text with one of these is a refusal: a message too few harms nobody. Apostrophes and hyphens are spaces here.
# Spanish, Portuguese, Italian and German have their most usual words.
_ANYWHERE = re.compile(
    r"""\b(?:
        desinscri | desabonn | unsubscri | opt\ ?out\b
      | (?:arret(?:er|ez|e|es)|cess(?:er|ez|e|es))\ (?:de\ (?:m|me)\b | (?:vos|ces|les|tes)\ (?:messages|sms|envois|publicites)\b)
      | ne\ (?:m|me)\ (?:ecri|envo|contact|derang)\w*\ plus\b
      | ne\ (?:(?:veux|souhaite|desire)\ )?plus\ (?:recevoir|m\ (?:ecrire|envoyer)|me\ contacter)\b
      | plus\ (?:de|aucun)\ (?:messages?|sms|pubs?|publicites?)\b(?!\ (?:dans|par|que|d\ )) | stop\ (?:aux?\ )?(?:promos?|publicites?|pubs?)\b
      | (?:supprim|retir|enlev|effac)(?:er|ez|e)\ (?:mon|notre)\ (?:numero|contact)\b
      | (?:remove|delete)\ (?:me|my\ number)\b | (?:do\ not|don\ t|stop)\ (?:text|messag|contact|writ)(?:e|ing)?\ (?:to\ )?me\b
      | no\ (?:more\ messages|me\ escrib\w+|quiero\ recibir)\b | dar(?:me)?\ de\ baja\b | nao\ quero\ (?:mais\ )?receber\b
      | cancella(?:te|mi|temi)\b | keine\ (?:nachrichten|werbung)\b | abbestellen\b
      | (?:me\ (?:retir|enlev|supprim)(?:er|ez) | (?:retir|enlev|supprim)(?:e|ez)\ moi)\ de\ (?:la|ta|votre|vos|cette)\ listes?\b
    )""",
    re.VERBOSE,
)
# Common words, which must be the whole message: « arrêt de bus » refuses nothing.
_ALONE = frozenset(
    {
        "stop",
        "arret",
        "arreter",
        "arretez",
        "end",
        "quit",
        "cancel",
        "unsub",
        "stopall",
        "baja",
        "parar",
        "sair",
        "basta",
        "stopp",
    }
)
_EMOJI = frozenset("\N{OCTAGONAL SIGN}\N{NO ENTRY}\N{NO ENTRY SIGN}")
_POLITE = frozenset(
    {"svp", "stp", "merci", "please", "sms", "pub", "tout", "all", "promo", "promos", "message", "messages", "whatsapp"}
)
# The politeness of several words, and the short number that advertisements ask to send STOP to.
_ASIDE = re.compile(r"\bs il (?:vous|te) plait\b|(?<=\bstop) (?:au )?\d{4,6}\b")


def is_opt_out(text: str) -> bool:
    """STOP, ARRÊT and their kin, alone or with a word of politeness; « désinscrire », « ne m'écrivez plus » anywhere."""
    if text.strip() and set(text.replace("\N{VARIATION SELECTOR-16}", "").strip()) <= _EMOJI:
        return True
    bare = " ".join(re.findall(r"[^\W_]+", _without_accents(text)))
    if _ANYWHERE.search(bare):
        return True
    words = [word for word in _ASIDE.sub("", bare).split() if word not in _POLITE]
    # STOPPP: somebody who insists.
    return bool(words) and {re.sub(r"\Astop+\Z", "stop", word) for word in words} <= _ALONE


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
