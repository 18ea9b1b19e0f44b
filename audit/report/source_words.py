"""The words of the December checkpoint, and the French ones that the other profiles tell instead."""

from collections.abc import Mapping
from typing import Any

_FRENCH = {
    "Acknowledge après exécution": "acquittement après exécution",
    "Requeue si worker crash": "remise en file si le worker meurt",
    "Retry connexion Redis": "nouvelle tentative de connexion au broker",
    "Health check périodique": "Contrôle de santé périodique",
    "Vérification santé système": "vérification de la santé du système",
    "Récupération campagnes interrompues": "reprise des campagnes interrompues",
    "Timeout 24h sans interaction": "expiration après 24 h sans interaction",
    "Persistance stats Redis → Supabase": "enregistrement des compteurs en base",
    "Reset compteurs quotidiens": "changement de jour des compteurs",
    "Nettoyage verrous expirés": "verrous que leur propriétaire n'a pas rendus",
    "Nettoyage des verrous expirés": "Nettoyage des verrous non rendus",
    "les workers crashés": "les workers morts",
    "Concurrency différente entre config et": "Concurrence différente entre la configuration et",
    " PASSED": " établis",
    **{
        f"SIGKILL{between}{what}": f"SIGKILL {of} {what}"
        for between in (" : ", ", ")
        for of, what in (("du", "processus "), ("du", "worker"), ("de", "beat"))
    },
}
# What is quoted stays to the letter.
_QUOTED = frozenset({"text", "solution", "values", "volatile", "target"})


def in_french(journal: Mapping[str, Any]) -> Mapping[str, Any]:
    """The journal in French words; that of the December profile keeps those of its source."""
    told: Mapping[str, Any] = journal if journal["profile"] == "checkpoint-2025" else _told(journal)
    return told


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: part if key in _QUOTED else _told(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_told(part) for part in value]
    if isinstance(value, str):
        for word, french in _FRENCH.items():
            value = value.replace(word, french)
    return value
