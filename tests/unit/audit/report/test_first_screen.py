"""The first screen of a checkpoint answers: validated, on what, with what reserve, what to check, what to do first."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from audit.model.word_tables import word_list
from audit.report.first_screen import brief
from audit.report.markdown import render_markdown
from audit.report.strike_section import worst_rows
from audit.requirements.celery_criteria import CELERY_CRITERIA
from audit.target.commit import commit_of
from checks.known_limits import KNOWN_LIMITS
from tests.unit.audit.report.hand_made import finding, problem

Journal = dict[str, Any]
_COMMIT = "0123456789" * 4


def screen(journal: Journal) -> str:
    return render_markdown(journal).replace("\u00a0", " ").partition("\n---\n")[0]


def crowded(strict: Journal) -> Journal:
    """Twenty problems, twenty-five points left open, as a stranger's project has."""
    left = [
        finding("indéterminé", f"Point {n}", f"rule-{n}", missing="un rôle")
        | {"severity": "critique" if n > 20 else "mineur"}
        for n in range(25)
    ]
    places = [f"app/m{n}.py:{n + 1}" for n in range(20)]
    problems = [
        problem(n + 1, f"Faute {n}", "Corriger") | {"places": [p], "sentence": "x"} for n, p in enumerate(places)
    ]
    return strict | {"problems": problems, "unattached": left}


def test_it_holds_on_a_screen_however_much_there_is_to_say(strict: Journal) -> None:
    told = screen(crowded(strict))
    assert len(told.splitlines()) <= 40
    assert re.search(r"26 points, dont 4 critiques ; les \d\d qui ne sont pas ci-dessous sont en section 6", told)
    assert "Puis, en section 3 : Faute 3 (mineur, `app/m3.py:4`) ; " in told
    assert "Faute 19 (mineur, `app/m19.py:20`)" in told, "no problem is further than the first screen"
    assert told.count("☐ oui ☐ non") >= 3


def test_every_critical_point_is_named_on_the_screen(strict: Journal) -> None:
    many = crowded(strict)
    for n, point in enumerate(many["unattached"]):
        point["severity"] = "critique" if n % 2 else "mineur"
    told = screen(many)
    assert len(told.splitlines()) <= 40
    assert [n for n in range(25) if n % 2 and not re.search(rf"Point {n}\b", told)] == []
    row = re.search(
        r"\| critique \| 1\) Point \d+ ; 2\) .*Point 23 \| dit en section 6, point par point \| (.*) \|", told
    )
    assert row is not None
    assert row[1].startswith("1) ☐ oui ☐ non ; 2) ☐ oui ☐ non"), "each critical point has its own box"
    assert re.search(r"26 points, dont 12 critiques ; les 14 qui ne sont pas ci-dessous", told)


def test_two_critical_points_do_not_share_a_row(strict: Journal) -> None:
    """« 1) … ; 2) … » held two of three critical points, whose two reasons were in another section."""
    many = crowded(strict)
    for count in range(2, 9):
        for n, point in enumerate(many["unattached"]):
            point["severity"] = "critique" if n < count else "mineur"
        told = screen(many)
        assert len(told.splitlines()) <= 40
        assert "2) " not in told or "3) " in told, count


def test_only_a_fault_is_said_to_refuse(strict: Journal) -> None:
    """A reservation was told as what refused a requirement."""
    strict["requirements"][0] |= {"verdict": "NON CONFORME"}
    for rule, outcome, told in (("beside", "réserve", False), ("at-fault", "défaut", True)):
        strict["requirements"][0]["findings"] = [finding(outcome, "x", rule)]
        faults = [problem(n, f"Faute {n}", "Corriger", severity="critique") for n in range(1, 6)]
        faults.append(problem(6, "La cause", "Corriger", severity="majeur", rule=rule) | {"requirements": ["8.1"]})
        assert ("Majeur - La cause (fait refuser 8.1) : corriger" in screen(strict | {"problems": faults})) is told, (
            outcome
        )


def test_problems_of_one_kind_are_named_together(strict: Journal) -> None:
    many = crowded(strict)
    for n, name in (
        (15, "Avertissement de dépréciation : `six`, déprécié"),
        (16, "Avertissements de dépréciation : `utc`, x"),
    ):
        many["problems"][n]["title"] = name
    assert "Faute 14 (mineur, `app/m14.py:15`) ; Avertissements de dépréciation : `six`, `utc` (mineur) ; " in screen(
        many
    )


