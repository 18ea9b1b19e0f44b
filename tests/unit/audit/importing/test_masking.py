import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.model.secret_masking import MASK, Masker, is_secret

TEXTS = {
    "redis://:pw@host:6379/0": "redis://***@host:6379/0",
    "redis://host:6379/0": "redis://host:6379/0",
    "amqp://u:p@ss@host//": "amqp://***@host//",
    "sentinel://:a@h1:1/0;sentinel://:b@h2:2/0": "sentinel://***@h1:1/0;sentinel://***@h2:2/0",
    "https://key@sentry.example/1": "https://***@sentry.example/1",
    "db+postgresql://u:p@h/x and http://h/": "db+postgresql://***@h/x and http://h/",
    "https://h/?token=abc&page=2": "https://h/?token=***&page=2",
    "DefaultEndpointsProtocol=https;AccountKey=abc==;X=1": "DefaultEndpointsProtocol=https;AccountKey=***;X=1",
    "{'wassenger_token': 'abc', 'n': 1}": "{'wassenger_token': '***', 'n': 1}",
    "write to admin@example.fr": "write to admin@example.fr",
}


@pytest.mark.parametrize(("shown", "masked"), TEXTS.items())
def test_secrets_in_a_text_are_masked_and_the_rest_is_kept(shown: str, masked: str) -> None:
    assert Masker({}).text(shown) == masked


def test_values_are_masked_by_name_at_any_depth() -> None:
    value = {"a": [{"password": "x", "port": 5, "on": True, "none": None}], "api_key": "y", "empty_token": ""}
    assert Masker({}).value(value) == {
        "a": [{"password": MASK, "port": 5, "on": True, "none": None}],
        "api_key": MASK,
        "empty_token": "",
    }
    assert Masker({}).value(["x"], "redis_password") == [MASK]


@pytest.mark.parametrize(
    "name", ["redis_password", "DB_PASSWD", "WASSENGER_TOKEN", "api-key".replace("-", "_"), "awsSecretKey"]
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name", ["task_default_routing_key", "broker_url", "beat_scheduler", "result_backend", "worker_pool"]
)
def test_other_names(name: str) -> None:
    assert not is_secret(name)


def test_the_environments_own_secrets_are_masked_wherever_they_appear() -> None:
    masker = Masker(
        {"API_TOKEN": "abcdefgh", "LONG_SECRET": "abcdefgh-ijkl", "SHORT_TOKEN": "celery", "PATH": "/usr/local/bin"}
    )
    assert masker.text("abcdefgh-ijkl abcdefgh celery /usr/local/bin") == "*** *** celery /usr/local/bin"


password = st.text(
    alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="'\"<>;,|"), min_size=4
)


@given(password)
def test_no_password_of_a_url_survives(secret: str) -> None:
    assert Masker({}).text(f"see redis://user:{secret}@host/0 there") == "see redis://***@host/0 there"
