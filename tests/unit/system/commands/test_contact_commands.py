from pathlib import Path

import pytest
import redis
from typer.testing import CliRunner, Result

from system.cli import app

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("in_the_stack")]
FILE = "phone,name\n0639980001,Anne\n12,Béa\n"


def contacts(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["contacts", *arguments], input=typed)


def test_from_a_file_to_a_search(tmp_path: Path) -> None:
    file, rejected = tmp_path / "f.csv", tmp_path / "r.csv"
    file.write_text(FILE)
    result = contacts("import", str(file), "--rejected", str(rejected), "--consent", "salon", "--category", "Lyon")
    assert result.exit_code == 1
    assert result.output == "line 3: not a phone number: 12\nimport 1: 1 new, 0 known already, 1 not taken\n"
    assert rejected.read_text() == "line,reason,phone,name\n3,not a phone number: 12,12,Béa\n"
    assert contacts("search", "anne").output == "1\t+33639980001\tAnne\tLyon\tunknown\topted in\n"
    assert contacts("search", "+3363", "--after", "1").output == ""
    assert contacts("search", "%").output == ""
    assert contacts("search", "--category", "Paris").output == ""


def test_from_standard_input() -> None:
    result = contacts("import", "-", "--region", "us", typed="phone\n(202) 555-0143\n")
    told = "import 1: 1 new, 0 known already, 0 not taken\nwithout consent: 1; nothing will be sent to them\n"
    assert (result.exit_code, result.output) == (0, told)
    assert contacts("search").output == "1\t+12025550143\t-\t-\tunknown\tno consent\n"


def test_columns_that_are_not_read_are_told() -> None:
    result = contacts("import", "-", "--consent", "salon", typed="phone,city,whatsapp\n,Lyon,0639980001\n")
    assert result.output.splitlines()[1:] == [
        "numbers are those of the column 'whatsapp'; also columns of numbers, not read: phone",
        "columns not read: city",
    ]


@pytest.mark.parametrize(
    ("arguments", "typed", "code", "words"),
    [
        (("import", "/nowhere"), "", 2, "/nowhere: cannot be read (No such file or directory)"),
        (("import", "-"), "name;city\n", 2, "-: no column is called phone"),
        (("import", "-", "--region", "xx"), "phone\n", 2, "--region XX: not a country"),
        (("verify", "+33639980001"), "", 1, "+33639980001: no contact has this number"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: tuple[str, ...], typed: str, code: int, words: str) -> None:
    result = contacts(*arguments, typed=typed)
    assert result.exit_code == code
    assert result.output.startswith(words)
    assert len(result.output.strip().splitlines()) == 1


def test_verifications_go_to_their_queue(redis_url: str) -> None:
    contacts("import", "-", typed=FILE)
    assert contacts("verify").exit_code == contacts("verify", "+33639980001").exit_code == 0
    with redis.Redis.from_url(redis_url) as broker:
        assert broker.llen("verification") == 2


def test_doctor_tells_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    result = CliRunner().invoke(app, ["doctor"])
    lines = result.output.splitlines()
    assert result.exit_code == 1
    assert lines[0] == "ok    settings: complete (ADMIN_TOKEN_SECRET is not set: nobody can log in)"
    assert lines[1].startswith("ok    database: PostgreSQL ")
    assert lines[3] == "ok    redis: answers"
    assert lines[4].startswith("WRONG gateway: ConnectError")
    assert [line.split(":")[0] for line in lines[2:3] + lines[5:]] == [
        "ok    writes",
        "ok    sending",
        "ok    queues",
        "WRONG beat",
        "WRONG worker",
        "WRONG webhook",
        "ok    proxy",
        "ok    zone",
        "ok    disk",
        "ok    erasures",
    ]
