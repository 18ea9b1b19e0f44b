"""Whether a text asks us to write no more. Accents, case and punctuation say nothing."""

import re
import unicodedata

# In doubt a text with one of these is a refusal: a message too few harms nobody. Apostrophes and hyphens are spaces here.
_FRENCH = r"""
    desinscri | desincri | desabon
  | (?:arret(?:er|ez|e|es)|cess(?:er|ez|e|es))\ (?:de\ (?:m|me)\b | (?:vos|ces|les|tes)\ (?:messages|sms|envois|publicites)\b)
  | ne\ (?:m|me)\ (?:ecri|envo|contact|derang|appel|sollicit)\w*\ plus\b | ne\ (?:m|me)\ (?:ecri|contact|derang)\w*\ pas\b
  | ne\ (?:(?:veux|souhaite|desire)\ )?plus\ (?:recevoir|m\ (?:ecrire|envoyer)|me\ contacter|etre\ (?:contacte|sollicite|derange))
  | (?:veux|souhaite|desire)\ (?:plus|pas)\ (?:de|recevoir)\ (?:vos|tes|ces|de)\ (?:messages?|sms|pubs?|publicites?|envois)\b
  | plus\ (?:de|aucun)\ (?:messages?|sms|pubs?|publicites?)\b(?!\ (?:dans|par|que|d\ ))
  | stop\ (?:svp|stp|merci)\b | stop\ (?:(?:aux?|a|les|de|ces|tes|vos)\ ){0,2}(?:promos?|publicites?|pubs?|messages|sms|envois?)\b
  | (?:supprim|retir|enlev|effac)(?:er|ez|e)\ (?:mon|mes|notre|nos)\ (?:n|no|num|numeros?|tel|telephone|contacts?|coordonnees|donnees)\b
  | (?:me\ (?:retir|enlev|supprim|effac|ray|radi)(?:er|ez) | (?:retir|enlev|supprim|effac|ray|radi)(?:e|ez)\ (?:moi|nous))
    \ (?:de|des)\ (?:(?:la|ta|tes|votre|vos|cette|ce)\ )?(?:listes?|bases?|fichiers?|contacts|envois|repertoire)\b
  | laiss(?:e|ez)\ (?:moi|nous)\ (?:tranquilles?|en\ paix)\b
"""
_ENGLISH = r"""
    unsubscri | unsuscri | unsubcri | opt\ ?(?:me\ )?out\b | leave\ me\ alone\b | take\ me\ off\b | remove\ me\b
  | (?:remove|delete)\ (?:me|my\ (?:number|contact|phone|data))\b | no\ more\ (?:messages?|texts?|sms|spam)\b
  | (?:do\ not|don\ t|stop|never)\ (?:text|messag|contact|writ|send)(?:e|ing)?\ (?:to\ )?me\b
"""
_OTHERS = r"""
    (?:no\ mas|basta|chega\ de|nada\ de|niente)\ (?:mensajes|mensagens|messaggi|sms|publicidad|pubblicita)\b
  | no\ (?:me\ (?:escrib|molest|contact|envi|mand)\w+|quiero\ recibir|molestar)\b | dar(?:me|se)?\ de\ baja\b
  | dej(?:a|e|en|ad)\ de\ (?:escrib|envi|mand|molest|contact)\w+ | (?:elimin|borr|quit)\w*\ mi\ numero\b
  | cancelar\ (?:la\ |mi\ |a\ |minha\ )?(?:suscripcion|inscricao|assinatura)\b
  | nao\ (?:quero\ (?:mais\ )?receber|(?:me\ )?(?:envi|mand|escrev)\w+\ mais)\b | par(?:e|em)\ de\ (?:me\ )?(?:envi|mand|escrev)\w+
  | (?:remov|exclu|apag)\w+\ (?:o\ )?meu\ numero\b | descadastr
  | cancella(?:te|mi|temi)\b | disiscri | non\ (?:mi\ )?(?:scriv|mand|invi|contatt)\w+\ piu\b | rimuov\w+\ (?:il\ )?mio\ numero\b
  | keine\ (?:nachrichten|werbung|sms)\b | abbestell | nicht\ mehr\ (?:an)?(?:schreib|kontaktier|send)\w+
  | schreib\w*\ mir\ nicht\ mehr\b | (?:losch|entfern)\w*\ (?:sie\ )?(?:bitte\ )?meine\ (?:nummer|daten)\b
  | geen\ (?:berichten|reclame|sms)\b | dezabon | отпи[сш] | الغاء\ الاشتراك
"""
_ANYWHERE = re.compile(rf"\b(?:{_FRENCH}|{_ENGLISH}|{_OTHERS})", re.VERBOSE)
# Of these one sentence among others is enough: « Pas intéressé, stop. »
_STOP = frozenset({"stop", "stopall", "unsubscribe"})
# Common words, which must be the whole message: « arrêt de bus » refuses nothing.
_ALONE = _STOP | {
    "arret", "arrete", "arreter", "arretez", "stoppez", "cessez", "fin", "end", "quit", "cancel", "unsub", "baja", "alto", "cancelar",
    "parar", "pare", "sair", "remover", "descadastrar", "basta", "smettila", "abmelden", "abmeldung", "afmelden",
    "uitschrijven", "stoppen", "iptal", "wypisz", "rezygnuje", "стоп", "хватит", "توقف", "الغاء",
}  # fmt: skip
# The same for several words.
_PHRASE_ALONE = re.compile(
    r"(?:(?:supprim|retir|enlev|effac|oubli|ray|radi)(?:e|ez)\ (?:moi|nous)|(?:arrete|arretez|cessez|stoppez)(?:\ (?:ca|tout))?"
    r"|ca\ suffit|me\ retirer|stop\ (?:it|this|that))",
    re.VERBOSE,
)
_EMOJI = frozenset("\N{OCTAGONAL SIGN}\N{NO ENTRY}\N{NO ENTRY SIGN}")
_POLITE = {
    "svp", "stp", "merci", "please", "bitte", "sms", "pub", "tout", "all", "promo", "promos", "message", "messages",
    "berichten", "whatsapp", "bonjour", "hello",
}  # fmt: skip
# The politeness of several words, and the short number that advertisements ask to send STOP to.
_ASIDE = re.compile(r"\bs il (?:vous|te) plait\b|(?<=\bstop) (?:au? )?\d(?: ?\d){3,5}\b|(?<=\bstop) (?:a|au|aux)(?= )")
_SPELLED = re.compile(r"st[o0]+p+")


