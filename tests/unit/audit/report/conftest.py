"""Hand-made journals: the December checkpoint (everything read), and a strict one where things ran, failed or stayed open."""

from pathlib import Path
from typing import Any

import pytest

Journal = dict[str, Any]
_TARGET = Path(__file__).parents[3] / "targets" / "decembre-2025"


def excerpt(path: str, first: int, last: int, language: str = "python") -> Journal:
    """Lines of the December target."""
    lines = (_TARGET / path).read_text(encoding="utf-8").splitlines()[first - 1 : last]
    return {"path": path, "first_line": first, "last_line": last, "text": "\n".join(lines), "language": language}


def finding(
    outcome: str, sentence: str, rule: str = "rule", level: str = "déclaré", source: str = "source", **more: str
) -> Journal:
    evidence: list[Journal] = [{"level": level, "source": source, "digest": "d" * 64, "values": {}, "excerpt": None}]
    return {
        "rule": rule,
        "outcome": outcome,
        "level": level,
        "sentence": sentence,
        "missing": more.get("missing", ""),
        "settles": more.get("settles", ""),
        "evidence": [] if outcome == "indéterminé" else evidence,
    }


def requirement(identifier: str, title: str, verdict: str, findings: list[Journal], **more: Any) -> Journal:
    base = {
        "id": identifier,
        "title": title,
        "criterion": "Les Message 1 partent sans administrateur connecté.",
        "floor": "déclaré",
        "heading": "Vérifications effectuées",
        "verdict": verdict,
        "known_by": "déclaré",
        "reason": "Tous les points sont établis (déclaré).",
        "settles": "`audit run --level execution`",
        "findings": findings,
        "compensations": [],
        "excerpts": [],
    }
    return base | more


def problem(number: int, title: str, recommendation: str, **more: Any) -> Journal:
    base = {
        "number": number,
        "rule": f"rule-{number}",
        "requirements": [],
        "title": title,
        "severity": "mineur",
        "impact": "Faible",
        "recommendation": recommendation,
        "situation": [],
        "situation_text": "",
        "solution": "",
        "solution_language": "python",
    }
    return base | more


def category(name: str, passed: int, **more: int) -> Journal:
    counts = {"warned": 0, "failed": 0, "undetermined": 0, "errors": 0, "not_applicable": 0} | more
    tests = passed + counts["failed"] + counts["undetermined"] + counts["errors"]
    return {"name": name, "tests": tests, "passed": passed, **counts}


def journal(**parts: Any) -> Journal:
    """A journal with `parts` over neutral values; totals are summed from its categories."""
    base: Journal = {
        "version": 1,
        "volatile": {
            "date": "2025-12-29",
            "generated_at": "2025-12-29T10:00:00+00:00",
            "duration_seconds": 2.6,
            "command": "audit run . --profile checkpoint-2025",
            "pytest_summary": "21 passed, 1 warning in 2.63s",
            "host": "Linux x86_64, 2 CPU",
        },
        "target": {
            "name": "decembre-2025",
            "spec": "comprehensive-audit-2025",
            "task": "14. Checkpoint - Validation workers Celery",
            "digest": "0123456789abcdef" * 4,
            "versions": {"python": "3.11.7", "celery": "5.6.3"},
        },
        "tool": {"name": "checkpoint-audit", "version": "0.1.0"},
        "profile": "checkpoint-2025",
        "level": "source",
        "family": "8",
        "probes": [
            {
                "name": "source",
                "level": "déclaré",
                "digest": "a" * 64,
                "failure": "",
                "isolation": "",
                "unread": [],
                "counts": {"functions": 40, "tasks": 8, "beat": 6},
            }
        ],
        "categories": [],
        "requirements": [],
        "unattached": [],
        "periodic_tasks": {"level": "", "rows": []},
        "problems": [],
        "corrections": {"previous": None, "fixed": [], "new": [], "verdict_changes": []},
        "conditions": [],
        "experiments": [],
        "aspects": [],
        "verdict": {
            "validated": True,
            "complete": True,
            "judged": True,
            "unverified": [],
            "refused": [],
            "partial": [],
            "bullets": [],
            "compensations": [],
        },
        "phases": [{"number": 7, "title": "Audit Workers Celery", "state": "TERMINÉE"}],
    }
    document = base | parts
    keys = ("tests", "passed", "warned", "failed", "undetermined", "errors", "not_applicable")
    document["totals"] = {k: sum(c[k] for c in document["categories"]) for k in keys}
    return document


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
                ["❌", "Traitement des webhooks automatique : non"],
            ],
        },
    )
