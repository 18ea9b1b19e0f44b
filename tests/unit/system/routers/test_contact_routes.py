import pytest
import redis

from system.routers.contacts import MOST_IMPORT_BYTES
from tests.unit.system.routers.client import Client

pytestmark = pytest.mark.real
FILE = "phone;nom\n0639980001;Anne\n12;Béa\nx;Cé\n0639980004;Dan\n".encode()


@pytest.fixture
def operator(client: Client) -> dict[str, str]:
    return client.bearer("operator")


def test_import_search_and_pages(client: Client, operator: dict[str, str]) -> None:
    answer = client.request("POST", "/contacts/imports?name=f.csv&consent=salon", content=FILE, headers=operator)
    done = answer.json()
    assert (answer.status_code, done["created"], done["known"], done["rejected"]) == (200, 2, 0, 2)
    assert client.request("GET", "/contacts/imports/1", headers=operator).json() == done
    first = client.request("GET", "/contacts/imports/1/rejections?limit=1", headers=operator).json()
    assert first == {
        "rejections": [{"line": 3, "reason": "not a phone number: 12", "raw": "12;Béa"}],
        "next_after": 3,
    }
    rest = client.request("GET", "/contacts/imports/1/rejections?after=3", headers=operator).json()
    assert ([line["line"] for line in rest["rejections"]], rest["next_after"]) == ([4], None)
    page = client.request("GET", "/contacts?limit=1", headers=operator).json()
    assert [contact["name"] for contact in page["contacts"]] == ["Anne"]
    page = client.request("GET", f"/contacts?after={page['next_after']}", headers=operator).json()
    assert ([contact["phone"] for contact in page["contacts"]], page["next_after"]) == (["+33639980004"], None)


def test_what_cannot_be_imported(client: Client, operator: dict[str, str]) -> None:
    answer = client.request("POST", "/contacts/imports", content=b"name\nAnne\n", headers=operator)
    assert answer.status_code == 400
    length = {"Content-Length": str(MOST_IMPORT_BYTES + 1)}
    assert client.request("POST", "/contacts/imports", content=b"x", headers=operator | length).status_code == 413
    assert client.request("GET", "/contacts/imports/1", headers=operator).status_code == 404
    assert client.request("GET", "/contacts/imports/1/rejections", headers=operator).status_code == 404


def test_verifications(client: Client, operator: dict[str, str], redis_url: str) -> None:
    client.request("POST", "/contacts/imports", content=FILE, headers=operator)
    assert client.request("POST", "/contacts/verifications?category=x", headers=operator).status_code == 202
    assert client.request("POST", "/contacts/1/verification", headers=operator).status_code == 202
    assert client.request("POST", "/contacts/99/verification", headers=operator).status_code == 404
    with redis.Redis.from_url(redis_url) as broker:
        assert broker.llen("verification") == 2
