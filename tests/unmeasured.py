"""Tests whose coverage is not measured: what they run is measured where it is tested, and they would take twice as long."""

import pytest


@pytest.fixture(autouse=True)
def unmeasured(no_cover: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither this process nor those it starts, which coverage finds by this variable."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
