from datetime import UTC, datetime, timedelta

import pytest

from system.config import get_settings
from tests.criteria.inbound import phone
from tests.unit.system.bench import Bench
from tests.unit.system.routers.client import Client
from tests.unit.system.tasks.queues import queued

pytestmark = pytest.mark.real
NEW = {"name": "Rentrée", "message": "Bonjour", "phones": [phone(0), phone(1)]}


def test_from_draft_to_cancellation(client: Client, bench: Bench, redis_url: str) -> None:
    headers = client.bearer("operator")

    def post(path: str, body: object = None) -> tuple[int, str]:
        answer = client.request("POST", path, json=body, headers=headers)
        return answer.status_code, answer.json()["campaign"]["status"]

    made = client.request("POST", "/campaigns", json=NEW, headers=headers)
    assert made.status_code == 201
    campaign_id = made.json()["campaign"]["id"]
    path = f"/campaigns/{campaign_id}"
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert post(f"{path}/schedule", {"at": at}) == (200, "scheduled")
    assert post(f"{path}/launch") == (200, "sending")
    assert queued(redis_url, "default") == [("send_campaign_messages", [campaign_id], {})]
    assert post(f"{path}/pause") == (200, "paused")
    assert post(f"{path}/resume", {"which": "failed"}) == (200, "sending")
    assert post(f"{path}/cancel") == (200, "cancelled")
    shown = client.request("GET", path, headers=headers).json()
    assert (shown["statistics"]["contacts"], shown["statistics"]["cancelled"], shown["frozen"]) == (2, 2, False)
    listed = client.request("GET", "/campaigns", headers=headers).json()
    assert [(campaign["id"], campaign["stop_reason"]) for campaign in listed] == [
        (campaign_id, "the campaign was cancelled")
    ]
    actions = bench.execute("SELECT action FROM action_log WHERE starts_with(action, 'campaign') ORDER BY id")
    assert [row["action"] for row in actions] == [
        f"campaign {word}" for word in ("created", "scheduled", "sending", "paused", "sending", "cancelled")
    ]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/campaigns", NEW | {"phones": ["12"]}, 422),
        ("/campaigns", NEW | {"categories": ["nobody"]}, 422),
        ("/campaigns", NEW | {"message": " "}, 422),
        ("/campaigns", NEW | {"media": {"url": "http://example.org/a.png"}}, 422),
        ("/campaigns", NEW | {"media": {"url": "https://example.org/a.png", "size": 1}}, 422),
        ("/campaigns", NEW | {"template": {"name": "Accueil"}}, 422),
        ("/campaigns", NEW | {"template": {"name": "accueil", "values": ["{{ville}}"]}}, 422),
        ("/campaigns", NEW | {"template": {"name": "accueil"}, "media": {"url": "https://example.org/a.png"}}, 422),
        ("/campaigns/404/launch", None, 404),
        ("/campaigns/1/pause", None, 409),
        ("/campaigns/1/schedule", {"at": "2020-01-01T00:00:00Z"}, 422),
        ("/campaigns/1/schedule", {"at": "2040-01-01T00:00:00"}, 422),
        ("/campaigns/1/schedule", {"at": "3026-01-01T00:00:00Z"}, 422),
        ("/suppressions", {"phone": "12"}, 422),
    ],
)
def test_what_cannot_be_done_is_said(client: Client, path: str, body: object, status: int) -> None:
    headers = client.bearer("operator")
    client.request("POST", "/campaigns", json=NEW, headers=headers)
    answer = client.request("POST", path, json=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_a_draft_is_changed_and_what_is_not_named_stays(client: Client, bench: Bench) -> None:
    headers = client.bearer("operator")
    said = {"media": {"url": "https://example.org/a.png"}, "sending_hours": "09:00-10:00", "follow_up": "Merci"}
    client.request("POST", "/campaigns", json=NEW | said, headers=headers)

    def change(asked: dict[str, object], campaign_id: int = 1) -> tuple[int, object]:
        answer = client.request("PATCH", f"/campaigns/{campaign_id}", json=asked, headers=headers)
        found = answer.json()
        return answer.status_code, found["campaign"] if "campaign" in found else found["detail"]

    code, shown = change({"message": "Bonsoir {{ PRENOM | vous }}"})
    assert isinstance(shown, dict)
    kept = {"name": "Rentrée", "follow_up": "Merci", "media": said["media"], "template": None}
    assert (code, shown["message"]) == (200, "Bonsoir {{prénom|vous}}")
    assert {name: shown[name] for name in kept} == kept
    code, shown = change({"template": {"name": "accueil", "values": ["a"]}, "phones": [phone(5)], "name": "Foire"})
    assert isinstance(shown, dict)
    changed = {"name": "Foire", "media": None, "template": {"name": "accueil", "language": "fr", "values": ["a"]}}
    assert {name: shown[name] for name in changed} == changed
    listed = bench.execute("SELECT p.phone FROM campaign_contacts JOIN contacts AS p ON p.id = contact_id")
    assert listed == [{"phone": phone(5)}]
    hours = "SELECT sending_opens, sending_zone FROM campaigns"
    assert bench.execute(hours) == [{"sending_opens": 540, "sending_zone": "UTC"}]
    change({"sending_hours": None, "template": None})
    assert bench.execute(hours) == [{"sending_opens": None, "sending_zone": None}]
    assert bench.execute("SELECT content FROM campaigns") == [{"content": None}]
    refused: list[dict[str, object]] = [{"categories": ["nobody"]}, {"message": " "}, {"media": {"url": "x"}}]
    refused += [{"phones": ["12"]}, {"x": 1}]
    for wrong in refused:
        assert change(wrong)[0] == 422, wrong
    bench.execute("UPDATE contacts SET name = 'Zoé-Marie Abécassis' WHERE phone = %s", phone(5))
    code, told = change({"message": "x" * 4081 + "{{nom complet}}"})
    assert (code, "1 contacts would read more than 4096 characters: Zoé-Marie Abécassis" in str(told)) == (422, True)
    assert change({"name": "x"}, 404)[0] == 404
    client.request("POST", "/campaigns/1/launch", headers=headers)
    assert change({"name": "x"}) == (409, "campaign 1 is sending: it is no draft")


def test_an_operator_suppresses_a_number(client: Client, bench: Bench) -> None:
    bench.campaign(2)
    answer = client.request("POST", "/suppressions", json={"phone": phone(0)}, headers=client.bearer("operator"))
    assert (answer.status_code, answer.json()) == (201, {"ended_messages": 1})


def test_a_reader_sees_and_does_nothing(client: Client) -> None:
    headers = client.bearer("reader")
    assert client.request("GET", "/campaigns", headers=headers).status_code == 200
    assert client.request("POST", "/campaigns", json=NEW, headers=headers).status_code == 403


def test_while_the_broker_is_away_a_launch_is_left_to_the_recovery(
    client: Client, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from system.tasks.celery_app import celery_app  # noqa: PLC0415

    headers = client.bearer("operator")
    client.request("POST", "/campaigns", json=NEW, headers=headers)
    celery_app.conf.update(broker_url="redis://127.0.0.1:9/0", broker_connection_retry=False)
    celery_app.conf.task_publish_retry = False
    celery_app.close()
    try:
        assert client.request("POST", "/campaigns/1/launch", headers=headers).status_code == 200
    finally:
        celery_app.conf.task_publish_retry = True
        celery_app.conf.broker_connection_retry = True
        celery_app.conf.update(broker_url=get_settings().redis_url.get_secret_value())
    assert bench.execute("SELECT status FROM campaigns") == [{"status": "sending"}]
