"""Sentences of a report that once said more than was known: each with the journal that made them false."""

from typing import Any

import pytest

from audit.journal.consistency import contradictions
from audit.report.markdown import render_markdown
from tests.unit.audit.report.hand_made import finding, problem

Journal = dict[str, Any]


def told(journal: Journal) -> str:
    return render_markdown(journal).replace("\u00a0", " ")


def open_point(severity: str, sentence: str = "Un webhook est enregistré avant la réponse") -> Journal:
    return finding("indéterminé", sentence, f"rule-{severity}", missing="ce que fait `authentic(…)`") | {
        "severity": severity
    }


def left_open(journal: Journal, *points: Journal) -> Journal:
    critical = [p["rule"] for p in points if p["severity"] == "critique"]
    verdict = journal["verdict"] | {"open_critical": critical}
    for entry in journal["requirements"]:
        entry["findings"] = [f | {"severity": "mineur"} for f in entry["findings"]]
    return journal | {"unattached": list(points), "verdict": verdict}


def test_a_critical_point_left_open_puts_the_verdict_under_reserve(december: Journal) -> None:
    report = told(left_open(december, open_point("mineur"), open_point("critique")))
    headline = "⚠️ VALIDATION SOUS RÉSERVE (preuves déclarées) : 2 points à vérifier à la main, dont 1 critique (« Un webhook est enregistré avant la réponse »)"
    assert report.count(headline) == 2
    assert "VALIDATION RÉUSSIE" not in report
    assert "secondaire" not in report
    assert "1 point de gravité critique n'est pas établi et peut en cacher un." in report


def test_a_minor_point_left_open_is_counted_and_no_more(december: Journal) -> None:
    report = told(left_open(december, open_point("mineur")))
    assert "✅ VALIDATION RÉUSSIE (preuves déclarées) : 1 point à vérifier à la main" in report
    assert "critique n'est pas établi" not in report


@pytest.mark.parametrize(("said", "faults"), [([], 1), (["rule-critique"], 0), (["another"], 1)])
def test_a_journal_that_hides_its_reserve_is_refused(december: Journal, said: list[str], faults: int) -> None:
    journal = left_open(december, open_point("critique"))
    journal["verdict"]["open_critical"] = said
    assert sum("open_critical" in reason for reason in contradictions(journal)) == faults


def test_a_configuration_that_no_probe_loaded_is_not_said_to_be(december: Journal) -> None:
    asked = december | {"level": "configuration", "profile": "strict"}
    assert "la configuration effective chargée" not in told(asked)
    probe = december["probes"][0] | {"name": "configuration", "level": "configuré"}
    assert "la configuration effective chargée" in told(asked | {"probes": [*december["probes"], probe]})
    assert "la configuration effective chargée" not in told(
        asked | {"probes": [*december["probes"], probe | {"failure": "Le module ne s'importe pas."}]}
    )


def test_an_execution_that_played_nothing_says_so(strict: Journal) -> None:
    assert "> **Aucune expérience n'a été jouée.**" not in told(strict)
    assert "> **Aucune expérience n'a été jouée.**" in told(strict | {"experiments": []})


def test_points_that_went_and_came_are_told_beside_unchanged_statuses(strict: Journal) -> None:
    told_points = {
        "settled": [{"sentence": "Un verrou expire", "severity": "critique"}],
        "opened": [{"sentence": "Une tâche est publiée après", "severity": "mineur"}],
    }
    report = told(strict | {"corrections": strict["corrections"] | told_points | {"verdict_changes": []}})
    assert (
        "Le statut d'aucune exigence n'a changé. Points établis ou devenus sans objet depuis : « Un verrou expire » (critique). "
        "Points à vérifier apparus depuis : « Une tâche est publiée après »."
    ) in report


def test_a_phase_validated_on_another_tree_is_to_be_done_again(december: Journal) -> None:
    december["phases"][1] |= {"note": "2026-11-24"}
    assert (
        "Phase 8 (Audit Statistiques) - À VALIDER (validée le 24 novembre 2026 sur une autre empreinte : à refaire)"
        in told(december)
    )


