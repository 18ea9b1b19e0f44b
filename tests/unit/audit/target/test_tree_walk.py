"""What a target's folder holds: what is entered, and what is not."""

from collections import defaultdict
from pathlib import Path

from audit.model.word_tables import word_list
from audit.target.tree_walk import Kind, walk_tree


def test_each_path_below_a_root(tmp_path: Path) -> None:
    for name in word_list("""
        app/a.py app/[b]/c.py env/lib.py env/pyvenv.cfg .grimp_cache/x .sandbox/x node_modules/x.js dist/x.py
        x.egg-info/PKG-INFO
    """):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to("app")
    found = defaultdict(list)
    for one in walk_tree(tmp_path, ("dist/", "app/[b]")):
        found[one.kind].append(one.path)
    assert found == {
        Kind.FILE: ["x.egg-info/PKG-INFO", "app/a.py"],
        Kind.LINK: ["link"],
        Kind.EXCLUDED: ["dist", "app/[b]"],
    }
    entered = [one.path for one in walk_tree(tmp_path, (), lambda _, path: path != "app")]
    assert entered == ["link", "app/a.py"]


def test_a_root_that_cannot_be_listed_is_said(tmp_path: Path) -> None:
    (found,) = walk_tree(tmp_path / "none", ())
    assert (found.path, found.kind) == ("", Kind.UNREADABLE_FOLDER)
    assert isinstance(found.error, FileNotFoundError)
