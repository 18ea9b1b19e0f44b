import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.domain.consent import is_opt_out

WORDS = ["STOP", "arrêt", "Désinscrire", "désinscription", "se désabonner", "unsubscribe", "STOP SMS", "Arrêtez svp"]


@pytest.mark.parametrize("text", [*WORDS, "  stop !!! ", "ARRE\N{COMBINING CIRCUMFLEX ACCENT}T.", "« Stop, merci »",
                                  "Je voudrais me désinscrire s'il vous plaît", "*STOP*", "_stop_", "stop stop",
                                  "Arrêtez vos messages", "STOP s'il vous plaît", "STOP 36111", "Stop au 36111, merci",
                                  "arrêtez de m'écrire", "Arrêtez de m’envoyer ça",
                                  "Ne m'écrivez plus", "merci de ne plus m'envoyer de pub", "je ne veux plus recevoir ça",
                                  "me retirer de la liste", "Retirez-moi de vos listes", "opt out", "Opt-out", "OPTOUT", "STOPP", "stoppp", "supprimez mon numéro", "Retirez mon numéro",
                                  "stop promo", "STOP ALL", "plus de messages svp", "Plus de pub !", "remove me", "END", "CANCEL",
                                  "Quit", "🛑", "⛔️🛑", "Stop aux pubs", "please don't text me", "delete my number",
                                  "Baja", "no quiero recibir más", "Não quero mais receber", "SAIR", "Keine Werbung",
                                  "Enlever mon contact", "Stop merci de me retirer", "STOP à tout", "S.T.O.P", "St0p",
                                  "Laissez-moi tranquille", "je ne veux plus de vos messages", "Pas intéressé, stop.",
                                  "Je ne souhaite plus être contacté", "ne me contactez pas", "supprimez-moi", "retirez-moi svp",
                                  "effacez-moi de votre base", "supprimez mes coordonnées", "Enlevez mon num", "désincription",
                                  "Unsuscribe", "no more texts", "take me off your list", "leave me alone", "opt me out",
                                  "no me molesten", "dejen de escribirme", "eliminar mi número", "cancelar suscripción",
                                  "não me envie mais", "pare de me mandar mensagens", "non scrivetemi più", "smettila",
                                  "Stopp bitte", "abmelden", "bitte löschen Sie meine Nummer", "stop berichten", "Отпишите меня",
                                  "توقف", "إلغاء الاشتراك", "Arrêtez ça", "STOP à 36 180",
                                  "Stoppez tout", "cessez", "enlevez mon n°", "Supprimez mon №", "Stop les messages",
                                  "STOP à vos messages", "stop envoi", "radiez-moi", "rayez-moi de votre liste",
                                  "Ne m'appelez plus", "stop it", "no más mensajes", "basta messaggi", "chega de mensagens",
                                  "\N{MATHEMATICAL BOLD CAPITAL S}TOP", "ＳＴＯＰ"])  # fmt: skip
def test_refusals(text: str) -> None:
    assert is_opt_out(text)


@pytest.mark.parametrize(
    "text",
    [
        *["", "oui", "👍", "Où est l'arrêt de bus ?", "non stop", "stopper", "arrêté préfectoral", "merci", "…"],
        "Je descends au stop devant la mairie et je vous rejoins à pied vers midi",
        "Le bus s'arrête devant chez vous, stop ou encore ?",
        *["36111", "s'il vous plaît", "stop 7", "arrêt 36111", "j'opte pour la sortie", "retirez-moi deux places"],
        *[
            "weekend",
            "the end of the street",
            "je cancel mon rendez-vous",
            "il y a plus de messages que prévu",
            "🎉",
            "🛑 travaux",
        ],
        *["quel est mon numéro ?", "J'ai plus de messages d'eux que de vous", "supprimez ma commande", "promo"],
        *["je m'arrête là", "Arrêtez-vous devant chez moi", "quand est la fin ?", "cancel my order please", "The End"],
        *[
            "Quel arrêt ? Celui de la mairie.",
            "retirez le numéro 3",
            "laissez-moi deux places",
            "stopover",
            "non mi piace",
        ],
        *["plus de pain", "Pouvez-vous retirer mon colis ?", "supprimez-moi une place", "I will quit smoking"],
        *[
            "cessez le feu",
            "Stoppez-vous à Lyon ?",
            "stop it guys we are coming",
            "On peut rayer ce plat ?",
            "basta pasta",
        ],
        *["Enlevez mon nuage", "plus de n° ?", "stop les gars", "supprime mon nom de la fête ?"],
        *["Vous m'écrivez plus tard ?", "je veux recevoir vos messages", "Je n'ai plus reçu la liste"],
    ],
)
def test_what_refuses_nothing(text: str) -> None:
    assert not is_opt_out(text)


@given(
    st.sampled_from(WORDS), st.sampled_from([str.upper, str.lower, str.title]), st.text("!?.,;:*()«»\"' \n", max_size=5)
)
def test_case_and_punctuation_say_nothing(word: str, case: object, around: str) -> None:
    assert is_opt_out(around + case(word) + around)  # type: ignore[operator]


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert is_opt_out(text) in {True, False}
