import copy
from collections.abc import Iterator
from typing import Any

import pytest
from jinja2 import UndefinedError
from markdown_it import MarkdownIt
from markdown_it.token import Token

from audit.journal.journal_file import check
from audit.model.word_tables import word_set
from audit.report.markdown import render_markdown

Journal = dict[str, Any]
_PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_SPACE = "\u00a0"
# Values that the engine chooses among its own words.
_OWN_WORDS = word_set("date generated_at verdict outcome level severity state known_by floor profile id")
_HOSTILE = (
    "<img src=x> [x](javascript:y) `<b>` | ``` *gras* \n# titre\n- liste {{ 7 * 7 }} \u202e FIN",
    "# titre `a | b | c | d | e | f` | `c \\| d` FIN",
    "1. un\n\n---\n\n&lt;b&gt; ~~~\n</details> FIN",
)


def plain(text: str) -> str:
    return text.replace(_SPACE, " ")


def test_the_sections_follow_the_source(december: Journal) -> None:
    report = plain(render_markdown(december))
    headings = [line for line in report.splitlines() if line.startswith("#")]
    assert headings == [
        "# Checkpoint - Validation Workers Celery",
        "## 1. Résumé de la Validation",
        "### 1.1 Tests Exécutés",
        "### 1.2 Commande de Test",
        "## 2. Validation des Requirements",
        "### Requirement 8.1 : Envoi Message 1 sans Admin Connecté ✅",
        "### Requirement 8.4 : Uptime Workers > 99.9% ✅",
        "### Requirement 8.5 : Redémarrage Automatique Workers ⚠️",
        "## 3. Problèmes Identifiés",
        "### 3.1 Problèmes Critiques",
        "### 3.2 Problèmes Mineurs",
        "### 3.3 Détail des Problèmes",
        "#### Problème 1 : Pas de redémarrage automatique des workers",
        "## 4. Corrections Appliquées",
        "## 5. Conclusion",
        "### 5.1 Résumé",
        "### 5.2 Verdict Final",
        "### 5.3 Prochaines Étapes",
        "## 6. Objet de l'Audit",
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "**Date** : 29 décembre 2025  ",
        "**Task** : 14. Checkpoint - Validation workers Celery  ",
        "| Robustesse Workers | 4 | ✅ 4/4 PASSED, dont 1 avec réserve |",
        "| **TOTAL** | **21** | **✅ 21/21 PASSED, dont 1 avec réserve** |",
        "```bash\naudit run . --profile checkpoint-2025\n```\n\n**Résultat** : `21 passed, 1 warning in 2.63s`",
        "**Statut** : CONFORME (déclaré)",
        "- ✅ `task_acks_late=True` - Acknowledge après exécution",
        "`app/tasks/message_tasks.py`, lignes 16 à 20 :\n\n```python\n@celery_app.task(",
        "| `reset_daily_monitoring` | 00:00 UTC | Reset compteurs quotidiens |",
        "- ⚠️ Le script `start.sh` ne redémarre pas automatiquement les workers crashés",
        "**Note** : `recover_interrupted_campaigns` compense en partie ce manque : les campagnes interrompues",
        "Risque résiduel : tant que personne ne relance le worker, rien ne part.",
        "**Aucun problème critique identifié.**",
        "| 2 | Warnings Pydantic deprecated | Aucun | Migrer vers ConfigDict (non urgent) |",
        (
            "Aucune correction : pas de comparaison, le dossier de sortie ne contient aucun autre checkpoint de cette "
            "cible, de ce profil et de cette famille."
        ),
        "**Origine des preuves** : déclaré, par la sonde `source` (lecture des fichiers, sans rien exécuter). Niveau exigé",
        "| Fonctionnement autonome | ✅ CONFORME (déclaré) |",
        "| Redémarrage automatique | ⚠️ PARTIEL (déclaré) |",
        "- ✅ Contrôle de santé planifié\n",
        (
            "> « CONFORME (déclaré) » signifie que les mécanismes attendus sont présents dans le code, et non qu'ils ont été vus "
            "fonctionner. En particulier, aucune disponibilité (8.4) n'a été mesurée."
        ),
        "D'après les fichiers lus, sans rien exécuter, les Workers Celery sont écrits pour fonctionner de manière autonome :",
        "**Machine** : Linux x86_64, 2 CPU ; durée de l'audit, 2,60 s",
        "Les problèmes identifiés sont mineurs ; aucun n'est rattaché aux exigences 8.1, 8.4.",
        "**✅ VALIDATION RÉUSSIE (preuves déclarées)**",
        "2. ➡️ Phase 8 (Audit Statistiques) - À VALIDER",
        "rien n'a été exécuté, aucun worker n'a été tué.",
    ],
)
def test_the_december_report_says(december: Journal, sentence: str) -> None:
    assert sentence in plain(render_markdown(december))


