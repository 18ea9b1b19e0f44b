import ast
from pathlib import Path

import pytest

from audit.probes.source.files import walk
from audit.probes.source.functions import Functions
from audit.probes.source.machine import Machine
from audit.probes.source.modules import read_project
from audit.probes.source.reader import new_machine
from audit.probes.source.retries import read_retries
from audit.probes.source.shelf import definitions, node_at
from audit.probes.source.tasks import read_tasks
from audit.probes.source.web_objects import Web
from tests.acceptance.reference_copy import REPOSITORY

FILES = sorted((REPOSITORY / "system").rglob("*.py"))


def machine_of(root: Path, kept: int) -> Machine:
    machine = new_machine(read_project(walk(root, ()), (), kept), Web())
    machine.read_all()
    return machine


def test_what_is_read_does_not_depend_on_how_many_trees_are_kept() -> None:
    root = REPOSITORY / "tests" / "targets" / "decembre-2025"
    all_kept, one_kept = machine_of(root, 10**9), machine_of(root, 1)
    functions = dict(Functions(all_kept))
    assert functions
    assert dict(Functions(one_kept)) == functions
    assert read_tasks(one_kept) == read_tasks(all_kept)
    assert read_retries(one_kept) == read_retries(all_kept)


@pytest.mark.parametrize("path", FILES, ids=[p.stem for p in FILES])
def test_each_definition_is_found_again_in_a_tree_parsed_again(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    again = ast.parse(text)
    for _, __, node in definitions(ast.parse(text)):
        found = node_at(again, type(node), (node.lineno, node.col_offset))
        assert ast.dump(found) == ast.dump(node)


def test_decorators_above_a_definition_hold_nodes_too() -> None:
    tree = ast.parse("@d(\n    key=lambda: 1,\n)\ndef f(): ...\n")
    assert isinstance(node_at(tree, ast.Lambda, (2, 8)), ast.Lambda)
    with pytest.raises(LookupError):
        node_at(tree, ast.Lambda, (9, 9))


def test_functions_are_read_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def f():\n    g()\n\ndef g(): ...\n", encoding="utf-8")
    found = Functions(machine_of(tmp_path, 10**6))
    assert set(found) == {"a:f", "a:g"}
    assert len(found) == 2
    assert [c.target for c in found["a:f"].calls] == ["a:g"]
    assert "a:h" not in found
