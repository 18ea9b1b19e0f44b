"""Hand-made journals: the December checkpoint (everything read), and a strict one where things ran, failed or stayed open."""

import pytest

from tests.unit.audit.report.hand_made import Journal, category, excerpt, finding, journal, problem, requirement


@pytest.fixture
def december() -> Journal:
    """What the December checkpoint says, as a journal."""
    return journal(
        categories=_december_categories(),
        requirements=_december_requirements(),
        periodic_tasks={
            "level": "déclaré",
            "rows": [
                {"task": "system_health_check", "frequency": "2 min", "purpose": "Vérification santé système"},
                {"task": "reset_daily_monitoring", "frequency": "00:00 UTC", "purpose": "Reset compteurs quotidiens"},
            ],
        },
        problems=_december_problems(),
        aspects=[
            {"name": "Tests automatisés", "status": "✅ 21/21 PASSED"},
            {"name": "Fonctionnement autonome", "status": "✅ CONFORME (déclaré)"},
            {"name": "Redémarrage automatique", "status": "⚠️ PARTIEL (déclaré)"},
        ],
        verdict=journal()["verdict"]
        | {
            "partial": ["8.5"],
            "bullets": [
                ["✅", "Envoi de messages sans admin connecté"],
                ["✅", "Contrôle de santé planifié"],
            ],
            "compensations": [{"requirement": "8.5", "control": "recover_interrupted_campaigns"}],
        },
        phases=[
            {"number": 7, "title": "Audit Workers Celery", "state": "TERMINÉE"},
            {"number": 8, "title": "Audit Statistiques", "state": "À VALIDER"},
            {"number": 9, "title": "Nettoyage Code", "state": "EN ATTENTE"},
        ],
    )


def _december_categories() -> list[Journal]:
    counts = {
        "Configuration Celery": 3,
        "Envoi Messages Autonome": 2,
        "Traitement Webhooks Autonome": 2,
        "Envoi Message 2 Autonome": 1,
        "Robustesse Workers": 4,
        "Tâches Health Check": 3,
        "Mécanisme de Retry": 3,
        "Service Monitoring": 2,
        "Verrouillage Campagnes": 1,
    }
    return [category(name, count, warned=int(name == "Robustesse Workers")) for name, count in counts.items()]


def _december_requirements() -> list[Journal]:
    return [
        requirement(
            "8.1",
            "Envoi Message 1 sans Admin Connecté",
            "CONFORME",
            [
                finding(
                    "établi", "`send_single_message` n'a pas de paramètre `user_id` ou `current_user`", "sender-no-user"
                )
            ],
            excerpts=[excerpt("app/tasks/message_tasks.py", 16, 20)],
        ),
        requirement(
            "8.4",
            "Uptime Workers > 99.9%",
            "CONFORME",
            [finding("établi", "`task_acks_late=True` - Acknowledge après exécution", "late-acknowledgement")],
            heading="Mécanismes de robustesse vérifiés",
        ),
        requirement(
            "8.5",
            "Redémarrage Automatique Workers",
            "PARTIEL",
            [
                finding("établi", "Configuration Celery robuste avec retry automatique", "startup-retry"),
                finding(
                    "défaut", "Le script `start.sh` ne redémarre pas automatiquement les workers crashés", "supervision"
                ),
            ],
            reason="Un contrôle attendu manque ; `recover_interrupted_campaigns` en compense une partie.",
            compensations=[
                {
                    "defect": "supervision",
                    "control": "recover_interrupted_campaigns",
                    "covers": "les campagnes interrompues sont reprises toutes les 5 minutes",
                    "residual": "tant que personne ne relance le worker, rien ne part",
                }
            ],
        ),
    ]


def _december_problems() -> list[Journal]:
    return [
        problem(
            1,
            "Pas de redémarrage automatique des workers",
            "Ajouter supervisord ou boucle de redémarrage",
            rule="supervision",
            requirements=["8.5"],
            situation=[excerpt("start.sh", 5, 6, "bash")],
            solution="while true; do\n    celery -A app.tasks.celery_app worker\n    sleep 5\ndone &",
            solution_language="bash",
        ),
        problem(2, "Warnings Pydantic deprecated", "Migrer vers ConfigDict (non urgent)", impact="Aucun"),
    ]