def test_what_is_at_fault_is_told_beside_the_code(december: Journal) -> None:
    december["problems"][0] |= {"sentence": "Le script `start.sh` perd un worker mort", "places": ["start.sh:5"]}
    assert "**Situation actuelle** : Le script `start.sh` perd un worker mort.\n\n`start.sh`, lignes 5" in told(
        december
    )


def test_every_place_is_listed_where_some_are_quoted(december: Journal) -> None:
    places = [f"app/a.py:{n}" for n in range(1, 18)]
    december["problems"][0] |= {"sentence": "Dix-sept fois", "places": places}
    report = told(december)
    assert "Endroits (17) : `app/a.py:1`, " in report
    assert "`app/a.py:17`." in report


def test_a_long_function_is_quoted_around_its_fault(strict: Journal) -> None:
    text = "\n".join(f"ligne_{n} = {n}" for n in range(1, 451))
    quoted = {"path": "app/vues.py", "first_line": 1, "last_line": 450, "text": text, "language": "python"}
    fault = problem(1, "Trop long", "Couper", severity="critique", requirements=["8.2"], situation=[quoted])
    report = told(strict | {"problems": [fault | {"places": ["app/vues.py:200", "app/vues.py:300"]}]})
    assert "`app/vues.py`, lignes 198 à 202 :\n```python\nligne_198 = 198\n" in report
    assert "ligne_203" not in report
    assert "Endroits (2) : `app/vues.py:200`, `app/vues.py:300`." in report
    assert "`app/vues.py`, lignes 1 à 3 :" in told(strict | {"problems": [fault]}), "no place is told: its first lines"


def test_what_is_established_is_named_and_what_is_at_fault_is_quoted(strict: Journal) -> None:
    """450 lines of a report quoted functions that nothing was said of."""
    strict["requirements"][0]["excerpts"] = [
        {"path": "app/a.py", "first_line": n, "last_line": n, "text": f"def f{n}(): ...", "language": "python"}
        for n in (3, 9)
    ]
    report = told(strict)
    assert "**Code vérifié** : `app/a.py:3`, `app/a.py:9`." in report
    assert "def f3(): ..." not in report


def test_what_refuses_a_requirement_is_no_minor_problem(december: Journal) -> None:
    december["problems"][0] |= {"severity": "majeur", "impact": "Élevé : l'exigence 8.5 n'est pas tenue"}
    report = told(december)
    assert "### 3.2 Problèmes Majeurs et Mineurs" in report
    assert "| majeur | Élevé : l'exigence 8.5 n'est pas tenue |" in report
    december["problems"][0] |= {"severity": "mineur", "impact": "Faible"}
    assert "### 3.2 Problèmes Mineurs" in told(december)


@pytest.mark.parametrize(("severity", "quoted"), [("mineur", 1), ("majeur", 2)])
def test_a_minor_problem_quotes_one_place_and_names_the_others(strict: Journal, severity: str, quoted: int) -> None:
    lines = {"first_line": 3, "last_line": 3, "text": "x = 1", "language": "python"}
    fault = problem(1, "Trop", "Moins", severity=severity, situation=[lines | {"path": f"app/{n}.py"} for n in "abc"])
    report = told(strict | {"problems": [fault | {"places": [f"app/{n}.py:3" for n in "abc"]}]})
    assert report.count("```python\nx = 1\n") == quoted
    assert "Endroits (3) : `app/a.py:3`, `app/b.py:3`, `app/c.py:3`." in report


def partly(journal: Journal) -> Journal:
    return journal | {"profile": "strict", "family": "7", "verdict": journal["verdict"] | {"partial": ["8.5"]}}


def test_a_requirement_that_is_partly_met_is_a_reserve(december: Journal) -> None:
    """« ✅ VALIDATION RÉUSSIE : exigence partielle 7.5 » : a statement that is not held, under a green mark."""
    report = told(partly(december))
    assert report.count("⚠️ VALIDATION AVEC RÉSERVE") == 2
    assert "VALIDATION RÉUSSIE" not in report
    assert "1. ⚠️ Phase 7 (Audit Workers Celery, ce checkpoint) - TERMINÉE, avec réserve" in report
    assert "✅ VALIDATION RÉUSSIE" in told(december), "the source's own checkpoint keeps its words"


