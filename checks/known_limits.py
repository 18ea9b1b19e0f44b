"""What the reference stack does, or cannot exclude, and no run of the driver shows: said beside the proof of each criterion."""

_TWICE = (
    "deux doublons que la pile n'exclut pas et que l'essai ne provoque pas : un worker gelé juste avant sa requête, au-delà de son bail, et une "
    "passerelle qui accepte une requête après avoir dit n'en rien avoir"
)
_HOURS = "plage horaire d'envoi levée pour l'essai"
# Each was read in the code of `system/`, whose place the comment above it names.
KNOWN_LIMITS = {
    # services/sending.py, its first lines.
    # db/campaigns.py, `freeze`.
    "4.1": f"{_TWICE} ; un contact sans consentement, désinscrit ou connu comme absent de WhatsApp ne reçoit rien ; {_HOURS}",
    # db/interactions.py, `addressee`: it does not compare the reception with the request.
    "4.3": "une réponse reçue pendant que le Message 1 attendait, et traitée après son envoi (30 s au moins si le processus web meurt), ou reçue entre un essai sans "
    "réponse et l'essai suivant, donne aussi un Message 2",
    "4.4": "essayé dans les jours d'UTC, non dans ceux du fuseau livré (section 6)",
    # services/sending.py, `_report`.
    "4.5": "un processus tué entre l'inscription d'un envoi et sa trace : l'envoi n'en a alors pas",
    # services/sending.py, `_refused_for_now` and `give_up`.
    "4.6": "4.7 veut qu'une panne de toute la passerelle n'use pas les essais d'un message : celui qui la sonde peut en recevoir plus de 3 ; après une réponse "
    "5xx, ou sans réponse, la pile interroge d'abord la passerelle, et ne dit pas en échec un message dont elle ne sait rien",
    # db/interactions.py, `addressee` and `insert_follow_up`; tasks/message_tasks.py, RETRY_POLICY.
    "5.2": "le code n'envoie pas de Message 2 pour une campagne annulée, ni, à un contact de deux campagnes ouvertes qui répond une fois, pour la plus ancienne, ni à un contact dont WhatsApp "
    "cache le numéro, si rien ne le donne dans les 24 h, ni quand la campagne reste en pause jusqu'à la fin de la fenêtre : ce contact est alors compté en échec ; "
    "les derniers instants sont plus longs quand la passerelle refuse (reprise à 60 s, 120 s, 240 s) ou qu'un processus meurt",
    # services/sending.py: the last look at the window comes before the request.
    "5.3": "une passerelle lente, qui accepte après la fin de la fenêtre une requête partie avant elle",
    # services/inbox.py, `_record`.
    "5.6": "une interaction d'une conversation dont WhatsApp cache le numéro attend un jour que ce numéro soit connu, puis est écartée ; un "
    "webhook dont le traitement échoue cinq fois est abandonné, avec une ligne d'erreur au journal",
    # services/inbox.py, `_number` and `_record`.
    "5.7": "une demande venue d'une conversation dont WhatsApp cache le numéro n'a d'effet que quand ce numéro est connu : d'ici là, la personne reçoit encore ; ce "
    "qui part entre la réception d'une demande et son traitement part aussi, 30 s au moins si le processus web meurt entre les deux",
    # lock_owners.py, locks.py, and `fail_open` of services/sending.py.
    "6.3": "le verrou d'un propriétaire sans signe de vie depuis 6 s peut être repris avant sa fin, et sans Redis l'envoi a lieu sans verrou",
    "6.4": f"la base garantit qu'un seul Message 2 est écrit, non qu'il n'est remis qu'une fois : cela tient aux baux et à la passerelle ; {_TWICE}",
    # db/inbox.py, `ON CONFLICT (dedup_key) DO NOTHING`.
    "6.5": "un webhook livré deux fois est écarté sans trace, et n'est pas compté parmi les tentatives",
    # domain/error_spike.py.
    "7.1": "l'arrêt pour échecs, qui met une campagne en pause au lieu de la clore, veut 20 échecs au moins en dix minutes, et plus de 30 % des messages finis",
    # db/migrations/0004_campaign_life.sql, `cancelled`.
    "7.2": "un sixième état, que l'énoncé ne prévoit pas : « annulé », celui d'un contact dont l'envoi attendait quand la campagne a été close ou annulée",
    # db/campaigns.py, `move`.
    "7.3": "rouvrir une campagne close efface ses statistiques finales",
    # db/closing.py, `_LAST_ACT`.
    "7.5": "une campagne que la limite du jour, les heures d'envoi ou une panne de la passerelle retiennent : les 48 h se comptent alors de la fin de la retenue",
    "8.1": f"{_TWICE} ; {_HOURS}",
    "8.3": _TWICE,
    # db/alarms.py, `max(beat_at)`; services/alerts.py, `LogOnly`.
    "8.6": "cette adresse (`ALERT_WEBHOOK_URL`) est vide dans la livraison : sans elle rien ne part, une ligne de journal est écrite ; la pile ne signale pas "
    "l'arrêt de sa vigie (`watchdog`)",
    # db/campaigns.py, `move`.
    "9.5": "rouvrir une campagne close efface ses statistiques finales",
}
