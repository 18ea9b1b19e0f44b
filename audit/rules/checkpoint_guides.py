"""What the rules of the checkpoint teach: the guides of the rules that bear on its requirements."""

from audit.model.findings import Severity
from audit.rules.rule import Guide

_ROLE = "le rôle n'est pas renseigné dans `audit.toml`, ou la fonction n'a pas été trouvée"
_SCHEDULE = "le planning de beat ne se lit pas en entier, ou le rôle n'est pas renseigné dans `audit.toml`"
_NO_WORKER = "aucun fichier de démarrage ne lance de worker"
_BLOCKED = "Bloquant : rien ne part quand personne n'est connecté"
_HIGH = "Élevé"


def _setting(name: str, passes: str, fails: str, severity: Severity) -> Guide:
    impact = _HIGH if severity is Severity.CRITICAL else "Faible"
    unread = f"la valeur de `{name}` ne se lit pas dans le code, ou une tâche a peut-être la sienne"
    return Guide(severity, passes, fails, f"Régler `{name}=True`", f"celery_app.conf.{name} = True", unread, impact)


def _autonomous(passes: str, fails: str, solution: str) -> Guide:
    advice = "Retirer la dépendance à un utilisateur ; accéder aux données sous le rôle de service"
    return Guide(Severity.CRITICAL, passes, fails, advice, solution, _ROLE, _BLOCKED)


def _periodic(passes: str, entry: str) -> Guide:
    fails = "La tâche n'est pas dans le planning de beat, ou pas à cette fréquence"
    advice = "Planifier la tâche à la fréquence prévue"
    return Guide(Severity.CRITICAL, passes, fails, advice, entry, _SCHEDULE, "Élevé : cette protection n'agit pas")


def _retried(passes: str, fails: str, solution: str) -> Guide:
    advice = "Réessayer au plus 3 fois, après 60 s, 120 s puis 240 s"
    unread = "les options ou les délais de reprise ne se calculent pas à la lecture"
    return Guide(Severity.CRITICAL, passes, fails, advice, solution, unread, "Élevé : un échec passager est perdu")


def _called(passes: str, fails: str, solution: str) -> Guide:
    unread = "la fonction est appelée sans qu'un chemin ait pu être suivi, ou le rôle n'est pas renseigné"
    return Guide(Severity.CRITICAL, passes, fails, "Appeler la fonction", solution, unread, _HIGH)


def _clean(passes: str, fails: str, solution: str) -> Guide:
    unread = "l'outil ou le fichier de résultats qui le dirait manque"
    return Guide(Severity.MINOR, passes, fails, "Corriger ce que l'outil signale", solution, unread, language="bash")


