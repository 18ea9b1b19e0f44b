import pytest

from audit.judging.conclusion import aspects, phases, verdict_section
from audit.judging.verdict import Status, Verdict
from audit.model.findings import Level, Outcome, Severity
from tests.unit.audit.examples import examination, finding, profile, rule


def verdicts(known_by: Level | None = None, **statuses: Status) -> dict[str, Verdict]:
    """Verdicts by requirement, `r84=…` for 8.4."""
    return {f"{k[1]}.{k[2]}": Verdict(s, known_by, "raison") for k, s in statuses.items()}


SOUND = verdicts(r81=Status.COMPLIANT, r82=Status.COMPLIANT, r83=Status.COMPLIANT, r85=Status.COMPLIANT)


@pytest.mark.parametrize(
    ("totals", "line"),
    [
        ({"tests": 21, "passed": 21}, "✅ 21/21 PASSED"),
        ({"tests": 21, "passed": 21, "warned": 2}, "✅ 21/21 PASSED, dont 2 avec réserve"),
        ({"tests": 21, "passed": 20, "warned": 1, "failed": 1}, "❌ 20/21 PASSED, dont 1 avec réserve"),
        ({"tests": 21, "passed": 20, "failed": 1}, "❌ 20/21 PASSED"),
        ({"tests": 21, "passed": 20, "errors": 1}, "❌ 20/21 PASSED"),
        ({"tests": 21, "passed": 20, "failed": 0, "undetermined": 1}, "❔ 20/21 PASSED"),
        ({"tests": 0, "passed": 0}, "❔ 0/0 PASSED"),
        ({}, "❔ 0/0 PASSED"),
    ],
)
def test_the_line_of_automatic_tests(totals: dict[str, int], line: str) -> None:
    assert aspects(totals, SOUND, [])[0] == {"name": "Tests automatisés", "status": line}


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (Status.COMPLIANT, "✅ CONFORME"),
        (Status.PARTIAL, "⚠️ PARTIEL"),
        (Status.UNDETERMINED, "❔ INDÉTERMINÉ"),
        (Status.NON_COMPLIANT, "❌ NON CONFORME"),
    ],
)
def test_an_aspect_is_worth_its_worst_requirement(status: Status, line: str) -> None:
    rows = aspects({}, SOUND | verdicts(r82=status), [])
    assert rows[1] == {"name": "Fonctionnement autonome", "status": line}
    assert rows[4] == {"name": "Redémarrage automatique", "status": "✅ CONFORME"}


@pytest.mark.parametrize(
    ("status", "level", "line"),
    [
        (Status.COMPLIANT, Level.EXECUTION, "✅ CONFORME (exécuté)"),
        (Status.COMPLIANT, Level.CONFIGURATION, "✅ CONFORME (configuré)"),
        (Status.COMPLIANT, Level.MEASUREMENT, "✅ CONFORME (exécuté)"),
        (Status.PARTIAL, Level.SOURCE, "⚠️ PARTIEL (déclaré)"),
        (Status.UNDETERMINED, Level.SOURCE, "❔ INDÉTERMINÉ"),
        (Status.NON_COMPLIANT, Level.SOURCE, "❌ NON CONFORME (déclaré)"),
        (Status.NON_COMPLIANT, Level.MEASUREMENT, "❌ NON CONFORME (mesuré)"),
    ],
)
def test_an_aspect_says_the_weakest_level_of_a_success_and_the_level_of_a_refusal(
    status: Status, level: Level, line: str
) -> None:
    others = verdicts(Level.EXECUTION, r81=Status.COMPLIANT, r83=Status.COMPLIANT)
    assert aspects({}, others | verdicts(level, r82=status), [])[1]["status"] == line


def test_the_strongest_of_two_refusals_is_shown() -> None:
    some = verdicts(Level.SOURCE, r81=Status.NON_COMPLIANT) | verdicts(Level.EXECUTION, r82=Status.NON_COMPLIANT)
    assert aspects({}, some, [])[1]["status"] == "❌ NON CONFORME (exécuté)"


