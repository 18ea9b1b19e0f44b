import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner, Result

from system.cli import app
from system.config import get_settings
from tests.unit.system.administration import TOKEN_SECRET
from tests.unit.system.environment import stack_environment

pytestmark = pytest.mark.real
NUMBER = "+33639980001"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, postgres_url: str, redis_url: str) -> Iterator[None]:
    monkeypatch.setenv("ERASURE_SECRET", TOKEN_SECRET)
    with stack_environment(monkeypatch, postgres_url, redis_url):
        contacts("import", "-", typed="phone,name\n0639980001,Anne\n0639980002,Béa\n")
        yield


def contacts(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["contacts", *arguments], input=typed)


def test_a_person_is_exported_then_erased() -> None:
    assert json.loads(contacts("export", NUMBER).output)["contacts"][0]["name"] == "Anne"
    assert contacts("erase", NUMBER, typed="n\n").exit_code == 1
    assert json.loads(contacts("export", NUMBER).output)["contacts"] != []
    result = contacts("erase", NUMBER, "--yes")
    assert (result.exit_code, result.output) == (0, "erased: 1 contacts\n")
    assert json.loads(contacts("export", NUMBER).output)["contacts"] == []
    assert contacts("search").output == "2\t+33639980002\tBéa\t-\tunknown\tno consent\n"


def test_without_a_key_nobody_is_erased(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ERASURE_SECRET")
    get_settings.cache_clear()
    result = contacts("erase", NUMBER, "--yes")
    assert (result.exit_code, result.output.split()[:3]) == (1, ["neither", "ERASURE_SECRET", "nor"])


def test_a_contact_is_corrected() -> None:
    assert contacts("correct", NUMBER, "--name", "Zoé", "--number", "+33 6 39 98 00 03").output == "corrected\n"
    assert contacts("search", "Zoé").output == "1\t+33639980003\tZoé\t-\tunknown\tno consent\n"
    assert contacts("correct", "+33639980003", "--number", "+33639980002").output == "another contact has this number\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("erase", "12", "--yes"), 2, "not an E.164 phone number"),
        (("correct", NUMBER), 2, "give --name"),
        (("correct", "+33639980009", "--name", "x"), 1, "+33639980009: no contact"),
        (("consent", NUMBER, "--proof", "x", "--given-at", "2024-01-01"), 1, "say how the person consented"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: tuple[str, ...], code: int, words: str) -> None:
    result = contacts(*arguments)
    assert (result.exit_code, result.output.startswith(words)) == (code, True)


def test_a_refusal_and_the_consent_that_undoes_it() -> None:
    assert contacts("opt-out", NUMBER).output == "opted out; waiting messages ended: 0\n"
    older = contacts("consent", NUMBER, "--proof", "form of May", "--given-at", "2024-01-01")
    assert older.output.startswith("the person refused later, on ")
    assert (
        contacts("consent", "+33639980002", "--proof", "form of May", "--given-at", "2024-01-01").output == "recorded\n"
    )
