"""Defects of the reference stack that families 4 to 7 and 9 must see by running it, each by the criterion it breaks."""

from pathlib import Path

import pytest

from audit.experiments import every_experiment
from audit.model.findings import Outcome
from checks.full_driver import FullDriver
from tests.acceptance.execution_defects import NO_UNIQUE_MESSAGE
from tests.acceptance.reference_copy import Edit, copy_reference

pytestmark = [pytest.mark.integration, pytest.mark.laboratory]
BY_ID = {experiment.id: experiment for experiment in every_experiment()}

# Both looks at the window: at the webhook, and at the sending.
LONGER_WINDOW = (
    Edit(
        "system/db/interactions.py",
        "AND %(received)s < m.sent_at + interval '24 hours' AND c.status",
        "AND %(received)s < m.sent_at + interval '25 hours' AND c.status",
    ),
    Edit("system/domain/sending_window.py", "timedelta(hours=24)", "timedelta(hours=25)"),
)
HIGHER_LIMIT = (
    Edit(
        "system/config.py",
        "daily_message_limit: Annotated[int, Field(ge=0)] = 1000",
        "daily_message_limit: Annotated[int, Field(ge=0)] = 5000",
    ),
)
DEAF_TO_VOICE = (
    Edit("system/gateway/inbound.py", 'frozenset({"e2e_notification",', 'frozenset({"ptt", "e2e_notification",'),
)
ANYBODY_RELEASES = (
    Edit(
        "system/locks.py",
        "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end\nreturn 0",
        "return redis.call('del', KEYS[1])",
    ),
)
NO_EXPIRY = (
    Edit("system/services/closing.py", "contacts = closing.end_silent_contacts(connection, now=now)", "contacts = 0"),
)
# What is written while a Message 1 waits is then looked at again once that has left.
HEARS_TOO_EARLY = (
    Edit(
        "system/db/interactions.py",
        "m.status IN ('sending', 'unknown')",
        "m.status IN ('pending', 'sending', 'unknown')",
    ),
)
NEVER_FROZEN = (Edit("system/services/statistics.py", "        if kept is not None:", "        if kept is False:"),)


def outcomes(experiment: str, folder: Path, *edits: Edit) -> dict[str, tuple[Outcome, str]]:
    """What one experiment concludes of each of its criteria, on a mutated copy."""
    driver = FullDriver(copy_reference(folder, *edits))
    try:
        driver.start()
        findings, _ = BY_ID[experiment].perform(driver)
    finally:
        driver.stop()
    told = {r: (f.outcome, f"{f.sentence} {f.missing}") for f in findings for r in f.requirements}
    return {r: (outcome, text.replace("\u00a0", " ")) for r, (outcome, text) in told.items()}


@pytest.mark.parametrize(
    ("experiment", "edits", "criterion", "words"),
    [
        pytest.param("reply-window", LONGER_WINDOW, "5.3", "24 h 00 min 00 s", id="window of 25 h"),
        pytest.param("reply-window", HEARS_TOO_EARLY, "4.3", "n'était pas envoyé", id="reply before the send"),
        pytest.param("daily-limit", HIGHER_LIMIT, "4.4", "au lieu de 1 000 au plus", id="limit of 5000"),
        pytest.param("interaction-types", DEAF_TO_VOICE, "5.4", "vocal", id="deaf to voice messages"),
        pytest.param("duplicate-replies", NO_UNIQUE_MESSAGE, "6.4", "Message 2", id="unique constraint removed"),
        pytest.param("lock-ownership", ANYBODY_RELEASES, "6.3", "rendu par celui qui l'a perdu", id="lock of anybody"),
        pytest.param("campaign-closing", NO_EXPIRY, "7.4", "laisse ouvert un contact silencieux", id="no expiry"),
        pytest.param("statistics-freezing", NEVER_FROZEN, "9.5", "changent après la clôture", id="never frozen"),
    ],
)
def test_a_defect_of_the_reference_is_seen(
    experiment: str, edits: tuple[Edit, ...], criterion: str, words: str, tmp_path: Path
) -> None:
    outcome, told = outcomes(experiment, tmp_path, *edits)[criterion]
    assert outcome is Outcome.DEFECT, told
    assert words in told
