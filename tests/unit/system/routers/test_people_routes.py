import re
from collections.abc import Iterator

import pytest

from system.db.database import Database
from system.main import create_app
from system.services.campaigns import create_campaign
from tests.unit.system.administration import PASSWORD, TOKEN_SECRET, add_everybody
from tests.unit.system.environment import stack_environment
from tests.unit.system.routers.client import Client

pytestmark = pytest.mark.real
PERSON = {"phone": "+33639980001"}


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, postgres_url: str, redis_url: str, db: Database) -> Iterator[Client]:
    monkeypatch.setenv("ADMIN_TOKEN_SECRET", TOKEN_SECRET)
    add_everybody(db)
    create_campaign(db, "Salon", "Bonjour", [PERSON["phone"], "+33639980002"])
    with stack_environment(monkeypatch, postgres_url, redis_url):
        yield Client(create_app())


@pytest.mark.parametrize("deed", ["export", "erase"])
def test_only_an_administrator_sees_or_erases_somebody(client: Client, deed: str) -> None:
    assert client.request("POST", f"/people/{deed}", json=PERSON).status_code == 401
    refused = client.request("POST", f"/people/{deed}", json=PERSON, headers=client.bearer("operator"))
    assert refused.status_code == 403
    wrong = client.request("POST", f"/people/{deed}", json={"phone": "12"}, headers=client.bearer("admin"))
    assert wrong.status_code == 422


def test_from_export_to_erasure(client: Client) -> None:
    admin = client.bearer("admin")
    assert client.request("POST", "/people/export", json=PERSON, headers=admin).json()["contacts"][0]["id"] == 1
    erased = client.request("POST", "/people/erase", json=PERSON, headers=admin)
    assert (erased.status_code, erased.json()) == (200, {"contacts": 1, "left": {}})
    assert client.request("POST", "/people/export", json=PERSON, headers=admin).json()["contacts"] == []
    assert [found["id"] for found in client.request("GET", "/contacts", headers=admin).json()["contacts"]] == [2]
    assert "639980001" not in client.request("GET", "/actions", headers=admin).text


def test_an_erased_number_given_again_stays_refused(client: Client) -> None:
    admin = client.bearer("admin")
    client.request("POST", "/people/erase", json=PERSON, headers=admin)
    asked = {"name": "a", "message": "b", "phones": [PERSON["phone"]]}
    assert client.request("POST", "/campaigns", json=asked, headers=admin).status_code == 201
    found = client.request("GET", "/contacts", headers=admin).json()["contacts"]
    assert [contact["suppressed"] for contact in found] == [False, True]


def test_a_contact_is_corrected(client: Client) -> None:
    operator = client.bearer("operator")

    def corrected(contact: int, **given: str) -> int:
        return client.request("PATCH", f"/contacts/{contact}", json=given, headers=operator).status_code

    assert corrected(1, name="Anne", phone="+33639980003") == 204
    assert (corrected(1, phone="+33639980002"), corrected(1, phone="12"), corrected(9, name="x")) == (409, 422, 404)
    (first, _) = client.request("GET", "/contacts", headers=operator).json()["contacts"]
    assert (first["name"], first["phone"]) == ("Anne", "+33639980003")
    line = client.request("GET", "/actions", headers=client.bearer("admin")).json()[1]
    assert (line["action"], line["detail"]) == ("contact corrected", {"contact": 1, "changed": ["name", "number"]})


def test_a_refusal_has_an_author_and_a_newer_consent_undoes_it(client: Client) -> None:
    operator = client.bearer("operator")
    assert client.request("POST", "/suppressions", json=PERSON, headers=operator).status_code == 201
    again = PERSON | {"proof": "formulaire de mai", "given_at": "2020-01-01T00:00:00Z"}
    assert client.request("POST", "/consents", json=again, headers=operator).status_code == 409
    assert client.request("POST", "/consents", json=again | {"phone": "1"}, headers=operator).status_code == 422
    actions = client.request("GET", "/actions", headers=client.bearer("admin")).json()
    assert [(line["actor"], line["action"]) for line in actions[:2]] == [("admin", "login"), ("operator", "opt-out")]


def test_the_page_erases_and_exports(client: Client) -> None:
    client.request("POST", "/page/login", data={"name": "admin", "password": PASSWORD})
    page = client.request("GET", "/page/people")
    (token, *_) = re.findall(r'name="form_token" value="(\w+)"', page.text)
    form = PERSON | {"form_token": token}
    exported = client.request("POST", "/page/people/export", data=form)
    assert exported.headers["content-disposition"] == 'attachment; filename="personne.json"'
    assert PERSON["phone"] in exported.text
    differing = client.request("POST", "/page/people/erase", data=form | {"again": "+33639980002"})
    assert (differing.status_code, "rien n’a été effacé" in differing.text) == (422, True)
    wrong = client.request("POST", "/page/people/erase", data=form | {"phone": "12", "again": "12"})
    assert wrong.status_code == 422
    erased = client.request("POST", "/page/people/erase", data=form | {"again": PERSON["phone"]})
    assert '<strong id="erased">1</strong>' in erased.text