def test_the_most_serious_points_and_problems_come_first_with_their_place(strict: Journal) -> None:
    told = screen(crowded(strict))
    assert (
        told.index("| critique | Point 21 |") < told.index("| mineur |") if "| mineur |" in told else "Point 21" in told
    )
    assert (
        "1. Critique, non vérifié - Vérifier à la main 4 points critiques, d'abord « Point 21 » : répondre dans le tableau"
        in told
    )
    assert "2. Mineur - Faute 0 : corriger - `app/m0.py:1`" in told
    assert told.count(" - Faute ") <= 5


def test_no_problem_found_is_not_followed_by_a_critical_one(strict: Journal) -> None:
    """« Problèmes : 0 critique » stood before « À faire d'abord : Critique »."""
    told = screen(strict | {"problems": [], "unattached": [stored_first()]})
    assert (
        "**Problèmes trouvés** (section 3) : aucun. **Ni établi ni réfuté** : 1 point critique, à vérifier à la main. **À"
        in told
    )
    assert not re.search(r"\b0 (critique|majeur|mineur)", told)
    assert "1. Critique, non vérifié - Vérifier à la main « Un webhook" in told
    assert "| critique | Un webhook est enregistré avant la réponse (pour 8.2) |" in told


def test_the_critical_point_of_a_requirement_is_told_before_the_others(strict: Journal) -> None:
    """A certificate, of no requirement, was the first thing to look at; an open webhook, of 8.2, the second."""
    certificate = stored_first(rule="links-verified") | {"sentence": "Un certificat est vérifié"}
    told = screen(strict | {"problems": [], "unattached": [certificate, stored_first()]})
    assert "Vérifier à la main 2 points critiques, d'abord « Un webhook est enregistré" in told
    assert told.index("| critique | Un webhook") < told.index("| critique | Un certificat")


def test_a_critical_problem_beside_an_undetermined_requirement_is_explained(strict: Journal) -> None:
    """A row was INDÉTERMINÉ while it carried both critical problems."""
    strict["requirements"][0] |= {"id": "8.2", "verdict": "INDÉTERMINÉ", "findings": []}
    stored = problem(1, "Webhook répondu avant d'être enregistré", "Enregistrer", severity="critique")
    told = screen(strict | {"problems": [stored | {"rule": "webhook-stored-first"}]})
    assert (
        "❔ INDÉTERMINÉ (les problèmes critiques ci-contre ne contredisent pas l'énoncé) | **problème critique n° 1**"
        in told
    )


def stored_first(**more: str) -> Journal:
    missing = "ce que fait `authentic(…)` (`app/routes.py`, ligne 63) : la lecture du code ne peut pas le suivre"
    point = finding(
        "indéterminé", "Un webhook est enregistré avant la réponse", "webhook-stored-first", missing=missing
    )
    return point | {"severity": "critique", "impact": "Élevé : événements perdus à chaque redémarrage"} | more


def test_the_first_thing_to_do_is_the_gravest_and_says_what_it_costs(strict: Journal) -> None:
    minor = problem(1, "Message qui revient", "Compter", impact="Moyen : une place perdue") | {"places": ["app/t.py:1"]}
    told = screen(strict | {"problems": [minor], "unattached": [stored_first()]})
    assert (
        "1. Critique, non vérifié - Vérifier à la main « Un webhook est enregistré avant la réponse » (sinon : événements perdus à "
        "chaque redémarrage) : répondre dans le tableau ci-dessous - `app/routes.py:63`\n"
        "2. Mineur - Message qui revient (une place perdue) : compter - `app/t.py:1`\n"
    ) in told
    told = screen(strict | {"problems": [minor], "unattached": [stored_first(severity="mineur")]})
    assert "1. Mineur - Message qui revient" in told


def test_what_stronger_evidence_will_settle_is_not_asked_of_a_person(strict: Journal) -> None:
    """8.4 is undetermined: what it lacks is asked for once, by its own action."""
    strict["requirements"][2]["findings"][1] |= {"severity": "critique"}
    told = screen(strict)
    assert "Vérifier à la main" not in told
    assert "Pour 8.4 : un journal d'endurance" in told


def test_a_requirement_whose_critical_practice_is_open_says_so(strict: Journal) -> None:
    strict["requirements"][1] |= {"verdict": "CONFORME", "known_by": "exécuté", "findings": [], "unproved": "un essai"}
    open_one = strict | {"unattached": [stored_first()], "problems": []}
    row = (
        "| 8.2 Traitement Webhooks sans Admin Connecté | ⚠️ CONFORME (exécuté), sous réserve | "
        "`receive_wassenger_webhook` exige `get_current_user` | "
        "**critique, à vérifier** : « Un webhook est enregistré avant la réponse » ; un essai |"
    )
    assert row in screen(open_one)
    assert "sous réserve de ce qui reste à vérifier : « Un webhook est enregistré avant la réponse » (critique)" in (
        render_markdown(open_one).replace("\u00a0", " ")
    )
    for other in (stored_first(severity="mineur"), stored_first(rule="no-pickle"), stored_first(outcome="établi")):
        assert "sous réserve" not in screen(strict | {"unattached": [other], "problems": []}).partition("\n---")[0]


