"""What each role of a target file is, in the French of reports; `audit init` and errors say it in English."""

ROLES_IN_FRENCH = {
    "sender": "la tâche Celery qui envoie un message",
    "campaign_sender": "la tâche Celery qui envoie une campagne",
    "webhook": "la route HTTP que la passerelle appelle",
    "webhook_processor": "la fonction qui traite un message entrant",
    "follow_up_scheduler": "la fonction qui crée le Message 2 et programme son envoi",
    "recovery": "la tâche qui reprend les campagnes interrompues",
    "health_check": "la tâche périodique de contrôle de santé",
    "expiry": "la tâche périodique qui ferme la fenêtre de 24 h",
    "monitoring_sync": "la tâche périodique qui conserve les compteurs",
    "monitoring_reset": "la tâche périodique qui remet à zéro les compteurs du jour",
    "lock_cleanup": "la tâche périodique qui rend les verrous abandonnés",
    "campaign_lock": "la fonction ou la classe qui verrouille une campagne",
    "idempotency": "la fonction qui rend sans effet une seconde exécution d'un envoi",
    "service_client": "la fonction qui donne accès aux données sous le rôle de service",
    "watchdog": "le processus qui alerte quand les workers sont arrêtés",
}
