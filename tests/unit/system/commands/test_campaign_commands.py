import os
import pty
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner, Result

from system.cli import app
from system.services.campaigns import FOLLOW_UP, create_campaign
from system.services.consent import opt_out
from tests.criteria.inbound import phone
from tests.unit.system.bench import Bench
from tests.unit.system.tasks.queues import queued

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("in_the_stack")]


def campaign(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["campaign", *arguments], input=typed)


def test_from_draft_to_cancellation(bench: Bench, redis_url: str) -> None:
    result = campaign("create", "Rentrée", "--message", "Bonjour", "--phones", "-", typed=f"{phone(0)}\n\n{phone(1)}\n")
    assert (result.exit_code, result.stdout) == (0, "1\n")
    assert result.stderr == f"no --follow-up: whoever replies gets {FOLLOW_UP!r}\n"
    told = campaign("create", "Rentrée", "--message", "Bonjour", "--follow-up", "Merci")
    assert (told.output, told.stderr) == ("2\n", "")
    refused = campaign("schedule", "1", "2999-01-01T09:00+01:00")
    assert (refused.exit_code, "within a year" in refused.output) == (1, True)
    soon = datetime.now(UTC).date() + timedelta(days=300)
    assert campaign("schedule", "1", f"{soon}T09:00+01:00").exit_code == 0
    assert f"scheduled_at: {soon} 08:00:00+00:00" in campaign("show", "1").output
    assert campaign("launch", "1", "--yes").exit_code == 0
    assert queued(redis_url, "default") == [("send_campaign_messages", [1], {})]
    assert campaign("pause", "1").exit_code == 0
    assert campaign("resume", "1", "--which", "all").exit_code == 0
    assert campaign("cancel", "1").exit_code == 0
    figures = campaign("stats", "1").output.splitlines()
    assert {"contacts: 2", "cancelled: 2", "sent: 0", "frozen: False"} <= set(figures)
    assert bench.execute("SELECT DISTINCT actor FROM action_log") == [{"actor": "cli"}]


def two_of_three(bench: Bench) -> None:
    create_campaign(bench.db, "Rentrée", "Bonjour", [phone(0), phone(1), phone(2)])
    opt_out(bench.db, phone(2), source="operator")


TOLD = (
    "campaign 1 (Rentrée, draft): 2 of 3 people receive Message 1 (0 without consent, 1 opted out, 0 not on WhatsApp)\n"
    "left today: {left} Message 1 (DAILY_MESSAGE_LIMIT is 1000, 200 kept for Message 2){rest}\n"
)


@pytest.mark.parametrize(("sent", "left", "rest"), [(0, 800, ""), (799, 1, "; the rest leaves on the following days")])
def test_a_launch_says_to_how_many_and_what_the_day_has_left(bench: Bench, sent: int, left: int, rest: str) -> None:
    two_of_three(bench)
    bench.execute("INSERT INTO daily_counters (day, message_1) VALUES (%s, %s)", datetime.now(UTC).date(), sent)
    result = campaign("launch", "1", "--yes")
    assert (result.exit_code, result.output) == (0, TOLD.format(left=left, rest=rest) + "campaign 1 is started\n")


def test_without_a_terminal_and_without_yes_nothing_is_sent(bench: Bench, redis_url: str) -> None:
    two_of_three(bench)
    result = campaign("launch", "1", typed="y\n")
    assert (result.exit_code, result.stdout) == (2, TOLD.format(left=800, rest=""))
    assert result.stderr == "nothing is sent: there is no terminal to ask, give --yes\n"
    assert bench.execute("SELECT status, (SELECT count(*) FROM messages) AS messages FROM campaigns") == [
        {"status": "draft", "messages": 0}
    ]
    assert queued(redis_url, "default") == []


@pytest.mark.parametrize(("answer", "code", "status"), [("y", 0, "sending"), ("n", 1, "draft"), ("", 1, "draft")])
def test_on_a_terminal_it_asks(bench: Bench, answer: str, code: int, status: str) -> None:
    two_of_three(bench)
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    command = [sys.executable, "-m", "system", "campaign", "launch", "1"]
    done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, timeout=120, check=False)
    os.close(theirs)
    os.close(ours)
    assert (done.returncode, "Start it now? [y/N]:" in done.stdout + done.stderr) == (code, True), done.stderr
    assert bench.execute("SELECT status FROM campaigns") == [{"status": status}]


def test_a_campaign_that_cannot_start_says_why_and_does_not_ask(bench: Bench) -> None:
    create_campaign(bench.db, "Rentrée", "Bonjour {{prénom}}", [phone(0)])
    create_campaign(bench.db, "Vide", "Bonjour")
    for campaign_id, words in (("1", "no value for"), ("2", "nobody to write to")):
        result = campaign("launch", campaign_id)
        assert (result.exit_code, words in result.stderr, result.stdout) == (1, True, "")


def test_campaigns_are_listed_in_columns(bench: Bench) -> None:
    bench.campaign(2)
    create_campaign(bench.db, "Soldes\nd’été à prix très doux pour toute la famille", "Bonjour")
    create_campaign(bench.db, "東京", "Bonjour")
    assert campaign("list").output.splitlines() == [
        "ID  STATE    CONTACTS  SENT  REPLIES  MESSAGE 2  FAILED  NAME",
        " 3  draft           0     0        0          0       0  東京",
        " 2  draft           0     0        0          0       0  Soldes d’été à prix très doux pour tout…",
        " 1  sending         2     0        0          0       0  name",
    ]
    assert campaign("list", "--state", "sending").output.splitlines()[1:] == [
        " 1  sending         2     0        0          0       0  name"
    ]
    assert [line.split()[0] for line in campaign("list", "--before", "3", "--limit", "1").output.splitlines()] == [
        "ID",
        "2",
    ]


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
        (("launch", "404", "--yes"), "there is no campaign 404"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments: tuple[str, ...], words: str) -> None:
    result = campaign(*arguments)
    assert result.exit_code == 1
    assert words in result.output
    assert len(result.output.splitlines()) == 1
