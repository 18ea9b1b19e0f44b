"""Functions: parameters, calls, names and excerpts."""

from tests.unit.audit.reading.collecting import Collect

MODULE = '''\
"""é à ü"""
from typing import Annotated
from fastapi import Depends, Security
from pkg import services
from pkg.services import helper as h, Client

@decorated("é", 1)
def endpoint(a, b: int = 2, *args: str, user=Depends(current_user), other: Annotated[int, Security(auth.check)] = None, **more):
    """Text."""
    é = h(a, key=b"x", **more)
    services.store(é, [
        1,
    ])
    Client().send(a)
    unknown.thing.go()
    return é


class Box:
    def run(self):
        self.open()
        from pkg.services import late
        late()

    def open(self):
        def inner():
            helper()
        return inner
'''
SERVICES = "def helper(): ...\ndef store(): ...\ndef late(): ...\nclass Client:\n    def send(self): ...\n"


def test_a_function_is_described_as_written(collect_tree: Collect) -> None:
    facts = collect_tree({"pkg/__init__.py": "", "pkg/a.py": MODULE, "pkg/services.py": SERVICES})
    function = facts.functions["pkg.a:endpoint"]
    assert [(p.name, p.annotation, p.default, p.depends) for p in function.parameters] == [
        ("a", "", "", ""),
        ("b", "int", "2", ""),
        ("*args", "str", "", ""),
        ("user", "", "Depends(current_user)", "current_user"),
        ("other", "Annotated[int, Security(auth.check)]", "None", "auth.check"),
        ("**more", "", "", ""),
    ]
    assert function.decorators == ('decorated("é", 1)',)
    called = {call.name: call for call in function.calls}
    assert called["h"].target == "pkg.services:helper"
    assert called["h"].arguments == ("a",)
    assert called["h"].keywords == {"key": 'b"x"', "**": "more"}
    assert called["services.store"].target == "pkg.services:store"
    assert called["services.store"].arguments == ("é", "[\n        1,\n    ]")
    assert called["Client().send"].target == "pkg.services:Client.send"
    assert called["unknown.thing.go"].target == ""
    assert "unknown.thing.go" in function.names


def test_methods_nested_functions_and_local_imports(collect_tree: Collect) -> None:
    facts = collect_tree({"pkg/__init__.py": "", "pkg/a.py": MODULE, "pkg/services.py": SERVICES})
    assert {"pkg.a:Box.run", "pkg.a:Box.open", "pkg.a:Box.open.<locals>.inner"} <= set(facts.functions)
    targets = {call.target for call in facts.functions["pkg.a:Box.run"].calls}
    assert targets == {"pkg.a:Box.open", "pkg.services:late"}


def test_excerpts_are_verbatim_and_short(collect_tree: Collect) -> None:
    facts = collect_tree({"p.py": "@d\ndef f(\n    a,\n):\n" + "".join(f"    x{n} = {n}\n" for n in range(40))})
    head, body = facts.functions["p:f"].head, facts.functions["p:f"].body
    assert head is not None
    assert body is not None
    assert (head.first_line, head.last_line, head.text.splitlines()[0]) == (1, 20, "@d")
    assert (body.first_line, body.last_line) == (1, 44)


def test_a_method_of_an_annotated_parameter(collect_tree: Collect) -> None:
    text = "class Db:\n    def get(self): ...\ndef f(db: Db, other):\n    db.get()\n    other.get()\n"
    calls = collect_tree({"p.py": text}).functions["p:f"].calls
    assert [c.target for c in calls] == ["p:Db.get", ""]


def test_a_method_of_what_a_project_function_returns(collect_tree: Collect) -> None:
    text = "class Db:\n    def get(self): ...\ndb = Db()\ndef f():\n    db.get()\n"
    assert [c.target for c in collect_tree({"p.py": text}).functions["p:f"].calls] == ["p:Db.get"]
