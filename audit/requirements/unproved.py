"""What the proof of each criterion leaves unproved, in one French line: a reviewer signs the one and not the other."""

from audit.model.findings import Level

_AT_READING = "rien n'a été exécuté : ce qui est écrit, et non ce qui se passe"
_AT_CONFIGURATION = "aucun processus n'a été lancé : ce qui est réglé, et non ce qui se passe"
_GATEWAY = "passerelle simulée, durées raccourcies, un seul essai"

_BY_EXECUTION = {
    "4.1": _GATEWAY,
    "4.2": _GATEWAY,
    "4.3": "la fenêtre est comparée à des dates écrites en base, non attendue ; ses derniers instants sont jugés sous 5.2",
    "4.4": "une autre limite que celle livrée ; compteurs du jour placés près de la limite, puis redescendus : la date ne change pas",
    "4.5": "les traces sont celles de l'essai, non celles de la production",
    "4.6": "les délais livrés ne sont pas attendus ; une panne de toute la passerelle est sous 4.7 ; ce qu'une reprise de la campagne renvoie ensuite est sous 7.1",
    "4.7": "attentes entre essais sautées, deux pannes simulées ; la pile ne retient les envois qu'au cinquième refus d'affilée : un message seul épuise ses quatre essais, comme dans les essais de 4.6 et de 7.1, et sa campagne est mise en pause",
    "4.8": "les formes de numéro de l'essai",
    "5.1": "dates écrites en base, 24 h non attendues",
    "5.2": f"un jour dont le plafond est atteint (4.4) ; {_GATEWAY}",
    "5.3": "dates écrites en base, 24 h non attendues ; ce qui précède de peu la fin est jugé sous 5.2",
    "5.4": "messages simulés, non ceux de WhatsApp",
    "5.5": "passerelle simulée, qui répond en 0,05 s : les processus du worker servent aussi les Message 1, et une passerelle plus lente retarde d'autant le Message 2 ; peu de mesures, limite du jour hors d'atteinte dans l'essai (section 6), sans panne : un worker tué retarde le Message 2 (8.3)",
    "5.6": "webhooks simulés, durées raccourcies, un seul essai",
    "5.7": "les mots de l'essai, passerelle simulée ; une demande reçue pendant qu'un envoi est en cours",
    "6.1": f"deux campagnes qui attendent une réponse à la fois ; {_GATEWAY}",
    "6.2": f"l'heure écoulée est simulée ; {_GATEWAY}",
    "6.3": "l'expiration du verrou n'est pas attendue ; que le verrou suffise : absent ou pris par un autre, c'est à la base d'empêcher le doublon (6.4)",
    "6.4": "un autre nombre d'interactions simultanées que celui de l'essai",
    "6.5": "les traces sont celles de l'essai",
    "7.1": _GATEWAY,
    "7.2": "dates écrites en base",
    "7.3": "petite campagne d'essai",
    "7.4": "la tâche est appelée, l'heure n'est pas attendue",
    "7.5": "âges écrits en base, jours non attendus, à la minute près",
    "7.6": "les traces sont celles de l'essai ; une campagne close puis rouverte",
    "8.1": _GATEWAY,
    "8.2": "webhooks simulés, durées raccourcies, un seul essai",
    "8.3": _GATEWAY,
    "8.4": "mesuré en essai, durées raccourcies ; pannes d'hôte et de fournisseur non essayées ; la production seule confirme 99,9 %",
    "8.5": "le déploiement essayé seulement ; les autres sont lus",
    "8.6": "délai d'alerte réduit ; tous les workers arrêtés, et non l'un d'eux ; adresse de l'alerte réglée pour l'essai",
    "9.1": "campagne écrite d'un coup en base, sans envoi en cours ni demandes simultanées, sur une machine locale",
    "9.2": "petite campagne d'essai ; la définition des taux",
    "9.3": "une seule mesure",
    "9.4": "campagne écrite d'un coup en base, sans envoi en cours, sur une machine locale",
    "9.5": "petite campagne d'essai",
}
_BY_TOOLS = {
    "10.1": "ce que l'outil ne voit pas, ou que ses réglages (noms et motifs ignorés) lui disent d'ignorer",
    "10.2": "ce que l'outil est réglé pour ignorer",
    "10.3": "une trace écrite autrement que par `print`",
    "10.4": "que ces résultats, dont le fichier n'est pas joint, sont ceux de cette empreinte ; les tests que la commande écarte (marqués, ignorés) ; que ces tests suffisent",
    "10.5": "que ces résultats, dont le fichier n'est pas joint, sont ceux de cette empreinte ; que le code couvert est vérifié",
    "10.6": "ce que l'outil ne règle pas",
}


def unproved(criterion: str, known_by: Level | None, more: str = "") -> str:
    """What is left unproved by evidence of this level, and what the owner of the stack knows besides; empty where nothing is known."""
    if known_by is None:
        return ""
    return " ; ".join(filter(None, [_of(criterion, known_by), more]))


def _of(criterion: str, known_by: Level) -> str:
    if criterion in _BY_TOOLS:
        return _BY_TOOLS[criterion]
    if known_by < Level.EXECUTION:
        return _AT_READING if known_by is Level.SOURCE else _AT_CONFIGURATION
    return _BY_EXECUTION.get(criterion, "un seul essai, sur une machine locale")