def test_a_critical_problem_of_a_practice_is_read_with_the_requirement_that_needs_it(strict: Journal) -> None:
    fault = problem(2, "Webhook répondu avant", "Écrire", severity="critique", rule="webhook-stored-first")
    told = screen(strict | {"problems": [fault]})
    assert "| **problème critique n° 2** : Webhook répondu avant ; " in told
    whole = render_markdown(strict | {"problems": [fault]}).replace("\u00a0", " ")
    assert whole.count("**À lire avec** : problème 2 (critique), Webhook répondu avant.") == 1
    elsewhere = screen(strict | {"problems": [fault | {"rule": "no-pickle"}]})
    assert "**problème critique" not in elsewhere


def test_an_experiment_that_shows_an_open_point_is_said_to_and_does_not_close_it(strict: Journal) -> None:
    shown = finding("établi", "Trois webhooks", "webhook-processing", level="exécuté")
    strict["requirements"][1] |= {"findings": [shown]}
    told = screen(strict | {"unattached": [stored_first()]})
    assert (
        "Montré à l'exécution (exigence 8.2) pour ce qui a été essayé ; la lecture ne l'établit pas pour tous les chemins : ce que"
        in told
    )
    strict["requirements"][1] |= {"findings": [shown | {"outcome": "défaut"}]}
    assert "Montré à l'exécution" not in screen(strict | {"unattached": [stored_first()]})


def test_reasons_left_out_are_counted(strict: Journal) -> None:
    reasons = " ; ".join(f"la raison n° {n} de ne pas savoir, qui est longue" for n in range(1, 9))
    reasons += " (et 4 autres : `a.py:1`, `b.py:2`) (lu : `task_acks_late=True` ; `task_reject_on_worker_lost=True`)"
    told = screen(strict | {"unattached": [stored_first(missing=reasons)]})
    assert re.search(r"La raison n° 1 [^|]* ; et (\d+) autres \|", told)
    kept = told.count("la raison n°") + 1
    assert f" ; et {12 - kept} autres |" in told


def test_what_leaves_most_of_it_open_is_what_to_lift_first(strict: Journal) -> None:
    advice = next(c.settles for c in CELERY_CRITERIA if c.settles.startswith("lire ce qui manque"))
    left = [finding("indéterminé", f"Point {n}", f"rule-{n}", missing="aucun worker n'est lancé") for n in range(4)]
    entry = strict["requirements"][2] | {"settles": advice, "findings": left}
    told = screen(strict | {"requirements": [*strict["requirements"][:2], entry]})
    assert "Pour 8.4 : lever d'abord « aucun worker n'est lancé » (4 points), puis auditer de nouveau" in told


def test_no_identifier_stands_where_a_sentence_can(strict: Journal) -> None:
    told = screen(strict | {"unattached": [stored_first()]})
    for word in word_list("`strict` `execution` checkpoint-audit Task Requirements webhook-stored-first PASSED"):
        assert word not in told, word
    assert "`webhook-stored-first` (critique) : Un webhook" in render_markdown(
        strict | {"unattached": [stored_first()]}
    ).replace("\u00a0", " ")
    assert told.count("déclaré, lu dans les fichiers ; configuré, chargé par l'interpréteur") == 1


def test_the_requirements_of_a_stranger_that_nothing_settled_share_a_row(strict: Journal) -> None:
    entry = strict["requirements"][2]
    many = [entry | {"id": f"C{n}", "title": f"Critère {n}"} for n in range(1, 9)]
    told = screen(strict | {"profile": "celery", "requirements": [*strict["requirements"][:1], *many]})
    assert "| C1 Critère 1, C2 Critère 2, " in told
    assert told.count("INDÉTERMINÉ") == 1
    few = screen(strict | {"requirements": [*strict["requirements"][:1], *many[:3]]})
    assert few.count("INDÉTERMINÉ") == 3


