"""A waiver written on a line accepts what is at fault there, says who and until when, and never more."""

from datetime import date
from pathlib import Path

import pytest

from audit.target.line_waivers import line_waivers

_SOUND = 'audit: accept time-limits until=2027-03-31 by="A. Martin" reason="remplacé au printemps"'


def read(tmp_path: Path, text: str, name: str = "app.py") -> list[tuple[str, str]]:
    """The place and rule of each waiver; the place and the reason of what could not be read."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    waivers, misread = line_waivers(tmp_path)
    return [(w.place, w.rule) for w in waivers] + [(m.place, m.why) for m in misread]


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("app.py", f"x = 1  # {_SOUND}\n", "app.py:1"),
        ("app.py", f"\n# {_SOUND}\n\n# autre\n@task\ndef f(): ...\n", "app.py:5"),
        ("start.sh", f"exec celery worker #{_SOUND}\n", "start.sh:1"),
        ("compose.yaml", f"services:\n  # {_SOUND}\n  worker:\n", "compose.yaml:3"),
        ("Procfile", f"## {_SOUND}\nworker: celery\n", "Procfile:2"),
    ],
)
def test_a_comment_accepts_its_line_or_the_next(name: str, text: str, place: str, tmp_path: Path) -> None:
    assert read(tmp_path, text, name) == [(place, "time-limits")]


def test_all_that_it_says_is_read(tmp_path: Path) -> None:
    read(tmp_path, f"x = 1  # {_SOUND}\n")
    ((waiver,), _) = line_waivers(tmp_path)
    assert (waiver.who, waiver.until, waiver.reason) == ("A. Martin", date(2027, 3, 31), "remplacé au printemps")
    assert waiver.covers("time-limits", "app.py:1")
    for rule, place in (
        ("time-limits", "app.py:2"),
        ("other", "app.py:1"),
        ("time-limits", "app.py"),
        ("time-limits", ""),
    ):
        assert not waiver.covers(rule, place)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("app.py", f'x = "# {_SOUND}"\n'),
        ("app.py", f'"""\n# {_SOUND}\n"""\n'),
        ("start.sh", f'echo "# {_SOUND}"\n'),
        ("app.py", "# audit: see the ticket\n# audited: accept nothing\nx = 1\n"),
        ("notes.md", f"# {_SOUND}\n"),
        ("app.py", f"x = (  # {_SOUND}\n"),
    ],
    ids=["string", "docstring", "quoted", "other words", "no code", "not python"],
)
def test_what_is_no_comment_accepts_nothing(name: str, text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text, name) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("time-limits", "8.4"), "le nom d'une règle"),
        (("time-limits", "8.*"), "le nom d'une règle"),
        (("time-limits", "*"), "le nom d'une règle"),
        (("time-limits ", ""), "le nom d'une règle"),
        (("until=2027-03-31 ", ""), "`until` manque"),
        (("2027-03-31", "toujours"), "pas un jour"),
        (('by="A. Martin" ', ""), "`by` manque"),
        (('reason="remplacé au printemps"', ""), "`reason` manque"),
        (("remplacé au printemps", "non"), "dire pourquoi"),
        (("by=", "path=** by="), "clé inconnue `path`"),
    ],
)
def test_a_comment_that_waives_too_much_or_says_too_little_is_told(
    change: tuple[str, str], words: str, tmp_path: Path
) -> None:
    ((place, why),) = read(tmp_path, f"x = 1  # {_SOUND.replace(*change)}\n")
    assert place == "app.py:1"
    assert words in why


def test_what_the_target_excludes_accepts_nothing(tmp_path: Path) -> None:
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / "a.py").write_text(f"x = 1  # {_SOUND}\n", encoding="utf-8")
    assert line_waivers(tmp_path, ["vendor"]) == ((), ())
    assert len(line_waivers(tmp_path)[0]) == 1
