"""The Kubernetes manifests of the reference stack, read alone by our own audit: no alarm, and one for each defect."""

from pathlib import Path

import pytest

from audit.command.run_setup import prepare
from tests.acceptance.reference_copy import Edit, copy_reference

pytestmark = pytest.mark.integration
MANIFESTS = "system/deploy/kubernetes/campaigns.yaml"
ALONE = Edit(
    "audit.toml",
    """  "system/deploy/start.sh",
  "system/deploy/supervisord.conf",
  "system/deploy/Procfile",
  "system/deploy/render.yaml",
  "system/deploy/compose.yaml",
  "system/deploy/systemd/*.service",
""",
    '  "system/deploy/kubernetes/*.yaml",\n',
)
BEAT = """  replicas: 1
  # Never two, not even while one replaces the other.
  strategy: { type: Recreate }
  selector:
    matchLabels: { app.kubernetes.io/name: campaigns, app.kubernetes.io/component: beat }
"""
DEFECTS = {
    "two beats": Edit(MANIFESTS, BEAT, BEAT.replace("replicas: 1", "replicas: 2")),
    "killed before a task may end": Edit(
        MANIFESTS, "terminationGracePeriodSeconds: 100", "terminationGracePeriodSeconds: 5"
    ),
    "a queue that nobody consumes": Edit(
        MANIFESTS, '"default,messages,messages_high,retry,verification"', '"default,messages,messages_high,retry"'
    ),
}


def alarms(root: Path) -> list[str]:
    examination = prepare(root, "strict", "source")
    found = [f for f in examination.every_finding() if f.outcome in {"défaut", "réserve", "erreur d'audit"}]
    # As for the other files: nothing in the stack counts the deliveries of a message.
    return [f.sentence for f in found if f.rule != "bounded-deliveries"]


def test_they_raise_no_alarm(tmp_path: Path) -> None:
    assert alarms(copy_reference(tmp_path, ALONE)) == []


@pytest.mark.parametrize("defect", DEFECTS.values(), ids=DEFECTS)
def test_a_defect_of_theirs_is_seen(defect: Edit, tmp_path: Path) -> None:
    assert alarms(copy_reference(tmp_path, ALONE, defect)) != []
