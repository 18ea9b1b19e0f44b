"""What `doctor` says of what surrounds the stack, wrong and right."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from system.db import people
from system.domain.erasure import ErasureKey
from system.domain.sending_hours import SendingHours
from system.services.diagnosis import Finding
from system.services.surroundings import surroundings
from tests.unit.system.bench import Bench

pytestmark = pytest.mark.real
AWAY = "postgresql://nobody@127.0.0.1:1/none"
KEY = ErasureKey("a secret of thirty-two bytes or more")
HOURS = SendingHours.parse("08:00-20:00", "Europe/Paris")


def found(
    url: str, *, secret: bool = True, allowed: str = "", key: ErasureKey | None = KEY, ahead: float = 0
) -> dict[str, Finding]:
    environment = {"FORWARDED_ALLOW_IPS": allowed, "BEAT_SCHEDULE_FILE": "/tmp/beat"}
    now = datetime.now(UTC) + timedelta(seconds=ahead)
    every = surroundings(url, environment, has_secret=secret, hours=HOURS, key=key, now=now)
    return {finding.part: finding for finding in every}


def came_in(bench: Bench, *addresses: str) -> None:
    for number, address in enumerate(addresses):
        bench.execute("INSERT INTO users (name, role, password_hash) VALUES (%s, 'reader', 'x')", f"u{number}")
        bench.execute("INSERT INTO known_addresses SELECT max(id), %s, now() FROM users", address)


def test_nothing_is_wrong(bench: Bench, postgres_url: str) -> None:
    every = found(postgres_url)
    assert all(finding.ok and not finding.remedy for finding in every.values()), every
    assert list(every) == ["webhook", "proxy", "zone", "disk", "erasures"]
    assert "Europe/Paris" in every["zone"].seen


def test_without_the_database_only_what_needs_none_is_known() -> None:
    assert [part for part, finding in found(AWAY).items() if finding.ok] == ["webhook", "disk"]


def test_webhooks_without_a_proof_are_wrong(postgres_url: str) -> None:
    assert not found(postgres_url, secret=False)["webhook"].ok


@pytest.mark.parametrize(
    ("addresses", "allowed", "ok"),
    [
        (("10.0.0.5", "10.0.0.5"), "", False),
        (("10.0.0.5", "10.0.0.5"), "10.0.0.5", True),
        (("10.0.0.5",), "", True),
        (("10.0.0.5", "10.0.0.6"), "", True),
        (("8.8.8.8", "8.8.8.8"), "", True),
        (("unknown", "unknown"), "", True),
    ],
)
def test_a_proxy_that_nobody_declared(
    bench: Bench, postgres_url: str, addresses: tuple[str, ...], allowed: str, ok: bool
) -> None:
    came_in(bench, *addresses)
    assert found(postgres_url, allowed=allowed)["proxy"].ok is ok


@pytest.mark.parametrize(("ahead", "words"), [(60, "60 s ahead of"), (-60, "60 s behind")])
def test_clocks_that_differ(postgres_url: str, ahead: float, words: str) -> None:
    zone = found(postgres_url, ahead=ahead)["zone"]
    assert (zone.ok, words in zone.seen) == (False, True)


def test_marks_of_another_key(bench: Bench, postgres_url: str) -> None:
    with bench.db.transaction() as connection:
        people.mark(connection, "m", key_id=KEY.id)
    assert found(postgres_url)["erasures"].ok
    assert not found(postgres_url, key=ErasureKey("another secret of thirty-two bytes"))["erasures"].ok
    assert not found(postgres_url, key=None)["erasures"].ok


def test_the_disk_is_the_one_of_the_beat_file(postgres_url: str) -> None:
    free = shutil.disk_usage(Path("/tmp")).free
    assert found(postgres_url)["disk"].ok is (free >= 200_000_000)
