"""A soak counts again from its kept ledger, and a ledger that was edited, lost, or taken from elsewhere confirms nothing."""

import hashlib
import json
import lzma
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from audit.command.cli import app
from audit.experiments.evidence_files import EvidenceFileError, Soak, read
from audit.experiments.laboratory.recount import disagreement, recounted
from audit.experiments.laboratory.soak_history import (
    History,
    HistoryError,
    SendRow,
    StrikeRow,
    WebhookRow,
    packed,
    unpacked,
)
from audit.report.soak_summary import draw_soak, render_soak
from tests.unit.audit.experiments.soaks import account, history_of, keep, sound, strike

LEDGER = "soak.ledger.jsonl.xz"


def small(**other: Any) -> dict[str, Any]:
    """A session of two faults and a few probes, whose numbers a reader can follow."""
    strikes = [strike("kill-main") | {"at": 2.0}, strike("beat-killed", recovery=None) | {"at": 9.0}]
    measured = sound()["availability"] | {"probes": 5, "in_time": 4, "crashes": 0, "elapsed_seconds": 9.0}
    sends = account(40)
    return sound() | {"strikes": strikes, "sends": sends, "webhooks": account(3), "availability": measured} | other


@pytest.fixture
def session(tmp_path: Path) -> Path:
    document = small()
    path = keep(tmp_path, document, history_of(document))
    document = json.loads(path.read_text(encoding="utf-8"))
    path.with_suffix(".md").write_text(render_soak(document, "soak.svg"), encoding="utf-8")
    path.with_suffix(".svg").write_text(draw_soak(document), encoding="utf-8")
    return path


def refused(path: Path) -> str:
    with pytest.raises(EvidenceFileError) as caught:
        read(path)
    return str(caught.value)


def ran(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*map(str, arguments)])
    return result.exit_code, result.output


def again(path: Path, change: Callable[[dict[str, Any]], None] = lambda _: None, content: bytes | None = None) -> None:
    """Change the journal, give it another ledger, and put that ledger's digest in it: what a careful forger does."""
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    if content is not None:
        path.with_name(LEDGER).write_bytes(content)
        document["ledger"]["sha256"] = hashlib.sha256(content).hexdigest()
    path.write_text(json.dumps(document), encoding="utf-8")


def without(path: Path, kept: Callable[[dict[str, Any]], bool]) -> bytes:
    """The ledger of this journal without some of its lines."""
    lines = lzma.decompress(path.with_name(LEDGER).read_bytes()).splitlines(keepends=True)
    return lzma.compress(b"".join(line for line in lines if kept(json.loads(line))))


def test_a_kept_ledger_counts_to_what_the_journal_says(session: Path) -> None:
    assert isinstance(read(session), Soak)
    assert ran("report", "convert", session) == (0, session.with_suffix(".md").read_text(encoding="utf-8"))
    assert ran("report", "verify", "--past", session)[0] == 0


def test_what_the_commands_say_of_a_ledger_that_does_not_confirm(session: Path) -> None:
    session.with_name(LEDGER).unlink()
    for command in (("report", "convert"), ("report", "verify", "--past")):
        code, told = ran(*command, session)
        assert code > 0
        assert f"son registre `{LEDGER}` ne le confirme pas (il n'existe pas)" in told.replace("\u00a0", " ")


