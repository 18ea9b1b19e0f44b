import pytest

from system.config import SettingsError, get_settings, read_settings
from tests.unit.system.environment import GOOD

NAMES = ("WASSENGER_WEBHOOK_SECRET", "WASSENGER_WEBHOOK_PROOF", "SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"WASSENGER_WEBHOOK_SECRET": "  "}, "WASSENGER_WEBHOOK_SECRET"),
        ({"WASSENGER_WEBHOOK_PROOF": "signature"}, "WASSENGER_WEBHOOK_PROOF"),
        ({"WASSENGER_WEBHOOK_PROOF": "none", "WASSENGER_WEBHOOK_SECRET": "hidden"}, "WASSENGER_WEBHOOK_PROOF"),
        ({"WASSENGER_WEBHOOK_PROOF": "hidden", "WASSENGER_WEBHOOK_SECRET": "s"}, "WASSENGER_WEBHOOK_PROOF"),
        ({"WASSENGER_WEBHOOK_PROOF": "standard", "WASSENGER_WEBHOOK_SECRET": "hidden"}, "WASSENGER_WEBHOOK_PROOF"),
        ({"ADMIN_TOKEN_SECRET": "hidden"}, "ADMIN_TOKEN_SECRET"),
        ({"SUPABASE_URL": "https://project.example"}, "SUPABASE_SERVICE_ROLE_KEY"),
        ({"SUPABASE_URL": "hidden", "SUPABASE_SERVICE_ROLE_KEY": "k"}, "SUPABASE_URL"),
    ],
)
def test_half_a_choice_is_refused(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], named: str) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{named} is wrong") as raised:
        read_settings()
    assert "hidden" not in str(raised.value)


def test_a_whole_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(NAMES, ("s", "header", "https://project.example/", "k"), strict=True):
        monkeypatch.setenv(name, value)
    settings = read_settings()
    assert (settings.wassenger_webhook_proof, settings.supabase_url) == ("header", "https://project.example")
