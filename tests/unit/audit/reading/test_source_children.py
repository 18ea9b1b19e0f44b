import ast
from pathlib import Path

from audit.reading.python.child_nodes import children, walk

_WITHOUT = (ast.expr_context, ast.operator, ast.cmpop, ast.boolop, ast.unaryop)
EVERY_KIND = """
import a.b as c
from . import d as e
match x:
    case {"k": P(1, n=[*r]), **rest} | None as y: pass
async def f(p: int, /, *q, k=1, **kw) -> "T":
    global g
    async with a as b: yield [i async for i in j if not -i < 2 <= 3]
    return f"{u!r:>{w}}" + (lambda z: z)(*t, **v)
class K(B, metaclass=M):
    s: int = s[1:2, ::3]
    s += 1
    try: assert s, "no"
    except (E, F) as err: raise G from err
"""


def test_children_are_those_of_the_standard_library_in_its_order() -> None:
    texts = [EVERY_KIND, *(path.read_text(encoding="utf-8") for path in Path("audit/reading/web").rglob("*.py"))]
    for tree in map(ast.parse, texts):
        for node in ast.walk(tree):
            assert children(node) == [c for c in ast.iter_child_nodes(node) if not isinstance(c, _WITHOUT)]


def test_a_walk_gives_the_nodes_of_the_standard_library_s_in_its_order() -> None:
    texts = [EVERY_KIND, *(path.read_text(encoding="utf-8") for path in Path("audit/model").rglob("*.py"))]
    for tree in map(ast.parse, texts):
        assert list(walk(tree)) == [node for node in ast.walk(tree) if not isinstance(node, _WITHOUT)]
