"""Every route asks who is there, except those which machines use and the login."""

import re

import pytest

from system.config import get_settings
from system.main import create_app
from tests.unit.system.administration import PASSWORD
from tests.unit.system.bench import Bench
from tests.unit.system.routers.client import Client, every_route

pytestmark = pytest.mark.real
PUBLIC = {
    ("POST", "/webhooks/wassenger"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/metrics"),
    ("POST", "/login"),
    # The page's own login, and its style.
    ("GET", "/page/login"),
    ("POST", "/page/login"),
    ("GET", "/static/{name}"),
}


def protected(*, page: bool = False) -> list[tuple[str, str]]:
    found = [route for route in every_route(create_app().routes) if route not in PUBLIC]
    paths = [(method, re.sub(r"\{[^}]+\}", "1", path)) for method, path in found]
    return [(method, path) for method, path in paths if (path == "/" or path.startswith("/page")) is page]


def test_nobody_gets_in_without_a_token(client: Client) -> None:
    routes = protected()
    assert ("GET", "/actions") in routes
    for method, path in routes:
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic cmVhZGVyOng="}):
            answer = client.request(method, path, headers=headers)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_nobody_gets_into_the_page_without_a_cookie(client: Client) -> None:
    routes = protected(page=True)
    assert ("GET", "/") in routes
    for method, path in routes:
        for cookie in ({}, {"Cookie": "token=x"}, client.bearer("admin")):
            answer = client.request(method, path, headers=cookie)
            assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, "/page/login"), (
                method,
                path,
            )
            assert client.request(method, path, headers=cookie | {"HX-Request": "true"}).status_code == 401


def test_a_token_that_was_good_is_refused_everywhere_once_revoked(client: Client, bench: Bench) -> None:
    headers = client.bearer("admin")
    assert client.request("GET", "/me", headers=headers).json() == {"name": "admin", "role": "admin"}
    assert client.request("POST", "/logout", headers=headers).status_code == 204
    for method, path in protected():
        assert client.request(method, path, headers=headers).status_code == 401, (method, path)
    assert [row["action"] for row in bench.execute("SELECT action FROM action_log WHERE actor = 'admin'")] == [
        "login",
        "logout",
    ]


def test_a_disabled_user_s_token_is_refused(client: Client, bench: Bench) -> None:
    headers = client.bearer("admin")
    bench.execute("UPDATE users SET enabled = false WHERE name = 'admin'")
    assert client.request("GET", "/me", headers=headers).status_code == 401


def test_a_reader_changes_nothing(client: Client) -> None:
    headers = client.bearer("reader")
    for method, path in protected():
        if method not in {"GET", "HEAD"} and path != "/logout":
            assert client.request(method, path, headers=headers).status_code == 403, (method, path)


def test_a_reader_changes_nothing_on_the_page_either_and_an_operator_manages_no_account(client: Client) -> None:
    routes = protected(page=True)
    assert ("POST", "/page/campaigns/1/1") in routes
    # What everybody does with their own account.
    own = {"/page/logout", "/page/account"}
    assert {("POST", path) for path in own} <= set(routes)
    for name, refused in (("reader", "/page/"), ("operator", "/page/users")):
        client.cookies.clear()
        client.request("POST", "/page/login", data={"name": name, "password": PASSWORD})
        # Shown to those who may do it alone.
        acting = {("GET", f"/page/{path}") for path in ("campaigns/new", "contacts/new", "imports", "users")}
        for method, path in sorted(routes):
            if path.startswith(refused) and (method != "GET" or (method, path) in acting) and path not in own:
                assert client.request(method, path).status_code == 403, (name, method, path)


def test_only_an_admin_reads_what_was_done(client: Client) -> None:
    for name, status in (("reader", 403), ("operator", 403), ("admin", 200)):
        assert client.request("GET", "/actions", headers=client.bearer(name)).status_code == status
    lines = client.request("GET", "/actions", params={"limit": 2}, headers=client.bearer("admin")).json()
    assert [line["action"] for line in lines] == ["login", "login"]
    older = client.request(
        "GET", "/actions", params={"limit": 1, "before": lines[1]["id"]}, headers=client.bearer("admin")
    ).json()
    assert older[0]["id"] < lines[1]["id"]


def test_a_wrong_password_says_nothing_of_the_user(client: Client) -> None:
    answers = [
        client.request("POST", "/login", json={"name": name, "password": "x" * 12}) for name in ("admin", "nobody")
    ]
    assert {(a.status_code, a.text) for a in answers} == {(401, '{"detail":"unknown user or wrong password"}')}


def test_too_many_attempts_are_told_when_to_come_back(client: Client) -> None:
    for _ in range(10):
        client.request("POST", "/login", json={"name": "admin", "password": "wrong"})
    answer = client.request("POST", "/login", json={"name": "admin", "password": PASSWORD})
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 900


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "admin", "password": "hunter2\\ud800"}',
        b'{"name": "admin\\u0000", "password": "hunter2"}',
        b'{"name": "admin", "password": "hunter2", "\\udfff": 1}',
        b'{"name": "admin", "hunter2": ""}',
        b'{"name": ["hunter2"]}',
        b'"hunter2"',
        b"\xff",
    ],
)
def test_a_strange_login_is_refused_and_never_repeated(client: Client, body: bytes) -> None:
    answer = client.request("POST", "/login", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 401, 422}
    assert "hunter2" not in answer.text.replace("body.hunter2", "")


def test_without_a_secret_nobody_comes_in(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = client.bearer("admin")
    monkeypatch.delenv("ADMIN_TOKEN_SECRET")
    get_settings.cache_clear()
    assert client.request("POST", "/login", json={"name": "admin", "password": PASSWORD}).status_code == 503
    assert client.request("GET", "/me", headers=headers).status_code == 503


def test_a_body_that_is_too_long_is_not_taken(client: Client) -> None:
    for headers in ({}, {"Content-Length": "70000"}):
        answer = client.request("POST", "/login", content=b" " * 70_000, headers=headers)
        assert answer.status_code == 413


def test_every_answer_keeps_browsers_out_of_trouble(client: Client) -> None:
    for path in ("/health/live", "/me", "/nowhere"):
        headers = client.request("GET", path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "Strict-Transport-Security" not in headers


def test_nothing_describes_the_routes_to_strangers(client: Client) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert client.request("GET", path).status_code == 404


def test_the_database_away_is_said_so(client: Client, bench: Bench) -> None:
    headers = client.bearer("admin")
    bench.execute("ALTER TABLE access_tokens RENAME TO gone")
    answer = client.request("GET", "/me", headers=headers)
    assert (answer.status_code, answer.json()) == (503, {"detail": "the database cannot be used"})