def test_a_byte_more_or_less_is_another_ledger(session: Path) -> None:
    ledger = session.with_name(LEDGER)
    content = ledger.read_bytes()
    for other in (content + b"\0", content[:-1], b"", content[:100] + bytes([content[100] ^ 1]) + content[101:]):
        ledger.write_bytes(other)
        assert "son empreinte SHA-256 n'est pas celle du journal" in refused(session)


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (lambda line: line.get("key") != "+33630000001", "il compte autrement les envois (`sends.expected`)"),
        (lambda line: "asked" not in line, "il compte autrement les envois"),
        (lambda line: line.get("webhook") != "FIRE1", "il compte autrement les webhooks (`webhooks.expected`)"),
        (lambda line: line.get("fault") != "beat-killed", "il a 1 fautes, et le journal 2"),
        (lambda line: line.get("fault") != "kill-main", "un envoi y nomme une faute qui n'y est pas"),
        (lambda line: "format" not in line, "son format n'est pas"),
        (lambda _: False, "ce n'est pas un registre"),
    ],
)
def test_an_edited_ledger_with_its_digest_does_not_count_to_the_journal(
    kept: Callable[[dict[str, Any]], bool], words: str, session: Path
) -> None:
    content = without(session, kept)
    if "fautes" in words:
        # No send may name the fault that is gone.
        content = lzma.compress(
            lzma.decompress(content)
            .replace(b'"strikes":[1],"in_flight":[1]', b'"status":"sent"')
            .replace(b"[1]", b"[0]")
        )
    again(session, content=content)
    assert words in refused(session)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["strikes"][0].update(recovery=1.0), "la faute 1 (`kill-main`, `recovery`)"),
        (lambda d: d["strikes"][0].update(in_flight=9), "la faute 1 (`kill-main`, `in_flight`)"),
        (lambda d: d["strikes"][0].update(at=2.5), "la faute 1 (`kill-main`, `at`)"),
        (lambda d: d["strikes"][1].update(recovery=0.5), "la faute 2 (`beat-killed`, `recovery`)"),
        (lambda d: d["availability"].update(in_time=5), "il compte autrement les sondes"),
        (lambda d: d["availability"].update(deadline_seconds=60.0), "il compte autrement les sondes"),
        (lambda d: d.update(availability=None), "il a des sondes, et le journal n'en a pas"),
        (lambda d: d["sends"].update(expected=30_000, accepted=30_000), "les envois (`sends.expected`)"),
        (lambda d: d["sends"].update(unexpected=["+33"]), "les envois (`sends.unexpected`)"),
        (lambda d: d["webhooks"].update(duplicated=["FIRE0"]), "les webhooks (`webhooks.duplicated`)"),
        (lambda d: d.update(seed=8), "c'est celui d'un autre journal"),
        (lambda d: d["target"].update(digest="b" * 64), "c'est celui d'un autre journal"),
    ],
)  # fmt: skip
def test_an_edited_journal_is_refused(change: Callable[[dict[str, Any]], None], words: str, session: Path) -> None:
    again(session, change)
    assert words in refused(session)


def test_the_ledger_of_another_session_is_refused(session: Path, tmp_path: Path) -> None:
    other = small(seed=8)
    again(session, content=packed(history_of(other), other))
    assert "c'est celui d'un autre journal" in refused(session)


@pytest.mark.parametrize(
    "name", ["../soak.ledger.jsonl.xz", "/etc/passwd", "", ".", "..", "a/b", "soak.json\n", "é.xz"]
)
def test_a_ledger_is_a_file_beside_the_journal(name: str, session: Path) -> None:
    again(session, lambda d: d["ledger"].update(file=name))
    assert "`$.ledger.file` n'a pas la forme attendue" in refused(session)


def test_a_ledger_that_is_no_plain_file_is_not_waited_for(session: Path) -> None:
    ledger = session.with_name(LEDGER)
    ledger.unlink()
    os.mkfifo(ledger)
    assert "ce n'est pas un fichier ordinaire" in refused(session)


