"""Users who existed are disabled, their tokens revoked: a campaign still runs from its launch to its last Message 2."""

from collections.abc import Iterator
from contextlib import nullcontext

import httpx
import psycopg
import pytest

from checks.full_driver import FullDriver
from system.db.database import Database
from system.domain.roles import Role
from system.sandbox.processes import wait_until
from system.sandbox.stack import RunningStack, running_stack
from system.services.users import enable_user
from tests.unit.system.administration import PASSWORD, TOKEN_SECRET, add_everybody

pytestmark = pytest.mark.real
PHONES = [f"+3363998{number:04d}" for number in range(12)]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    env = {"ADMIN_TOKEN_SECRET": TOKEN_SECRET}
    with running_stack(data_dir=tmp_path_factory.mktemp("stack"), extra_env=env) as running:
        yield running


def test_a_campaign_runs_with_every_user_disabled(stack: RunningStack) -> None:
    witness, db = FullDriver(stack.root, lambda: nullcontext(stack)), Database(stack.database_url)
    witness.start()
    assert witness.logged_in() == []
    add_everybody(db)
    with httpx.Client(base_url=stack.web_url, trust_env=False) as client:
        token = client.post("/login", json={"name": "admin", "password": PASSWORD}).raise_for_status().json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        assert client.get("/me", headers=headers).is_success
        # Three users and a token: the harness says so, which is what makes its silence worth something.
        assert len(witness.logged_in()) == 4
        for role in Role:
            enable_user(db, role.value, enabled=False)
        assert witness.logged_in() == []
        assert client.get("/me", headers=headers).status_code == 401
        assert client.post("/login", json={"name": "admin", "password": PASSWORD}).status_code == 401
        db.close()
        since = stack.gateway.counts().accepted
        campaign_id = stack.launch_campaign("Autonome", "Bonjour", PHONES)
        wait_until(lambda: stack.gateway.counts().accepted - since == len(PHONES), seconds=60, what="every Message 1")
        for phone in PHONES:
            data = {"id": f"in{phone}", "type": "text", "flow": "inbound", "fromNumber": phone, "body": "oui"}
            event = {"event": "message:in:new", "data": data}
            client.post("/webhooks/wassenger", json=event).raise_for_status()
    wait_until(lambda: stack.gateway.counts().accepted - since == 2 * len(PHONES), seconds=60, what="every Message 2")
    accepted = [entry.phone for entry in stack.gateway.ledger(since=since)]
    assert sorted(accepted) == sorted(2 * PHONES)
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        query = "SELECT status FROM campaigns WHERE id = %s"
        wait_until(
            lambda: connection.execute(query, [campaign_id]).fetchone() == ("completed",),
            seconds=60,
            what="the campaign completed",
        )
    assert witness.logged_in() == []
