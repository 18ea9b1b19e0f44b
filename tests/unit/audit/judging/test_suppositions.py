"""What is supposed of a project that nobody described: no defect rests on it, and no point without saying so."""

from dataclasses import replace
from pathlib import Path

import pytest

from audit.command.run_setup import prepare
from audit.journal.journal_file import Volatile, build
from audit.judging.examination import Examination
from audit.judging.suppositions import Supposition, as_supposed, described
from audit.model.findings import Outcome
from audit.report.markdown import render_markdown
from audit.target.target_file import Target
from tests.unit.audit.examples import finding

OPEN = """
from celery import Celery
from fastapi import FastAPI

app, api = Celery("shop", broker="redis://localhost/0"), FastAPI()


@app.task
def ship(order_id):
    print(order_id)


@api.post("/webhooks/gateway")
async def gateway_webhook(payload: dict):
    ship.delay(payload["id"])
"""
SIGNED = OPEN.replace(
    "async def gateway_webhook(payload: dict):", "async def gateway_webhook(request: Request):"
).replace(
    '    ship.delay(payload["id"])\n',
    '    body = await request.body()\n    if not hmac.compare_digest(request.headers["signature"], sign(body)):\n'
    "        raise HTTPException(401)\n",
)
TWO = OPEN + '\n\n@api.post("/webhooks/other")\nasync def other_webhook(payload: dict): ...\n'
DECLARED = '[roles]\nwebhook = "shop:gateway_webhook"\n'


def audited(root: Path, text: str, target_file: str = "", profile: str | None = "celery") -> Examination:
    (root / "shop.py").write_text(text, encoding="utf-8")
    if target_file:
        (root / "audit.toml").write_text(target_file, encoding="utf-8")
    return prepare(root, profile, "source")


def test_a_defect_that_rests_on_a_supposition_is_a_reservation(tmp_path: Path) -> None:
    (supposed,) = audited(tmp_path, OPEN).findings("webhook-authentic")
    assert supposed.outcome is Outcome.RESERVATION
    assert "supposé : rôle `webhook` : `shop:gateway_webhook`, d'après son seul nom (`shop.py:" in supposed.sentence
    assert supposed.problem is not None
    assert supposed.problem.title.endswith("(rôle supposé)")


def test_the_same_is_a_defect_where_the_target_file_says_the_role(tmp_path: Path) -> None:
    (declared,) = audited(tmp_path, OPEN, DECLARED).findings("webhook-authentic")
    assert declared.outcome is Outcome.DEFECT
    assert "supposé" not in declared.sentence


def test_what_is_established_by_supposition_says_so(tmp_path: Path) -> None:
    (supposed,) = audited(tmp_path, SIGNED).findings("webhook-authentic")
    assert supposed.outcome is Outcome.ESTABLISHED
    assert "supposé" in supposed.sentence


def test_of_two_candidates_none_is_taken(tmp_path: Path) -> None:
    done = audited(tmp_path, TWO)
    assert not done.supposed
    assert "webhook-authentic" not in {i for _, i in done.tests()}
    assert any(line.startswith("rôle `webhook` : aucun candidat, ou plusieurs") for line in done.supposed_lines)


def test_profile_strict_supposes_nothing(tmp_path: Path) -> None:
    done = audited(tmp_path, OPEN, profile="strict")
    assert not done.supposed
    (point,) = done.findings("webhook-authentic")
    assert point.outcome is Outcome.UNDETERMINED


@pytest.mark.parametrize("outcome", Outcome)
def test_no_outcome_gets_worse_and_each_says_it_is_supposed(outcome: Outcome) -> None:
    told = as_supposed(finding(outcome), Supposition("webhook", "m:hook", "m.py:3"))
    assert told.outcome is (Outcome.RESERVATION if outcome is Outcome.DEFECT else outcome)
    assert "supposé : rôle `webhook`" in told.sentence


def test_a_target_is_described_by_anything_its_file_says() -> None:
    bare = Target("t", Path("/t"), python="python3")
    assert not described(bare)
    assert described(replace(bare, absent=frozenset({"watchdog"})))
    assert described(replace(bare, celery_app="m:app"))


def test_a_stranger_s_report_speaks_of_no_role_of_a_campaign_platform(tmp_path: Path) -> None:
    done = audited(tmp_path, OPEN, profile=None)
    for _, identifier in done.tests():
        done.outcome(identifier)
    volatile = Volatile("2026-11-28", "2026-11-28T00:00:00+00:00", 0.0, "audit run", "", "")
    text = render_markdown(build(done, "d" * 64, volatile, None))
    assert "# Checkpoint - Validation" in text
    assert "Exigence C12\u00a0: Sûreté" in text
    assert "> **Supposé, faute de fichier de cible**" in text
    assert "Prochaines Étapes" not in text
    assert not [word for word in ("n'est pas renseigné", "campagne", "Message 1", "`sender`") if word in text]
