from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner, Result

from system.cli import app
from tests.criteria.inbound import phone
from tests.unit.system.bench import Bench
from tests.unit.system.tasks.queues import queued

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("in_the_stack")]


def campaign(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["campaign", *arguments], input=typed)


def test_from_draft_to_cancellation(bench: Bench, redis_url: str) -> None:
    result = campaign("create", "Rentrée", "--message", "Bonjour", "--phones", "-", typed=f"{phone(0)}\n\n{phone(1)}\n")
    assert (result.exit_code, result.output) == (0, "1\n")
    refused = campaign("schedule", "1", "2999-01-01T09:00+01:00")
    assert (refused.exit_code, "within a year" in refused.output) == (1, True)
    soon = datetime.now(UTC).date() + timedelta(days=300)
    assert campaign("schedule", "1", f"{soon}T09:00+01:00").exit_code == 0
    assert f"scheduled_at: {soon} 08:00:00+00:00" in campaign("show", "1").output
    assert campaign("launch", "1").exit_code == 0
    assert queued(redis_url, "default") == [("send_campaign_messages", [1], {})]
    assert campaign("pause", "1").exit_code == 0
    assert campaign("resume", "1", "--which", "all").exit_code == 0
    assert campaign("cancel", "1").exit_code == 0
    told = campaign("stats", "1").output.splitlines()
    assert {"contacts: 2", "cancelled: 2", "sent: 0", "frozen: False"} <= set(told)
    assert bench.execute("SELECT DISTINCT actor FROM action_log") == [{"actor": "cli"}]


def test_a_file_or_a_template_is_given_by_options(bench: Bench) -> None:
    template = ("--template", "accueil", "--language", "en_GB", "--value", "{{prénom|you}}", "--value", "Monday")
    for options in (("--media", "https://example.org/a.pdf"), template):
        assert campaign("create", "Rentrée", "--message", "Bonjour", *options).exit_code == 0
    assert [row["content"] for row in bench.execute("SELECT content FROM campaigns ORDER BY id")] == [
        {"media": {"url": "https://example.org/a.pdf"}},
        {"template": {"name": "accueil", "language": "en_GB", "body": ["{{prénom|you}}", "Monday"]}},
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("launch", "404"), "there is no campaign 404"),
        (("create", "n", "--message", "m", "--category", "x"), "no such category: x"),
        (("create", "n", "--message", "m", "--media", "http://example.org/a.png"), "not the address of a file"),
        (("create", "n", "--message", "m", "--template", "Accueil"), "a template's name is made of"),
        (("create", "n", "--message", "m", "--template", "a", "--media", "https://a.b/c.png"), "not both"),
        (("schedule", "404", "tomorrow"), "Invalid isoformat string"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments: tuple[str, ...], words: str) -> None:
    result = campaign(*arguments)
    assert result.exit_code == 1
    assert words in result.output
    assert len(result.output.splitlines()) == 1