def test_availability_and_alert_have_a_line_each_where_the_alert_is_judged() -> None:
    assert [r["name"] for r in aspects({}, SOUND, [])] == [
        "Tests automatisés",
        "Fonctionnement autonome",
        "Configuration robuste",
        "Mécanismes de protection",
        "Redémarrage automatique",
    ]
    some = verdicts(Level.SOURCE, r84=Status.UNDETERMINED) | verdicts(Level.EXECUTION, r86=Status.COMPLIANT)
    assert aspects({}, SOUND | some, [])[5:] == [
        {"name": "Disponibilité", "status": "❔ INDÉTERMINÉ"},
        {"name": "Alerte à l'arrêt des workers", "status": "✅ CONFORME (exécuté)"},
    ]


def test_what_is_known_by_less_than_the_best_says_by_what() -> None:
    some = verdicts(Level.EXECUTION, r81=Status.COMPLIANT, r82=Status.COMPLIANT, r83=Status.COMPLIANT)
    lower = verdicts(Level.CONFIGURATION, r86=Status.COMPLIANT)
    bullets = [text for _, text in verdict_section(some | lower, [], False)["bullets"]]
    assert bullets[0] == "Envoi de messages sans admin connecté"
    assert bullets[-1] == "Alerte à l'arrêt des workers (configuré)"


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        (Outcome.ESTABLISHED, "✅ CONFORME (déclaré)"),
        (Outcome.RESERVATION, "⚠️ PARTIEL (déclaré)"),
        (Outcome.DEFECT, "❌ NON CONFORME (déclaré)"),
        (Outcome.UNDETERMINED, "❔ INDÉTERMINÉ"),
        (Outcome.NOT_APPLICABLE, "✅ CONFORME (déclaré)"),
        (Outcome.AUDIT_ERROR, "❔ INDÉTERMINÉ"),
    ],
)
def test_an_aspect_is_worth_its_worst_rule(outcome: Outcome, line: str) -> None:
    findings = [finding(outcome, rule="late-acknowledgement"), finding(rule="startup-retry"), finding(rule="recovery")]
    rows = aspects({}, {}, findings)
    assert rows[2] == {"name": "Configuration robuste", "status": line}
    assert rows[3] == {"name": "Mécanismes de protection", "status": "✅ CONFORME (déclaré)"}
    assert rows[1]["status"] == "❔ INDÉTERMINÉ", "nothing was asked"


@pytest.mark.parametrize(
    ("outcome", "level", "line"),
    [
        (Outcome.ESTABLISHED, Level.EXECUTION, "✅ CONFORME (configuré)"),
        (Outcome.ESTABLISHED, Level.SOURCE, "✅ CONFORME (déclaré)"),
        (Outcome.RESERVATION, Level.SOURCE, "⚠️ PARTIEL (déclaré)"),
        (Outcome.NOT_APPLICABLE, Level.SOURCE, "✅ CONFORME (configuré)"),
        (Outcome.DEFECT, Level.SOURCE, "❌ NON CONFORME (déclaré)"),
        (Outcome.DEFECT, Level.EXECUTION, "❌ NON CONFORME (exécuté)"),
    ],
)
def test_the_level_of_rules_is_that_of_what_decides(outcome: Outcome, level: Level, line: str) -> None:
    findings = [
        finding(outcome, rule="late-acknowledgement", level=level),
        finding(rule="startup-retry", level=Level.CONFIGURATION),
    ]
    assert aspects({}, {}, findings)[2]["status"] == line


def test_a_full_success() -> None:
    told = verdict_section(SOUND, [finding(rule="recovery"), finding(rule="health-check-period")], nothing_judged=False)
    assert (told["validated"], told["complete"], told["judged"]) == (True, True, True)
    assert told["bullets"][0] == ["✅", "Envoi de messages sans admin connecté"]
    assert {mark for mark, _ in told["bullets"]} == {"✅"}


def test_what_is_not_verified_or_refused_is_said_on_its_line() -> None:
    some = verdicts(r81=Status.UNDETERMINED, r82=Status.NON_COMPLIANT, r83=Status.PARTIAL)
    told = verdict_section(some, [finding(Outcome.DEFECT, rule="recovery")], nothing_judged=False)
    assert told["bullets"] == [
        ["❔", "Envoi de messages sans admin connecté : non vérifié"],
        ["❌", "Traitement des webhooks automatique : non conforme"],
        ["⚠️", "Envoi Message 2 sur interaction"],
        ["❌", "Reprise des campagnes interrompues planifiée : non conforme"],
        ["❔", "Contrôle de santé planifié : non vérifié"],
    ]
    assert (told["unverified"], told["refused"], told["partial"]) == (["8.1"], ["8.2"], ["8.3"])
    assert not told["validated"]
    assert not told["complete"]


