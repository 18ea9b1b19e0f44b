from pathlib import Path

from tests.benchmarks.sections import put_section, section
from tests.benchmarks.trees import write_tree


def test_a_section_is_replaced_in_its_place_and_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "b.md"
    put_section(path, "Un", "a\n")
    put_section(path, "Deux", "b\n")
    put_section(path, "Un", "c\n")
    text = path.read_text(encoding="utf-8")
    assert text.index("## Un\n\nc") < text.index("## Deux\n\nb")
    assert "\na\n" not in text
    assert section(text, "Trois") == ""


def test_a_tree_has_the_lines_it_says(tmp_path: Path) -> None:
    lines = write_tree(tmp_path / "t", 1000)
    assert lines >= 1000
    assert sum(p.read_text(encoding="utf-8").count("\n") for p in tmp_path.rglob("*.py")) == lines
