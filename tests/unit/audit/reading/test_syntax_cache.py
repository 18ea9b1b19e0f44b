import ast
from pathlib import Path

import pytest

from audit.reading.celery.task_definitions import read_tasks
from audit.reading.program import new_machine
from audit.reading.python.functions import Functions
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Module, read_project
from audit.reading.python.syntax_cache import Place, SyntaxCache, definitions, node_at
from audit.reading.retries.retry_policies import read_retries
from audit.reading.source_files import Source, walk
from audit.reading.web.fastapi_objects import Web
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


def module_of(text: str) -> Module:
    return Module("m", False, Source("m.py", text), SyntaxCache([], 1))


# Where a definition does not stand alone on its lines, or its columns are easily lost.
FAR = "\n".join(f"FAR_{n} = {n}" for n in range(400))
WRITINGS = {
    "indented with tabs": "class A:\n\tdef f(self):\n\t\treturn 1\n",
    "decorated": "@d(\n    key=lambda: 1,\n)\ndef f(): ...\n",
    "decorated on another line": "@(\n    d\n)\ndef f(): ...\n",
    "decorated after a backslash": "@\\\nd\ndef f(): ...\n",
    "after a backslash": "class A:\n  \\\n    def f(self): ...\n",
    "a string at the margin": 'class A:\n    def f(self):\n        return """\nmargin é"""\n',
    "asynchronous, old line ends": "if x:\r    async def f():\r        await g()\r",
    "nested": "class A:\n    class B:\n        def f(self):\n            def g(): ...\n            return g\n",
    "first": "def f(): ...; x = 1\n",
}


@pytest.mark.parametrize("far_above", [False, True])
@pytest.mark.parametrize("text", WRITINGS.values(), ids=WRITINGS)
def test_a_definition_parsed_again_is_the_same_at_the_same_place(text: str, far_above: bool) -> None:
    module = module_of(f"{FAR}\n{text}" if far_above else f"{text}\n{FAR}\n")
    nodes = [
        n for n in ast.walk(ast.parse(module.source.text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert nodes
    expected = [ast.dump(node, include_attributes=True) for node in nodes]
    places = [Place(module, node) for node in nodes]
    del nodes
    assert [ast.dump(place.node(), include_attributes=True) for place in places] == expected


def test_a_class_and_a_lambda_are_found_again() -> None:
    tree = ast.parse(text := f"class A:\n    pass\n{FAR}\nx = [\n    lambda: 1,\n]\n")
    module = module_of(text)
    cls, made = tree.body[0], next(n for n in ast.walk(tree) if isinstance(n, ast.Lambda))
    assert isinstance(cls, ast.ClassDef)
    places = (Place(module, cls), Place(module, made))
    del tree, cls, made
    assert [type(place.node()) for place in places] == [ast.ClassDef, ast.Lambda]


def test_the_rest_of_a_module_is_not_parsed_for_a_small_definition() -> None:
    module = module_of(f"def f(): ...\n{FAR}\n")
    assert len(module.cache.tree_around(module, 1, 1).body) == 1
    assert len(module.tree.body) == 401
    assert len(module.cache.tree_around(module, 2, 2).body) == 401  # all of it is there


def test_most_of_a_module_is_not_parsed_twice() -> None:
    module = module_of("import a\n\ndef f():\n    return a.b.c.d\n")
    assert len(module.cache.tree_around(module, 3, 4).body) == 2


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
