import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.journal.redaction import redacted


def quoted(text: str, language: str) -> str:
    return str(redacted({"text": text, "language": language})["text"])


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("yaml", "      WASSENGER_API_KEY: hunter2"),
        ("yaml", "- REDIS_PASSWORD: hunter2 # quoted nowhere"),
        ("yaml", "- key: SUPABASE_SERVICE_ROLE_KEY\n  value: hunter2"),
        ("yaml", '- name: "API_TOKEN"\n  value: "hunter2"'),
        ("yaml", "- value: hunter2\n  key: API_TOKEN"),
        ("yaml", "      - API_TOKEN=hunter2"),
        ("ini", "Environment=WASSENGER_TOKEN=hunter2"),
        ("ini", 'Environment="WASSENGER_TOKEN=hunter2"'),
        ("ini", 'environment=API_TOKEN="hunter2",B=1'),
        ("ini", "environment=REDIS_PASSWORD=hunter2"),
        ("bash", "redis_password=hunter2 celery -A app worker"),
        ("bash", "celery --password hunter2 worker"),
        ("bash", "celery --password=hunter2 worker"),
        ("bash", "export TOKEN=${API_TOKEN:-hunter2}"),
        ("python", 'get("https://h/x?page=1&password=hunter2")'),
        ("python", 'private_key="hunter2"'),
        ("python", 'headers = {"Authorization": "Bearer hunter2"}'),
        ("python", 'headers = {"x-api-key": "hunter2"}'),
        ("python", 'keys = {"service_role_key": "hunter2"}'),
        ("python", 'send("Bearer hunter2hunter2")'),
    ],
)
def test_a_secret_written_in_full_is_hidden(language: str, text: str) -> None:
    assert "hunter2" not in quoted(text, language)
    assert "***" in quoted(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "token_count = 3"),
        ("python", "    password: str\n    api_key: SecretStr"),
        ("python", "send(token=token, password=settings.password)"),
        ("python", 'headers = {"Authorization": f"Bearer {token}"}'),
        ("python", 'headers = {"x-api-key": settings.api_key}'),
        ("python", "authorization: str = Header(None)"),
        ("python", 'key = "routing_key"'),
        ("yaml", "API_TOKEN: ${API_TOKEN}"),
        ("yaml", "- key: API_TOKEN\n  sync: false"),
        ("yaml", "- key: PORT\n  value: 8000"),
        ("bash", "export API_TOKEN=$1"),
        ("bash", "celery -A app worker --queues=high,low --concurrency=4"),
        ("ini", "EnvironmentFile=/etc/app.env"),
    ],
)
def test_code_without_a_secret_stays_as_written(language: str, text: str) -> None:
    assert quoted(text, language) == text


@given(st.text(alphabet=st.characters(min_codepoint=48, max_codepoint=122, categories=("L", "N")), min_size=6))
def test_no_value_of_a_secret_survives(secret: str) -> None:
    value = f"S{secret}S9"
    for language, text in {
        "yaml": f"API_TOKEN: {value}\n- key: API_TOKEN\n  value: {value}",
        "bash": f"API_TOKEN={value} celery",
        "python": f'api_token = "{value}"',
    }.items():
        assert value not in quoted(text, language)
