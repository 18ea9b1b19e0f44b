import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from system.cli import app
from system.db import heartbeats
from tests.unit.system.bench import Bench

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("in_the_stack")]


def test_an_export_tells_when_workers_were_alive(bench: Bench, tmp_path: Path) -> None:
    bench.execute("UPDATE heartbeat_history SET since = now() - interval '60 days'")
    with bench.db.transaction() as connection:
        for ago in (40 * 86400, 3600, 3590, 5):
            heartbeats.record(connection, heartbeats.WORKER, "w@a", beat_seconds=15, seconds_ago=ago)
        heartbeats.record(connection, heartbeats.BEAT, "a", beat_seconds=15)
    out = tmp_path / "heartbeats.json"
    result = CliRunner().invoke(app, ["heartbeats", "export", "--out", str(out)])
    assert result.exit_code == 0, result.output
    document = json.loads(out.read_text())
    assert list(document) == ["format", "application", "exported_at", "from", "to", "beat_seconds", "alive"]
    assert (document["format"], document["beat_seconds"]) == ("worker-heartbeats/1", 15.0)
    assert [worker for worker, _, _ in document["alive"]] == ["w@a", "w@a"]
    moments = [document["from"], *document["alive"][0][1:], *document["alive"][1][1:], document["to"]]
    assert moments == sorted(moments)
    assert all(moment.endswith("+00:00") for moment in moments)
    shown = CliRunner().invoke(app, ["heartbeats", "export", "--days", "1"])
    assert json.loads(shown.output)["alive"] == document["alive"]


def test_what_cannot_be_done_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["heartbeats", "export", "--out", str(tmp_path / "no" / "where")])
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