def line(**fields: Any) -> bytes:
    return json.dumps(fields).encode() + b"\n"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (line(key="a", at=[1.5]), "sa ligne 2"),
        (line(key="a", at=1), "sa ligne 2"),
        (line(key="a", at=[-1]), "sa ligne 2"),
        (line(key="a", at=[True]), "sa ligne 2"),
        (line(key="a", at=[10**14]), "sa ligne 2"),
        (line(key="a", at=None), "sa ligne 2"),
        (line(key=3), "sa ligne 2"),
        (line(key="a", expected=0), "sa ligne 2"),
        (line(key="a", hidden=True), "sa ligne 2"),
        (line(status="sent"), "sa ligne 2"),
        (b"[]\n", "sa ligne 2"),
        (b'"key"\n', "sa ligne 2"),
        (line(key="a", asked="now"), "sa ligne 2"),
        (line(webhook="w", recorded=-1), "sa ligne 2"),
        (line(key="a") + line(key="a"), "sur deux lignes"),
        (line(webhook="a") + line(webhook="a"), "sur deux lignes"),
        (line(key="a", strikes=[0]), "une faute qui n'y est pas"),
        (b'{"key": "a", "at": [NaN]}\n', "ce n'est pas un registre"),
        (b'{"key": "a", "at": [1e999]}\n', "sa ligne 2"),
        (b'{"key": "a", "at": [' + b"9" * 5000 + b"]}\n", "ce n'est pas un registre"),
        (b"\xff\n", "ce n'est pas un registre"),
        (b"[" * 100_000 + b"\n", "ce n'est pas un registre"),
    ],
)
def test_a_garbled_ledger_is_a_clear_message(lines: bytes, words: str) -> None:
    document = small()
    head = lzma.decompress(packed(History(), document))
    with pytest.raises(HistoryError, match=words):
        unpacked(lzma.compress(head + lines), document)


def test_a_ledger_that_unpacks_to_too_much_is_not_unpacked() -> None:
    bomb = lzma.compress(b"\0" * (80 << 20), preset=0)
    assert len(bomb) < 1 << 20
    for content in (bomb, b"", b"plain", lzma.compress(b"{}\n", lzma.FORMAT_ALONE)):
        with pytest.raises(HistoryError, match="ce n'est pas un registre"):
            unpacked(content, small())


def test_what_was_lost_doubled_or_unexpected_is_counted_from_the_rows_alone() -> None:
    rows = (
        SendRow("lost", status="sent"),
        SendRow("twice", at=(5, 9), ids=("a", "b"), in_flight=(0,)),
        SendRow("fine", at=(7_000_005,), strikes=(0,)),
        SendRow("stray", expected=False, at=(5,)),
        SendRow("tired", status="failed", refusals=4),
        SendRow("given up", status="failed", refusals=3, strikes=(0,)),
        SendRow("early", at=(30,), asked=10),
        SendRow("late", at=(31,), asked=10),
        SendRow("never", asked=10),
    )
    webhooks = (WebhookRow("w1", True, True, 1), WebhookRow("w2", True, True), WebhookRow("w3", recorded=2))
    counted = recounted(History((StrikeRow("kill-main", at=5, resumed=True),), rows, webhooks, deadline=20))
    assert counted.sends.lost == ("given up", "lost", "never")
    assert (counted.sends.duplicated, counted.sends.unexpected) == (("twice",), ("stray",))
    assert counted.sends.uncertain == ("tired",)
    assert (counted.probes, counted.in_time) == (3, 1)
    assert (counted.webhooks.lost, counted.webhooks.duplicated) == (("w2",), ("w3",))
    assert counted.webhooks.unexpected == ("w3",)
    (only,) = counted.by_strike
    # « twice » was in flight: that it was accepted at 9 does not tell that sending resumed; « early » does.
    assert (only.account.lost, only.account.duplicated, only.recovery) == (("given up",), ("twice",), 0.0)
    assert replace(only, recovery=None).told()["keys"] == 2


NUMBERS = st.lists(st.integers(0, 10**7), max_size=3).map(tuple)
SENDS = st.builds(
    SendRow, st.text(), st.booleans(), st.sampled_from(["", "sent", "failed"]), st.integers(0, 9), NUMBERS
)


@settings(max_examples=20)
@given(st.lists(SENDS, unique_by=lambda row: row.key), st.none() | st.integers(0, 10**7))
def test_a_written_history_is_read_back_and_counts_the_same(sends: list[SendRow], deadline: int | None) -> None:
    history, document = History(sends=tuple(sends), deadline=deadline), small()
    content = packed(history, document)
    assert unpacked(content, document) == history
    assert packed(history, document) == content


def test_a_history_that_agrees_has_no_disagreement() -> None:
    document = small()
    assert disagreement(recounted(history_of(document)), document) == ""
