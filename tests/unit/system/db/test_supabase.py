import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime

import httpx
import postgrest
import pytest
import respx

from system.config import SettingsError
from system.db.snapshots import SupabaseSnapshots
from system.db.supabase import TIMEOUT_SECONDS, get_supabase_client
from system.domain.counters import DayCounters
from tests.unit.system.environment import stack_environment

PROJECT = "https://project.example"
SNAPSHOTS = f"{PROJECT}/rest/v1/monitoring_snapshots"
DAYS = [DayCounters(date(2025, 12, 28), 7, 3, 1), DayCounters(date(2025, 12, 29), 0, 0, 0)]
NOW = datetime(2025, 12, 29, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _project(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SUPABASE_URL", PROJECT + "/")
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "service-role")
    with stack_environment(monkeypatch, "postgresql://nobody@127.0.0.1:9/none", "redis://127.0.0.1:9/0"):
        yield


def keep() -> None:
    SupabaseSnapshots(get_supabase_client()).upsert(DAYS, taken_at=NOW)


@respx.mock
def test_what_goes_over_the_wire_is_one_upsert_under_the_service_role() -> None:
    route = respx.post(SNAPSHOTS).respond(201)
    keep()
    (call,) = route.calls
    assert call.request.url.params["on_conflict"] == "day"
    assert "resolution=merge-duplicates" in call.request.headers["Prefer"]
    assert call.request.headers["apikey"] == "service-role"
    assert call.request.headers["Authorization"] == "Bearer service-role"
    assert json.loads(call.request.content) == [
        {
            "day": "2025-12-28",
            "counters": {"message_1": 7, "message_2": 3, "errors": 1},
            "taken_at": "2025-12-29T12:00:00+00:00",
        },
        {
            "day": "2025-12-29",
            "counters": {"message_1": 0, "message_2": 0, "errors": 0},
            "taken_at": "2025-12-29T12:00:00+00:00",
        },
    ]
    assert max(call.request.extensions["timeout"].values()) == TIMEOUT_SECONDS == 10


@respx.mock
def test_without_a_day_nothing_is_asked() -> None:
    SupabaseSnapshots(get_supabase_client()).upsert([], taken_at=NOW)
    assert get_supabase_client() is get_supabase_client()
    assert len(respx.calls) == 0


@respx.mock
@pytest.mark.parametrize("status", [401, 500])
def test_a_refusal_is_raised_and_nothing_is_retried(status: int) -> None:
    route = respx.post(SNAPSHOTS).respond(status, json={"message": "no", "code": str(status)})
    with pytest.raises(postgrest.APIError):
        keep()
    assert route.call_count == 1


@respx.mock
def test_a_project_that_does_not_answer_is_raised() -> None:
    respx.post(SNAPSHOTS).mock(side_effect=httpx.ReadTimeout)
    with pytest.raises(httpx.ReadTimeout):
        keep()


def test_without_a_project_there_is_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUPABASE_URL")
    with pytest.raises(SettingsError, match="SUPABASE_URL is missing"):
        get_supabase_client()


def test_importing_the_library_warns_of_nothing_and_only_a_client_does_it() -> None:
    script = (
        "import sys, system.tasks.periodic_tasks; assert 'supabase' not in sys.modules;"
        "from system.db.supabase import SupabaseProject; SupabaseProject('https://project.example', 'key').close();"
        "assert 'supabase' in sys.modules"
    )
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