def test_nobody_signs(december: Journal) -> None:
    *_, author, day = render_markdown(december).rstrip().splitlines()
    assert set(plain(author).removeprefix("**Validé par** : ").strip()) == {"_"}
    assert set(plain(day).removeprefix("**Date de validation** : ").strip()) == {"_"}


@pytest.mark.parametrize(
    "sentence",
    [
        "❌ VALIDATION REFUSÉE : exigence non conforme 8.2 ; problème critique n° 1 ; exigence non vérifiée 8.4",
        "> ❌ **La sonde `configuration` a échoué.** Le module `app.tasks` ne s'importe pas",
        "| Configuration Celery | 3 | ❌ 2/3 établis, 1 en défaut |",
        "| Robustesse Workers | 3 | ❔ 1/3 établi, 2 indéterminés, 1 sans objet non compté |",
        "| Service Monitoring | 2 | ❌ 1/2 établi, 1 erreur d'audit |",
        "| Verrouillage Campagnes | 0 | ➖ sans objet |",
        "**Origine des preuves** : exécuté, par l'expérience `autonomous-sending` (Envoi sans administrateur",
        "(`autonomous-sending`) - Message 1 attendus : 120 ; Reçus deux fois : 0.",
        "**Déroulement** : 1,25 s - le worker principal est tué.",
        "**Mesures** : celles de l'expérience `autonomous-sending`, données sous l'exigence 8.1.",
        "### Autres expériences",
        "**Défaut constaté** :\n- ❌ `receive_wassenger_webhook` exige `get_current_user`",
        "1. Retirer `Depends(get_current_user)` (problème 1, section 3)",
        "- ❔ Concurrence alignée ; ce qui a manqué : aucun fichier de démarrage. Pour trancher : renseigner",
        "**L'audit lui-même a échoué sur** :\n- ❌ La règle `x` a échoué (KeyError)",
        "**Pour trancher** : un journal d'endurance de la même empreinte.",
        "Le calendrier des tâches périodiques n'a pas pu être lu.",
        "La route dépend de `get_current_user` à trois niveaux.",
        "Comparaison avec le checkpoint du 29 décembre 2025 (`2025-12-29-famille-8-strict.json`",
        "- ✅ Warnings Pydantic deprecated\n",
        "- ⚠️ Le webhook exige une session (exigence 8.2)",
        "| 8.2 | CONFORME | NON CONFORME |",
        "| 8.4 | Le niveau exigé est « mesuré »",
        "**Non lu par la sonde `source`** : encodage inconnu : `app/vieux.py`",
        " ; isolation : espace de noms sans réseau) : ",
        (
            "\n\n**Conditions de l'essai** :\n- La passerelle est un `double` local\n- Le délai d'alerte est ramené à 10 s\n\n"
            "**Non lu par"
        ),
        "| Fonctionnement autonome | ❌ NON CONFORME (exécuté) |",
        "| Disponibilité et alerte | ❔ INDÉTERMINÉ |",
    ],
)
def test_the_strict_report_says(strict: Journal, sentence: str) -> None:
    assert sentence in plain(render_markdown(strict))


