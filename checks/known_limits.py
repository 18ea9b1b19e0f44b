"""What the reference stack does, or cannot exclude, and no run of the driver shows: said beside the proof of each criterion."""

_TWICE = (
    "deux doublons que la pile n'exclut pas et que l'essai ne provoque pas : un worker gelé juste avant sa requête, au-delà de son bail, et une "
    "passerelle qui accepte une requête après avoir dit n'en rien avoir"
)
_HOURS = "heures d'envoi levées pour l'essai"
# Each was read in the code of `system/`, whose place the comment above it names.
KNOWN_LIMITS = {
    # services/sending.py, its first lines.
    "4.1": f"{_TWICE} ; {_HOURS}",
    "4.4": "essayé dans les jours d'UTC, non dans ceux du fuseau livré (section 6)",
    # services/sending.py, `_refused_for_now`.
    "4.6": "un essai fait pour sonder une passerelle qui refuse tout (4.7) n'est pas compté : pendant une panne, un message peut en recevoir plus de 3",
    # db/interactions.py, `addressee` and `insert_follow_up`; tasks/message_tasks.py, RETRY_POLICY.
    "5.2": "le code n'envoie pas de Message 2 pour une campagne annulée, ni, à un contact de deux campagnes ouvertes qui répond une fois, pour la plus ancienne ; "
    "les derniers instants sont plus longs quand la passerelle refuse (reprise à 60 s, 120 s, 240 s) ou qu'un processus meurt",
    # services/sending.py: the last look at the window comes before the request.
    "5.3": "une passerelle lente, qui accepte après la fin de la fenêtre une requête partie avant elle",
    # services/inbox.py, `_number`.
    "5.7": "une demande venue d'une conversation dont WhatsApp cache le numéro attend que ce numéro soit connu",
    # lock_owners.py, locks.py, and `fail_open` of services/sending.py.
    "6.3": "le verrou d'un propriétaire sans signe de vie depuis 6 s peut être repris avant sa fin, et sans Redis l'envoi a lieu sans verrou",
    "6.4": _TWICE,
    # db/inbox.py, `ON CONFLICT (dedup_key) DO NOTHING`.
    "6.5": "un webhook livré deux fois est écarté sans trace, et n'est pas compté parmi les tentatives",
    # db/closing.py, `_LAST_ACT`.
    "7.5": "une campagne que la limite du jour, les heures d'envoi ou une panne de la passerelle retiennent : les 48 h se comptent alors de la fin de la retenue",
    "8.1": f"{_TWICE} ; {_HOURS}",
    "8.3": _TWICE,
    # db/alarms.py, `max(beat_at)`; services/alerts.py, `LogOnly`.
    "8.6": "cette adresse (`ALERT_WEBHOOK_URL`) est vide dans la livraison : sans elle rien ne part, une ligne de journal est écrite ; la pile ne signale pas "
    "l'arrêt de sa vigie (`watchdog`)",
}
