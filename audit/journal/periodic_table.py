"""The table of periodic tasks of a report, from the strongest probe that knows the schedule."""

from typing import Any

from audit.model.target_facts import TargetFacts
from audit.rules.crontabs import crontab_zone, frequency

PURPOSES = {
    "system_health_check": "Vérification santé système",
    "recover_interrupted_campaigns": "Récupération campagnes interrompues",
    "check_expired_interactions": "Timeout 24h sans interaction",
    "sync_monitoring_to_supabase": "Persistance stats Redis → Supabase",
    "reset_daily_monitoring": "Reset compteurs quotidiens",
    "cleanup_expired_locks": "Nettoyage verrous expirés",
    "sweep_expired_leases": "Reprise des envois dont le bail a expiré",
    "close_overdue_campaigns": "Clôture des campagnes trop vieilles",
    "forget_old_data": "Effacement des données anciennes",
}


def periodic_table(known: TargetFacts) -> dict[str, Any]:
    """Rows task, frequency, purpose (empty when the catalogue does not know the task), and how the schedule is known."""
    facts = next((f for f in known.probes if f.beat_known), None)
    if facts is None:
        return {"level": "", "rows": []}
    rows = [
        {
            "task": entry.task.rpartition(".")[2],
            "frequency": frequency(entry, crontab_zone(known) or "heure de la machine"),
            "purpose": PURPOSES.get(entry.task.rpartition(".")[2], ""),
        }
        for entry in facts.beat
    ]
    return {"level": facts.level.french, "rows": rows}
