from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from system.cli import app
from system.config import get_settings

SETTINGS = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "WASSENGER_API_KEY": "key",
    "WASSENGER_DEVICE": "0123456789abcdef01234567",
}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--contacts", "0"], "--contacts 0: must be between 1 and 10000"),
        (["--contacts", "10001"], "--contacts 10001: must be between 1 and 10000"),
        (["--data-dir", "/proc/nowhere"], "--data-dir /proc/nowhere: cannot be written (No such file or directory)"),
    ],
)
def test_a_bad_option_of_the_demo_is_one_line(options: list[str], sentence: str) -> None:
    result = CliRunner().invoke(app, ["demo", *options])
    assert (result.exit_code, result.output.strip()) == (2, sentence)


def test_a_data_dir_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = CliRunner().invoke(app, ["demo", "--data-dir", str(tmp_path / "file")])
    assert result.exit_code == 2
    assert len(result.output.splitlines()) == 1


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    yield monkeypatch
    get_settings.cache_clear()


@pytest.mark.parametrize("missing", SETTINGS)
def test_migrate_names_the_missing_setting_in_one_line(missing: str, complete: pytest.MonkeyPatch) -> None:
    complete.delenv(missing)
    result = CliRunner().invoke(app, ["migrate"])
    assert result.exit_code != 0
    assert missing in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_migrate_says_in_one_line_that_the_database_is_away(complete: pytest.MonkeyPatch) -> None:
    result = CliRunner().invoke(app, ["migrate"])
    assert result.exit_code == 1
    assert result.output.startswith("DATABASE_URL: the database cannot be used")
    assert len(result.output.strip().splitlines()) == 1


def test_migrate_twice(complete: pytest.MonkeyPatch, empty_postgres_url: str) -> None:
    complete.setenv("DATABASE_URL", empty_postgres_url)
    first, second = (CliRunner().invoke(app, ["migrate"]) for _ in range(2))
    assert first.output.startswith("migrations applied: 0001_initial.sql")
    assert second.output == "the schema is up to date\n"