@pytest.fixture
def strict() -> Journal:
    """A strict checkpoint on a running stack: one requirement holds, one fails, one stays open; a probe failed."""
    executed = {"level": "exécuté", "source": "autonomous-sending"}
    return journal(
        profile="strict",
        level="execution",
        categories=[
            category("Configuration Celery", 2, failed=1),
            category("Robustesse Workers", 1, undetermined=2, not_applicable=1),
            category("Service Monitoring", 1, errors=1),
            category("Verrouillage Campagnes", 0, not_applicable=1),
        ],
        probes=[
            journal()["probes"][0] | {"unread": [["app/vieux.py", "encodage inconnu"]]},
            {
                "name": "configuration",
                "level": "configuré",
                "digest": "b" * 64,
                "failure": "Le module `app.tasks` ne s'importe pas : ModuleNotFoundError.",
                "isolation": "espace de noms sans réseau",
                "unread": [],
                "counts": {},
            },
        ],
        requirements=[
            requirement(
                "8.1",
                "Envoi Message 1 sans Admin Connecté",
                "CONFORME",
                [
                    finding(
                        "établi", "Les 120 Message 1 sont arrivés une seule fois", "autonomous-sending", **executed
                    ),
                    finding("établi", "`send_single_message` n'a pas de paramètre `user_id`", "sender-no-user"),
                    finding("sans objet", "Aucun verrou de campagne", "campaign-lock"),
                ],
                floor="exécuté",
                known_by="exécuté",
            ),
            requirement(
                "8.2",
                "Traitement Webhooks sans Admin Connecté",
                "NON CONFORME",
                [finding("défaut", "`receive_wassenger_webhook` exige `get_current_user`", "webhook-no-user")],
                floor="exécuté",
                reason="`receive_wassenger_webhook` exige `get_current_user`",
            ),
            requirement(
                "8.4",
                "Uptime Workers > 99.9%",
                "INDÉTERMINÉ",
                [
                    finding("établi", "`task_acks_late=True`", "late-acknowledgement"),
                    finding(
                        "indéterminé",
                        "Concurrence alignée",
                        missing="aucun fichier de démarrage",
                        settles="renseigner `target.process_files`",
                    ),
                    finding("erreur d'audit", "la règle `x` a échoué (KeyError)"),
                ],
                floor="mesuré",
                reason="Le niveau exigé est « mesuré » ; les preuves réunies s'arrêtent à « déclaré ».",
                settles="un journal d'endurance de la même empreinte",
            ),
        ],
        problems=[
            problem(
                1,
                "Le webhook exige une session",
                "Retirer `Depends(get_current_user)`",
                severity="critique",
                impact="Bloquant",
                requirements=["8.2"],
                situation_text="la route dépend de `get_current_user` à trois niveaux",
            )
        ],
        corrections={
            "previous": {"date": "2025-12-29", "path": "2025-12-29-famille-8-strict.json", "digest": "f" * 64},
            "fixed": [{"title": "Warnings Pydantic deprecated", "requirement": ""}],
            "new": [{"title": "Le webhook exige une session", "requirement": "8.2"}],
            "verdict_changes": [{"requirement": "8.2", "before": "CONFORME", "after": "NON CONFORME"}],
        },
        conditions=["la passerelle est un `double` local", "le délai d'alerte est ramené à 10 s"],
        experiments=[
            {
                "id": "autonomous-sending",
                "title": "Envoi sans administrateur, workers tués en plein envoi",
                "requirements": ["8.1", "8.4"],
                "figures": [["Message 1 attendus", "120"], ["Reçus deux fois", "0"]],
                "timeline": [[1.25, "le worker principal est tué"]],
            },
            {
                "id": "beat-firing",
                "title": "Beat",
                "requirements": ["8.6"],
                "figures": [["Déclenchements", "3"]],
                "timeline": [],
            },
        ],
        aspects=[
            {"name": "Tests automatisés", "status": "❌ 4/8 PASSED"},
            {"name": "Fonctionnement autonome", "status": "❌ NON CONFORME (exécuté)"},
            {"name": "Disponibilité et alerte", "status": "❔ INDÉTERMINÉ"},
        ],
        verdict=journal()["verdict"]
        | {
            "validated": False,
            "complete": False,
            "unverified": ["8.4"],
            "refused": ["8.2"],
            "bullets": [
                ["✅", "Envoi de messages sans admin connecté"],
                ["❌", "Traitement des webhooks automatique : non conforme"],
            ],
        },
    )
