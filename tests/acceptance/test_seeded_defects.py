"""Defects of the reference stack, one or two a requirement: it alone fails, with the right sentence; the twin does not.

The rules see the others on December's application (tests/rules/cases.py), and mutants of the truth try them here.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from audit.command.run_setup import prepare
from audit.judging.examination import Examination
from audit.judging.verdict import Status
from tests.acceptance.reference_copy import Edit, copy_reference

pytestmark = pytest.mark.integration
CONFIG, TASKS = "system/tasks/celery_config.py", "system/tasks/message_tasks.py"
WEBHOOKS = "system/routers/webhooks.py"
_THREE_DEEP = """router = APIRouter()


def get_current_user() -> str: ...


def third(user: str = Depends(get_current_user)) -> str: ...


def second(value: str = Depends(third)) -> str: ...


def first(value: str = Depends(second)) -> str: ...
"""
START, SUPERVISOR = "system/deploy/start.sh", "system/deploy/supervisord.conf"


@dataclass(frozen=True)
class Defect:
    """A seeded defect, the requirement it breaks and words of the sentence that must say so."""

    requirement: str
    words: str
    edits: tuple[Edit, ...]


DEFECTS = {
    "task_acks_late": Defect(
        "8.4",
        "`task_acks_late=False` au lieu de `True`",
        (Edit(CONFIG, "task_acks_late = True", "task_acks_late = False"),),
    ),
    "policy bypassed by the task": Defect(
        "8.5",
        "Les délais de reprise que la tâche emploie sont 60 s, 60 s, 60 s",
        (Edit(TASKS, "countdown=decision.delay_seconds", "countdown=60"),),
    ),
    "beat missing from start.sh": Defect(
        "8.4",
        "`system/deploy/start.sh` lance un worker mais jamais beat",
        (Edit(START, "keep_running beat celery -A system.tasks.celery_app beat", "keep_running beat true"),),
    ),
    "--concurrency in supervisord.conf": Defect(
        "8.4",
        "`system/deploy/supervisord.conf` lance le worker avec `--concurrency=2`",
        (Edit(SUPERVISOR, "--concurrency=4", "--concurrency=2"),),
    ),
    "user_id in the sender": Defect(
        "8.1",
        "`send_single_message` attend un utilisateur : paramètre `user_id`",
        (Edit(TASKS, "message_id: int,", "message_id: int, user_id: int,"),),
    ),
    "campaign lock": Defect(
        "8.4",
        "`campaign_lock` existe mais `send_campaign_messages` ne l'appelle pas",
        (
            Edit(
                "system/services/campaigns.py",
                "with campaign_lock(locks, campaign_id)",
                'with locks.hold("all", ttl_seconds=30)',
            ),
        ),
    ),
    "a user three dependencies deep": Defect(
        "8.2",
        "`POST /webhooks/wassenger` dépend d'un utilisateur : `get_current_user`",
        (
            Edit(WEBHOOKS, "import APIRouter, BackgroundTasks,", "import APIRouter, BackgroundTasks, Depends,"),
            Edit(
                WEBHOOKS,
                "background_tasks: BackgroundTasks) -> Response",
                "background_tasks: BackgroundTasks, tenant: str = Depends(first)) -> Response",
            ),
            Edit(WEBHOOKS, "router = APIRouter()\n", _THREE_DEEP),
        ),
    ),
    "supervision removed": Defect(
        "8.5",
        "Le script `system/deploy/supervisord.conf` ne redémarre pas automatiquement les workers crashés",
        (
            Edit(
                SUPERVISOR,
                "verification\nautostart=true\nautorestart=true",
                "verification\nautostart=true\nautorestart=false",
            ),
        ),
    ),
}


def verdicts(examination: Examination) -> dict[str, tuple[Status, str]]:
    return {r: (v.status, v.reason) for r, v in examination.verdicts().items()}


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Status, str]]:
    return verdicts(prepare(copy_reference(tmp_path_factory.mktemp("twin")), "strict", "source"))


@pytest.mark.parametrize("name", DEFECTS)
def test_a_seeded_defect_is_seen(name: str, tmp_path: Path, twin: dict[str, tuple[Status, str]]) -> None:
    defect = DEFECTS[name]
    examination = prepare(copy_reference(tmp_path, *defect.edits), "strict", "source")
    status, _ = verdicts(examination)[defect.requirement]
    sentences = [f.sentence.replace("\u00a0", " ") for f in examination.every_finding() if f.outcome == "défaut"]
    assert status is Status.NON_COMPLIANT
    assert any(defect.words in sentence for sentence in sentences), sentences
    assert twin[defect.requirement][0] is not Status.NON_COMPLIANT
    others = {r for r, (s, _) in verdicts(examination).items() if s is Status.NON_COMPLIANT} - {defect.requirement}
    assert not others


def test_the_twin_has_no_defect(tmp_path: Path) -> None:
    examination = prepare(copy_reference(tmp_path), "strict", "source")
    alarms = [f for f in examination.every_finding() if f.outcome in {"défaut", "réserve", "erreur d'audit"}]
    # Nothing in the stack counts the deliveries of a message, which the rule reserves.
    assert [f.sentence for f in alarms if f.rule != "bounded-deliveries"] == []