@pytest.mark.parametrize(
    ("count", "headline"),
    [
        (1, "❔ VALIDATION INCOMPLÈTE : 8.2, 8.4 établies ; NON VÉRIFIÉE : 8.1"),
        (2, "❔ VALIDATION INCOMPLÈTE : 8.4 établie ; NON VÉRIFIÉES : 8.1, 8.2"),
        (3, "❔ AUCUNE CONCLUSION : aucune exigence n'a pu être vérifiée"),
    ],
)
def test_open_requirements_are_in_the_headline(strict: Journal, count: int, headline: str) -> None:
    for number, requirement in enumerate(strict["requirements"]):
        requirement["verdict"] = "INDÉTERMINÉ" if number < count else "CONFORME"
        requirement["known_by"] = "exécuté"
    unverified = [r["id"] for r in strict["requirements"][:count]]
    strict |= {"problems": [], "verdict": strict["verdict"] | {"validated": True, "unverified": unverified}}
    report = plain(render_markdown(strict))
    assert f"**Verdict** : {headline}  \n" in report
    assert report.count(headline) == 2
    assert f"Les exigences non vérifiées ({', '.join(unverified)}) peuvent en cacher un." in report
    words = "Ce que ce checkpoint établit :" if count < 3 else "Ce que ce checkpoint a examiné :"
    assert f"**{headline}**\n\n{words}" in report


def test_a_partial_requirement_is_in_the_headline(strict: Journal) -> None:
    for requirement in strict["requirements"]:
        requirement |= {"verdict": "CONFORME", "known_by": "exécuté"}
    strict["requirements"][1]["verdict"] = "PARTIEL"
    strict |= {"problems": [], "verdict": strict["verdict"] | {"validated": True, "unverified": []}}
    report = plain(render_markdown(strict))
    assert f" : exigence partiellement remplie {strict['requirements'][1]['id']}" in report.partition("**Objet**")[0]


def test_an_open_headline_still_says_that_the_rest_was_read(december: Journal) -> None:
    december["requirements"][1]["verdict"] = "INDÉTERMINÉ"
    december["verdict"]["unverified"] = ["8.4"]
    report = plain(render_markdown(december))
    assert "**❔ VALIDATION INCOMPLÈTE (preuves déclarées) : 8.1, 8.5 établies ; NON VÉRIFIÉE : 8.4**" in report


def loaded(journal: Journal) -> Journal:
    """The journal of an audit whose configuration probe answered."""
    probe = journal["probes"][0] | {"name": "configuration", "level": "configuré"}
    return journal | {"level": "configuration", "probes": [*journal["probes"], probe]}


def test_a_loaded_configuration_is_not_called_files_read(december: Journal) -> None:
    report = plain(render_markdown(loaded(december)))
    assert "D'après les fichiers lus et la configuration chargée, les Workers Celery sont écrits pour" in report
    for requirement in december["requirements"]:
        requirement["known_by"] = "configuré"
    report = plain(render_markdown(loaded(december)))
    assert "D'après les fichiers lus et la configuration chargée, les Workers Celery sont écrits pour" in report


def test_nothing_is_said_of_conditions_and_isolation_when_there_are_none(december: Journal) -> None:
    report = plain(render_markdown(december))
    assert "Conditions de l'essai" not in report
    assert "Isolation" not in report


def test_a_requirement_without_evidence_says_so(strict: Journal) -> None:
    strict["requirements"][1]["findings"] = []
    assert "**Origine des preuves** : aucune. Niveau exigé : exécuté." in plain(render_markdown(strict))


def test_a_full_success_on_execution_uses_the_words_of_the_source(strict: Journal) -> None:
    for requirement in strict["requirements"]:
        requirement |= {"verdict": "CONFORME", "known_by": "exécuté"}
    strict |= {"problems": [], "verdict": strict["verdict"] | {"validated": True, "unverified": []}}
    report = plain(render_markdown(strict))
    assert (
        "**⚠️ VALIDATION SOUS RÉSERVE : 1 point à vérifier à la main, de gravité non précisée**\n\n"
        "Les Workers Celery fonctionnent correctement et de manière autonome :" in report
    )
    assert "> **" not in report.replace("> ❌", "")