def is_opt_out(text: str) -> bool:
    """STOP, ARRÊT and their kin, alone, with a word of politeness or as a sentence; « désinscrire », « ne m'écrivez plus » anywhere."""
    if text.strip() and set(text.replace("\N{VARIATION SELECTOR-16}", "").strip()) <= _EMOJI:
        return True
    plain = _without_accents(text)
    bare = _bare(plain)
    if _ANYWHERE.search(bare) or _SPELLED.fullmatch(bare.replace(" ", "")):
        return True
    if any(_refuses_alone(_bare(sentence), _STOP) for sentence in re.split(r"[.,;:!?\n]+", plain)):
        return True
    return _refuses_alone(bare, _ALONE)


def tells_how_to_refuse(text: str) -> bool:
    """Whether a text of ours says how to receive nothing more."""
    return (
        re.search(r"\bstop\b|desinscri|desabon|unsubscri|ne (?:plus|rien) recevoir", _bare(_without_accents(text)))
        is not None
    )


def _refuses_alone(bare: str, vocabulary: frozenset[str]) -> bool:
    words = [word for word in _ASIDE.sub("", bare).split() if word not in _POLITE]
    if _PHRASE_ALONE.fullmatch(" ".join(words)):
        return True
    # STOPPP: somebody who insists.
    return bool(words) and {re.sub(r"\Astop+\Z", "stop", word) for word in words} <= vocabulary


def _bare(plain: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", plain))


def _without_accents(text: str) -> str:
    # What looks like letters too, such as bold ones: they have no small form before they are decomposed.
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in decomposed if not unicodedata.combining(character))
