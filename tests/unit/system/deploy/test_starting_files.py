"""The two shipped ways of starting say the same thing."""

import configparser
import re

import pytest

from system.sandbox.stack import REPOSITORY
from system.sandbox.starters import CONFIGURATION, SCRIPT, START_SCRIPT, SUPERVISORD, Starter


def configuration() -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";",))
    parser.read(REPOSITORY / CONFIGURATION)
    return parser


def celery_commands(text: str) -> dict[str, str]:
    """The Celery command lines of a file by program, continuation lines joined."""
    joined = re.sub(r"\\\n\s*", "", text)
    return {program: line for line, program in re.findall(r"(celery -A \S+ (worker|beat)[^\n&']*)", joined)}


@pytest.mark.parametrize("starter", [SUPERVISORD, START_SCRIPT], ids=lambda starter: starter.name)
def test_every_program_is_declared(starter: Starter) -> None:
    assert starter.programs(REPOSITORY) == ("web", "worker", "beat", "watchdog")


def test_both_run_the_same_celery_commands() -> None:
    script, conf = ((REPOSITORY / path).read_text() for path in (SCRIPT, CONFIGURATION))
    assert {name: line.split() for name, line in celery_commands(script).items()} == {
        name: line.split() for name, line in celery_commands(conf).items()
    }
    assert "--concurrency=4 -Q default,messages,messages_high,retry,verification" in celery_commands(conf)["worker"]


def test_the_supervisor_restarts_everything_and_stops_celery_by_its_main_process() -> None:
    parser = configuration()
    for section in (name for name in parser.sections() if name.startswith("program:")):
        assert parser[section]["autorestart"] == "true"
        assert parser[section]["stopsignal"] == "TERM"
        assert parser[section]["stopasgroup"] == "false"
        assert parser[section]["killasgroup"] == "true"
        assert int(parser[section]["startretries"]) >= 100
    assert int(parser["program:worker"]["stopwaitsecs"]) > 90