def test_nothing_judged_validates_nothing() -> None:
    told = verdict_section(verdicts(r81=Status.UNDETERMINED), [], nothing_judged=True)
    assert not told["validated"]
    assert not told["judged"]


def test_compensations_are_told() -> None:
    asked = profile({"A": ("supervision", "recovery")}, ("8.5",))
    rules = [rule("supervision", Outcome.DEFECT, requirements=("8.5",)), rule("recovery", Outcome.ESTABLISHED)]
    done = examination(*rules, asked=asked)
    told = verdict_section(done.verdicts(), done.every_finding(), nothing_judged=False)
    assert told["compensations"] == [{"requirement": "8.5", "control": "recover_interrupted_campaigns"}]


def states(verdict: dict[str, Verdict], *outcomes: Outcome, family: str = "8") -> list[str]:
    findings = [finding(o, severity=Severity.CRITICAL) for o in outcomes]
    return [p["state"] for p in phases(family, verdict, findings)]


def test_a_validated_phase_is_over_and_the_next_one_is_due() -> None:
    assert states(SOUND) == ["TERMINÉE", "À VALIDER", "EN ATTENTE", "EN ATTENTE"]
    assert phases("8", SOUND, [])[0] == {"number": 7, "title": "Audit Workers Celery", "state": "TERMINÉE"}


@pytest.mark.parametrize(
    ("status", "outcomes"),
    [
        (Status.UNDETERMINED, ()),
        (Status.NON_COMPLIANT, ()),
        (Status.COMPLIANT, (Outcome.RESERVATION,)),
    ],
)
def test_a_phase_that_is_not_validated_stays_due(status: Status, outcomes: tuple[Outcome, ...]) -> None:
    assert states(SOUND | verdicts(r84=status), *outcomes) == ["À VALIDER", "EN ATTENTE", "EN ATTENTE", "EN ATTENTE"]


def test_phases_that_earlier_checkpoints_ended_are_over_and_the_first_other_is_due() -> None:
    def told(finished: set[str], verdict: dict[str, Verdict] = SOUND) -> list[str]:
        return [p["state"] for p in phases("8", verdict, [], finished)]

    assert told({"9"}) == ["TERMINÉE", "TERMINÉE", "À VALIDER", "EN ATTENTE"]
    assert told({"9", "10"}) == ["TERMINÉE", "TERMINÉE", "TERMINÉE", "À VALIDER"]
    assert told({"10"}) == ["TERMINÉE", "À VALIDER", "TERMINÉE", "EN ATTENTE"]
    # What an earlier checkpoint said of this family is replaced by what this one says.
    open_one = SOUND | verdicts(r84=Status.UNDETERMINED)
    assert told({"8", "9"}, open_one) == ["À VALIDER", "TERMINÉE", "EN ATTENTE", "EN ATTENTE"]


def test_another_family_has_a_line_for_each_of_its_criteria() -> None:
    some = verdicts(Level.EXECUTION, r51=Status.COMPLIANT, r53=Status.NON_COMPLIANT) | verdicts(r55=Status.UNDETERMINED)
    assert aspects({"tests": 3, "passed": 3}, some, [])[1:] == [
        {"name": "5.1 Évaluation de la Fenêtre", "status": "✅ CONFORME (exécuté)"},
        {"name": "5.3 Aucun Message 2 hors Fenêtre", "status": "❌ NON CONFORME (exécuté)"},
        {"name": "5.5 Délai du Message 2", "status": "❔ INDÉTERMINÉ"},
    ]
    assert verdict_section(some, [], nothing_judged=False)["bullets"] == [
        ["✅", "Évaluation de la Fenêtre"],
        ["❌", "Aucun Message 2 hors Fenêtre : non conforme"],
        ["❔", "Délai du Message 2 : non vérifié"],
    ]


def test_a_family_without_a_phase_shows_none() -> None:
    assert not states(SOUND, family="C")