@pytest.mark.parametrize(
    ("profile", "level", "words"),
    [
        ("checkpoint-2025", "configuration", "la configuration effective chargée ; aucun processus n'a été lancé"),
        ("strict", "source", "Audit limité à la lecture des fichiers."),
        ("strict", "configuration", "Audit limité à la configuration."),
    ],
)
def test_the_banner_says_how_far_the_audit_went(december: Journal, profile: str, level: str, words: str) -> None:
    assert words in plain(render_markdown(loaded(december) | {"profile": profile, "level": level}))


def test_an_unchanged_tree_is_said_so(strict: Journal) -> None:
    previous = strict["corrections"]["previous"] | {"digest": strict["target"]["digest"]}
    strict["corrections"] = {"previous": previous, "fixed": [], "new": [], "verdict_changes": []}
    report = plain(render_markdown(strict))
    assert "L'arbre audité n'a pas changé : même empreinte." in report
    assert "**Aucun problème corrigé** depuis ce checkpoint." in report
    assert "Le statut d'aucune exigence n'a changé." in report
    assert "L'outil d'audit" not in report


def test_a_problem_that_is_told_otherwise_is_not_corrected(strict: Journal) -> None:
    was, now = {"title": "Jamais close", "requirement": "7.1"}, {"title": "Laissée ouverte", "requirement": "7.1"}
    strict["corrections"] |= {"fixed": [was, {"title": "Sans délai", "requirement": ""}], "new": [now]}
    report = plain(render_markdown(strict))
    assert "**Dit autrement depuis**, et non corrigé :\n- ⚠️ Jamais close : Laissée ouverte (exigence 7.1)" in report
    assert "\n\n**Corrigé depuis** :\n- ✅ Sans délai" in report
    assert "Apparu depuis" not in report


def test_a_verdict_that_changes_with_the_tool_is_said_so(strict: Journal) -> None:
    """« Sous réserve », then « réussie » 21 minutes later, on the same tree: another tool had judged it."""
    told = {"digest": strict["target"]["digest"], "tool": "a" * 64, "verdict": "réussie"}
    previous = strict["corrections"]["previous"] | told
    strict["corrections"] = {"previous": previous, "fixed": [], "new": [], "verdict_changes": []}
    strict["volatile"]["tool_digest"] = "b" * 64
    report = plain(render_markdown(strict))
    assert "L'outil d'audit, lui, a changé (empreinte `aaaaaaaaaaaa`, puis `bbbbbbbbbbbb`)" in report
    assert "La validation était « réussie », elle est « refusée »." in report


def test_long_lists_of_unread_files_are_cut(strict: Journal) -> None:
    strict["probes"][0]["unread"] = [[f"f{n}.py", "trop gros"] for n in range(53)]
    report = plain(render_markdown(strict))
    assert "`f49.py`" in report
    assert "`f50.py`" not in report
    assert "- … et 3 autres, listés dans le journal." in report


def test_a_solution_in_prose_is_not_fenced(december: Journal) -> None:
    december["problems"][1] |= {"solution": "remplacer la classe", "solution_language": ""}
    assert "(non urgent).\n\nRemplacer la classe." in plain(render_markdown(december))


def test_periodic_tasks_are_shown_without_their_requirement(december: Journal) -> None:
    december["requirements"] = december["requirements"][:1]
    assert "### Tâches périodiques\n\n**Tâches périodiques configurées**" in plain(render_markdown(december))
    december |= {"requirements": [], "periodic_tasks": {"level": "déclaré", "rows": []}}
    assert "Tâches périodiques" not in render_markdown(december)