def test_a_row_says_what_proves_and_what_that_does_not_prove(strict: Journal) -> None:
    strict["requirements"][0]["unproved"] = "passerelle simulée"
    told = screen(strict)
    assert (
        "| 8.1 Envoi Message 1 sans Admin Connecté | ✅ CONFORME (exécuté) | "
        "Les 120 Message 1 sont arrivés une seule fois | passerelle simulée |"
    ) in told
    refused = next(
        line for line in told.splitlines() if "| 8.2 Traitement Webhooks sans Admin Connecté | ❌ NON" in line
    )
    assert refused.endswith(" | l'énoncé lui-même n'est pas essayé |"), "it was read, and asks to be tried"
    strict["requirements"][1]["known_by"] = "exécuté"
    assert "n'est pas essayé |" not in screen(strict)


def test_a_setting_that_is_empty_as_delivered_is_to_be_set_before_production(strict: Journal) -> None:
    """8.6 was met, and as delivered nobody would have been alerted; it stood in the last column only."""
    assert "Avant la mise en service" not in screen(strict)
    strict["requirements"][0]["unproved"] = KNOWN_LIMITS["8.6"]
    told = screen(strict)
    said = "Avant la mise en service : régler `ALERT_WEBHOOK_URL` (pour 8.1), vide dans la livraison"
    assert f"\n2. {said}\n3. Pour 8.4 :" in told


def test_what_was_audited_is_said_with_the_tool(strict: Journal) -> None:
    strict["volatile"] |= {"commit": _COMMIT, "tool_digest": "e" * 64}
    told = screen(strict)
    assert f"commit `{_COMMIT[:12]}`, empreinte de l'arbre `0123456789ab`" in told
    assert (
        "29 décembre 2025 à 10 h 00 UTC, par lecture des fichiers, chargement de la configuration et exécution ; "
        in told
    )
    assert "outil 0.1.0, empreinte `eeeeeeeeeeee`" in told
    assert "☐ accepté ☐ accepté avec réserves ☐ refusé" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Court.", "Court"),
        ("Première phrase. Deuxième phrase.", "Première phrase"),
        ("Personne ne peut être connecté (ni compte ni session) : 3 sur 3", "3 sur 3"),
        ("À 99.9 reste entier", "À 99.9 reste entier"),
        ("mot " * 90 + "fin", "mot " * 90 + "fin"),
        ("Rien n'est tenu, " + "mot " * 70 + "sauf ceci ; cela", "Rien n'est tenu, " + "mot " * 70 + "sauf ceci ; …"),
        ("Un ; " + "x" * 200 + " ; " + "y" * 200, "Un ; " + "x" * 200 + " ; …"),
        ("Un (deux ; " + "x" * 300 + ") ; trois", "Un (deux ; " + "x" * 300 + ") ; …"),
    ],
)
def test_a_sentence_is_told_in_brief(text: str, told: str) -> None:
    assert brief(text) == told


def test_a_code_span_is_never_cut() -> None:
    assert brief("`" + "a b, " * 60 + "`").count("`") % 2 == 0


def test_the_worst_faults_of_a_soak_are_those_that_lost_then_the_slowest() -> None:
    def row(title: str, lost: int, recovery: str) -> Journal:
        return {"title": title, "lost": lost, "duplicated": 0, "uncertain": 0, "wrong": 0, "recovery": recovery}

    rows = [
        row("a", 0, "1,20 s"),
        row("b", 0, "2 s en moyenne, 1\u00a0003,50 s au plus"),
        row("c", 1, "-"),
        row("d", 0, "3 s"),
    ]
    assert [r["title"] for r in worst_rows({"rows": rows})] == ["c", "b", "d"]


def git(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / ".git" / name.replace("__", "/").replace("packed_refs", "packed-refs")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"HEAD": _COMMIT + "\n"}, _COMMIT),
        ({"HEAD": "ref: refs/heads/main\n", "refs__heads__main": _COMMIT}, _COMMIT),
        ({"HEAD": "ref: refs/heads/main\n", "packed_refs": f"# pack\n{_COMMIT} refs/heads/main\n"}, _COMMIT),
        ({"HEAD": "ref: refs/heads/other\n", "refs__heads__main": _COMMIT}, ""),
        ({"HEAD": "ref: refs/heads/../../../secret\n"}, ""),
        ({"HEAD": "<script>"}, ""),
        ({}, ""),
    ],
)
def test_the_commit_is_read_and_nothing_else(tmp_path: Path, files: dict[str, str], found: str) -> None:
    root = git(tmp_path / "below", **files)
    root.mkdir(exist_ok=True)
    (tmp_path / ".git").write_text("gitdir: /nowhere", encoding="utf-8")
    assert commit_of(root) == found


def test_a_journal_of_before_is_still_rendered() -> None:
    old = Path(__file__).parents[4] / "reports" / "2026-11-24-famille-8-strict.json"
    assert "⚠️ VALIDATION SOUS RÉSERVE" in screen(json.loads(old.read_text(encoding="utf-8")))
