"""Files and templates: what is taken, what is refused and under which field."""

import pytest

from system.domain.content import ContentError, Media, Template, most_text, read
from system.domain.variables import VariableError

FILE = "https://example.org/affiche.png"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        (FILE, "image"),
        ("https://example.org:8443/Plan%20du%20salon.PDF?v=2#page", "document"),
        ("https://xn--caf-dma.example/a.jpeg", "image"),
    ],
)
def test_an_https_address_of_a_known_kind_is_a_file(url: str, kind: str) -> None:
    media = Media.parse(url)
    assert (media.kind, media.stored, read(media.stored)) == (kind, {"media": {"url": url}}, media)
    assert most_text(media) == 1024


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a.png",
        "ftp://example.org/a.png",
        "example.org/a.png",
        "https://localhost/a.png",
        "https://user:secret@example.org/a.png",
        "https://example.org/a b.png",
        "https://example.org/é.png",
        "https://example.org:99999/a.png",
        "https://[::1/a.png",
        f"https://example.org/{'a' * 2000}.png",
        "https://example.org/a.exe",
        "https://example.org/a",
        "https://example.org/?file=a.png",
        "https://example.org/a.svg",
        "",
    ],
)
def test_what_is_no_file_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ContentError) as refused:
        Media.parse(url)
    assert refused.value.field == "media_url"
    assert "secret" not in f"{refused.value} {refused.value.french}"


def test_a_template_keeps_its_values_in_order_and_their_variables() -> None:
    template = Template.parse("rentree_2026", "fr", ["{{ Prenom | cher client }}", "  samedi \t 12 "])
    assert template.values == ("{{prénom|cher client}}", "samedi 12")
    assert template.stored == {
        "template": {"name": "rentree_2026", "language": "fr", "body": ["{{prénom|cher client}}", "samedi 12"]}
    }
    assert read(template.stored) == template
    assert most_text(template) == most_text(None) == 4096
    bare = Template.parse("accueil", "en_GB", [])
    assert bare.stored == {"template": {"name": "accueil", "language": "en_GB"}}
    assert (read(bare.stored), read(None)) == (bare, None)


@pytest.mark.parametrize(
    ("name", "language", "values", "field"),
    [
        ("Rentrée", "fr", [], "template_name"),
        ("", "fr", ["x"], "template_name"),
        ("a" * 513, "fr", [], "template_name"),
        ("accueil", "français", [], "template_language"),
        ("accueil", "fr-FR", [], "template_language"),
        ("accueil", "fr", ["x", " "], "template_values"),
        ("accueil", "fr", ["{{prénom|}}"], "template_values"),
        ("accueil", "fr", ["x" * 1025], "template_values"),
        ("accueil", "fr", ["x"] * 31, "template_values"),
    ],
)
def test_what_whatsapp_does_not_take_is_refused(name: str, language: str, values: list[str], field: str) -> None:
    with pytest.raises(ContentError) as refused:
        Template.parse(name, language, values)
    assert refused.value.field == field


def test_an_unknown_variable_of_a_value_is_refused_as_in_a_text() -> None:
    with pytest.raises(VariableError):
        Template.parse("accueil", "fr", ["{{ville}}"])