GUIDES = {
    "late-acknowledgement": _setting(
        "task_acks_late",
        "Une tâche est acquittée après son exécution",
        "Une tâche acquittée avant son exécution est perdue si le worker meurt",
        Severity.CRITICAL,
    ),
    "reject-on-worker-lost": _setting(
        "task_reject_on_worker_lost",
        "Une tâche dont le processus est tué retourne dans la file",
        "Une tâche dont le processus est tué est acquittée, donc perdue",
        Severity.CRITICAL,
    ),
    "startup-retry": _setting(
        "broker_connection_retry_on_startup",
        "Un worker démarré avant son broker l'attend",
        "Un worker démarré avant son broker peut s'arrêter",
        Severity.MINOR,
    ),
    "sender-no-user": _autonomous(
        "L'envoi d'un message ne dépend d'aucun utilisateur",
        "L'envoi d'un message attend, ou filtre par, un utilisateur connecté",
        "def send_single_message(self, message_id): ...",
    ),
    "campaign-sender-no-user": _autonomous(
        "L'envoi d'une campagne ne dépend d'aucun utilisateur",
        "L'envoi d'une campagne attend, ou filtre par, un utilisateur connecté",
        "def send_campaign_messages(self, campaign_id): ...",
    ),
    "webhook-no-user": _autonomous(
        "Le webhook n'exige aucune session d'utilisateur",
        "Le webhook exige une session d'utilisateur, que la passerelle n'a pas",
        '@router.post("/webhooks/gateway")\nasync def receive(request: Request): ...',
    ),
    "webhook-processor-no-user": _autonomous(
        "Le traitement d'un message entrant ne dépend d'aucun utilisateur",
        "Le traitement d'un message entrant attend, ou filtre par, un utilisateur connecté",
        "def process_message(data): ...",
    ),
    "follow-up-no-user": _autonomous(
        "Le Message 2 est créé et planifié sans utilisateur",
        "Le Message 2 attend, ou filtre par, un utilisateur connecté",
        "send_single_message.apply_async(args=[message_2_id], countdown=2)",
    ),
    "recovery": _periodic(
        "Les campagnes interrompues sont reprises toutes les 5 min",
        '"recover": {"task": "application.tasks.recover_interrupted_campaigns", "schedule": 300.0},',
    ),
    "health-check-period": _periodic(
        "Un contrôle de santé part toutes les 2 min",
        '"health": {"task": "application.tasks.system_health_check", "schedule": 120.0},',
    ),
    "expiry-period": _periodic(
        "Les messages sans interaction depuis 24 h expirent, toutes les heures",
        '"expiry": {"task": "application.tasks.check_expired_interactions", "schedule": 3600.0},',
    ),
    "lock-cleanup-period": _periodic(
        "Les verrous expirés sont retirés toutes les 10 min",
        '"locks": {"task": "application.tasks.cleanup_expired_locks", "schedule": 600.0},',
    ),
    "monitoring-sync-period": _periodic(
        "Les compteurs sont persistés toutes les heures",
        '"counters": {"task": "application.tasks.sync_monitoring", "schedule": 3600.0},',
    ),
    "monitoring-reset-period": _periodic(
        "Les compteurs du jour repartent de zéro à 00:00 UTC",
        '"reset": {"task": "application.tasks.reset_daily_monitoring", "schedule": crontab(hour=0, minute=0)},',
    ),
    "beat-started": Guide(
        Severity.CRITICAL,
        "Les scripts de démarrage lancent `celery beat`",
        "Un worker est lancé sans beat : aucune tâche périodique ne s'exécute, reprise comprise",
        "Lancer `celery beat`",
        "celery -A application beat --loglevel=info &",
        f"{_NO_WORKER}, ou aucun planning n'a été trouvé",
        _HIGH,
        "bash",
    ),
    "concurrency": Guide(
        Severity.MINOR,
        "La concurrence des scripts est celle de la configuration",
        "Un script lance le worker avec une autre concurrence que la configuration, et l'emporte",
        "Écrire la même valeur aux deux endroits",
        "celery -A application worker --concurrency=4",
        f"{_NO_WORKER}, ou la concurrence ne se lit pas",
        language="bash",
    ),
    "supervision": Guide(
        Severity.MINOR,
        "Un superviseur relance les workers",
        "Rien ne relance un worker qui meurt",
        "Ajouter un superviseur, ou une boucle de redémarrage",
        "while true; do\n    celery -A application worker || true\n    sleep 5\ndone &",
        _NO_WORKER,
        language="bash",
    ),
    "idempotency": _called(
        "L'envoi appelle la protection contre les doublons",
        "La protection contre les doublons existe, mais l'envoi ne l'appelle pas",
        "if not claim(message_id):\n    return",
    ),
    "campaign-lock": _called(
        "L'envoi d'une campagne prend son verrou",
        "Le verrou de campagne existe, mais l'envoi ne le prend pas",
        "with campaign_lock(campaign_id) as acquired:\n    ...",
    ),
    "retry-limit": _retried(
        "Un échec passager est réessayé au plus 3 fois",
        "L'envoi est réessayé sans limite, ou un autre nombre de fois",
        "@celery_app.task(bind=True, max_retries=3)",
    ),
    "retry-delays": _retried(
        "Les reprises attendent 60 s, 120 s puis 240 s",
        "Les délais de reprise que la tâche emploie ne sont pas ceux du cahier",
        "raise self.retry(countdown=60 * 2**self.request.retries)",
    ),
    "retry-not-swallowed": _retried(
        "Aucun `except` ne rattrape l'exception de `self.retry()`",
        "`self.retry()` est rattrapée : la reprise part deux fois, ou la tâche passe pour finie",
        "except Retry:\n    raise",
    ),
    "imports": Guide(
        Severity.CRITICAL,
        "Tous les modules de tâches s'importent",
        "Un module de tâches ne s'importe pas : le worker s'arrête au démarrage",
        "Corriger l'import",
        "python -c 'import application.tasks'",
        "l'audit s'arrête à la lecture, ou l'échec peut venir de l'environnement de la sonde",
        _HIGH,
        "bash",
    ),
    "dead-code": _clean("Aucun code mort n'a été trouvé", "Du code n'est appelé par personne", "vulture application/"),
    "unused-imports": _clean(
        "Aucun import n'est inutilisé", "Des imports sont inutilisés", "ruff check --select F401 --fix"
    ),
    "stray-prints": _clean(
        "Aucun `print` hors des tests", "Des `print` de mise au point restent", "ruff check --select T20"
    ),
    "tests-pass": _clean("Tous les tests passent", "Des tests échouent", "pytest --junitxml=junit.xml"),
    "test-coverage": _clean(
        "La couverture des tests est supérieure à 80 %",
        "La couverture des tests est de 80 % ou moins",
        "coverage run -m pytest && coverage xml",
    ),
    "uniform-style": _clean("Le style est uniforme", "Le style n'est pas uniforme", "ruff format"),
    "deprecations": Guide(
        Severity.MINOR,
        "Aucune interface dépréciée n'a été trouvée",
        "Une interface dépréciée est employée, ou un avertissement est émis à l'import",
        "Suivre le remplacement indiqué",
        'class Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_file=".env")',
        "aucune sonde n'a rien lu",
        "Aucun",
    ),
}
