from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.french.typography import (
    counted,
    french,
    french_date,
    french_duration,
    french_integer,
    french_length,
    french_percent,
    french_seconds,
)

PROSE = {
    "Statut : conforme": "Statut~: conforme",
    "**Statut :** oui": "**Statut~:** oui",
    "Vraiment ? Oui ! Bien ; 99,9 %.": "Vraiment~? Oui~! Bien~; 99,9~%.",
    "Quoi ?!": "Quoi~?!",
    "il dit « oui » (99 %)": "il dit «~oui~» (99~%)",
    "« `task_acks_late` » : oui": "«~`task_acks_late`~»~: oui",
    "fine\u202f: fine\u202f!": "fine~: fine~!",
    "# Constat : rien": "# Constat~: rien",
    "1. Cause : rien\n2. Effet : rien": "1. Cause~: rien\n2. Effet~: rien",
    "> - Cause : rien": "> - Cause~: rien",
    "[la spec : suite](doc.md) ?": "[la spec~: suite](doc.md)~?",
    "<b>Statut :</b> oui": "<b>Statut~:</b> oui",
    "<div>\nStatut : oui\n</div>\n": "<div>\nStatut~: oui\n</div>\n",
    "| Taux : | Bilan |\n|:---|---:|\n| 99,9 % | « oui » |\n": "| Taux~: | Bilan |\n|:---|---:|\n| 99,9~% | «~oui~» |\n",
    "| a ` | b |\n|---|---|\n| x : ` | `a : b` ; |": "| a ` | b |\n|---|---|\n| x~: ` | `a : b`~; |",
    "a `b\nc : d` e : f": "a `b\nc : d` e~: f",
    "\\`a : b\\` : c": "\\`a~: b\\`~: c",
    "stray ` a : b": "stray ` a~: b",
    "une fenêtre de 24 h, 5 min, 2 s.": "une fenêtre de 24~h, 5~min, 2~s.",
    "60 s, 1,5 ms (300 Kio)": "60~s, 1,5~ms (300~Kio)",
    "| 24 h | 5\u202fMo |\n|---|---|\n| 1 s | 2 |\n": "| 24~h | 5~Mo |\n|---|---|\n| 1~s | 2 |\n",
    "problème n° 3": "problème n°~3",
    "fin :\r\nsuite : oui\rpuis : oui": "fin~:\r\nsuite~: oui\rpuis~: oui",
}

UNTOUCHED = [
    "",
    "Statut: conforme, sans espace",
    "`a : b`",
    "``a ` : b``",
    "voir `x | y : z`",
    "```bash\necho a : b ?\n```\n",
    "~~~\n```\na : b\n",
    "- ```\n  a : b\n  ```\n",
    "    code : indenté",
    "| a | b |\n| :--- | ---: |\n| : | ! |\n",
    "https://exemple.fr/a?b=c : suite",
    "<https://exemple.fr/ : >",
    "[a](<un : deux> 'titre : sous-titre')",
    "[a]: /url 'titre : sous-titre'",
    '<a title="un : deux" href=x>lien</a>',
    "<!-- un : deux -->",
    "texte <code>a : b</code>",
    "# ! important",
    "- ? peut-être",
    "> : suite",
    "une image ![alt](x.png)",
    "a :b c :=d x != y",
    "«\nseul",
    "`24 h`",
    "les 3 s'arrêtent, 5 hommes, 4 minutes, 2 sondes, non° 4",
    "1. s\n2. h",
    "fenêtre de 24\nh",
]


@pytest.mark.parametrize(("plain", "spaced"), PROSE.items())
def test_prose_gets_no_break_spaces(plain: str, spaced: str) -> None:
    assert french(plain).replace("\u00a0", "~") == spaced


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_is_not_prose_is_untouched(text: str) -> None:
    assert french(text) == text


SYMBOLS = " \n|:;!?%«»`~<>[]()#-+*_=\\'\"&\t\u00a0\u202f"
WORDS = [
    "mot",
    "1.",
    "```",
    "~~~",
    "<b>",
    "</b>",
    "<pre>",
    "</pre>",
    "<!--",
    "-->",
    "![",
    "](",
    "[a]: ",
    "https://a.fr",
]
BREAKS = ["    ", "\r\n", "\n\n", " : ", "« ", " »", "|---|"]
fragments = st.sampled_from([*SYMBOLS, *WORDS, *BREAKS])
markdown = st.lists(fragments, max_size=30).map("".join)


@settings(max_examples=500, deadline=None)
@given(markdown | st.text())
def test_it_is_idempotent_and_changes_nothing_but_spaces(text: str) -> None:
    once = french(text)
    assert french(once) == once
    assert "".join(once.split()) == "".join(text.split())


@settings(deadline=None)
@given(st.text(alphabet="abc :;!?%«»|<>\n*_"))
def test_nothing_inside_a_fence_ever_changes(code: str) -> None:
    text = f"avant : oui\n\n````\n{code}\n````\n\naprès : oui\n"
    assert french(text) == f"avant\u00a0: oui\n\n````\n{code}\n````\n\naprès\u00a0: oui\n"


def test_dates_are_written_in_full() -> None:
    assert french_date(date(2025, 12, 29)) == "29 décembre 2025"
    assert french_date(date(2026, 1, 1)) == "1er janvier 2026"
    assert french_date(date(2026, 8, 11)) == "11 août 2026"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2.634, "2,63~s"),
        (0, "0~s"),
        (12, "12~s"),
        (10.0, "10~s"),
        (1234.5, "1~234,50~s"),
        (0.0042, "0,00~s"),
        (0.5, "0,50~s"),
        (-0.5, "-0,50~s"),
        (59.999, "60,00~s"),
    ],
)
def test_seconds(seconds: float, text: str) -> None:
    assert french_seconds(seconds).replace("\u00a0", "~") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (300, "5~min"),
        (7200.0, "2~h"),
        (3600, "1~h"),
        (5400, "90~min"),
        (90, "90~s"),
        (2.5, "2,50~s"),
        (0, "0~s"),
        (86400, "24~h"),
    ],
)
def test_periods_use_the_largest_exact_unit(seconds: float, text: str) -> None:
    assert french_duration(seconds).replace("\u00a0", "~") == text


@pytest.mark.parametrize(
    ("count", "words", "text"),
    [
        (0, "envoi", "0~envoi"),
        (1, "envoi accepté", "1~envoi accepté"),
        (2, "envoi", "2~envois"),
        (12, "webhook distinct accepté", "12~webhooks distincts acceptés"),
    ],
)
def test_words_agree_with_their_number(count: int, words: str, text: str) -> None:
    assert counted(count, words).replace("\u00a0", "~") == text


def test_numbers_by_thousands_and_shares() -> None:
    assert [french_integer(n) for n in (0, 999, 1000, 100_000)] == ["0", "999", "1\u00a0000", "100\u00a0000"]
    assert french_percent(0.8912) == "89,1\u00a0%"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (59.6, "59,60 s"),
        (77.6, "1 min 18 s"),
        (120, "2 min"),
        (330.4, "5 min 30 s"),
        (2118.2, "35 min 18 s"),
        (3600, "1 h"),
        (7325, "2 h 2 min 5 s"),
    ],
)
def test_how_long_something_lasted(seconds: float, told: str) -> None:
    assert french_length(seconds).replace("\u00a0", " ") == told


def test_a_length_beyond_a_life_is_told_too() -> None:
    assert " h" in french_length(1e300).replace("\u00a0", " ")
