import pytest

from audit.conclusion import aspects, phases, verdict_section
from audit.model import Outcome, Severity
from audit.verdict import Status, Verdict
from tests.unit.audit.examples import examination, finding, profile, rule


def verdicts(**statuses: Status) -> dict[str, Verdict]:
    """Verdicts by requirement, `r84=…` for 8.4."""
    return {f"{k[1]}.{k[2]}": Verdict(s, None, "raison") for k, s in statuses.items()}


SOUND = verdicts(r81=Status.COMPLIANT, r82=Status.COMPLIANT, r83=Status.COMPLIANT, r85=Status.COMPLIANT)


@pytest.mark.parametrize(
    ("totals", "line"),
    [
        ({"tests": 21, "passed": 21}, "✅ 21/21 PASSED"),
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
    ("outcome", "line"),
    [
        (Outcome.ESTABLISHED, "✅ CONFORME"),
        (Outcome.RESERVATION, "⚠️ PARTIEL"),
        (Outcome.DEFECT, "❌ NON CONFORME"),
        (Outcome.UNDETERMINED, "❔ INDÉTERMINÉ"),
        (Outcome.NOT_APPLICABLE, "✅ CONFORME"),
        (Outcome.AUDIT_ERROR, "❔ INDÉTERMINÉ"),
    ],
)
def test_an_aspect_is_worth_its_worst_rule(outcome: Outcome, line: str) -> None:
    findings = [finding(outcome, rule="late-acknowledgement"), finding(rule="startup-retry"), finding(rule="recovery")]
    rows = aspects({}, {}, findings)
    assert rows[2] == {"name": "Configuration robuste", "status": line}
    assert rows[3] == {"name": "Mécanismes de protection", "status": "✅ CONFORME"}
    assert rows[1]["status"] == "❔ INDÉTERMINÉ", "nothing was asked"


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
        ["❌", "Traitement des webhooks automatique : non"],
        ["⚠️", "Envoi Message 2 sur interaction"],
        ["❌", "Récupération automatique des campagnes interrompues : non"],
        ["❔", "Health checks et monitoring en place : non vérifié"],
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


def test_an_unknown_family_shows_every_phase() -> None:
    assert len(states(SOUND, family="1")) == 8
