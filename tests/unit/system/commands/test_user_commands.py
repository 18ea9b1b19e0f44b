from collections.abc import Iterator

import pytest
from typer.testing import CliRunner, Result

from system.cli import app
from system.config import get_settings
from tests.unit.system.bench import Bench
from tests.unit.system.environment import stack_environment

pytestmark = pytest.mark.real
PASSWORD = "correct horse battery\n"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, postgres_url: str, redis_url: str) -> Iterator[pytest.MonkeyPatch]:
    with stack_environment(monkeypatch, postgres_url, redis_url):
        yield monkeypatch


def user(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["user", *arguments], input=typed)


def test_the_life_of_a_user(environment: pytest.MonkeyPatch, bench: Bench) -> None:
    assert user("add", "anne", "--role", "operator", typed=PASSWORD).output == "anne: added as operator\n"
    assert user("list").output.startswith("anne\toperator\tenabled\t")
    assert user("passwd", "anne", typed="quite another one\n").output == "anne: password changed, 0 tokens revoked\n"
    assert user("disable", "anne").output == "anne: disabled, 0 tokens revoked\n"
    assert "disabled" in user("list").output
    assert user("enable", "anne").output == "anne: enabled\n"
    actions = [row["action"] for row in bench.execute("SELECT action FROM action_log WHERE actor = 'cli' ORDER BY id")]
    assert actions == ["user added", "password changed", "user disabled", "user enabled"]


@pytest.mark.parametrize(
    ("arguments", "typed", "sentence"),
    [
        (("add", "Anne"), PASSWORD, "'Anne': a name has 1 to 64 small letters, digits or . _ @ + -"),
        (("add", "anne"), "short\n", "a password has 12 to 128 characters"),
        (("passwd", "nobody"), PASSWORD, "nobody: no such user"),
        (("disable", "nobody"), "", "nobody: no such user"),
        (("enable", "nobody"), "", "nobody: no such user"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    environment: pytest.MonkeyPatch, arguments: tuple[str, ...], typed: str, sentence: str
) -> None:
    result = user(*arguments, typed=typed)
    assert (result.exit_code, result.output.strip()) == (1, sentence)


def test_a_database_that_is_away_is_one_line(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    get_settings.cache_clear()
    result = user("list")
    assert result.exit_code == 1
    assert result.output.startswith("DATABASE_URL: the database cannot be used")
    assert len(result.output.strip().splitlines()) == 1


def test_an_old_schema_is_one_line(environment: pytest.MonkeyPatch, bench: Bench) -> None:
    bench.execute("ALTER TABLE users RENAME TO gone")
    result = user("list")
    assert (result.exit_code, result.output) == (1, "the schema is missing or old: run python -m system migrate\n")
