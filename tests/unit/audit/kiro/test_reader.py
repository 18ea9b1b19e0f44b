"""Specs on disk: what is found, what is refused, and that nothing outside the root is read."""

from pathlib import Path

import pytest

from audit.reading.kiro.spec_files import HOME, MAX_COUNT, read_spec, specs_found

SPEC = f"{HOME}/s"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root" / SPEC
    folder.mkdir(parents=True)
    (folder / "requirements.md").write_text("# 1.1: A\n# 1.2: B\n", encoding="utf-8")
    (folder / "tasks.md").write_text("- [ ] 1. T\n  - _Requirements: 1.1_\n", encoding="utf-8")
    return tmp_path / "root"


def unread(root: Path) -> dict[str, str]:
    return {path.rpartition("/")[2]: why for path, why in read_spec(root, SPEC).unread}


def test_a_sound_spec_without_design(root: Path) -> None:
    spec = read_spec(root, SPEC)
    assert specs_found(root) == (SPEC,)
    assert (spec.name, len(spec.criteria or ()), spec.unread, spec.flaws) == ("s", 2, (), ())
    assert spec.plan
    assert [t.number for t in spec.plan.tasks] == ["1"]


def test_a_bom_is_no_text(root: Path) -> None:
    path = root / SPEC / "requirements.md"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_spec(root, SPEC).criteria or ()) == 2


def test_the_digest_follows_what_is_read(root: Path) -> None:
    before = read_spec(root, SPEC).digest
    (root / SPEC / "notes.md").write_text("x", encoding="utf-8")
    assert read_spec(root, SPEC).digest == before
    (root / SPEC / "design.md").write_text("x", encoding="utf-8")
    assert read_spec(root, SPEC).digest != before


def test_what_cannot_be_read_is_named(root: Path) -> None:
    folder = root / SPEC
    (folder / "requirements.md").write_bytes("# 1.1: é".encode("utf-16"))
    (folder / "tasks.md").write_text("- [ ] 1. T\n" * 500_000, encoding="utf-8")
    (folder / "design.md").mkdir()
    spec = read_spec(root, SPEC)
    assert (spec.criteria, spec.plan, spec.design) == (None, None, None)
    assert unread(root) == {
        "requirements.md": "encodage inconnu, ou différent de celui que le fichier annonce",
        "tasks.md": "plus de 2 Mo",
        "design.md": "fichier illisible : Is a directory",
    }


def test_an_absent_file_is_named(root: Path) -> None:
    (root / SPEC / "tasks.md").unlink()
    assert unread(root) == {"tasks.md": "absent"}


def test_more_than_any_spec_holds_is_not_compared(root: Path) -> None:
    rows = "".join(f"| {n // 500 + 1}.{n % 500 + 1} | A |\n" for n in range(MAX_COUNT + 1))
    (root / SPEC / "requirements.md").write_text(rows, encoding="utf-8")
    (root / SPEC / "tasks.md").write_text("- [ ] 1. T\n" * (MAX_COUNT + 1), encoding="utf-8")
    (root / SPEC / "design.md").write_text("a b c d e\n" * 60_000, encoding="utf-8")
    assert unread(root) == {
        "requirements.md": "plus de 1000 critères ou de 10000 lignes mal formées",
        "tasks.md": "plus de 1000 tâches ou de 10000 citations, mal formées comprises",
        "design.md": "plus de 500 000 caractères",
    }


def test_more_malformed_lines_than_anybody_reads_are_one_line(root: Path) -> None:
    (root / SPEC / "requirements.md").write_text("# Requirement\n" * 11_000, encoding="utf-8")
    (root / SPEC / "tasks.md").write_text("- [ ] 1. T\n\n  _Requirements: " + "x," * 11_000, encoding="utf-8")
    assert set(unread(root)) == {"requirements.md", "tasks.md"}
    assert read_spec(root, SPEC).flaws == ()


@pytest.mark.parametrize("name", ["requirements.md", "tasks.md", "design.md"])
def test_no_link_leads_out_of_the_target(root: Path, name: str) -> None:
    outside = root.parent / "secret.md"
    outside.write_text("# 9.9: secret\n", encoding="utf-8")
    (root / SPEC / name).unlink(missing_ok=True)
    (root / SPEC / name).symlink_to(outside)
    assert "sort de la cible" in unread(root)[name]
    assert "secret" not in str(read_spec(root, SPEC))


def test_a_link_that_stays_inside_is_followed(root: Path) -> None:
    path = root / SPEC / "tasks.md"
    path.rename(root / "PLAN.md")
    path.symlink_to(root / "PLAN.md")
    assert unread(root) == {}


def test_loops_are_named(root: Path) -> None:
    (root / SPEC / "tasks.md").unlink()
    (root / SPEC / "tasks.md").symlink_to("tasks.md")
    (root / HOME / "loop").symlink_to("loop")
    (root / HOME / "up").symlink_to(root)
    assert "circulaire" in unread(root)["tasks.md"]
    assert specs_found(root) == (SPEC,)


@pytest.mark.parametrize("part", [".kiro", ".kiro/specs", ".kiro/specs/s"])
def test_folders_that_are_links_out_of_the_target_are_not_seen(root: Path, part: str) -> None:
    moved = root.parent / "moved"
    (root / part).rename(moved)
    (root / part).symlink_to(moved)
    assert specs_found(root) == ()


def test_a_project_without_specs(tmp_path: Path) -> None:
    assert specs_found(tmp_path) == ()
    (tmp_path / ".kiro").write_text("a file", encoding="utf-8")
    assert specs_found(tmp_path) == ()