@pytest.mark.parametrize(("digest", "tool", "words"), [("e" * 64, "2" * 64, True), ("e" * 64, "1" * 64, False)])
def test_a_change_of_tree_and_tool_is_no_change_of_the_code(
    strict: Journal, digest: str, tool: str, words: bool
) -> None:
    previous = {"date": "2025-12-01", "path": "x.json", "digest": digest, "tool": tool, "verdict": "réussie"}
    journal = strict | {"corrections": strict["corrections"] | {"previous": previous}}
    journal["volatile"] |= {"tool_digest": "1" * 64}
    assert ("L'arbre et l'outil d'audit ont changé tous deux" in told(journal)) is words


def test_a_soft_shutdown_lets_tasks_end(strict: Journal) -> None:
    """The lexicon said of SIGQUIT « tâches abandonnées », beside a soft shutdown of 15 s."""
    report = told(strict)
    assert "SIGQUIT : arrêt demandé ; les tâches ont le délai d'arrêt doux (`worker_soft_shutdown_timeout`" in report
    assert "tâches abandonnées" not in report


def test_no_counter_is_said_to_be_set_to_zero(strict: Journal) -> None:
    rows = [{"task": "reset_daily_monitoring", "frequency": "00:00 UTC", "purpose": "Reset compteurs quotidiens"}]
    report = told(strict | {"periodic_tasks": {"level": "configuré", "rows": rows}})
    assert "`reset_daily_monitoring` (00:00 UTC, changement de jour des compteurs)" in report
    assert "remise à zéro" not in report


def test_what_a_critical_point_may_concern_is_not_shown_as_sure(strict: Journal) -> None:
    rows = [
        {"name": name, "status": "✅ CONFORME (configuré)"}
        for name in ("Configuration robuste", "Mécanismes de protection", "Fonctionnement autonome")
    ]
    apart = open_point("critique")
    webhook = apart | {"rule": "webhook-authentic", "sentence": "Le webhook vérifie qui l'appelle"}
    strict["requirements"][1] |= {"verdict": "CONFORME", "findings": []}
    general = told(strict | {"aspects": rows, "unattached": [apart, webhook]})
    assert (
        "| Configuration robuste | ⚠️ CONFORME (configuré), sous réserve : « Un webhook est enregistré avant la réponse » |"
        in general
    )
    assert "| Mécanismes de protection | ✅ CONFORME (configuré) |" in general, "a certificate protects from no double"
    assert (
        "| Fonctionnement autonome | ⚠️ CONFORME (configuré), sous réserve : « Le webhook vérifie qui l'appelle » |"
        in general
    )
    alone = told(strict | {"aspects": rows, "unattached": [apart]})
    assert "Sous réserve d'un point critique non vérifié : « Un webhook est enregistré avant la réponse »." in alone


def test_a_family_names_what_is_met_and_nothing_else(december: Journal) -> None:
    validated = december | {"profile": "strict", "family": "7"}
    report = told(validated)
    assert "Conformes, aux conditions de la section 6 : 8.1, 8.4.\n" in report, "8.5 is only partly met"
    assert "Ce que ce checkpoint a examiné" not in report
    assert "Ce que ce checkpoint a examiné" in told(validated | {"verdict": december["verdict"] | {"validated": False}})


def test_a_signal_is_said_of_its_process_and_a_lock_of_its_owner(strict: Journal) -> None:
    """« SIGKILL, processus principal du worker » and « verrous expirés », which Redis removes by itself."""
    strict["experiments"][0]["timeline"] = [[1.0, "SIGKILL : processus principal du worker"], [2.0, "SIGKILL : beat"]]
    rows = [{"task": "cleanup_expired_locks", "frequency": "10 min", "purpose": "Nettoyage verrous expirés"}]
    report = told(strict | {"periodic_tasks": {"level": "configuré", "rows": rows}})
    assert "1 s - SIGKILL du processus principal du worker ; 2 s - SIGKILL de beat." in report
    assert "`cleanup_expired_locks` (10 min, verrous que leur propriétaire n'a pas rendus)" in report
    assert "verrous expirés" not in report


def test_no_two_empty_lines_follow_each_other(december: Journal) -> None:
    assert "\n\n\n## 6." not in told(december | {"profile": "strict", "family": "7"})
    assert "\n\n\n### 5.3" not in told(december | {"profile": "strict", "family": "7"})