def _hostile(value: Any, text: str, key: str = "") -> Any:
    """The journal with every text that may come from a target replaced."""
    if isinstance(value, dict):
        return {k: _hostile(v, text, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_hostile(v, text, key) for v in value]
    return text if isinstance(value, str) and value and key not in _OWN_WORDS else value


def _hostile_journal(journal: Journal, text: str) -> Journal:
    """Hostile texts under a structure that stays the engine's: names that join one part to another are kept."""
    hostile: Journal = _hostile(journal, text) | {"family": journal["family"]}
    pairs = [pair for key in ("problems", "experiments") for pair in zip(hostile[key], journal[key], strict=True)]
    for record, sound in pairs:
        record["requirements"] = sound["requirements"]
    for record, sound in zip(hostile["requirements"], journal["requirements"], strict=True):
        for left, right in zip(record["compensations"], sound["compensations"], strict=True):
            left["defect"] = right["defect"]
        for left, right in zip(record["findings"], sound["findings"], strict=True):
            left |= {"rule": right["rule"], "evidence": right["evidence"]}
    return hostile


def _blocks(report: str) -> Iterator[Token]:
    return (t for t in _PARSER.parse(report) if t.type not in {"softbreak", "inline"})


@pytest.mark.parametrize("text", _HOSTILE)
@pytest.mark.parametrize("name", ["december", "strict"])
def test_a_target_cannot_write_the_report(name: str, text: str, request: pytest.FixtureRequest) -> None:
    journal = request.getfixturevalue(name)
    report = render_markdown(_hostile_journal(journal, text))
    tokens = _PARSER.parse(report)
    inline = {child.type for t in tokens for child in t.children or ()}
    assert not inline & {"html_inline", "link_open", "image", "s_open"}
    assert [t.type for t in _blocks(report)] == [t.type for t in _blocks(render_markdown(journal))]
    # Nothing is dropped either: a cell cut in two would lose its end.
    assert sum(t.content.count("FIN") for t in tokens if t.type in {"inline", "fence"}) == report.count("FIN")
    assert "49" not in report


def test_excerpts_are_verbatim(december: Journal) -> None:
    text = 'x = """\n```\n# pas un titre : vraiment ?\n<b>\n````\n"""'
    december["requirements"][0]["excerpts"][0]["text"] = text
    fences = [t.content for t in _PARSER.parse(render_markdown(december)) if t.type == "fence"]
    assert f"{text}\n" in fences


def test_an_excerpt_seen_before_is_referred_to(december: Journal) -> None:
    december["requirements"][1]["excerpts"] = december["requirements"][0]["excerpts"]
    report = plain(render_markdown(december))
    assert report.count("def send_single_message") == 1
    assert "`app/tasks/message_tasks.py`, lignes 16 à 20 : cité sous l'exigence 8.1." in report


def test_journals_of_these_tests_follow_the_schema(december: Journal, strict: Journal) -> None:
    check(december)
    check(strict)


def test_a_missing_value_stops_the_report(december: Journal) -> None:
    del december["tool"]["version"]
    with pytest.raises(UndefinedError):
        render_markdown(december)


def test_rendering_is_deterministic(strict: Journal) -> None:
    assert render_markdown(copy.deepcopy(strict)) == render_markdown(strict)


def test_unverified_points_without_a_requirement_are_shown(december: Journal) -> None:
    finding = {
        "rule": "concurrency",
        "outcome": "indéterminé",
        "level": "déclaré",
        "sentence": "Même concurrence partout",
        "missing": "aucun worker trouvé",
        "settles": "",
        "evidence": [],
    }
    assert "aucun worker trouvé" not in render_markdown(december)
    left = plain(render_markdown(december | {"unattached": [finding]}))
    assert "Même concurrence partout | Aucun worker trouvé | ☐ oui ☐ non |" in left
    reasons = f"aucun worker trouvé, {'parce que rien ne le lance, ' * 9}ni ici"
    left = plain(render_markdown(december | {"unattached": [finding | {"missing": reasons}]}))
    assert f"❔ `concurrency` : Même concurrence partout ; ce qui a manqué : {reasons}." in left


def test_the_situation_of_what_an_experiment_saw_is_one_sentence(strict: Journal) -> None:
    """Nine steps of a run stood under « Situation actuelle », most of them of no concern to the problem."""
    seen = strict["problems"][0] | {"rule": "autonomous-sending", "sentence": "une campagne n'est pas close"}
    report = render_markdown(strict | {"problems": [seen]}).replace("\u00a0", " ")
    assert "**Situation actuelle** : Une campagne n'est pas close.\n" in report
    assert "la route dépend de" not in report
    read = render_markdown(strict | {"problems": [seen | {"rule": "webhook-no-user"}]})
    assert "La route dépend de" in read, "what a rule read is told nowhere else"
