"""The application answers what its OpenAPI document says, whatever it is sent: no 5xx, and no answer of another kind."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from system.db.database import Database
from system.main import create_app
from system.services.campaigns import create_campaign
from system.services.importing import Source, import_contacts
from tests.unit.system.administration import TOKEN_SECRET, add_everybody
from tests.unit.system.environment import stack_environment
from tests.unit.system.routers.client import Client

pytestmark = [
    pytest.mark.real,
    # Thousands of requests, each with an application started for it.
    pytest.mark.integration,
    # Schemathesis's own strategies do so.
    pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies"),
]
EXAMPLES = 8
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, postgres_url: str, redis_url: str, db: Database) -> Iterator[Client]:
    """An application in which something has the number 1 of each kind."""
    monkeypatch.setenv("ADMIN_TOKEN_SECRET", TOKEN_SECRET)
    add_everybody(db)
    import_contacts(
        db, io.BytesIO(b"phone\n0639980001\n12\n"), Source("f.csv", "cli", consent="salon", category="Lyon")
    )
    create_campaign(db, "Salon", "Bonjour", ["+33639980001"])
    with stack_environment(monkeypatch, postgres_url, redis_url):
        yield Client(create_app())


def try_out(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=QUIET,
    )
    def answers_as_documented(case: Any) -> None:
        case.validate_response(case.call(headers=headers), checks=CHECKS)

    answers_as_documented()


def negatable(operation: Any) -> bool:
    """Whether there is anything to get wrong."""
    return bool(operation.body) or any(True for _ in operation.iter_parameters())


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
@pytest.mark.parametrize("user", [None, "admin"])
def test_every_answer_is_documented(client: Client, user: str | None, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_dict(client.app.openapi())
    schema.app = client.app
    tried = 0
    for result in schema.get_all_operations():
        operation = result.ok()  # type: ignore[union-attr]
        if mode is GenerationMode.POSITIVE or negatable(operation):
            # A token each: one of them is the logout.
            try_out(operation, mode, client.bearer(user) if user else {})
            tried += 1
    assert tried > 10
